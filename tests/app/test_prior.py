"""The Prior page over models of every kind of prior."""

import re
from pathlib import Path

import pytest
from latent_explorer import MODELS_VARIABLE

from tests.app.conftest import Open
from tests.support.tiers import covering, first
from vae_core import bundled
from vae_core.cli import COMMANDS, main
from vae_core.cli.evaluate import Evaluate
from vae_core.cli.parsing import parse

LOOKS = ["Clusters", "Components", "Classes", "Densities", "Holes"]


@pytest.mark.parametrize(
    ("look", "model"),
    covering(
        LOOKS,
        [
            "cdvae-mnist",
            "joint-digits",
            "cvae-digits",
            "flow-digits",
            "ladder-digits",
            "rates-digits",
            "srvae-digits",
            "vamp-digits",
        ],
    ),
)
def test_each_view_opens(open_page: Open, look: str, model: str):
    at = open_page("views/prior.py", model=model, look=look)
    assert not at.exception
    assert not at.warning


@pytest.mark.parametrize("look", first(LOOKS))
def test_two_models_side_by_side(open_page: Open, look: str):
    at = open_page("views/prior.py", model="vae-mnist", beside="vae-mnist-vamp", look=look)
    assert not at.exception
    assert not at.warning


def test_two_dimensions_of_one_model_need_not_be_there_in_the_other(open_page: Open):
    at = open_page(
        "views/prior.py", model="vae-mnist", beside="vae-mnist-plane", plane="two dimensions", x="9", y="8"
    )
    assert not at.exception
    assert not at.warning


@pytest.mark.slow
@pytest.mark.parametrize("plane", ["principal axes", "two dimensions"])
def test_latents_of_one_dimension(
    open_page: Open, plane: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert (
        main(
            ["train", "vae", "--data", "digits", "--latent", "1", "--epochs", "1", "--out", f"{tmp_path}/one"]
        )
        == 0
    )
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = open_page("views/prior.py", model="one", plane=plane)
    assert not at.exception
    assert not at.warning


@pytest.mark.parametrize("plane", ["UMAP", "principal axes", "two dimensions"])
def test_each_plane_opens(open_page: Open, plane: str):
    at = open_page("views/prior.py", model="vamp-digits", plane=plane)
    assert not at.exception


def test_a_prior_with_other_latents_as_parents_says_so(open_page: Open):
    at = open_page("views/prior.py", model="srvae-mnist", block="z", look="Holes")
    assert not at.exception
    assert "conditioned on" in at.info[0].value


@pytest.mark.parametrize(
    ("asked", "part"),
    first(
        [
            ({"pair": "3~x", "look": "Classes"}, "two different classes"),
            ({"beside": "no-model"}, "no-model"),
            ({"plane": "two dimensions", "x": "1", "y": "1"}, "two different dimensions"),
            ({"look": "nothing"}, "nothing"),
            ({"pair": "3~3", "look": "Classes"}, "two different classes"),
            ({"block": "w"}, "w"),
            ({"item": "99999999"}, "whole number"),
        ],
        3,
    ),
)
def test_a_broken_link_gets_a_sentence(open_page: Open, asked: dict[str, str], part: str):
    at = open_page("views/prior.py", model="cdvae-mnist", **asked)
    assert not at.exception
    assert part in " ".join(warning.value for warning in at.warning)


@pytest.mark.slow
def test_the_holes_of_a_prior_are_numbered(open_page: Open):
    at = open_page("views/prior.py", model="vae-mnist", look="Holes")
    assert any("lie below 95 %" in caption.value for caption in at.caption)


@pytest.mark.parametrize(
    ("look", "group"),
    first(
        [("Components", "components"), ("Classes", "priors"), ("Densities", "rate"), ("Holes", "holes")], 3
    ),
)
def test_numbers_stand_beside_the_command_that_measures_them(open_page: Open, look: str, group: str):
    at = open_page("views/prior.py", model="mr-cdvae-mnist", look=look, beta_z_l="2")
    shown = "\n".join([*(code.value for code in at.code), *(caption.help or "" for caption in at.caption)])
    command = next(line for line in re.findall(r"latent-explorer ([^`\n]+)", shown) if line.endswith(group))
    words = command.split()
    words[1] = str(bundled()["mr-cdvae-mnist"])
    assert words[2:6] == ["--beta", "z_l", "2", "z_u"]
    assert isinstance(parse(words, COMMANDS), Evaluate)


@pytest.mark.slow
def test_inactive_dimensions_are_one_line(open_page: Open):
    at = open_page("views/prior.py", model="beta-tcvae-sprites", look="Densities")
    line = at.toggle(key="inactive")
    assert line.label == "Also 5 inactive dimensions"
    assert "5 most used" in shown_below(at)
    line.set_value(True).run()
    assert "10 most used" in shown_below(at)
    at = open_page(
        "views/prior.py", model="beta-tcvae-sprites", beside="vae-sprites", look="Densities", inactive="true"
    )
    assert not at.exception
    assert not at.warning
    assert "10 most used" in shown_below(at)


def shown_below(at) -> str:
    return " ".join(each.value for each in at.caption)
