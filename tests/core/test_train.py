"""The training loop: it learns, repeats, survives interruption at any moment, and says what is wrong."""

import errno
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.commands import Commands
from tests.support.tiers import first
from vae_core import checkpoints
from vae_core.checkpoints import (
    CARD,
    TRAINING,
    WEIGHTS,
    Active,
    Checkpoint,
    bundled,
    load,
    load_card,
    read_tensors,
)
from vae_core.checkpoints.card import MadeOf
from vae_core.cli import main
from vae_core.data import Data, data_from, load_data
from vae_core.models import CDVAE, VAE, Joint
from vae_core.objectives import ELBO, Constrained
from vae_core.training import (
    Options,
    Progress,
    TrainingError,
    collapsed,
    loop,
    options_for,
    pick_device,
    recorded,
    train,
)
from vae_core.training import options as training_options
from vae_core.training.devices import device_name

ROOT = Path(__file__).parents[2]

SMALL = VAE(latent=3, nets="mlp-256")
QUICK = Options(epochs=4, batch=64, learning_rate=3e-3, warmup=5, limit=256, device="cpu")
STEPS_AN_EPOCH = 4


def weights(folder: Path) -> dict[str, Tensor]:
    return read_tensors(folder / WEIGHTS)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def history(folder: Path) -> list[dict[str, float]]:
    """The history of a card without the seconds, which no seed repeats."""
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in load_card(folder).history]


def interrupt_after(epoch: int) -> Callable[[Progress], None]:
    def report(at: Progress) -> None:
        if at.ends_epoch and at.epoch == epoch:
            raise KeyboardInterrupt

    return report


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four epochs of the small model in one go."""
    folder = tmp_path_factory.mktemp("runs") / "uninterrupted"
    train(SMALL, load_data("digits"), QUICK, folder)
    return folder


@pytest.mark.parametrize("declaration", first([CDVAE(unlabelled=2, nets="mlp-256"), SMALL]))
def test_the_loss_falls(declaration: VAE | CDVAE, digits: Data, tmp_path: Path):
    found = train(declaration, digits, replace(QUICK, limit=None, epochs=8), tmp_path / "run")
    losses = [entry["loss"] for entry in found.card.history]
    assert losses[-1] < 0.9 * losses[0]


def test_a_validation_loss_that_is_not_finite_ends_the_training_and_keeps_the_last_epoch(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    losses = iter([3.0, float("nan")])
    monkeypatch.setattr("vae_core.training.loop.Run.validate", lambda run: next(losses))
    with pytest.raises(TrainingError, match="the validation loss is not finite") as caught:
        train(SMALL, digits, replace(QUICK, epochs=3, validation=40), tmp_path / "run")
    one_line(caught.value)
    assert load_card(tmp_path / "run").epochs_done == 1


def test_the_checkpoint_that_comes_back_is_the_one_on_disk(digits: Data, tmp_path: Path):
    found = train(SMALL, digits, replace(QUICK, epochs=1), tmp_path / "run")
    assert same(found.model.state_dict(), weights(tmp_path / "run"))
    assert load_card(tmp_path / "run") == found.card


def test_the_card_records_what_was_trained_and_how(uninterrupted: Path):
    card = load_card(uninterrupted)
    assert (card.model.name, card.model.arguments) == (
        "vae",
        asdict(VAE(latent=3, nets="mlp-256", likelihood="bernoulli")),
    )
    assert (card.data.name, card.data.images) == ("digits", 256)
    assert card.objective == ELBO(beta={"z": 1.0})
    assert card.epochs_done == len(card.history) == 4


def test_the_same_seed_gives_the_same_weights(uninterrupted: Path, digits: Data, tmp_path: Path):
    torch.manual_seed(123)
    train(SMALL, digits, QUICK, tmp_path / "again")
    assert same(weights(uninterrupted), weights(tmp_path / "again"))


def test_another_seed_gives_other_weights(uninterrupted: Path, digits: Data, tmp_path: Path):
    train(SMALL, digits, replace(QUICK, seed=1), tmp_path / "other")
    assert not same(weights(uninterrupted), weights(tmp_path / "other"))


def test_training_leaves_the_random_numbers_of_the_caller_alone(digits: Data, tmp_path: Path):
    before = torch.random.get_rng_state()
    train(SMALL, digits, replace(QUICK, epochs=1), tmp_path / "run")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_resumed_run_is_the_uninterrupted_run_bit_for_bit(
    uninterrupted: Path, digits: Data, tmp_path: Path
):
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, QUICK, tmp_path / "run", report=interrupt_after(2))
    assert load_card(tmp_path / "run").epochs_done == 2
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True)
    assert same(weights(uninterrupted), weights(tmp_path / "run"))
    assert history(uninterrupted) == history(tmp_path / "run")


def test_a_run_interrupted_inside_an_epoch_repeats_that_epoch(
    uninterrupted: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def report(at: Progress) -> None:
        if at.epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "CHECK_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, QUICK, tmp_path / "run", report=report)
    assert load_card(tmp_path / "run").epochs_done == 2
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True)
    assert same(weights(uninterrupted), weights(tmp_path / "run"))


def test_a_run_interrupted_in_its_first_epoch_starts_over(
    uninterrupted: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def report(at: Progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "CHECK_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, QUICK, tmp_path / "run", report=report)
    load(tmp_path / "run")
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True)
    assert same(weights(uninterrupted), weights(tmp_path / "run"))


@pytest.mark.parametrize("lost", [CARD, WEIGHTS, TRAINING])
def test_a_run_killed_between_two_files_of_an_epoch_resumes_whole(
    lost: str, uninterrupted: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    replace_file, seen = os.replace, []

    def dies(source: str, target: Path) -> None:
        seen.append(Path(target).name)
        if seen.count(lost) == (3 if lost == TRAINING else 4):  # the start writes the two others once more
            raise KeyboardInterrupt
        replace_file(source, target)

    monkeypatch.setattr(checkpoints.folder.os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, QUICK, tmp_path / "run")
    monkeypatch.undo()
    load(tmp_path / "run")
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True)
    assert same(weights(uninterrupted), weights(tmp_path / "run"))
    assert history(uninterrupted) == history(tmp_path / "run")


def test_a_finished_run_can_be_given_more_epochs(digits: Data, tmp_path: Path):
    train(SMALL, digits, replace(QUICK, epochs=1), tmp_path / "run")
    found = train(SMALL, digits, replace(QUICK, epochs=3), tmp_path / "run", resume=True)
    assert [entry["epoch"] for entry in found.card.history] == [1, 2, 3]
    assert found.card.training.epochs == 3


def test_what_was_measured_outlives_a_training_and_is_known_to_be_of_older_weights(
    digits: Data, tmp_path: Path
):
    folder = tmp_path / "run"
    train(SMALL, digits, replace(QUICK, epochs=1), folder)
    evaluate = ["evaluate", str(folder), "--limit", "20", "--metrics", "elbo", "--write"]
    assert main(evaluate) == 0
    assert load(folder).stale == ()
    found = train(SMALL, digits, replace(QUICK, epochs=2), folder, resume=True)
    assert load_card(folder).made == MadeOf(found.weights)
    assert "negative_elbo" in load_card(folder).metrics
    assert load(folder).stale == found.stale == ("numbers",)
    assert main(evaluate) == 0
    assert load(folder).stale == ()

    def measured(at: Progress) -> None:
        if at.ends_epoch and at.epoch == 3:
            assert main([*evaluate[:-1], "active", "--write"]) == 0

    train(SMALL, digits, replace(QUICK, epochs=4), folder, resume=True, report=measured)
    assert {"negative_elbo", "active_units_z"} <= set(load_card(folder).metrics)


def test_what_people_call_a_model_outlives_a_training(digits: Data, tmp_path: Path):
    folder = tmp_path / "run"

    def describes(at: Progress) -> None:
        if at.ends_epoch and at.epoch == 1:
            assert main(["describe", str(folder), "--title", "Small", "--purpose", "to see"]) == 0

    train(SMALL, digits, replace(QUICK, epochs=2), folder, report=describes)
    card = load_card(folder)
    assert (card.title, card.purpose) == ("Small", "to see")
    assert main(["describe", str(folder), "--title", "Longer"]) == 0
    train(SMALL, digits, replace(QUICK, epochs=3), folder, resume=True)
    card = load_card(folder)
    assert (card.title, card.purpose) == ("Longer", "to see")


UNASKED = replace(QUICK, epochs=None, warmup=None)


def test_defaults_follow_the_length_of_a_training_and_the_card_says_them(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training_options, "USUAL_STEPS", 100)
    found = train(SMALL, digits, UNASKED, tmp_path / "run")
    assert found.card.training.epochs == found.card.epochs_done == 100 / STEPS_AN_EPOCH
    assert found.card.training.warmup == 10
    explicit = train(SMALL, digits, replace(UNASKED, epochs=25, warmup=10), tmp_path / "again")
    assert same(found.model.state_dict(), explicit.model.state_dict())


def test_a_resumed_run_keeps_the_length_and_the_warm_up_it_was_begun_with(digits: Data, tmp_path: Path):
    begun = replace(UNASKED, epochs=4)
    train(SMALL, digits, begun, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, begun, tmp_path / "run", report=interrupt_after(2))
    found = train(SMALL, digits, UNASKED, tmp_path / "run", resume=True)
    assert found.card.epochs_done == 4
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))
    found = train(SMALL, digits, replace(UNASKED, epochs=6), tmp_path / "run", resume=True)
    assert (found.card.epochs_done, found.card.training.warmup) == (6, 1)


@pytest.mark.parametrize("name", bundled())
def test_the_bundled_models_would_be_trained_alike_by_todays_defaults(name: str):
    card = load_card(bundled()[name])
    made = card.training
    steps = card.data.images // made.batch
    settled = Options(epochs=made.epochs, batch=made.batch).settled(steps)
    assert (
        "--warmup" in card.command or card.forked or made.warmup == settled.warmup
    )  # a fork's is its origin's
    assert "--epochs" in card.command or made.epochs == Options(batch=made.batch).settled(steps).epochs


def test_a_constraint_begins_to_bind_in_a_short_training_too():
    short, long = (Constrained(2.0, steps=steps) for steps in (100, 100_000))
    assert isinstance(short, Constrained)
    assert isinstance(long, Constrained)
    assert (short.waits, long.waits) == (10, Constrained.WARMUP)


def test_active_dimensions_are_counted_at_the_end_and_a_collapse_is_said(
    digits: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = [*ARGUMENTS, "--epochs", "2", "--beta", "1000", "--out", str(tmp_path / "run")]
    assert main(arguments) == 0
    assert load_card(tmp_path / "run").active_dimensions == {"z": Active(active=0, dimensions=3, n=256)}
    assert "z has collapsed: none of its 3 dimensions is active" in " ".join(capsys.readouterr().out.split())
    found = train(SMALL, digits, replace(QUICK, validation=40), tmp_path / "other")
    assert found.card.active_dimensions["z"].n == 40
    (sentence,) = collapsed({"z": Active(active=1, dimensions=8, n=9)})
    assert sentence.startswith("z: 1 of 8 dimensions is active")
    assert collapsed({"z": Active(active=4, dimensions=8, n=9)}) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_the_first_model_of_the_readme_is_alive(seed: int, digits: Data, tmp_path: Path):
    found = train(VAE(latent=8), digits, Options(seed=seed, device="cpu"), tmp_path / "small")
    assert found.card.active_dimensions["z"].active >= 6


@pytest.mark.parametrize(
    ("declaration", "options", "words"),
    [
        (SMALL, replace(QUICK, learning_rate=1e-4), r"made with other options \(learning_rate"),
        (SMALL, replace(QUICK, objective=ELBO(beta=2.0)), r"made with other options \(beta"),
        (SMALL, replace(QUICK, limit=128), r"made with other options \((images|limit)"),
        (VAE(latent=4, nets="mlp-256"), QUICK, r"made with other options \(latent"),
        (CDVAE(nets="mlp-256"), QUICK, r"made with other options \(name"),
    ],
)
def test_a_resume_with_other_options_is_refused(
    declaration: VAE | CDVAE,
    options: Options,
    words: str,
    uninterrupted: Path,
    digits: Data,
    one_line: Callable,
):
    before = (uninterrupted / CARD).read_bytes()
    with pytest.raises(TrainingError, match=words) as caught:
        train(declaration, digits, options, uninterrupted, resume=True)
    one_line(caught.value)
    assert (uninterrupted / CARD).read_bytes() == before


def test_a_resume_without_the_state_of_training_is_refused(uninterrupted: Path, digits: Data, tmp_path: Path):
    shutil.copytree(uninterrupted, tmp_path / "run")
    (tmp_path / "run" / TRAINING).unlink()
    with pytest.raises(TrainingError, match="is missing, so this training cannot be resumed"):
        train(SMALL, digits, replace(QUICK, epochs=6), tmp_path / "run", resume=True)


def test_a_resume_from_a_cut_state_of_training_is_refused(
    uninterrupted: Path, digits: Data, tmp_path: Path, one_line: Callable
):
    shutil.copytree(uninterrupted, tmp_path / "run")
    path = tmp_path / "run" / TRAINING
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(checkpoints.CheckpointError, match="is damaged or cut short") as caught:
        train(SMALL, digits, replace(QUICK, epochs=6), tmp_path / "run", resume=True)
    one_line(caught.value)


def test_an_occupied_folder_is_left_alone(uninterrupted: Path, digits: Data, one_line: Callable):
    before = weights(uninterrupted)
    with pytest.raises(
        TrainingError, match="already holds a checkpoint: choose another folder, or --resume"
    ) as caught:
        train(SMALL, digits, QUICK, uninterrupted)
    one_line(caught.value)
    assert same(weights(uninterrupted), before)


def test_a_loss_that_is_not_finite_stops_at_its_step_and_keeps_the_last_epoch(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    # The update of step 6 throws the weights out of range, so that step 7 is the first to have no finite loss.
    monkeypatch.setattr(loop, "learning_rate", lambda step, *_: 1e-3 if step < STEPS_AN_EPOCH + 1 else 1e38)
    with pytest.raises(TrainingError, match="the term distortion is not finite at step 7;") as caught:
        train(SMALL, digits, QUICK, tmp_path / "run")
    one_line(caught.value)
    kept = load(tmp_path / "run")
    assert kept.card.epochs_done == 1
    assert all(value.isfinite().all() for value in kept.model.state_dict().values())


@pytest.mark.parametrize("batch", [64, 256])  # several steps an epoch, and one
def test_a_total_that_overflows_while_its_terms_do_not_is_a_training_error(
    batch: int, digits: Data, tmp_path: Path
):
    with pytest.raises(TrainingError, match="not finite at step 1;"):
        train(SMALL, digits, replace(QUICK, objective=ELBO(beta=1e39), batch=batch), tmp_path / "run")


def test_weights_that_break_in_the_last_step_of_an_epoch_are_not_kept(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    broken = STEPS_AN_EPOCH - 1
    monkeypatch.setattr(loop, "learning_rate", lambda step, *_: 1e-3 if step < broken else math.inf)
    with pytest.raises(TrainingError, match="not finite"):
        train(SMALL, digits, QUICK, tmp_path / "run")
    assert all(value.isfinite().all() for value in weights(tmp_path / "run").values())


def test_a_full_disk_stops_training_and_keeps_the_last_epoch(
    uninterrupted: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    write, seen = os.fsync, []

    def full(handle: int) -> None:
        seen.append(handle)
        if len(seen) > 2 + 3 * 2:  # two files at the start, three after each of two epochs
            raise OSError(errno.ENOSPC, "No space left on device")
        write(handle)

    monkeypatch.setattr(checkpoints.folder.os, "fsync", full)
    with pytest.raises(
        TrainingError, match=r"epoch 3 could not be written .*No space left on device"
    ) as caught:
        train(SMALL, digits, QUICK, tmp_path / "run")
    one_line(caught.value)
    monkeypatch.undo()
    assert load(tmp_path / "run").card.epochs_done == 2
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True)
    assert same(weights(uninterrupted), weights(tmp_path / "run"))


def scripted_validation(losses: list[float]) -> Callable[[Any], float]:
    found: Iterator[float] = iter(losses)
    return lambda run: next(found)


WATCHED = replace(QUICK, epochs=8, validation=64, patience=2)


def test_patience_stops_after_epochs_without_a_better_validation_loss(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loop.Run, "validate", scripted_validation([9.0, 8.0, 8.5, 7.0, 7.0, 7.5, 1.0, 0.5]))
    found = train(SMALL, digits, WATCHED, tmp_path / "run")
    assert [entry["validation_loss"] for entry in found.card.history] == [9.0, 8.0, 8.5, 7.0, 7.0, 7.5]


def test_patience_outlives_an_interruption(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    losses = [9.0, 8.0, 8.5, 8.6, 1.0, 0.5, 0.4, 0.3]
    monkeypatch.setattr(loop.Run, "validate", scripted_validation(losses))
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, WATCHED, tmp_path / "run", report=interrupt_after(3))
    found = train(SMALL, digits, WATCHED, tmp_path / "run", resume=True)
    assert found.card.epochs_done == 4


def test_held_out_images_are_measured_and_not_trained_on(digits: Data, tmp_path: Path):
    found = train(SMALL, digits, replace(QUICK, validation=64), tmp_path / "run")
    losses = [entry["validation_loss"] for entry in found.card.history]
    assert found.card.data.images == 192
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("validation", [300, 5000])
def test_validation_that_leaves_nothing_to_train_on_is_refused(
    validation: int, digits: Data, tmp_path: Path, one_line: Callable
):
    with pytest.raises(ValueError, match="leave none of 256 to train on") as refusal:
        train(SMALL, digits.head(300), replace(QUICK, validation=validation), tmp_path / "run")
    one_line(refusal.value)
    assert not (tmp_path / "run").exists()


def test_validation_does_not_change_what_is_learned(uninterrupted: Path, digits: Data, tmp_path: Path):
    options = replace(QUICK, limit=320, validation=64)
    train(SMALL, digits, options, tmp_path / "run")
    assert same(weights(uninterrupted), weights(tmp_path / "run"))


def test_a_batch_larger_than_the_data_is_refused(digits: Data, tmp_path: Path, one_line: Callable):
    with pytest.raises(ValueError, match="50 training images are fewer than a batch of 64") as caught:
        train(SMALL, digits, replace(QUICK, limit=50), tmp_path / "run")
    one_line(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be above 0, got 0"),
        ({"batch": -1}, "batch must be above 0, got -1"),
        ({"learning_rate": 0.0}, "learning rate must be above 0"),
        ({"learning_rate": math.nan}, "learning rate must be above 0"),
        ({"clip": 0.0}, "clip must be above 0"),
        ({"warmup": -1}, "warmup must not be negative"),
        ({"beta": 0.0}, "beta must be above 0"),
        ({"class_weight": -1.0}, "class-weight must be 0 or more"),
        ({"patience": 3}, "patience needs a number above 0"),
        ({"precision": "float8"}, "no precision is called 'float8'"),
    ],
)
def test_options_that_make_no_training_are_refused(options: dict[str, Any], words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        options_for(SMALL, options)
    one_line(caught.value)


@pytest.mark.parametrize("name", ["nonesuch", "cuda:99", "cpux", "meta", ""])
def test_a_device_that_is_not_there_is_refused(name: str, one_line: Callable):
    with pytest.raises(ValueError, match=f"device '{name}' is not available") as caught:
        pick_device(name)
    one_line(caught.value)


def test_bfloat16_trains_to_finite_numbers_like_those_of_float32(
    uninterrupted: Path, digits: Data, tmp_path: Path
):
    found: Checkpoint = train(SMALL, digits, replace(QUICK, precision="bfloat16"), tmp_path / "run")
    assert all(
        value.isfinite().all() and value.dtype == torch.float32
        for value in weights(tmp_path / "run").values()
    )
    assert not same(weights(uninterrupted), weights(tmp_path / "run"))
    assert found.card.history[-1]["loss"] == pytest.approx(history(uninterrupted)[-1]["loss"], rel=0.02)


ARGUMENTS = ["train", "vae", "--data", "digits", "--no-atlas", "--latent", "3", "--nets", "mlp-256"]
ARGUMENTS += [
    "--batch",
    "64",
    "--warmup",
    "5",
    "--learning-rate",
    "3e-3",
    "--limit",
    "256",
    "--device",
    "cpu",
]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def epochs_done(folder: Path) -> int:
    return load_card(folder).epochs_done if (folder / CARD).exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("attempts", first([2, 8]))
def test_a_checkpoint_killed_at_any_moment_can_be_loaded_and_resumed(
    commands: Commands, tmp_path: Path, attempts: int
):
    folder, chance = tmp_path / "run", random.Random(0)
    for attempt in range(attempts):
        before, resume = epochs_done(folder), ["--resume"] if attempt else []
        number = commands.start(*ARGUMENTS, "--epochs", "1000000", "--out", str(folder), *resume)
        wait_for(lambda before=before: epochs_done(folder) > before)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(number, signal.SIGKILL)
        assert commands.wait(number) == -signal.SIGKILL
        assert load(folder).card.epochs_done > before


def test_leftovers_of_a_killed_write_do_no_harm(uninterrupted: Path, digits: Data, tmp_path: Path):
    shutil.copytree(uninterrupted, tmp_path / "run")
    for name in (CARD, WEIGHTS, TRAINING):
        (tmp_path / "run" / f".{name}.x7r3").write_bytes(b"half a f")
    load(tmp_path / "run")
    found = train(SMALL, digits, replace(QUICK, epochs=5), tmp_path / "run", resume=True)
    assert found.card.epochs_done == 5


@pytest.mark.slow
def test_the_command_itself_survives_kill_9(tmp_path: Path):
    folder, chance = tmp_path / "run", random.Random(1)
    command = [sys.executable, "-m", "vae_core.cli", *ARGUMENTS, "--epochs", "1000000", "--out", str(folder)]
    for attempt in range(3):
        resume = ["--resume"] if attempt else []
        started = subprocess.Popen([*command, *resume], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert started.stderr is not None
        assert started.stderr.readline().startswith("epoch")
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(chance.uniform(0.05, 1.0))
        started.send_signal(signal.SIGKILL)
        started.communicate()
        assert load(folder).card.epochs_done >= 1


@pytest.mark.gpu
def test_a_gpu_learns_as_the_cpu_does(uninterrupted: Path, digits: Data, tmp_path: Path):
    train(SMALL, digits, replace(QUICK, device="cuda"), tmp_path / "run")
    assert history(tmp_path / "run")[-1]["loss"] == pytest.approx(
        history(uninterrupted)[-1]["loss"], rel=0.05
    )


def test_a_gpu_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"a {device.type} of some make")
    assert device_name(torch.device("cuda")) == "a cuda of some make"
    assert device_name(torch.device("cpu"))


@pytest.mark.gpu
def test_a_recorded_step_learns_what_launched_ones_do(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    declaration = CDVAE(unlabelled=2, nets="mlp-256")
    objective = ELBO(class_weight=2.0, adversary=1.0, adversary_rate=1e-3, beta_warmup=5)
    options = replace(QUICK, device="cuda", objective=objective)
    train(declaration, digits, options, tmp_path / "recorded")
    monkeypatch.setattr(recorded, "BEFORE", 10**9)
    train(declaration, digits, options, tmp_path / "launched")
    for one, other in zip(*(history(tmp_path / name) for name in ("recorded", "launched")), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)


class Graph:
    """What stands for a CUDA graph where there is no GPU: replaying calls the step again."""

    def replay(self) -> None: ...


def test_a_step_that_cannot_be_recorded_goes_on_as_it_is_and_says_so(monkeypatch: pytest.MonkeyPatch):
    seen: list[list[int]] = []

    def step(rows: Tensor) -> dict[str, Tensor]:
        seen.append(rows.tolist())
        return {"loss": rows.float().sum()}

    def refuse(graph: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore of it")

    found = recorded.Recorded(step)
    monkeypatch.setattr(recorded, "on_a_gpu", lambda rows: True)
    monkeypatch.setattr(found, "_aside", step)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "graph", refuse)
    rows = [torch.tensor([number]) for number in range(6)]
    with pytest.warns(recorded.NotRecorded, match="launched one by one") as told:
        losses = [found(row)["loss"].item() for row in rows]
    assert losses == [0, 1, 2, 3, 4, 5]
    assert seen == [[0], [1], [2], [3], [4], [5]]
    assert len(told) == 1
    assert "\n" not in str(told[0].message)


@pytest.mark.parametrize("unknown", [9, 23])
def test_few_rows_of_unknown_class_are_trained_on_in_batches_that_they_fill(unknown: int, tmp_path: Path):
    rows = np.random.default_rng(0).normal(size=(120, 3))
    labels = np.array(["left", "right"] * 60)
    labels[:unknown] = ""
    data = data_from(rows, labels, name="few").train
    train(Joint(), data, Options(epochs=1), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "card.json").read_text())["training"]["batch"] == 8
    with pytest.raises(ValueError, match=f"{unknown} rows without a label are too few for a batch of 64"):
        train(Joint(), data, Options(epochs=1, batch=64), tmp_path / "other")
