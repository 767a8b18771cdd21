"""What the sidebar says of how a model was trained, and of its numbers."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import checkpoints

from tests.support.tiers import first
from vae_core.checkpoints import SUCCESSORS, load, load_card, save_atlas, save_card


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (
            {"name": "tc", "tc_beta": 6.0, "tc_alpha": 0.0},
            "β-TCVAE: rate of the unlabelled latents as index information × 0, total correlation × 6, dimension-wise KL × 1",
        ),
        (
            {"name": "factor", "tc_weight": 10.0, "adversary": 2.0},
            "FactorVAE: the bound, and total correlation × 10 · adversary × 2",
        ),
        ({"name": "elbo", "beta": {"z": 4.0}, "adversary": 0.0}, "β(z) = 4"),
    ],
)
def test_an_objective_is_told_with_its_weights(objective: dict[str, Any], words: str):
    card = load_card("vae-sprites").changed(objective=objective)
    assert card.objective.says(card) == words


@pytest.fixture
def mine(
    trained: dict[str, Path], tmp_path: Path, open_page: Callable, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A checkpoint of one's own, offered as "mine"."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    return shutil.copytree(trained["vae-digits"], tmp_path / "mine")


def test_each_number_is_told_with_the_command_that_measured_it(mine: Path, open_page: Callable):
    number = {"value": 1.0, "se": 0.1, "n": 10}
    how = {"data": "digits", "split": "test"}
    card = load_card(mine).changed(
        metrics={"negative_elbo": number, "bayes_accuracy": number, "mig": number},
        evaluations={
            "elbo": {**how, "names": ["negative_elbo"], "command": "the first"},
            "bayes": {**how, "names": ["bayes_accuracy"], "command": "the second"},
            "disentanglement": {**how, "names": ["mig"], "command": "the third"},
        },
    )
    save_card(mine, card)
    told = " ".join(element.help or "" for element in open_page(model="mine").sidebar.caption)
    assert "Measured by `the first` and `the second`" in told
    assert "the third" not in told


def test_what_is_of_older_weights_is_said_beside_the_model(mine: Path, open_page: Callable):
    found = load(mine)
    save_atlas(mine, found.atlas_grid, found.weights)
    assert not open_page(model="mine").sidebar.warning
    save_atlas(mine, found.atlas_grid, "those of another day")
    (warning,) = open_page(model="mine").sidebar.warning
    assert "The atlas belongs to other weights" in warning.value


def test_a_running_app_sees_an_atlas_or_weights_that_were_made_anew(mine: Path):
    before = checkpoints.checkpoint("mine")
    assert checkpoints.checkpoint("mine") is before
    save_atlas(mine, before.atlas_grid)
    again = checkpoints.checkpoint("mine")
    assert again is not before
    content = (mine / "model.safetensors").read_bytes()
    (mine / "model.safetensors").write_bytes(content)
    assert checkpoints.checkpoint("mine") is not again


@pytest.mark.parametrize(
    ("asked", "stands", "said"),
    [
        ("2.0", "2", []),
        ("1.51", "1.5", []),
        ("10", "4", ["from 0.25 to 4"]),
        ("much", "1", ["from 0.25 to 4"]),
    ],
)
def test_a_beta_of_a_link_is_the_nearest_that_there_is(
    open_page: Callable, asked: str, stands: str, said: list[str]
):
    at = open_page("views/elbo.py", model="mr-cdvae-mnist", beta_z_u=asked)
    assert at.select_slider(key="beta_z_u").value == stands
    assert [words in warning.value for words, warning in zip(said, at.warning, strict=True)] == [True] * len(
        said
    )


@pytest.mark.parametrize("page", first(["train", "data", "lessons"]))
def test_a_page_that_shows_nothing_of_the_model_has_none_of_its_betas(open_page: Callable, page: str):
    at = open_page("views/elbo.py", model="mr-cdvae-mnist")
    at.select_slider(key="beta_z_u").set_value("4").run()
    at.switch_page(f"views/{page}.py").run()
    assert not at.exception
    assert not [each for each in at.select_slider if (each.key or "").startswith("beta_")]
    at.run()
    at.switch_page("views/elbo.py").run()
    assert at.select_slider(key="beta_z_u").value == "4"


@pytest.mark.parametrize(("gone", "now"), SUCCESSORS.items())
def test_a_link_to_a_model_that_is_no_longer_bundled_leads_to_what_took_its_place(
    open_page: Callable, gone: str, now: str
):
    at = open_page("views/elbo.py", model=gone)
    assert not at.exception
    assert not at.warning
    assert at.selectbox(key="model").value == now
    assert at.query_params.get("model", [now])[0] != gone
    assert f"{gone} is no longer bundled: {now} took its place." in [each.value for each in at.caption]
    at.selectbox(key="model").set_value("vae-mnist").run()
    assert at.selectbox(key="model").value == "vae-mnist"
    assert gone not in " ".join(each.value for each in at.caption)


def test_a_model_of_ones_own_that_has_the_name_of_one_no_longer_bundled_is_opened(
    open_page: Callable, trained: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gone = next(iter(SUCCESSORS))
    shutil.copytree(trained["vae-digits"], tmp_path / gone)
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = open_page("views/elbo.py", model=gone)
    assert not at.warning
    assert at.selectbox(key="model").value == gone


def test_the_card_of_a_fork_says_what_it_began_with(mine: Path, open_page: Callable):
    card = load_card(mine)
    first = shutil.copytree(mine, mine.parent / "first")
    save_card(mine, card.changed(forked={"name": "first", "weights": "0123456789abcdef", "epoch": 3}))
    words = " ".join(caption.value for caption in open_page(model="mine").sidebar.caption)
    assert f"It began with the weights of first after epoch 3 of {card.epochs_done} in" in words
    shutil.rmtree(first)
    words = " ".join(caption.value for caption in open_page(model="mine").sidebar.caption)
    assert "It began with the weights of first after epoch 3 of that" in words
