"""Sharing: what the command listens on, says and lets a page show; and presenting."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import latent_explorer.cli as command
import pytest
from latent_explorer import LOCAL_VARIABLE, RUNS_VARIABLE, SHARED_VARIABLE
from latent_explorer.live.route import allowed
from latent_explorer.session import sharing

from tests.app.conftest import Open
from tests.support.driving import free_port


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setattr(command, "serve", lambda *given, **_: seen.append(given))
    return seen


def test_a_shared_server_listens_everywhere_and_says_the_address_that_others_open(
    served: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(command, "own_address", lambda: "192.168.1.5")
    port = free_port()
    assert command.main(["app", "--share", "--port", str(port), "--no-browser"]) == 0
    [(host, *_, shared, _)] = served
    assert (host, shared) == ("0.0.0.0", f"http://192.168.1.5:{port}")
    said = capsys.readouterr().out
    assert shared in said
    assert "▀" in said or "█" in said  # the code


def test_without_it_nobody_else_comes_in(served: list[tuple[Any, ...]]):
    assert command.main(["app", "--port", str(free_port()), "--no-browser"]) == 0
    [(host, *_, shared, _)] = served
    assert (host, shared) == ("localhost", "")


def fails(*_: object) -> None:
    raise OSError("network is unreachable")


@pytest.mark.parametrize("found", [fails, lambda *_: None])
def test_a_machine_without_a_network_says_so(found: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket.socket, "connect", found)  # without a connection it is 0.0.0.0
    with pytest.raises(ValueError, match="connect it, or give one with --host"):
        sharing.own_address()


def test_a_shared_server_is_not_of_this_machine_alone(monkeypatch: pytest.MonkeyPatch):
    """What is refused to others, such as paths of the server, is not opened by sharing."""
    monkeypatch.setattr("streamlit.web.cli.main", lambda: None)
    monkeypatch.setattr(command.sys, "argv", [])
    monkeypatch.setattr(
        command.os, "environ", {**command.os.environ, LOCAL_VARIABLE: "before", SHARED_VARIABLE: "before"}
    )
    command.serve("0.0.0.0", 1, False, None, shared="http://192.168.1.5:1")
    assert command.os.environ[LOCAL_VARIABLE] == ""
    assert sharing.address() == "http://192.168.1.5:1"


@pytest.mark.parametrize(
    ("given", "training", "watched"), [("models", False, "models"), (None, False, ""), (None, True, "runs")]
)
def test_others_watch_the_trainings_of_the_models_that_are_offered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str | None, training: bool, watched: str
):
    monkeypatch.setattr("streamlit.web.cli.main", lambda: None)
    monkeypatch.setattr(command.sys, "argv", [])
    monkeypatch.setattr(command.os, "environ", {**command.os.environ})
    monkeypatch.chdir(tmp_path)
    models = tmp_path / given if given else None
    command.serve("0.0.0.0", 1, False, models, training=training)
    assert command.os.environ[RUNS_VARIABLE] == (str(tmp_path / watched) if watched else "")


def test_the_live_route_answers_a_page_of_the_shared_address_and_no_other():
    assert allowed("http://192.168.1.5:8501", "192.168.1.5:8501")
    assert not allowed("http://evil.example", "192.168.1.5:8501")
    assert not allowed("http://192.168.1.5:8502", "192.168.1.5:8501")


def test_the_page_shows_the_link_that_others_open(open_page: Open, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SHARED_VARIABLE, "http://192.168.1.5:8501")
    at = open_page("views/traverse.py", model="vae-digits", item="3")
    assert not at.exception
    [link] = [code.value for code in at.code if code.value.startswith("http://192.168.1.5")]
    assert link.startswith("http://192.168.1.5:8501/traverse?")
    assert "model=vae-digits" in link
    assert "item=3" in link


def test_a_server_that_is_not_shared_shows_none(open_page: Open, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SHARED_VARIABLE, "")
    at = open_page("views/traverse.py", model="vae-digits")
    assert not [code.value for code in at.code if code.value.startswith("http")]


def test_a_link_presents(open_page: Open):
    at = open_page("views/traverse.py", model="vae-digits", present="true")
    assert not at.exception
    assert at.toggle(key="present").value
    [toggle] = [toggle for toggle in at.toggle if toggle.key == "present"]
    at = toggle.set_value(False).run()
    assert "present" not in at.query_params or at.query_params["present"] != ["true"]
