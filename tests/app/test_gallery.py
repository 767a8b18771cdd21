"""The gallery of models: plain titles and lines that the cards' numbers bear out, small pictures, and links that say a model by name."""

import asyncio
import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latent_explorer import MODELS_VARIABLE, titles
from latent_explorer.caches import gallery
from latent_explorer.server import picture
from latent_explorer.session.gallery import grouped
from latent_explorer.text import plain
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from tests.app.conftest import Open
from tests.support.cards import cards
from tests.support.tiers import first
from tests.support.trained import Trained
from vae_core.checkpoints import Card, bundled, load_card, save_card
from vae_core.cli import main

CARDS = cards()


def numbers_of(card: Card) -> list[float]:
    """All that it says in numbers."""
    found: list[float] = [number.value for number in card.metrics.values()]
    found += [number.value * 100 for number in card.metrics.values()]
    objective = card.json["objective"]
    for value in [
        *card.model.arguments.values(),
        *objective.values(),
        *(objective.get("beta") or {}).values(),
    ]:
        found += value if isinstance(value, list) else [value] if isinstance(value, int | float) else []
    side, pool = card.data.shape[-1], card.model.arguments.get("pool")
    return [*found, *([side / pool] if pool else [])]


@pytest.mark.parametrize("name", CARDS)
def test_each_bundled_model_has_a_title_and_a_line_whose_numbers_cards_bear_out(name: str):
    card = CARDS[name]
    assert card.title
    assert card.purpose
    of_its_data = [other for other in CARDS.values() if other.data.name == card.data.name]
    known = [value for other in of_its_data for value in numbers_of(other)]
    for word in re.findall(r"\d+(?:\.\d+)?", card.title + " " + card.purpose):
        digits = len(word.partition(".")[2])
        assert any(round(value, digits) == float(word) for value in [*known, 1.0]), (
            f"{word} of {card.purpose}"
        )


def test_no_two_bundled_models_have_one_title():
    assert len({card.title for card in CARDS.values()}) == len(CARDS)


def test_the_highest_mig_is_where_the_line_says_so():
    sprites = {name: card for name, card in CARDS.items() if card.data.name == "sprites"}
    migs = {name: card.metrics["mig"].value for name, card in sprites.items()}
    assert max(migs, key=lambda name: migs[name]) == "ada-gvae-sprites"
    del migs["ada-gvae-sprites"]  # which is shown pairs
    assert max(migs, key=lambda name: migs[name]) == "factor-vae-sprites"


@pytest.mark.parametrize("name", first(["vae-digits", "cdvae-digits", "srvae-digits", "rates-digits"], 2))
def test_a_model_without_words_of_its_own_has_some(trained: Trained, name: str):
    card = load_card(trained[name])
    assert card.title == card.purpose == ""
    assert titles.title(card).startswith("Digits: ")
    assert "Trained on" in titles.purpose(card)


def test_words_are_given_and_taken_by_a_command(trained: Trained, tmp_path: Path):
    folder = shutil.copytree(trained["vae-digits"], tmp_path / "mine")
    before = load_card(folder)
    assert main(["describe", str(folder), "--title", " Mine:\n the first ", "--purpose", "To try."]) == 0
    card = load_card(folder)
    assert (card.title, card.purpose) == ("Mine: the first", "To try.")
    assert main(["describe", str(folder), "--title", "", "--purpose", ""]) == 0
    assert load_card(folder) == before
    assert "title" not in load_card(folder).json


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "add --title or --purpose"),
        (["--title", "a" * 61], "give at most 60"),
        (["--purpose", "a" * 161], "give at most 160"),
    ],
)
def test_what_cannot_be_written_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert main(["describe", "vae-mnist", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("title", [3, ["a"], None])
def test_a_title_that_is_no_text_is_a_damaged_card(title: Any):
    with pytest.raises(ValueError, match=r"title is .* instead of text"):
        Card.of({**CARDS["vae-mnist"].json, "title": title})


@pytest.fixture
def own(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of one's own, whose card a stranger wrote."""
    folder = shutil.copytree(trained["cdvae-digits"], tmp_path / "models" / "mine")
    save_card(folder, load_card(folder).changed(title="<b>*Mine*</b> prior", purpose="<img src=x> [a](b)"))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return folder


def test_ones_own_come_first(own: Path):
    groups = grouped(gallery.models())
    data = {card.data.name for card in CARDS.values()}
    assert groups[0][0] == "Yours: digits"
    assert [heading for heading, _ in groups][1] == "mnist"  # of the model that the app opens on
    assert {heading for heading, _ in groups[1:]} == data
    assert [model.name for model in groups[0][1]] == ["mine"]
    assert sum(len(models) for _, models in groups) == 1 + len(bundled())


def test_the_gallery_opens_from_the_sidebar_and_chooses(open_page: Open, own: Path):
    at = open_page("views/measure.py", model="mine")
    at.button(key="gallery").click().run()
    assert not at.exception
    assert at.button(key="gallery-mine").label == plain("<b>*Mine*</b> prior")
    shown = " ".join(part.proto.body for part in at.get("html"))
    assert "&lt;img src=x&gt;" in shown
    assert "<img src=x>" not in shown
    at.button(key="gallery-vae-mnist").click().run()
    assert not at.exception
    assert at.selectbox(key="model").value == "vae-mnist"


def test_a_link_says_the_model_by_its_name_and_the_sidebar_its_title(open_page: Open):
    at = open_page("views/measure.py", model="cdvae-mnist")
    assert at.selectbox(key="model").value == "cdvae-mnist"
    assert at.button(key="gallery").label == "**Digits: class and style apart** ▾"


def asked(model: str) -> Response:
    """What the route of pictures answers."""
    return asyncio.run(picture(Request({"type": "http", "path_params": {"model": model}})))


def test_a_picture_is_small_and_of_a_model_that_is_offered(own: Path):
    answer = asked("mine")
    assert answer.status_code == 200
    assert len(answer.body) < 20_000
    image = Image.open(io.BytesIO(answer.body))
    assert image.size == (gallery.ACROSS * 8, gallery.DOWN * 8)
    assert np.asarray(image).max() > 100
    assert asked("../../etc").status_code == 404


def test_a_model_without_an_atlas_shows_what_it_draws(own: Path):
    with_atlas = asked("mine").body
    (own / "atlas.npz").unlink()
    answer = asked("mine")
    assert answer.status_code == 200
    picture = np.asarray(Image.open(io.BytesIO(bytes(answer.body))))
    assert picture.std() > 20
    assert answer.body != with_atlas


def test_a_damaged_model_has_no_picture_and_stands_in_the_gallery_all_the_same(own: Path):
    (own / "model.safetensors").write_bytes(b"nothing")
    answer = asked("mine")
    assert answer.status_code == 404
    assert str(own.parent) not in bytes(answer.body).decode()
    (own / "card.json").write_text("{")
    assert gallery.of("mine") == ("mine", "mine", "Its card cannot be read.", "", True, "")


@pytest.mark.parametrize(
    ("model", "page", "key", "absent"),
    [
        ("vae-mnist", "views/measure.py", "show", {"Calibration", "Factors"}),
        ("cdvae-mnist", "views/measure.py", "show", {"Factors"}),
        ("vae-sprites", "views/measure.py", "show", {"Calibration"}),
        ("cdvae-mnist", "views/prior.py", "look", set()),
    ],
)
def test_views_that_mean_nothing_for_a_model_are_absent(
    open_page: Open, model: str, page: str, key: str, absent: set[str]
):
    every = {"show": {"Calibration", "Factors", "All models"}, "look": {"Classes", "Holes"}}[key]
    [group] = [group for group in open_page(page, model=model).button_group if group.key == key]
    assert every - set(group.options) == absent


def test_a_link_to_an_absent_view_says_why(open_page: Open):
    at = open_page("views/measure.py", model="vae-mnist", show="Calibration")
    assert not at.warning
    assert "has no class to be sure of" in at.info[0].value
