"""The commands that steer, go on with, fork and estimate a training, and its event files."""

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from vae_core.checkpoints import CARD, WEIGHTS, fingerprint, load_card, read_tensors
from vae_core.cli import main
from vae_core.data import Data
from vae_core.runs import Frames, read_status
from vae_core.training import watching

from .test_watch import Trained, ordered, same, status_of

TRAIN = [
    "train",
    "vae",
    "--data",
    "digits",
    "--no-atlas",
    "--latent",
    "3",
    "--nets",
    "mlp-256",
    "--batch",
    "64",
]
TRAIN += ["--warmup", "5", "--learning-rate", "3e-3", "--limit", "256", "--device", "cpu"]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    both = capsys.readouterr()
    return " ".join((both.out + both.err).split())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of two epochs, by the command."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main([*TRAIN, "--epochs", "2", "--out", str(folder)]) == 0
    return folder


def test_a_training_of_the_shell_is_watched_unless_asked_not_to(run: Path, tmp_path: Path):
    status = status_of(run)
    assert (status.state, status.step, status.saved) == ("finished", 8, 2)
    assert len(Frames(run)) >= 2
    assert main([*TRAIN, "--epochs", "1", "--no-watch", "--out", str(tmp_path / "alone")]) == 0
    assert not (tmp_path / "alone" / "watch").exists()


def test_a_running_training_is_steered_from_the_shell(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "run"
    ordered(monkeypatch, folder, {5: [("pause",)]})
    running = Trained(folder, digits)
    running.start()
    running.until(lambda status: status.state == "paused")
    assert main(["steer", str(folder)]) == 0
    told = said(capsys)
    assert told.startswith("paused: step 5 of 16 (epoch 2 of 4)")
    assert "beta {z: 1}" in told
    assert main(["steer", str(folder), "set", "beta=2", "learning-rate=1e-4"]) == 0
    assert "β(z) was 1 up to step 5" in said(capsys)
    for words, complaint in (
        (["set", "beta=nan"], "finite number"),
        (["set", "beta=much"], "is nothing to set"),
        (["set", "gamma=2"], "'gamma' cannot be changed while training"),
        (["set"], "say what to set"),
        (["pause", "beta=2"], "only set takes more words"),
        (["dance"], "'dance' is no order: choose one of 'show', 'pause'"),
    ):
        try:
            code = main(["steer", str(folder), *words])
        except SystemExit as stop:
            code = stop.code
        assert code == 2
        assert complaint in said(capsys)
    assert main(["steer", str(folder), "step"]) == 0
    running.until(lambda status: status.step == 6 and status.state == "paused")
    assert main(["steer", str(folder), "stop"]) == 0
    running.join(30)
    assert isinstance(running.error, KeyboardInterrupt)
    capsys.readouterr()
    assert main(["steer", str(folder), "go"]) == 2
    assert "no training runs in" in said(capsys)
    assert main(["steer", str(tmp_path / "gone")]) == 2
    assert "nothing is known of a training in" in said(capsys)


def test_resume_goes_on_by_the_card_alone(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "run"
    monkeypatch.setattr(watching, "LEAST", 0.0)
    ordered(monkeypatch, folder, {3: [("set", "beta", 2.0)], 6: [("stop",)]})
    assert main([*TRAIN, "--epochs", "3", "--out", str(folder)]) == 130
    monkeypatch.undo()
    assert main(["resume", str(folder), "--no-atlas", "--device", "cpu"]) == 0
    ordered(monkeypatch, tmp_path / "whole", {3: [("set", "beta", 2.0)]})
    assert main([*TRAIN, "--epochs", "3", "--out", str(tmp_path / "whole")]) == 0
    assert same(folder, tmp_path / "whole")
    card = load_card(folder)
    assert card.epochs_done == 3
    assert [change.after for change in card.changes] == [{"z": 2.0}]


def test_a_fork_begins_with_the_weights_of_another_and_says_so(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    words = ["fork", str(run), "--out", str(tmp_path / "fork"), "--beta", "4", "--epochs", "1", "--no-atlas"]
    began: list[dict[str, torch.Tensor]] = []
    prepared = watching.Watcher._begin

    def begin(self: Any, fresh: bool) -> None:
        began.append({name: value.clone() for name, value in self.run.model.state_dict().items()})
        prepared(self, fresh)

    monkeypatch.setattr(watching.Watcher, "_begin", begin)
    monkeypatch.setattr(sys, "argv", ["latent-explorer", *words])
    assert main(words) == 0
    weights = read_tensors(run / WEIGHTS)
    assert all(torch.equal(began[0][name], value) for name, value in weights.items())
    card = load_card(tmp_path / "fork")
    assert card.forked is not None
    assert (card.forked.name, card.forked.epoch, card.forked.weights) == ("run", 2, fingerprint(weights))
    assert card.says == "β(z) = 4"
    assert card.training is not None
    assert (card.training.learning_rate, card.training.epochs, card.training.limit) == (3e-3, 1, 256)
    assert card.command == "latent-explorer fork run --out fork --beta 4 --epochs 1 --no-atlas"
    first = ["fork", str(run), "--at", "1", "--epochs", "1", "--no-atlas", "--out", str(tmp_path / "first")]
    assert main(first) == 0
    assert (load_card(tmp_path / "first").forked or card.forked).epoch == 1
    capsys.readouterr()
    assert main([*first[:3], "9", *first[4:]]) == 2
    assert "keeps no weights of epoch 9: choose one of 1, 2" in said(capsys)
    assert main(["fork", "nowhere", "--out", str(tmp_path / "other")]) == 2
    assert "nowhere holds no checkpoint" in said(capsys)


def test_a_fork_that_was_killed_in_its_first_epoch_is_gone_on_with(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = ["fork", str(run), "--beta", "4", "--epochs", "2", "--no-atlas", "--device", "cpu", "--out"]
    assert main([*words, str(tmp_path / "whole")]) == 0
    ordered(monkeypatch, tmp_path / "run", {2: [("stop",)]})
    assert main([*words, str(tmp_path / "run")]) == 130
    monkeypatch.undo()
    assert main(["resume", str(tmp_path / "run"), "--no-atlas", "--device", "cpu"]) == 0
    assert same(tmp_path / "whole", tmp_path / "run")
    assert load_card(tmp_path / "run").forked == load_card(tmp_path / "whole").forked


@pytest.mark.parametrize(
    "changes",
    [
        [{"step": 3, "epoch": 1, "name": "beta", "before": {"z": 1.0}, "after": {"z": -2.0}}],
        [{"step": 3, "epoch": 1, "name": "beta", "before": 1.0, "after": "much"}],
        [{"step": -3}],
        [{"step": 3, "epoch": 1, "name": "class_weight", "before": 1.0, "after": {"z": 2.0}}],
        "none",
    ],
)
def test_changes_that_a_card_cannot_have_are_one_sentence(
    changes: Any, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    card = json.loads((run / CARD).read_text())
    (tmp_path / CARD).write_text(json.dumps({**card, "changes": changes}))
    assert main(["resume", str(tmp_path)]) == 2
    assert f"{CARD} is damaged" in said(capsys)


def test_an_estimate_makes_a_few_steps_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*TRAIN, "--epochs", "3", "--estimate", "--out", str(tmp_path / "run")]) == 0
    assert "12 steps in 3 epochs" in said(capsys)
    assert not (tmp_path / "run").exists()


def test_event_files_are_written_where_asked(tmp_path: Path):
    from tensorboardX.event_file_writer import EventFileWriter  # noqa: F401  (there is one)

    assert (
        main([*TRAIN, "--epochs", "2", "--validation", "40", "--tensorboard", "--out", str(tmp_path / "run")])
        == 0
    )
    (file,) = (tmp_path / "run" / "tensorboard").glob("events.out.tfevents.*")
    told = file.read_bytes()
    assert all(name in told for name in (b"epoch/loss", b"epoch/rate_z", b"validation/loss"))


def test_without_the_writer_of_event_files_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert main([*TRAIN, "--tensorboard", "--out", str(tmp_path / "run")]) == 2
    assert "pip install 'latent-explorer[tensorboard]'" in said(capsys)
    assert not (tmp_path / "run").exists()


def test_a_training_that_the_system_ends_can_be_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    after = watching.Watcher.after

    def ending(self: Any, step: int, *more: Any) -> None:
        after(self, step, *more)
        if step == 6:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(watching.Watcher, "after", ending)
    before = signal.getsignal(signal.SIGTERM)
    assert main([*TRAIN, "--epochs", "3", "--out", str(tmp_path / "run")]) == 130
    assert signal.getsignal(signal.SIGTERM) == before
    status = status_of(tmp_path / "run")
    assert (status.state, status.saved) == ("stopped", 1)


@pytest.mark.slow
def test_two_processes_are_steered_as_one(tmp_path: Path):
    """Rank 0 reads the orders; both change, pause and stop at the same step, and nothing hangs."""
    import subprocess

    from tests.support.driving import free_port
    from vae_core.runs import write_order

    from .test_train import ROOT, wait_for

    folder = tmp_path / "two"
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(free_port()),
    ]
    command = [*launcher, "-m", "vae_core.cli", *TRAIN, "--epochs", "1000000", "--out", str(folder)]
    started = subprocess.Popen(command, cwd=ROOT)

    def state() -> str:
        status = read_status(folder)
        return status.state if status else ""

    try:
        wait_for(lambda: state() == "running", 120)
        sent = write_order(folder, "set", "beta", 3.0)
        wait_for(lambda: status_of(folder).answer(sent) == "", 60)
        write_order(folder, "pause")
        wait_for(lambda: state() == "paused", 60)
        write_order(folder, "go")
        wait_for(lambda: state() == "running", 60)
        epochs = load_card(folder).epochs_done
        wait_for(lambda: load_card(folder).epochs_done > epochs + 1, 60)
        write_order(folder, "stop")
        wait_for(lambda: state() == "stopped", 60)
        started.wait(60)
    finally:
        started.kill()
    assert load_card(folder).says.startswith("β(z) = 3")


def test_a_fork_that_cannot_be_made_says_why(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The sentence was lost in the search for an option that was meant."""
    copy = shutil.copytree(run, tmp_path / "copy")
    for snapshot in (copy / "watch" / "snapshots").iterdir():
        snapshot.write_bytes(b"x")
    words = ["fork", str(copy), "--out", str(tmp_path / "new"), "--no-atlas"]
    assert main([*words, "--at", "1"]) == 2
    assert "TypeError" not in (told := said(capsys))
    assert "snapshots" in told
    with pytest.raises(SystemExit):
        main([*words, "--betta", "3"])
    assert "did you mean --beta?" in said(capsys)
    assert not (tmp_path / "new").exists()
