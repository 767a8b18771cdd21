"""The script of every figure makes the very picture that the page shows."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from latent_explorer import MODELS_VARIABLE
from latent_explorer.components import image_grid
from latent_explorer.components.controls import State
from latent_explorer.export import scripts
from latent_explorer.live import controls
from latent_explorer.pictures import to_bytes
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.app.conftest import scripts_in
from tests.support.tiers import covering, first
from vae_core import bundled, load
from vae_core.explore import decode

Open = Callable[..., AppTest]

WITH_SCRIPTS = ("strips", "samples", "swaps", "held")
BUNDLED = ["mr-cdvae-mnist", "vae-mnist", "joint-mnist", "srvae-mnist", "ppca-mnist", "vae-mnist-mixture"]
STROKE = {"points": [300, 200, 600, 200, 500, 800], "width": 75, "ink": 255}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The pixels of each grid that a page has drawn since, `(R, C, H, W)`, by key."""
    found: dict[str, np.ndarray] = {}
    packed: list[np.ndarray] = []
    pack, component = image_grid.pack, image_grid._component
    monkeypatch.setattr(
        image_grid, "pack", lambda header, images: packed.append(images) or pack(header, images)
    )
    monkeypatch.setattr(
        image_grid,
        "_component",
        lambda key, **arguments: found.update({key: packed.pop()}) or component(key=key, **arguments),
    )
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(script: str) -> np.ndarray:
    """The picture that the script writes into the working folder, grey, `(height, width)`."""
    exec(compile(script, "snippet", "exec"), {"__name__": "__main__"})
    with Image.open("picture.png") as picture:
        return np.asarray(picture.convert("L"))


def as_one(grid: np.ndarray) -> np.ndarray:
    """A grid `(R, C, H, W)` without gaps, `(R H, C W)`."""
    rows, columns, height, width = grid.shape
    return grid.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def check(at: AppTest, shown: dict[str, np.ndarray]) -> list[str]:
    """Run the script of each figure and compare; the keys of those that were compared."""
    assert not at.exception, at.exception[0].stack_trace
    keys = [key for key in shown if key in WITH_SCRIPTS]
    for key, script in zip(keys, scripts_in(at), strict=True):
        made, page = run(script).astype(int), as_one(shown[key]).astype(int)
        assert made.shape == page.shape
        assert np.abs(made - page).max() <= 1, key
    return keys


@pytest.mark.parametrize(
    ("model", "query"),
    covering(
        BUNDLED,
        [{"item": "17"}, {"start": "prior draw", "seed": "5"}, {"start": "prior mean", "span": "2.0"}],
    ),
)
def test_a_traversal(open_page: Open, shown: dict, folder: Path, model: str, query: dict):
    assert check(open_page("views/traverse.py", model=model, **query), shown) == ["strips"]


def test_a_traversal_of_one_dimension_at_other_betas(open_page: Open, shown: dict, folder: Path):
    at = open_page("views/traverse.py", model="mr-cdvae-mnist", beta_z_u="1.78", block="z_u", dim="z_u[3]")
    assert check(at, shown) == ["strips"]
    assert shown["strips"].shape[0] == 1


@pytest.mark.parametrize(
    ("model", "figures"),
    first([("cdvae-digits", 3), ("cvae-digits", 3), *((name, None) for name in BUNDLED)], 5),
)
def test_samples_swaps_and_draws(
    open_page: Open,
    shown: dict,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    figures: int | None,
):
    if model not in bundled():
        shutil.copytree(Path(os.environ[MODELS_VARIABLE]) / model, folder / "runs" / model)
        monkeypatch.setenv(MODELS_VARIABLE, str(folder / "runs"))
    compared = check(open_page("views/generate.py", model=model, seed="3", temperature="0.5"), shown)
    assert compared[0] == "samples"
    if figures:
        assert len(compared) == figures


@pytest.mark.parametrize("hold", ["u", "z", "coarse"])
def test_variables_that_are_held(open_page: Open, shown: dict, folder: Path, hold: str):
    at = open_page("views/generate.py", model="srvae-mnist", hold=hold, first="4", **{"held-seed": "2"})
    assert "held" in check(at, shown)


@pytest.mark.parametrize("hold", first(["z_l", "y"]))
def test_a_class_is_held_and_one_class_is_sampled(open_page: Open, shown: dict, folder: Path, hold: str):
    at = open_page("views/generate.py", model="mr-cdvae-mnist", hold=hold, **{"class": "4"})
    assert check(at, shown) == ["samples", "swaps", "held"]


@pytest.mark.parametrize("model", first(["joint-mnist", "mr-cdvae-mnist", "ppca-mnist"]))
def test_an_image_of_the_visitors_own(open_page: Open, shown: dict, folder: Path, model: str):
    at = open_page("views/traverse.py", model=model)
    at.session_state["user-image-strokes"] = [STROKE]
    at.run()
    at.selectbox(key="start").set_value("your image").run()
    assert check(at, shown) == ["strips"]
    before = shown["strips"]
    at.selectbox(key="start").set_value("image").run()
    assert (shown["strips"] != before).any()


@pytest.mark.slow
def test_a_row_of_swaps_for_the_visitors_own_image(open_page: Open, shown: dict, folder: Path):
    at = open_page("views/generate.py", model="mr-cdvae-mnist")
    at.session_state["user-image-strokes"] = [STROKE]
    at.run()
    at.toggle(key="own").set_value(True).run()
    assert len(shown["swaps"]) == 11
    assert "swaps" in check(at, shown)


def test_codes_written_out_are_decoded(folder: Path):
    found = load(bundled()["mr-cdvae-mnist"])
    codes = {name: torch.from_numpy(found.atlas.means[name][:6]) for name in found.model.latents}
    made = run(scripts.of_codes(found, "Six codes", codes, 3))
    page = to_bytes(decode(found.model, codes), found.kind).reshape(2, 3, 28, 28)
    assert np.abs(made.astype(int) - as_one(page)).max() <= 1


def test_a_script_tells_nothing_of_the_folders_of_the_server(trained: dict[str, Path], folder: Path):
    outside = load(trained["vae-digits"])
    assert str(trained["vae-digits"].parent) not in "\n".join(scripts.opened(outside))
    inside = load(shutil.copytree(trained["vae-digits"], folder / "runs" / "mine"))
    assert scripts.opened(inside) == ['checkpoint = vae_core.load("runs/mine")']


@pytest.mark.parametrize("model", first(["mr-cdvae-mnist", "joint-mnist", "srvae-mnist"]))
def test_the_way_from_one_selection_to_another(
    open_page: Open, shown: dict, folder: Path, monkeypatch: pytest.MonkeyPatch, model: str
):
    monkeypatch.setitem(globals(), "WITH_SCRIPTS", ("from-a-to-b",))
    found = load(bundled()[model])
    block = next(iter(found.atlas.coordinates))
    places = found.atlas.coordinates[block]
    (left, bottom), (right, top), middle = places.min(0), places.max(0), float(np.median(places[:, 0]))
    halves = [
        "~".join([block, *(f"{v:.2f}" for v in (a, bottom, b, bottom, b, top, a, top))])
        for a, b in ((left, middle), (middle, right))
    ]
    at = open_page("views/map.py", model=model, item="3", selection_a=halves[0], selection=halves[1])
    assert check(at, shown) == ["from-a-to-b"]
    assert len(shown["from-a-to-b"]) == 2


def test_the_code_of_the_live_page(open_page: Open, folder: Path):
    at = open_page("views/live.py", model="mr-cdvae-mnist", item="5", **{"class": "3", "move": "z_u.1~1.5"})
    found = load(bundled()["mr-cdvae-mnist"])
    state = controls.fitting(found, State(item=5, label=3, moved={"z_u": {1: 1.5}}))
    made = run(scripts_in(at)[0]).astype(int)
    assert np.abs(made - controls.scene(found, state).pixels[0, :, :, 0]).max() <= 1


@pytest.mark.parametrize("look", first(["Components", "Holes"]))
@pytest.mark.parametrize("model", ["mr-cdvae-mnist", "vae-mnist-mixture", "vae-mnist-vamp"])
def test_the_pictures_of_a_prior(
    open_page: Open, shown: dict, folder: Path, monkeypatch: pytest.MonkeyPatch, model: str, look: str
):
    figures = {"Components": f"components-{model}", "Holes": f"holes-{model}"}
    monkeypatch.setitem(globals(), "WITH_SCRIPTS", (figures[look],))
    assert check(open_page("views/prior.py", model=model, look=look), shown) == [figures[look]]


def test_what_moves_with_each_factor(
    open_page: Open, shown: dict, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    figure = "factors-beta-tcvae-sprites"
    monkeypatch.setitem(globals(), "WITH_SCRIPTS", (figure,))
    query = {"show": "Disentanglement", "among": "beta-tcvae-sprites", "item": "7"}
    assert check(open_page("views/measure.py", **query), shown) == [figure]
    assert shown[figure].shape[0] == 5
