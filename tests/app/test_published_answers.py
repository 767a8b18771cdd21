"""A published site answers what the app does: its own worker, in node, beside the live route's decoder, for models of every form."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from latent_explorer.site.publishing import publish
from latent_explorer.user_image import images

from tests.conftest import RECIPES
from tests.support.published import answers, of_the_app, requests_of
from tests.support.trained import Trained
from vae_core import Checkpoint, fit, load
from vae_core.checkpoints import save_atlas
from vae_core.data import data_from
from vae_core.projections import plain_atlas
from vae_core.serving import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
]

# Of the bundled ones: colour, two betas, a mixture, and draws that a flow makes.
BUNDLED = ("vae-rooms", "mr-cdvae-mnist", "vae-mnist-mixture", "vae-mnist-flow", "joint-mnist")


def compared(checkpoint: Checkpoint, site: Path) -> None:
    publish([checkpoint], site)
    requests = list(requests_of(checkpoint))
    for request, found, wanted in zip(
        requests, answers(site, requests), of_the_app(checkpoint, requests), strict=True
    ):
        assert isinstance(wanted, Answer), wanted
        assert "error" not in found, (found, request)
        off = np.abs(found["pixels"].astype(int) - wanted.pixels.astype(int))
        # The bars of a table end at a pixel or at the next: of those a few may differ.
        assert off.max() <= 1 or (checkpoint.kind.name == "table" and (off > 0).mean() < 1e-3), request
        for name, rows in wanted.codes.items():
            np.testing.assert_allclose(found["codes"][name], rows, atol=0.005)
        if wanted.classes is not None:
            np.testing.assert_allclose(found["classes"], wanted.classes, atol=0.005)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_answers_the_same(name: str, tmp_path: Path):
    compared(load(name), tmp_path / "site")


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_of_every_form_answers_the_same(name: str, trained: Trained, tmp_path: Path):
    compared(load(trained[name]), tmp_path / "site")


@pytest.mark.parametrize("likelihood", ["gaussian", "negative-binomial", "poisson"])
def test_a_table_answers_the_same(likelihood: str, tmp_path: Path):
    generator = np.random.default_rng(0)
    rows = generator.poisson(4, (200, 5)) if likelihood != "gaussian" else generator.normal(size=(200, 5))
    own = data_from(rows.astype(np.float32))
    options = {"latent": 2, "likelihood": likelihood, "nets": "mlp-256", "epochs": 2, "device": "cpu"}
    made = fit("vae", own, **options, out=tmp_path / "table")
    save_atlas(made.folder, plain_atlas(made.model, own.test))
    compared(load(made.folder), tmp_path / "site")


def test_a_drawing_is_encoded_as_the_app_encodes_it(tmp_path: Path):
    checkpoint = load("cdvae-mnist")
    publish([checkpoint], tmp_path / "site")
    strokes = [{"width": 80, "ink": 255, "points": [250, 250, 720, 250, 450, 800]}]
    latents = list(checkpoint.model.coded)
    asked = {
        "model": checkpoint.name,
        "back": True,
        "drawing": {"strokes": strokes, "latents": latents, "centre": True},
    }
    (found,) = answers(tmp_path / "site", [asked])
    drawn = images.drawn(strokes, checkpoint.kind.shape)
    assert drawn is not None
    pixels = images.centred(drawn).values
    codes = checkpoint.encode(pixels)
    # Another way to draw a line: a few grey levels at its rim, of which the binarised image keeps most.
    for name in latents:
        far = np.abs(np.array(found["codes"][name]) - codes[name]).max()
        assert far < 0.6, (name, far)
    assert found["pixels"].max() > 200


def test_what_is_asked_wrongly_is_said(tmp_path: Path, one_line: Callable):
    checkpoint = load("ppca-digits-plane")
    publish([checkpoint], tmp_path / "site")
    drawing = {"strokes": [], "latents": ["z"], "centre": True}
    name = checkpoint.name
    found = answers(tmp_path / "site", [{"model": "gone"}, {"model": name, "drawing": drawing}])
    assert "no model of this site is called gone" in one_line(found[0]["error"])
    assert "nothing is drawn yet" in one_line(found[1]["error"])


def test_a_file_that_is_cut_short_is_named(tmp_path: Path):
    site = tmp_path / "site"
    publish([load("ppca-digits-plane")], site)
    file = site / "models" / "ppca-digits-plane" / "draw.bin"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(AssertionError, match=r"draw\.bin is cut short on this host"):
        answers(site, [])
