"""What the command line says of odd arguments and of the end of a process: one sentence that is true."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiers import first
from vae_core.cli import main
from vae_core.cli.signals import ENDING
from vae_core.explore import active_units
from vae_core.models import CDVAE, VAE
from vae_core.training import faults

TRAIN = (
    "train",
    "vae",
    "--data",
    "digits",
    "--limit",
    "50",
    "--epochs",
    "1",
    "--no-atlas",
    "--device",
    "cpu",
)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command that is used badly says, on one line."""
    assert main(list(words)) == 2
    text = capsys.readouterr().err.strip()
    assert "\n" not in text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("out", first(["", " ", ".", "/"]))
def test_a_folder_without_a_name_is_not_written_to(out: str, capsys: pytest.CaptureFixture[str]):
    assert "has no name" in said(capsys, *TRAIN, "--out", out)


def test_a_folder_that_is_there_is_not_taken_for_a_word_misspelt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """It says that one can choose another folder, or --resume to go on: `to` is near `two`."""
    monkeypatch.chdir(tmp_path)
    Path("two").mkdir()
    Path("two", "card.json").write_text("{}")
    assert said(capsys, *TRAIN, "--out", "two").endswith("--resume to go on with it")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--components", "5"), "the prior normal has no components, and 5 are asked for"),
        pytest.param(("--seed", "9" * 26), "the seed must be between 0 and", marks=pytest.mark.slow),
        pytest.param(("--device", "meta"), "device 'meta' is not available", marks=pytest.mark.slow),
        (("--latent", "1000000000"), "latent must be between 1 and 65536"),
    ],
)
def test_odd_arguments_are_told_in_a_sentence(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert words in said(capsys, *TRAIN, "--out", str(tmp_path / "run"), *arguments)
    assert not (tmp_path / "run" / "card.json").exists()


def test_components_are_asked_of_priors_that_have_some(digits_signature: Any):
    VAE(prior="mixture", components=5).build(digits_signature)
    for model in (VAE(prior="flow", components=5), CDVAE(components=5), CDVAE(unlabelled_components=5)):
        with pytest.raises(ValueError, match="has no components, and 5 are asked for"):
            model.build(digits_signature)


@pytest.fixture
def digits_signature() -> Any:
    from vae_core.data import DATASETS

    return DATASETS["digits"].signature


def test_ppca_of_fewer_observations_than_latents_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = [
        "train",
        "ppca",
        "--data",
        "digits",
        "--limit",
        "3",
        "--out",
        str(tmp_path / "run"),
        "--no-atlas",
    ]
    text = said(capsys, *words)
    assert "leave no noise in these data" in text
    assert "gamma" not in text


def test_one_observation_varies_in_nothing():
    import torch

    assert active_units(torch.ones(1, 3)).tolist() == [False] * 3  # and no warning


@pytest.mark.parametrize("ending", ENDING)
def test_a_command_that_is_ended_says_so_as_one_that_is_interrupted(
    ending: signal.Signals, capsys: pytest.CaptureFixture[str]
):
    class Waits:
        def run(self) -> int:
            threading.Timer(0.1, lambda: os.kill(os.getpid(), ending)).start()
            time.sleep(10)
            return 0

    from vae_core.cli import run

    ignored = signal.signal(ending, signal.SIG_DFL)  # as under nohup
    before = signal.getsignal(ending)
    parse = run.parse
    run.parse = lambda words, commands: Waits()  # type: ignore[assignment]
    try:
        assert main(["evaluate"]) == 130
        assert capsys.readouterr().err.strip() == "stopped"
        assert main(["train"]) == 130
        assert "goes on from its last epoch with --resume" in capsys.readouterr().err
    finally:
        run.parse = parse
        after = signal.signal(ending, ignored)
    assert after == before


def test_what_to_do_follows_what_went_wrong():
    import errno

    assert faults.remedy(OSError(errno.ENOSPC, "No space left on device")) == "make room"
    assert "write to" in faults.remedy(OSError(errno.EROFS, "Read-only file system"))
    assert faults.remedy(OSError(errno.EIO, "Input/output error")) == "see to the disk"
