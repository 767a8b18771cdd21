"""Dimensions are called after the factor that they tell, on every page, and only where it is clear."""

import shutil
from pathlib import Path

import pytest
import torch
from latent_explorer.caches import checkpoints
from latent_explorer.components import controls as component
from latent_explorer.parts import factor_names
from latent_explorer.sections.traverse import strips

import vae_core
from tests.app.conftest import Open
from tests.app.test_user_image import text_of
from tests.support.tiers import first
from vae_core.checkpoints import load_card, save_card
from vae_core.metrics.disentanglement import clear_factors

CLEAR = {
    "factor-vae-sprites": {"z[0]": "scale", "z[3]": "shape", "z[4]": "y", "z[8]": "x"},
    "beta-tcvae-sprites": {"z[6]": "shape", "z[9]": "scale"},
    "vae-sprites": {},
    "vae-mnist": {},
}


@pytest.mark.parametrize(
    ("shares", "clear"),
    [
        ([[0.3, 0.05], [0.1, 0.14]], [0, None]),
        ([[0.14, 0.0]], [None]),  # too little
        ([[0.3, 0.2], [0.0, 0.0]], [None, None]),  # two factors
        ([[0.3, 0.0], [0.2, 0.0]], [None, None]),  # two dimensions
        ([[0.3, 0.15], [0.15, 0.3]], [0, 1]),
        ([[0.5]], [0]),
        ([[0.0, 0.0]], [None]),
    ],
)
def test_a_factor_is_clear_by_twice_as_much(shares: list, clear: list):
    assert clear_factors(torch.tensor(shares)) == clear


@pytest.mark.parametrize("name", CLEAR)
def test_the_bundled_models_have_the_names_that_their_cards_bear_out(name: str):
    told = factor_names.told(vae_core.load(name))
    assert {dimension: found.factor for dimension, found in told.items()} == CLEAR[name]


@pytest.mark.parametrize("page", first(["views/start.py", "views/live.py", "views/map.py"]))
def test_handles_carry_them(open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str):
    sent: list = []
    real = component._component
    monkeypatch.setattr(component, "_component", lambda **given: sent.append(given) or real(**given))
    assert not open_page(page, model="factor-vae-sprites").exception
    handles = [handle for block in sent[-1]["data"]["blocks"] for handle in block["handles"]]
    named = {f"z[{handle['dimension']}]": handle["factor"] for handle in handles if handle["factor"]}
    assert named
    assert named.items() <= CLEAR["factor-vae-sprites"].items()
    assert all("twice as much" in handle["tells"] for handle in handles if handle["factor"])


def test_the_page_of_a_dimension_says_it_and_the_rule(open_page: Open):
    said = text_of(open_page("views/dimension.py", model="factor-vae-sprites", dim="z[0]"))
    assert "z\\[0\\] · scale" in said
    assert "tells 25 % of the entropy of scale, at least twice as much" in said


def test_a_strange_name_of_a_factor_is_short(tmp_path: Path):
    factors = {"dimensions": ["z[0]"], "factors": ["*a*" * 50], "n": 10, "information": [[0.9]]}
    folder = shutil.copytree(vae_core.bundled()["vae-sprites"], tmp_path / "mine")
    save_card(folder, load_card(folder).changed(factors=factors))
    assert len(factor_names.told(vae_core.load(folder))["z[0]"].factor) == factor_names.MOST


def rows_of(open_page: Open, monkeypatch: pytest.MonkeyPatch, **query: str) -> list[str]:
    rows: list[str] = []
    monkeypatch.setattr(strips, "image_grid", lambda images, **given: rows.extend(given["rows"]))
    assert not open_page("views/traverse.py", **query).exception
    return rows


def test_traversals_carry_them(open_page: Open, monkeypatch: pytest.MonkeyPatch):
    rows = rows_of(open_page, monkeypatch, model="factor-vae-sprites")
    assert "z[0] · scale" in rows
    assert "z[1]" in rows


def test_a_model_of_other_data_is_asked_for_nothing(open_page: Open):
    assert factor_names.told(checkpoints.checkpoint("vae-mnist")) == {}


def test_inactive_dimensions_are_one_line_until_they_are_asked_for(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
):
    model = {"model": "factor-vae-sprites"}
    few, every = (rows_of(open_page, monkeypatch, **model, **more) for more in ({}, {"inactive": "true"}))
    assert len(every) == 10
    assert len(few) == vae_core.load("factor-vae-sprites").card.metrics["active_units_z"].value
    assert set(few) < set(every)
