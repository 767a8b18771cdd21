"""Models that were trained elsewhere, on every page: what they have is shown, what they lack is said."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from latent_explorer import MODELS_VARIABLE
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN, opened, scripts_in
from tests.conftest import principal_components
from tests.support.foreign import pair, told_pair
from vae_core import projections
from vae_core.cli import main
from vae_core.data import load_data

VIEWS = MAIN.parent / "views"
PAGES = sorted(f"views/{path.name}" for path in VIEWS.glob("*.py"))

# How each is exported, and what is said of it.
THEIRS: dict[str, tuple[dict, list[str]]] = {
    "their-vae": ({"decoded": "logits"}, ["--likelihood", "bernoulli"]),
    "their-autoencoder": ({"gives": "mean", "free": False}, []),
    "their-spatial": (
        {"latent": 8, "side": 2, "gives": "joined", "reads": "signed", "decoded": "signed"},
        [],
    ),
    "their-cvae": ({"decoded": "logits"}, ["--likelihood", "bernoulli"]),
    "their-unlabelled": ({}, ["--label-column", "none", "--likelihood", "gaussian-optimal"]),
}
TRIED = [
    pytest.param(name, marks=[] if name in ("their-vae", "their-autoencoder") else pytest.mark.slow)
    for name in THEIRS
]

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, images = tmp_path_factory.mktemp("models"), load_data("digits").images.float() / 255
    unlabelled = folder.parent / "digits.npz"
    np.savez(unlabelled, x=load_data("digits").images.numpy(), y=load_data("digits").labels.numpy())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        for name, (form, options) in THEIRS.items():
            files = folder.parent / "files" / name
            if name == "their-cvae":
                encoder, decoder = told_pair(files, images, torch.zeros(2, dtype=torch.long), "index", **form)
            else:
                encoder, decoder = pair(files, images, **form)
            data = str(unlabelled) if name == "their-unlabelled" else "digits"
            given = ["--encoder", str(encoder), "--decoder", str(decoder), "--data", data]
            assert main(["import", *given, "--out", str(folder / name), *options]) == 0
    return folder


@pytest.fixture
def open_theirs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))

    def opener(page: str, **query: str) -> AppTest:
        at = opened(page, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return opener


def words(at: AppTest) -> str:
    parts = (*at.caption, *at.info, *at.warning, *at.error, *at.markdown, *at.subheader)
    return " ".join(part.value for part in parts).replace("\\", "")


@pytest.mark.parametrize("model", TRIED)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(open_theirs: Open, page: str, model: str):
    at = open_theirs(page, model=model)
    assert at.selectbox(key="model").value == model
    assert not at.error
    assert not at.warning
    assert "trained elsewhere" in words(at)


@pytest.mark.parametrize("look", ["Clusters", "Components", "Classes", "Densities", "Holes"])
@pytest.mark.parametrize("model", TRIED)
def test_every_view_of_the_prior_opens(open_theirs: Open, look: str, model: str):
    at = open_theirs("views/prior.py", model=model, look=look)
    if model == "their-autoencoder" and look in ("Densities", "Holes"):
        assert "no posterior" in words(at)
    if model not in ("their-unlabelled", "their-cvae"):
        assert "Class means and Gaussians were fitted" in words(at)


@pytest.mark.parametrize("show", ["This model", "All models", "Two numbers", "Calibration", "Factors"])
def test_every_view_of_the_numbers_opens(open_theirs: Open, show: str):
    open_theirs("views/measure.py", model="their-vae", show=show)
    at = open_theirs("views/measure.py", model="their-autoencoder", show=show)
    assert show != "This model" or "no bound to measure" in words(at)


@pytest.mark.slow
def test_dimensions_of_a_spatial_code_say_where_they_lie(open_theirs: Open):
    at = open_theirs("views/prior.py", model="their-spatial", look="Densities")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    titles = [note["text"] for note in figure["layout"]["annotations"]]
    assert any(title.startswith("z[5] at 1/0/1<br>KL") for title in titles)


def test_an_item_opens_with_its_neighbours_and_class(open_theirs: Open):
    at = open_theirs("views/map.py", model="their-vae", item="3")
    assert "Image 3" in [header.value for header in at.subheader]


def test_what_has_no_place_among_rates_says_why(open_theirs: Open):
    at = open_theirs("views/rate_distortion.py", model="their-autoencoder")
    assert "no posterior" in words(at)
    at = open_theirs("views/rate_distortion.py", model="their-vae")
    assert "for one β" in words(at)


def test_what_is_drawn_from_fitted_gaussians_is_called_so(
    open_theirs: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    at = open_theirs("views/generate.py", model="their-vae")
    assert "Gaussians fitted to the classes" in words(at)
    own = open_theirs("views/generate.py", model="their-vae", **{"class": "no class: p(z)"})
    assert not own.warning
    script = next(text for text in scripts_in(own) if "Samples" in text)
    assert "sample(model.as_trained(), {}" in script
    assert torch.is_tensor(run(script)["images"])


def run(script: str) -> dict:
    """What a script of a page has at its end."""
    values: dict = {}
    exec(compile(script.split("import PIL")[0], "script", "exec"), values)
    return values
