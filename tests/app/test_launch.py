"""The command as a newcomer types it."""

import asyncio
import os
import runpy
import shutil
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE, OPENS_VARIABLE, cli
from latent_explorer.caches import checkpoints
from latent_explorer.cli import main

from tests.support.driving import served

COMMAND = shutil.which("latent-explorer", path=str(Path(sys.executable).parent))


@pytest.mark.slow
def test_the_app_starts_for_a_newcomer_without_asking_anything(tmp_path: Path):
    # A home without Streamlit's files, and a "browser" that does nothing: $BROWSER is what Python's webbrowser opens.
    with (
        served(window=True, environment={"HOME": str(tmp_path), "BROWSER": "true"}) as address,
        urllib.request.urlopen(address) as answer,
    ):
        assert answer.status == 200


@pytest.mark.slow
@pytest.mark.skipif(COMMAND is None, reason="the command is not installed beside this Python")
def test_an_app_of_the_visitors_own_is_not_run_in_its_place(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "packages"):
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text("raise SystemExit('the wrong app')")
    with (
        served(
            command=[str(COMMAND)], folder=tmp_path, environment={"PYTHONPATH": str(tmp_path / "packages")}
        ) as address,
        urllib.request.urlopen(address) as answer,
    ):
        assert answer.status == 200


@pytest.mark.parametrize("arguments", [[], ["app"], ["train", "vae"]])
def test_the_command_explains_itself(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    assert "usage: latent-explorer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "-1"], "the port must be between 1 and 65535"),
        (["--port", "99999"], "the port must be between 1 and 65535"),
        (["--port", "9" * 30], "the port must be between 1 and 65535"),
        (["--port", "nan"], "'nan' is not a whole number"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
        (["--host", f"{'a' * 70}.b"], "cannot listen on"),
        (["--models", "{tmp}/nowhere"], "there is no folder"),
        (["--models", "{tmp}"], "holds no checkpoint"),
        (["--data", "{tmp}/nowhere"], "there is no file or folder"),
        (["--prot", "1"], "did you mean --port?"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    try:
        code = main(["app", "--no-browser", *(word.format(tmp=tmp_path) for word in arguments)])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert words in one_line(capsys.readouterr().err)


def test_a_module_by_name_is_the_same_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["latent_explorer", "models"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("latent_explorer", run_name="__main__")
    assert stop.value.code == 0
    assert "cdvae" in capsys.readouterr().out


def test_the_app_opens_on_the_newest_of_ones_own(
    trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for age, name in enumerate(("first", "newest", "older")):
        card = shutil.copytree(trained["vae-digits"], tmp_path / name) / "card.json"
        os.utime(card, (1_000_000 + 10 * (age == 1), 1_000_000 + 10 * (age == 1)))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "card.json").write_text("{")
    assert cli.newest(tmp_path) == str(tmp_path / "newest")
    assert cli.newest(tmp_path / "nowhere") == ""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert next(iter(checkpoints.offered())) == checkpoints.OPENS_ON
    monkeypatch.setenv(OPENS_VARIABLE, str(tmp_path / "newest"))
    assert next(iter(checkpoints.offered())) == "newest"
    monkeypatch.setenv(OPENS_VARIABLE, str(tmp_path / "gone"))
    assert next(iter(checkpoints.offered())) == checkpoints.OPENS_ON


def test_the_server_changes_threads_often(monkeypatch: pytest.MonkeyPatch):
    """A page's run would keep an answer of the live route waiting at each of four changes."""
    from latent_explorer import server

    monkeypatch.setattr(server.warm, "begin", lambda: None)
    usual = sys.getswitchinterval()

    async def begun() -> float:
        async with server.starting(server.app):
            return sys.getswitchinterval()

    try:
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(asyncio.run, begun()).result() == pytest.approx(0.001)
    finally:
        sys.setswitchinterval(usual)
