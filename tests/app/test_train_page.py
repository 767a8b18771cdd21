"""The page Train as a script: its form, what a link fills it with, and a run that has ended."""

from collections.abc import Callable
from pathlib import Path

import pytest
from latent_explorer import LOCAL_VARIABLE, RUNS_VARIABLE, TRAINING_VARIABLE
from latent_explorer.training import keeper, runs
from streamlit.testing.v1 import AppTest

from tests.support.runs import watched

Open = Callable[..., AppTest]
PAGE = "views/train.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    monkeypatch.delenv(TRAINING_VARIABLE, raising=False)
    return tmp_path


def commands(at: AppTest) -> list[str]:
    assert not at.exception, at.exception[0].stack_trace
    return [code.value for code in at.code if code.value.startswith("latent-explorer train")]


def warned(at: AppTest) -> str:
    return " ".join(each.value for each in at.warning).replace("\\", "")


def test_the_form_is_a_command_and_says_what_does_not_fit(open_page: Open, home: Path):
    at = open_page(PAGE, model="vae-digits")
    assert "latent-explorer train vae --data digits --out" in commands(at)[0]
    latent = next(each for each in at.number_input if each.label == "latent")
    latent.set_value(2).run()
    assert "--latent 2 " in commands(at)[0]
    next(each for each in at.text_input if each.label == "beta").set_value("z 4").run()
    assert "--beta z 4 " in commands(at)[0]
    next(each for each in at.text_input if each.label == "beta").set_value("-1").run()
    assert not commands(at)
    assert "Beta must be above 0" in warned(at)
    assert next(each for each in at.button if each.label == "Start").disabled


def test_start_asks_for_a_run_which_the_page_then_shows(
    open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeper, "turn", lambda now=None: None)
    at = open_page(PAGE, model="vae-digits", ask="train vae --data digits --latent 2 --epochs 3")
    next(each for each in at.button if each.label == "Start").click().run()
    assert runs.named("vae-digits").asked["words"] == [
        "train",
        "vae",
        "--data",
        "digits",
        "--latent",
        "2",
        "--epochs",
        "3",
    ]
    assert not at.exception
    assert at.selectbox(key="run").value == "vae-digits"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ("train cdvae --data digits --unlabelled 2 --class-weight 20", "--class-weight 20"),
        ("train vae --data digits --objective constrained --delta 16", "--objective constrained --delta 16"),
        ("train factored --data digits", "Digits has no factor called floor"),
        ("rm -rf /", "begins with train"),
        ("train vae --data /etc/passwd", "not here"),
    ],
)
def test_a_link_fills_the_form(open_page: Open, home: Path, ask: str, words: str):
    at = open_page(PAGE, model="vae-digits", ask=ask)
    assert words in " ".join([*commands(at), warned(at)])


def test_a_run_is_found_by_its_link(open_page: Open, home: Path):
    watched(home / "old")
    at = open_page(PAGE, model="vae-digits", run="old")
    assert at.selectbox(key="run").value == "old"
    assert not at.exception
    at = open_page(PAGE, model="vae-digits", run="gone")
    assert "“gone”" in warned(at)
    assert commands(at)


def test_a_visitor_of_a_shared_server_has_no_form(
    open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(LOCAL_VARIABLE, "")
    at = open_page(PAGE, model="vae-digits")
    assert not commands(at)
    assert "--allow-training" in at.info[0].value
