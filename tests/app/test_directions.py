"""Directions on pages: found, kept in the link and beside the model, shown as rows and handles, deleted; and what a link or a file cannot have."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from latent_explorer import LOCAL_VARIABLE, MODELS_VARIABLE
from latent_explorer.live import controls
from latent_explorer.parts.directions import SHELF, WAYS
from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, opened
from tests.app.test_pages import healthy, said
from tests.support.tiers import first
from vae_core import load
from vae_core.explore import Direction
from vae_core.explore.direction import NEXT

LIVE, TRAVERSE = "views/live.py", "views/traverse.py"


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click().run()
    assert healthy(at)
    return at


def link(at: AppTest) -> str:
    asked = at.query_params.get(SHELF.key, "")
    return asked[0] if isinstance(asked, list) else asked


def in_link(at: AppTest) -> list[str]:
    return [Direction.decode(part).name for part in link(at).split(NEXT) if part]


@pytest.fixture
def width(trained: dict[str, Path]) -> int:
    return load(trained["cdvae-digits"]).model.sizes["z_u"]


@pytest.fixture
def slant(width: int) -> str:
    return Direction.of("slant", "z_u", torch.arange(1.0, 1.0 + width), "of a test").encode()


def test_a_link_brings_a_row_to_traverse_and_keeps_it(open_page: Open, slant: str):
    at = open_page(TRAVERSE, model="cdvae-digits", block="z_u", directions=slant, dim="→ slant")
    assert healthy(at)
    assert not said(at)
    assert at.selectbox(key="dim").value == "→ slant"
    assert in_link(at) == ["slant"]


@pytest.mark.parametrize("page", first([TRAVERSE, LIVE]))
def test_what_is_found_is_kept_under_its_name_and_deleted(open_page: Open, page: str):
    at = open_page(page, model="cdvae-digits", item="3", finding="true")
    assert healthy(at)
    at.selectbox(key="which").set_value("principal 2").run()
    next(box for box in at.text_input if box.label == "Name").set_value("  thicker  strokes ").run()
    press(at, "Keep")
    assert in_link(at) == ["thicker strokes"]
    again = open_page(page, model="cdvae-digits", directions=link(at))
    assert healthy(again)
    assert "principal direction 2 at image 3" in " ".join(line.value for line in again.markdown)
    press(again, "Delete")
    assert in_link(again) == []


@pytest.mark.parametrize(("way", "more"), [(WAYS[1], {"toward": "4"}), (WAYS[2], {"more": "mean radius"})])
def test_a_direction_is_fitted_to_a_class_or_a_column(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, way: str, more: dict[str, str]
):
    number = torch.linspace(0, 1, len(load("vae-mnist").atlas)).double().numpy()
    monkeypatch.setattr("latent_explorer.caches.colourings.numbered", lambda checkpoint: ["mean radius"])
    monkeypatch.setattr("latent_explorer.caches.colourings.numbers", lambda checkpoint, name: number)
    at = open_page(TRAVERSE, model="vae-mnist", finding="true", by=way, **more)
    assert healthy(at)
    assert not said(at)
    press(at, "Keep")
    assert in_link(at) == [f"to {more['toward']}" if "toward" in more else "more mean radius"]


def test_a_name_that_cannot_be_kept_is_said(open_page: Open):
    at = open_page(LIVE, model="cdvae-digits", finding="true")
    next(box for box in at.text_input if box.label == "Name").set_value("a~b").run()
    press(at, "Keep")
    assert "1 to 40 characters" in said(at)
    assert in_link(at) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slant", "cannot be read"),
        (Direction.of("slant", "z_q", torch.ones(4)).encode(), "no latents z_q"),
        (Direction.of("slant", "z_u", torch.ones(99)).encode(), "99 numbers"),
        (Direction.of("slant", "z_u", torch.ones(4), "", "0123456789abcdef").encode(), "left out"),
    ],
)
@pytest.mark.parametrize("page", [LIVE, TRAVERSE])
def test_a_direction_that_does_not_fit_is_said(open_page: Open, page: str, text: str, words: str):
    at = open_page(page, model="cdvae-digits", directions=text)
    assert healthy(at)
    assert words in said(at)


def test_another_model_forgets_the_directions_of_the_one_before(open_page: Open, slant: str):
    at = open_page(LIVE, model="cdvae-digits", directions=slant)
    at.selectbox(key="model").set_value("vae-digits").run()
    assert healthy(at)
    assert not said(at)
    assert in_link(at) == []


@pytest.fixture
def own(trained: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A model of the visitor's own, on a server of this machine alone."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    return shutil.copytree(trained["vae-digits"], tmp_path / "own")


def kept(folder: Path) -> list[str]:
    return [row["name"] for row in json.loads((folder / "directions.json").read_text())["directions"]]


def test_beside_a_model_of_ones_own_a_file_keeps_them(own: Path):
    at = press(opened(LIVE, model="own", finding="true"), "Keep")
    assert kept(own) == ["principal 1"]
    later = opened(LIVE, model="own")  # another session, and no link
    assert healthy(later)
    assert in_link(later) == in_link(at)
    press(later, "Delete")
    assert kept(own) == []
    assert not list(own.glob(".directions*"))


def test_a_damaged_file_is_said_and_left_alone(own: Path):
    (own / "directions.json").write_text('{"directions": [3')
    at = opened(LIVE, model="own", finding="true")
    assert healthy(at)
    assert "directions.json beside this model cannot be read" in said(at)
    press(at, "Keep")
    assert "Nothing was written" in said(at)
    assert (own / "directions.json").read_text() == '{"directions": [3'


def test_directions_of_other_weights_are_left_out(own: Path):
    press(opened(LIVE, model="own", finding="true"), "Keep")
    rows = json.loads((own / "directions.json").read_text())
    rows["directions"][0]["weights"] = "0" * 16
    (own / "directions.json").write_text(json.dumps(rows))
    assert "other weights" in said(opened(LIVE, model="own"))


def test_a_server_of_others_writes_nothing(own: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(LOCAL_VARIABLE, "")
    at = press(opened(LIVE, model="own", finding="true"), "Keep")
    assert in_link(at) == ["principal 1"]
    assert not (own / "directions.json").exists()


def test_a_handle_on_a_direction_reaches_every_encoding():
    checkpoint = load("cdvae-mnist")
    direction = Direction.of("a", "z_u", torch.randn(16, generator=torch.Generator().manual_seed(0)))
    (along,) = controls.along(checkpoint, [direction])
    places = torch.from_numpy(checkpoint.atlas.means["z_u"]) @ torch.tensor(along.vector)
    assert ((places > along.low) & (places < along.high)).float().mean() > 0.99
    assert torch.tensor(along.vector).norm().item() == pytest.approx(1, abs=1e-4)
