"""What the command and the server make of a base path, of proxies' headers, and of what the environment says to Streamlit."""

import os
import sys
from collections.abc import Callable

import pytest
import streamlit.web.cli
from latent_explorer import LOCAL_VARIABLE, RUNS_VARIABLE, TRAINING_VARIABLE, cli, settings
from latent_explorer.base_path import AtBase, normal
from latent_explorer.own_data.bounds import called
from latent_explorer.training.allowed import NOT_YOU, why_not
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

BASE = "/user/ann"


def flags(monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, str]:
    """What the command hands on to Streamlit."""
    given: list[str] = []
    monkeypatch.setattr(streamlit.web.cli, "main", lambda: given.extend(sys.argv[3:]))
    monkeypatch.setattr(sys, "argv", ["latent-explorer"])
    monkeypatch.setattr(os, "environ", dict(os.environ))  # the command tells its server by it
    assert cli.main(["app", "--no-browser", *words]) == 0
    return dict(flag.removeprefix("--").split("=", 1) for flag in given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", ""), ("/", ""), ("a/b/", "/a/b"), ("/user/ann@lab.example/x", "/user/ann@lab.example/x")],
)
def test_a_base_path_has_one_form(given: str, expected: str):
    assert normal(given) == expected


@pytest.mark.parametrize(
    "given", ["http://host/x", "/a b", "/a//b", "/../x", "/a?b", "/a#b", "/ü", "/a\nb", "/{x}", "/%2e"]
)
def test_what_is_no_base_path_is_refused(given: str, one_line: Callable, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["app", "--no-browser", "--port", "18766", f"--base-path={given}"]) == 2
    assert "give one such as /user/ann/proxy/8501" in one_line(capsys.readouterr().err)


def test_addresses_are_found_with_the_base_path_and_without():
    def told(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.url.path)

    server = AtBase(Starlette(routes=[Route(f"{BASE}/latent-explorer/x", told)]), base=BASE)
    client = TestClient(server)
    assert client.get(f"{BASE}/latent-explorer/x").text == f"{BASE}/latent-explorer/x"
    assert client.get("/latent-explorer/x").text == f"{BASE}/latent-explorer/x"
    assert client.get("/user/annette/latent-explorer/x").status_code == 404


def test_the_command_hands_the_base_path_on_and_the_shared_address_holds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(cli, "own_address", lambda: "192.168.1.5")
    given = flags(monkeypatch, "--base-path", "user/ann/", "--port", "18767", "--share")
    assert given["server.baseUrlPath"] == BASE
    assert "http://192.168.1.5:18767/user/ann\n" in capsys.readouterr().out


def test_the_environment_is_honoured_and_an_option_goes_before_it(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "STREAMLIT_SERVER_PORT": "18768",
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        "STREAMLIT_SERVER_BASE_URL_PATH": "/lab",
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "7",
        "STREAMLIT_THEME_LIGHT_PRIMARY_COLOR": "#123456",
    }.items():
        monkeypatch.setenv(name, value)
    given = flags(monkeypatch)
    assert (given["server.port"], given["server.address"], given["server.baseUrlPath"]) == (
        "18768",
        "127.0.0.1",
        "/lab",
    )
    assert given["server.headless"] == "true"
    assert "server.maxUploadSize" not in given  # Streamlit reads it where it is
    assert "theme.light.primaryColor" not in given
    assert "theme.dark.primaryColor" in given
    given = flags(monkeypatch, "--port", "18769", "--base-path", "/")
    assert (given["server.port"], given["server.baseUrlPath"]) == ("18769", "")


def test_what_is_asked_of_the_command_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS", "https://a.example")
    assert settings.flags({"server.corsAllowedOrigins": ""}) == []
    given = settings.flags({"server.corsAllowedOrigins": "https://b.example https://c.example"})
    assert given == [f"--server.corsAllowedOrigins=https://{name}.example" for name in "bc"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STREAMLIT_SERVER_PORT", "x", "is 'x': give a port between 1 and 65535, or unset it"),
        ("STREAMLIT_SERVER_PORT", "70000", "give a port between 1 and 65535"),
        ("STREAMLIT_SERVER_PORT", "9" * 5000, "give a port between 1 and 65535"),
        ("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "full", "shows paths and code of the server"),
        ("STREAMLIT_GLOBAL_DISABLE_WIDGET_STATE_DUPLICATION_WARNING", "false", "unset it"),
        ("STREAMLIT_SERVER_BASE_URL_PATH", "a b", "is no path of an address"),
        ("STREAMLIT_SERVER_ADDRESS", "no.such.host.invalid", "cannot listen on no.such.host.invalid"),
    ],
)
def test_what_the_environment_says_in_vain_is_refused_in_a_sentence(
    name: str,
    value: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    one_line: Callable,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv(name, value)
    assert cli.main(["app", "--no-browser"]) == 2
    assert words in one_line(capsys.readouterr().err)


def test_what_the_environment_may_say_of_what_pages_rely_on_is_what_they_rely_on(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "none")
    settings.check()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "lab.example"},
        {"Host": "localhost:8501", "Origin": "https://lab.example"},
        {"Host": "localhost:8501", "Origin": "null"},
        {"host": "127.0.0.1:8501", "x-forwarded-for": "10.0.0.7"},
        {"Host": "127.0.0.1:8501", "X-Forwarded-Prefix": "/user/ann"},
        {"Host": "localhost", "Via": "1.1 proxy"},
    ],
)
def test_a_visitor_through_a_proxy_is_not_at_this_machine(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for name, value in {LOCAL_VARIABLE: "1", RUNS_VARIABLE: "/runs", TRAINING_VARIABLE: ""}.items():
        monkeypatch.setenv(name, value)
    assert why_not(called(headers)) == NOT_YOU


@pytest.mark.parametrize(
    "headers", [{}, {"Host": "localhost:8501"}, {"Host": "[::1]:8501", "Origin": "http://localhost:8501"}]
)
def test_a_visitor_at_this_machine_is(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    for name, value in {LOCAL_VARIABLE: "1", RUNS_VARIABLE: "/runs", TRAINING_VARIABLE: ""}.items():
        monkeypatch.setenv(name, value)
    assert why_not(called(headers)) == ""
