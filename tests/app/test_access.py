"""Who may come in: names that a server goes by, origins, and what is closed to strangers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from latent_explorer import HOSTS_VARIABLE, LOCAL_VARIABLE, METRICS_VARIABLE, RUNS_VARIABLE, TRAINING_VARIABLE
from latent_explorer.access import METRICS, Gate, is_called, names, origin_of
from latent_explorer.cli import main
from latent_explorer.training.allowed import why_not_measure
from starlette.responses import PlainTextResponse

Asked = Callable[..., tuple[str, int, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Asks a server that listens on this machine alone: what it did first, with which status or code, and what it said."""
    monkeypatch.setenv(HOSTS_VARIABLE, names("localhost", [], local=True))
    monkeypatch.delenv(LOCAL_VARIABLE, raising=False)

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await PlainTextResponse("here")(scope, receive, send)
        else:
            await send({"type": "websocket.accept"})

    def ask(
        host: str = "localhost:8501", origin: str | None = None, path: str = "/", kind: str = "http"
    ) -> Any:
        headers = {"host": host} | ({} if origin is None else {"origin": origin})
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": kind, "method": "GET", "path": path, "query_string": b"", "headers": raw}
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(Gate(inside)(scope, None, send))  # type: ignore[arg-type]
        body = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["type"], sent[0].get("status", sent[0].get("code", 0)), body.decode()

    return ask


@pytest.mark.parametrize(
    "host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "192.168.1.5", "LOCALHOST."]
)
def test_a_server_goes_by_its_names_and_numeric_addresses(host: str, asked: Asked):
    assert asked(host) == ("http.response.start", 200, "here")
    assert asked(host, kind="websocket")[0] == "websocket.accept"


@pytest.mark.parametrize(
    "host",
    ["rebound.example:8501", "localhost.evil.example", "a@localhost", "localhost:9x", "localhost/a", "", " "],
)
def test_a_name_that_somebody_lends_to_this_machine_is_refused(host: str, asked: Asked):
    """Host and Origin are equal then, which was all that was asked."""
    _, status, text = asked(host, f"http://{host}")
    assert status == 421
    assert "--allowed-origins" in text
    assert asked(host, f"http://{host}", kind="websocket")[:2] == ("websocket.close", 1008)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//[x"])
def test_an_origin_that_is_none_is_no_fault_of_the_server(origin: str, asked: Asked):
    assert asked(origin=origin)[1] == 403
    assert asked(origin=origin, kind="websocket")[0] == "websocket.close"


def test_what_a_server_is_called_follows_what_it_was_started_with(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Desk.lab.example")
    monkeypatch.setenv(HOSTS_VARIABLE, names("0.0.0.0", ["https://vae.example:8443"], local=False))
    for host in ("vae.example", "VAE.example:443", "desk.lab.example:8501", "desk.local"):
        assert is_called(host)
    assert not is_called("other.example")
    monkeypatch.setenv(HOSTS_VARIABLE, names("0.0.0.0", ["*"], local=False))
    assert is_called("other.example")
    monkeypatch.delenv(HOSTS_VARIABLE)
    assert is_called("other.example")  # not told: `streamlit run` has settings of its own


def test_an_origin_is_as_browsers_write_it():
    assert origin_of("HTTPS://Lab.Example:8443/") == "https://lab.example:8443"
    for given in ("lab.example", "ftp://lab.example", "https://lab.example/app", "https://", "http://["):
        with pytest.raises(ValueError, match="is no origin"):
            origin_of(given)


def test_metrics_are_closed_to_strangers_unless_granted(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    assert asked(path=METRICS)[1] == 404
    monkeypatch.setenv(METRICS_VARIABLE, "1")
    assert asked(path=METRICS)[1] == 200
    monkeypatch.delenv(METRICS_VARIABLE)
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    assert asked(path=METRICS)[1] == 200


def test_measurements_are_closed_to_strangers_unless_granted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(HOSTS_VARIABLE, "localhost")
    for variable in (LOCAL_VARIABLE, TRAINING_VARIABLE, RUNS_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    assert "--allow-training" in why_not_measure()
    monkeypatch.setenv(RUNS_VARIABLE, "runs")
    monkeypatch.setenv(TRAINING_VARIABLE, "1")
    assert not why_not_measure()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--host", ""], "the host has no name"), (["--allowed-origins", "lab"], "'lab' is no origin")],
)
def test_the_command_says_what_is_no_name(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["app", *arguments]) == 2
    assert words in capsys.readouterr().err
