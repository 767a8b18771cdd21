"""Watching and steering a training: nothing of what is learned changes but what is asked for, and a card stays true."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.tiers import first
from vae_core.checkpoints import CARD, WEIGHTS, Change, load_card, read_tensors
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.fields import options as option_of
from vae_core.kinds import Table
from vae_core.models import CDVAE, CVAE, PPCA, VAE, Declaration, Joint, Ladder
from vae_core.objectives import ELBO, M2, OBJECTIVES, BetaTCVAE, MultiRateVAE, Setting
from vae_core.runs import (
    Frames,
    FrameWriter,
    Lock,
    Status,
    alive,
    read_header,
    read_status,
    read_step,
    snapshots,
    write_order,
)
from vae_core.training import Options, Progress, TrainingError, loop, train, watching
from vae_core.training.portrait import Portrait, principal_axes, turn
from vae_core.training.steering import Steering

SMALL = VAE(latent=3, nets="mlp-256")
QUICK = Options(epochs=4, batch=64, learning_rate=3e-3, warmup=5, limit=256, device="cpu")
STEPS = 4  # an epoch


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_tensors(folder / WEIGHTS)


def same(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def status_of(folder: Path) -> Status:
    status = read_status(folder)
    assert status is not None
    return status


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch):
    """A frame after every step."""
    monkeypatch.setattr(watching, "LEAST", 0.0)
    monkeypatch.setattr(watching, "SHARE", 1e9)


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory: pytest.TempPathFactory, digits: Data) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "unwatched"
    train(SMALL, digits, QUICK, folder)
    return folder


def test_a_watched_training_learns_the_same_bit_for_bit(unwatched: Path, digits: Data, tmp_path: Path):
    train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    assert len(Frames(tmp_path / "run")) == 4 * STEPS + 1
    assert same(unwatched, tmp_path / "run")
    assert load_card(tmp_path / "run").metrics == load_card(unwatched).metrics
    assert not (unwatched / "watch").exists()


RATED = VAE(latent=3, nets="mlp-256", rates=(0.1, 10.0))
EVERY = {
    "cdvae": (CDVAE(unlabelled=2, nets="mlp-256"), ELBO(class_weight=2.0, adversary=0.5)),
    "cvae": (CVAE(latent=2, nets="mlp-256"), None),
    "joint": (Joint(latent=2, nets="mlp-256"), M2(labels=40)),
    "mixture": (VAE(latent=4, nets="mlp-256", prior="mixture"), BetaTCVAE(tc_beta=6.0)),
    "ladder": (Ladder(latent=(3, 2), nets="mlp-256"), None),
    "rates": (RATED, MultiRateVAE()),
    "ppca": (PPCA(latent=2), None),
}


@pytest.mark.parametrize("name", first([*EVERY], 3))
def test_every_kind_of_model_is_watched_and_learns_the_same(name: str, digits: Data, tmp_path: Path):
    declaration, objective = EVERY[name]
    options = replace(QUICK, epochs=1, objective=objective)
    train(declaration, digits, options, tmp_path / "alone")
    train(declaration, digits, options, tmp_path / "run", watch=True)
    assert same(tmp_path / "alone", tmp_path / "run")
    assert status_of(tmp_path / "run").said == ""
    frames = Frames(tmp_path / "run")
    header, found = frames.header, frames.read(0, len(frames))
    assert len(found) >= 2
    assert np.isfinite(found["terms"][1:, list(header.terms).index("loss")]).all()
    assert found["reconstructions"].shape[1:] == (8, 8, 8, 1)
    assert found["samples"][-1].any()
    assert len(header.of_classes) == (0 if isinstance(declaration, VAE | PPCA | Ladder) else 10)
    assert (np.diff(found["step"]) > 0).all()


def test_a_frame_holds_what_the_model_is_at_its_step(digits: Data, tmp_path: Path):
    found = train(SMALL, digits, replace(QUICK, epochs=2), tmp_path / "run", watch=True)
    frames = Frames(tmp_path / "run")
    last = frames.read(len(frames) - 1, len(frames))[0]
    data = digits.head(256).scored_by(found.model)
    portrait = Portrait(found.model, data)
    means, kl = portrait.encoded()
    assert last["step"] == 2 * STEPS
    assert last["kl"] == pytest.approx(kl, rel=1e-5)
    places = last["positions"][0] / 32767 * last["extent"][0]
    centred = means["z"] - means["z"].mean(0)
    variances = np.sort(np.linalg.eigvalsh(centred.T @ centred))[-2:]
    assert (places**2).sum() == pytest.approx(variances.sum(), rel=1e-2)
    assert (frames.header.pictures[..., 0] == (digits.images[:8, 0].float()).byte().numpy()).all()
    assert frames.header.labels == tuple(digits.labels[:256].tolist())
    history = found.card.history[0]
    whole = frames.read(1, 1 + STEPS)["terms"].mean(0)
    for name, value in zip(frames.header.terms, whole, strict=True):
        if name in history:
            assert value == pytest.approx(history[name], rel=1e-3)


def test_principal_axes_turn_as_little_as_they_can():
    generator = np.random.default_rng(0)
    axes, _ = np.linalg.qr(generator.normal(size=(6, 2)))
    angle = 2.0
    rotated = axes @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert rotated @ turn(rotated, axes) == pytest.approx(axes, abs=1e-12)
    flipped = axes * np.array([1.0, -1.0])
    assert flipped @ turn(flipped, axes) == pytest.approx(axes, abs=1e-12)


def test_two_dimensions_are_shown_as_they_are(digits: Data, tmp_path: Path):
    found = train(replace(SMALL, latent=2), digits, replace(QUICK, epochs=1), tmp_path / "run", watch=True)
    frames = Frames(tmp_path / "run")
    assert frames.header.axes == {"z": "dimensions"}
    assert frames.header.standard == ("z",)
    last = frames.read(len(frames) - 1, len(frames))[0]
    means, _ = Portrait(found.model, digits.head(256).scored_by(found.model)).encoded()
    assert last["positions"][0] / 32767 * last["extent"][0] == pytest.approx(means["z"], abs=1e-3)


def ordered(monkeypatch: pytest.MonkeyPatch, folder: Path, at: dict[int, list[tuple[Any, ...]]]) -> None:
    """Give orders once so many steps are made."""
    after = watching.Watcher.after

    def giving(self: Any, step: int, *more: Any) -> None:
        for order in at.get(step, []):
            write_order(folder, *order)
        after(self, step, *more)

    monkeypatch.setattr(watching.Watcher, "after", giving)


def test_beta_is_changed_while_training_and_the_card_says_it(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {5: [("set", "beta", 4.0), ("set", "learning_rate", 1e-3)]})
    found = train(SMALL, digits, QUICK, folder, watch=True)
    card = load_card(folder)
    assert card.changes == found.card.changes
    assert card.changes == (
        Change(5, 2, "beta", {"z": 1.0}, {"z": 4.0}),
        Change(5, 2, "learning_rate", 3e-3, 1e-3),
    )
    assert card.objective == ELBO(beta={"z": 4.0})
    assert card.says == (
        "β(z) = 4 · changed while training: β(z) was 1 up to step 5, learning rate was 0.003 up to step 5"
    )
    assert json.loads((folder / CARD).read_text())["objective"]["beta"] == {"z": 1.0}
    status = status_of(folder)
    assert (status.state, status.values["beta"], status.changes) == ("finished", {"z": 4.0}, card.changes)
    assert [answer.said for answer in status.answers] == ["", ""]


def test_a_changed_beta_is_that_of_the_loss(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {STEPS: [("set", "beta", 3.0)]})
    train(SMALL, digits, replace(QUICK, epochs=2), folder, watch=True)
    first, second = load_card(folder).history
    for entry, beta in ((first, 1.0), (second, 3.0)):
        assert entry["loss"] == pytest.approx(entry["distortion"] + beta * entry["rate_z"], abs=1e-2)


def test_what_was_changed_is_repeated_by_a_resume(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    orders: dict[int, list[tuple[Any, ...]]] = {5: [("set", "beta", 4.0), ("set", "class_weight", 2.0)]}
    model = CDVAE(unlabelled=2, nets="mlp-256")
    for name in ("whole", "run"):
        monkeypatch.undo()
        ordered(monkeypatch, tmp_path / name, {**orders, 13: [("stop",)] if name == "run" else []})
        if name == "whole":
            train(model, digits, QUICK, tmp_path / name, watch=True)
        else:
            with pytest.raises(KeyboardInterrupt):
                train(model, digits, QUICK, tmp_path / name, watch=True)
    monkeypatch.undo()
    status = status_of(tmp_path / "run")
    assert status.state == "stopped"
    assert status.said == "stopped at step 13; epoch 3 is kept: go on with --resume"
    train(model, digits, QUICK, tmp_path / "run", resume=True)
    assert same(tmp_path / "whole", tmp_path / "run")
    assert load_card(tmp_path / "run").changes == load_card(tmp_path / "whole").changes
    assert "class" in load_card(tmp_path / "run").history[-1]


def test_a_change_in_an_epoch_that_was_lost_is_lost_with_it(
    unwatched: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {9: [("set", "beta", 4.0)], 10: [("stop",)]})
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, digits, QUICK, folder, watch=True)
    assert load_card(folder).changes == ()
    monkeypatch.undo()
    train(SMALL, digits, QUICK, folder, resume=True, watch=True)
    assert same(unwatched, folder)
    steps = Frames(folder).read(0, 99)["step"]
    assert (np.diff(steps) > 0).all()
    assert steps[-1] == 4 * STEPS
    assert 0 in steps
    assert set(range(9)) <= set(steps.tolist())


CANNOT: list[tuple[str, Any, str]] = [
    ("gamma", 2.0, "'gamma' cannot be changed while training: choose one of learning_rate, class_weight"),
    ("epochs", 2.0, "'epochs' cannot be changed"),
    ("beta", -1.0, "beta must be above 0, got -1.0"),
    ("beta", 0.0, "beta must be above 0"),
    ("beta", 1e200, "beta is set to a number of at most 10000, got 1e+200"),
    ("beta", {"z_l": 2.0}, "beta is given for z, z_l, but the latent blocks are z"),
    ("learning_rate", {"z": 2.0}, "learning_rate is one number"),
    ("learning_rate", 0.0, "learning rate must be above 0"),
    ("class_weight", 2.0, "no variable of this model is conditioned on the class"),
    ("adversary", 2.0, "an adversary learns from the first step on"),
    ("classifier_weight", -2.0, "classifier-weight must be 0 or more"),
]


def test_what_cannot_be_set_is_one_sentence_and_training_goes_on_as_it_was(
    unwatched: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {5: [("set", name, value) for name, value, _ in CANNOT]})
    train(SMALL, digits, QUICK, folder, watch=True)
    said = [answer.said for answer in status_of(folder).answers]
    assert len(said) == len(CANNOT)
    for sentence, (_, _, words) in zip(said, CANNOT, strict=True):
        assert words in sentence
        assert "\n" not in sentence
    assert same(unwatched, folder)
    assert load_card(folder).changes == ()


@pytest.mark.parametrize(
    ("name", "after", "words"),
    [
        ("gamma", 2.0, "'gamma' cannot be changed"),
        ("learning_rate", {"z": 2.0}, "is one number"),
        ("beta", {"z_q": 2.0}, "the latent blocks are"),
        ("adversary", 1.0, "an adversary learns from the first step on"),
    ],
)
def test_a_change_that_cannot_be_repeated_is_refused_in_one_sentence(
    name: str, after: Any, words: str, digits: Data
):
    setting = Setting(SMALL.build(digits.signature), 10, 100, 256)
    steering = Steering(Options(objective=ELBO()), ELBO().build(setting), setting)
    with pytest.raises(ValueError, match=words) as caught:
        steering.replay((Change(7, 2, name, 1.0, after),))
    assert f"{name} was changed at step 7, which cannot be repeated (" in str(caught.value)


def test_rows_of_a_table_are_watched(tmp_path: Path):
    rows = torch.randn(300, 5, generator=torch.Generator().manual_seed(0))
    kind = Table.of(rows, tuple("abcde"))
    data = Data("rows", "train", rows, torch.zeros(300, dtype=torch.long), (), kind=kind)
    train(VAE(latent=2, nets="mlp-256"), data, replace(QUICK, epochs=1), tmp_path / "run", watch=True)
    frames = Frames(tmp_path / "run")
    assert status_of(tmp_path / "run").said == ""
    assert frames.read(len(frames) - 1, len(frames))["reconstructions"].shape[1:3] == (
        8,
        frames.header.picture[0],
    )
    assert max(frames.header.picture) <= 64


def test_every_objective_takes_what_it_says_can_be_changed(digits: Data, tmp_path: Path):
    """And what it takes is what another, declared with that number, would compute."""
    needed = {
        "delta": 5.0,
        "capacity": 5.0,
        "tolerance": 20.0,
        "tc_beta": 3.0,
        "tc_weight": 2.0,
        "dip_weight": 2.0,
        "labels": 40,
    }
    for name, kind in OBJECTIVES.items():
        declaration = Joint(latent=2, nets="mlp-256") if kind is M2 else CDVAE(nets="mlp-256")
        if kind is MultiRateVAE:
            declaration = RATED
        model = declaration.build(digits.signature)
        setting = Setting(model, 10, 100, 256)
        known = {key: value for key, value in needed.items() if key in option_of(kind)}
        declared = kind(**known)
        batch = digits.scored_by(model).batch(slice(0, 16), Sampler.seeded(0))

        def loss(objective: Any, model: Any = model, batch: Any = batch) -> torch.Tensor:
            return objective.train()(model, batch, Sampler.seeded(1)).total

        steering = Steering(Options(objective=declared), declared.build(setting), setting)
        for field in steering.ranges:
            if field in ("learning_rate", "adversary", "class_weight", "classifier_weight"):
                continue
            torch.manual_seed(0)
            steered = Steering(Options(objective=declared), declared.build(setting), setting)
            before = getattr(declared, field)
            steered.set(field, 2 * before, 1, 1)
            torch.manual_seed(0)
            fresh = kind(**{**known, field: 2 * before}).build(setting)
            torch.manual_seed(1)
            one = loss(steered.objective)
            torch.manual_seed(1)
            assert torch.equal(one, loss(fresh)), (name, field)
            torch.manual_seed(0)
            unchanged = declared.build(setting)
            torch.manual_seed(1)
            assert not torch.equal(one, loss(unchanged)), (name, field)


@pytest.mark.parametrize(
    ("declaration", "objective", "offered"),
    [
        (SMALL, ELBO(), ["learning_rate", "beta"]),
        (CDVAE(nets="mlp-256"), ELBO(), ["learning_rate", "class_weight", "beta"]),
        (CDVAE(nets="mlp-256"), ELBO(adversary=1.0), ["learning_rate", "class_weight", "adversary", "beta"]),
        (
            Joint(latent=2, nets="mlp-256"),
            ELBO(),
            ["learning_rate", "class_weight", "classifier_weight", "beta"],
        ),
    ],
)
def test_only_what_means_something_is_offered_to_be_changed(
    declaration: Declaration, objective: ELBO, offered: list[str], digits: Data
):
    setting = Setting(declaration.build(digits.signature), 10, 100, 256)
    steering = Steering(Options(objective=objective), objective.build(setting), setting)
    assert sorted(steering.values) == sorted(offered)


@pytest.mark.slow
def test_an_adversary_that_is_there_can_be_set_to_nothing(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {5: [("set", "adversary", 0.0), ("set", "class_weight", 0.0)]})
    options = replace(QUICK, objective=ELBO(adversary=1.0, class_weight=1.0))
    train(CDVAE(unlabelled=2, nets="mlp-256"), digits, options, folder, watch=True)
    last = load_card(folder).history[-1]
    assert last["loss"] == pytest.approx(
        last["distortion"] + last["rate_z_l"] + last["rate_z_u"] + last["adversary"], abs=1e-2
    )


class Trained(threading.Thread):
    """A training in a thread of its own, which can be talked to."""

    def __init__(self, folder: Path, data: Data, options: Options = QUICK, declaration: Declaration = SMALL):
        super().__init__(daemon=True)
        self.folder, self.error = folder, None
        self.go: Callable[[], Any] = lambda: train(declaration, data, options, folder, watch=True)

    def run(self) -> None:
        try:
            self.go()
        except BaseException as error:
            self.error = error

    def until(self, true: Callable[[Status], bool]) -> Status:
        end = time.monotonic() + 30
        while True:
            status = read_status(self.folder)
            if status is not None and true(status):
                return status
            assert time.monotonic() < end, (status, self.error)
            time.sleep(0.005)


def test_pause_step_and_go(unwatched: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {5: [("pause",)]})
    running = Trained(folder, digits)
    running.start()
    status = running.until(lambda status: status.state == "paused")
    assert (status.step, status.live, alive(folder)) == (5, True, True)
    sent = write_order(folder, "step")
    status = running.until(lambda status: status.step == 6 and status.state == "paused")
    assert status.answer(sent) == ""
    told = read_step(folder)
    assert told is not None
    assert told["step"] == 6
    assert set(told["parts"]) == {"loss", "distortion", "rate_z"}
    assert all(norm > 0 for norm in told["gradients"].values())
    assert len(told["rows"]) == 64
    assert np.array(told["codes"]["z"]).shape == (8, 3)
    write_order(folder, "go")
    running.until(lambda status: status.state == "finished")
    running.join()
    assert running.error is None
    assert same(unwatched, folder)
    assert not alive(folder)
    assert sum(entry["seconds"] for entry in load_card(folder).history) < 5


def test_two_trainings_in_one_folder(
    digits: Data, tmp_path: Path, one_line: Callable, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vae_core.runs.status.PATIENCE", 0.0)
    folder = tmp_path / "run"
    train(SMALL, digits, replace(QUICK, epochs=1), folder)
    with Lock(folder):
        for resume in (False, True):
            with pytest.raises(ValueError, match=r"a training runs in .* already: wait") as caught:
                train(SMALL, digits, QUICK, folder, resume=resume)
            one_line(caught.value)
    train(SMALL, digits, replace(QUICK, epochs=2), folder, resume=True)


def test_a_training_that_fails_says_why(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "learning_rate", lambda step, *_: 1e-3 if step < STEPS + 1 else 1e38)
    with pytest.raises(TrainingError, match="not finite"):
        train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    status = status_of(tmp_path / "run")
    assert status.state == "failed"
    assert status.said.startswith("training stopped: the term distortion is not finite at step 7;")
    assert status.saved == 1


def test_a_disk_that_is_full_of_frames_ends_the_watching_and_not_the_training(
    unwatched: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(self: Any, values: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watching.FrameWriter, "append", full)
    train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    status = status_of(tmp_path / "run")
    assert status.state == "finished"
    assert "there are no further frames: " in status.said
    assert "No space left on device" in status.said
    assert same(unwatched, tmp_path / "run")


def test_what_fails_in_looking_ends_the_watching_and_not_the_training(
    unwatched: Path, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fails(self: Any) -> None:
        torch.rand(3)
        raise RuntimeError("no such picture")

    monkeypatch.setattr(Portrait, "_drawn", fails)
    train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    assert "no such picture" in status_of(tmp_path / "run").said
    assert same(unwatched, tmp_path / "run")


def test_frames_are_thinned_and_steps_stay_in_order(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vae_core.runs.frames.MOST_FRAMES", 6)
    train(SMALL, digits, replace(QUICK, epochs=3), tmp_path / "run", watch=True)
    steps = Frames(tmp_path / "run").read(0, 99)["step"].tolist()
    assert len(steps) < 10
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 3 * STEPS)


def test_snapshots_are_of_their_epochs(digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "MOST_SNAPSHOTS", 3)
    seen = {}

    def report(at: Progress) -> None:
        if at.ends_epoch:
            seen[at.epoch] = weights(tmp_path / "run")

    options = replace(QUICK, epochs=6, batch=256)
    train(SMALL, digits, options, tmp_path / "run", watch=True, report=report)
    found = snapshots(tmp_path / "run")
    assert [each.epoch for each in found] == [2, 4, 6]
    assert [each.step for each in found] == [2, 4, 6]
    for each in found:
        kept = read_tensors(each.path)
        assert all(torch.equal(kept[name], value) for name, value in seen[each.epoch].items())


def test_fewer_items_are_looked_at_where_time_is_short(digits: Data, monkeypatch: pytest.MonkeyPatch):
    model = SMALL.build(digits.signature)
    portrait = Portrait(model, digits.scored_by(model))
    times = {100: 0.01, 400: 0.04}
    monkeypatch.setattr(Portrait, "_timed", lambda self, items: times[items])
    portrait.fit(0.05)
    assert portrait.items == 500
    portrait.fit(1e-6)
    assert portrait.items == 200
    portrait.fit(9.0)
    assert portrait.items == len(digits)


def test_only_a_standard_normal_prior_is_called_one(digits: Data, tmp_path: Path):
    train(CDVAE(unlabelled=2, nets="mlp-256"), digits, QUICK, tmp_path / "run", watch=True)
    assert Frames(tmp_path / "run").header.standard == ("z_u",)


def test_principal_axes_of_many_dimensions_are_those_of_few():
    """A matrix of all pairs of 60,000 dimensions has 29 GB, and ended the process without a word."""
    generator = np.random.default_rng(0)
    few = (generator.normal(size=(300, 8)) * np.linspace(4, 1, 8)).astype(np.float32)
    few -= few.mean(0)
    many = np.zeros((300, 60_000), np.float32)
    many[:, ::7_500] = few
    assert np.abs((principal_axes(many)[::7_500] * principal_axes(few)).sum(0)) == pytest.approx(1, abs=1e-3)


def test_frames_that_cannot_be_closed_do_not_hide_what_ended_the_training(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    close = watching.FrameWriter.close

    def half_closed(writer: watching.FrameWriter) -> None:
        close(writer)
        full()

    monkeypatch.setattr(loop, "keep", full)
    monkeypatch.setattr(watching.FrameWriter, "close", half_closed)
    with pytest.raises(TrainingError, match="make room"):
        train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    status = status_of(tmp_path / "run")
    assert status.state == "failed"
    assert "could not be written" in status.said


def test_a_map_by_umap_goes_on_from_frame_to_frame(digits: Data, tmp_path: Path):
    declaration = CDVAE(unlabelled=2, nets="mlp-256")
    train(declaration, digits, QUICK, tmp_path / "run", watch=True)
    frames = Frames(tmp_path / "run")
    assert frames.header.umap == min(500, frames.header.items)
    found = frames.read(0, len(frames))
    places = found["umap"] / 32767 * found["umap_extent"][:, :, None, None]
    seen_whole = list(frames.header.blocks).index("z_u")
    assert not found["umap"][:, seen_whole].any()
    moved = np.abs(np.diff(places[:, 1 - seen_whole], axis=0)).mean((1, 2))
    assert moved.max() > 0
    assert moved.max() < np.ptp(places[-1, 1 - seen_whole]) / 4  # it moves, and is not made anew


def test_maps_by_umap_take_their_share_of_the_time_and_no_more(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where one takes long, frames go on without."""
    monkeypatch.setattr(watching, "MAP_SHARE", 1e-6)
    train(SMALL, digits, QUICK, tmp_path / "run", watch=True)
    found = Frames(tmp_path / "run").read(0, 4 * STEPS + 1)["umap"]
    assert len(found) == 4 * STEPS + 1
    assert (np.diff(found.astype(int), axis=0) != 0).any((1, 2, 3)).sum() <= 1


def test_frames_of_an_earlier_version_go_on_without_a_map(digits: Data, tmp_path: Path):
    train(SMALL, digits, replace(QUICK, epochs=1), tmp_path / "run", watch=True)
    count = len(Frames(tmp_path / "run"))
    before = replace(read_header(tmp_path / "run"), umap=0, record=0, numbers=0, fields=())
    with FrameWriter(tmp_path / "run", before) as writer:
        for step in range(count):
            writer.append({"step": step})
    train(SMALL, digits, QUICK, tmp_path / "run", resume=True, watch=True)
    frames = Frames(tmp_path / "run")
    assert frames.header.umap == 0
    assert len(frames) > count


def test_what_is_watched_of_a_table_is_called_rows(digits: Data, tmp_path: Path):
    rows = digits.head(40).images.flatten(1).float()
    data = Data(
        "rows",
        "train",
        rows,
        digits.head(40).labels,
        digits.classes,
        kind=Table.of(rows, [f"x{i}" for i in range(64)]),
    )
    train(SMALL, data, replace(QUICK, epochs=1, limit=None, batch=20), tmp_path / "run", watch=True)
    header = Frames(tmp_path / "run").header
    assert (header.an, header.many) == ("a row", "rows")
