"""Models that were trained elsewhere, on every page: what they have is shown, what they lack is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from latent_explorer import MODELS_VARIABLE, pages
from latent_explorer.live import controls
from streamlit.testing.v1 import AppTest

import vae_core
from tests.app.conftest import MAIN, opened, scripts_in
from tests.conftest import principal_components
from tests.support.foreign import codes_of, pair, told_pair
from tests.support.tiers import case
from tests.support.trained import Trained
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
# Embeddings alone: with all that may lie beside them, and with nothing.
EMBEDDINGS = ("their-embeddings", "their-points")
USUAL = ("their-vae", "their-autoencoder", "their-embeddings")
UNUSUAL = [name for name in (*THEIRS, *EMBEDDINGS) if name not in USUAL]


def tried(places: list[str]) -> list[Any]:
    """Every place over every one of theirs. By default every second place over one of the usual ones."""
    alternate = {place: USUAL[i // 2 % len(USUAL)] for i, place in enumerate(places) if i % 2 == 0}
    return [
        case(place, name, slow=alternate.get(place) != name)
        for place in places
        for name in (*USUAL, *UNUSUAL)
    ]


Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The models, each imported when it is first asked for."""
    return Trained(
        (*THEIRS, *EMBEDDINGS), imported, tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("models")
    )


def imported(name: str, out: Path) -> None:
    files, digits = out.parent / "files", load_data("digits")
    files.mkdir()
    if name in EMBEDDINGS:
        given = ["--embeddings", str(embeddings(files / f"{name}.npz", only=name == "their-points"))]
    else:
        form, options = THEIRS[name]
        images, data = digits.images.float() / 255, "digits"
        if name == "their-cvae":
            encoder, decoder = told_pair(files, images, torch.zeros(2, dtype=torch.long), "index", **form)
        else:
            encoder, decoder = pair(files, images, **form)
        if name == "their-unlabelled":
            data = str(files / "digits.npz")
            np.savez(data, x=digits.images.numpy(), y=digits.labels.numpy())
        given = ["--encoder", str(encoder), "--decoder", str(decoder), "--data", data, *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        assert main(["import", *given, "--out", str(out)]) == 0


def embeddings(file: Path, only: bool) -> Path:
    """The first principal components of some digits, with labels, columns and pictures; or a few points in one dimension."""
    data = load_data("digits").head(5 if only else 300)
    z, ink = codes_of(data.images), data.images.flatten(1).double().mean(1).numpy()
    if only:
        np.savez(file, z=z[:, :1])
    else:
        wards = np.where(ink > np.median(ink), "left", "right")
        np.savez(file, z=z, labels=data.labels.numpy(), images=data.images.numpy(), ink=ink, ward=wards)
    return file


@pytest.fixture
def open_theirs(theirs: Trained, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv(MODELS_VARIABLE, str(theirs.folder))

    def opener(page: str, model: str, **query: str) -> AppTest:
        assert theirs[model].exists()
        at = opened(page, model=model, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return opener


def words(at: AppTest) -> str:
    parts = (*at.caption, *at.info, *at.warning, *at.error, *at.markdown, *at.subheader)
    return " ".join(part.value for part in parts).replace("\\", "")


@pytest.mark.parametrize(("page", "model"), tried(PAGES))
def test_every_page_opens(open_theirs: Open, page: str, model: str):
    at = open_theirs(page, model=model)
    assert at.selectbox(key="model").value == model
    assert not at.error
    assert not at.warning
    assert "trained elsewhere" in words(at)
    name = Path(page).stem
    if name not in ("start", "rate_distortion"):
        said = any(text in words(at) for text in ("This page shows what a decoder", "has no ELBO"))
        assert said == (name in pages.meaningless(model))


@pytest.mark.parametrize(
    ("look", "model"), tried(["Clusters", "Components", "Classes", "Densities", "Holes"])
)
def test_every_view_of_the_prior_opens(open_theirs: Open, look: str, model: str):
    at = open_theirs("views/prior.py", model=model, look=look)
    if model in ("their-autoencoder", *EMBEDDINGS) and look in ("Densities", "Holes"):
        assert "no posterior" in words(at)
    if model not in ("their-unlabelled", "their-points", "their-cvae"):
        assert "Class means and Gaussians were fitted" in words(at)


@pytest.mark.parametrize("show", ["This model", "All models", "Two numbers", "Calibration", "Factors"])
def test_every_view_of_the_numbers_opens(open_theirs: Open, show: str):
    open_theirs("views/measure.py", model="their-vae", show=show)
    open_theirs("views/measure.py", model="their-embeddings", show=show)
    at = open_theirs("views/measure.py", model="their-autoencoder", show=show)
    assert show != "This model" or "no bound to measure" in words(at)


@pytest.mark.slow
def test_dimensions_of_a_spatial_code_say_where_they_lie(open_theirs: Open):
    at = open_theirs("views/prior.py", model="their-spatial", look="Densities")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    titles = [note["text"] for note in figure["layout"]["annotations"]]
    assert any(title.startswith("z[5] at 1/0/1<br>KL") for title in titles)


def test_handles_of_a_spatial_code_know_their_channel_row_and_column(theirs: Trained):
    (block,) = controls.handles(vae_core.load(theirs["their-spatial"]))
    places = {handle.dimension: handle.place for handle in block.handles}
    assert places[0] == (0, 0, 0)
    assert places[5] == (1, 0, 1)
    (row,) = controls.handles(vae_core.load(theirs["their-vae"]))
    assert {handle.place for handle in row.handles} == {()}


def test_an_item_opens_with_its_neighbours_and_class(open_theirs: Open):
    at = open_theirs("views/map.py", model="their-vae", item="3")
    assert "Image 3" in [header.value for header in at.subheader]


def test_what_has_no_place_among_rates_says_why(open_theirs: Open):
    at = open_theirs("views/rate_distortion.py", model="their-autoencoder")
    assert "no posterior" in words(at)
    at = open_theirs("views/rate_distortion.py", model="their-vae")
    assert "for one β" in words(at)


def test_what_is_drawn_from_fitted_gaussians_is_called_so(
    open_theirs: Open, theirs: Trained, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(theirs.folder)
    at = open_theirs("views/generate.py", model="their-vae")
    assert "Gaussians fitted to the classes" in words(at)
    own = open_theirs("views/generate.py", model="their-vae", **{"class": "no class: p(z)"})
    assert not own.warning
    script = next(text for text in scripts_in(own) if "Samples" in text)
    assert "sample(model.as_trained(), {}" in script
    assert torch.is_tensor(run(script)["images"])


@pytest.mark.parametrize("page", ["live", "traverse", "interpolate", "generate"])
def test_a_page_of_a_decoder_says_that_there_is_none(open_theirs: Open, page: str):
    at = open_theirs(f"views/{page}.py", model="their-embeddings")
    assert [info.value for info in at.info] == [
        "This page shows what a decoder makes of codes: embeddings alone have no decoder, so nothing can be decoded."
    ]


SQUARE = "~-9~-9~9~-9~9~9~-9~9"


@pytest.mark.parametrize("model", EMBEDDINGS)
def test_items_selections_and_columns_need_no_nets(open_theirs: Open, model: str):
    parts = {"item": "3", "selection": f"z{SQUARE}", "selection_a": "z~-9~-9~0~-9~0~9~-9~9"}
    at = open_theirs("views/map.py", model=model, **parts)
    assert not at.error
    assert "Item 3" in [header.value for header in at.subheader]
    assert "The way from A to B, decoded, would stand here: embeddings alone have no decoder" in words(at)
    assert "There is no place for an item of your own: embeddings alone have no encoder" in words(at)
    assert not [part for part in at.expander if part.label.startswith("Your own")]


@pytest.mark.parametrize("colour", ["ink", "ward", "z[2]"])
def test_embeddings_are_coloured_by_columns_and_dimensions(open_theirs: Open, colour: str):
    at = open_theirs("views/map.py", model="their-embeddings", colour=colour)
    assert not at.warning
    assert f"coloured by {colour}" in words(at)


def test_what_means_something_without_nets_can_be_measured(theirs: Trained):
    found = vae_core.load(theirs["their-embeddings"]).card.metrics
    assert {"probe_z_knn_mean", "silhouette_z_mean", "neighbours_z_mean"} <= set(found)
    assert not any(name.endswith(("_sample", "_posterior")) for name in found)
    assert found["probe_z_knn_mean"].value > 0.7


def run(script: str) -> dict:
    """What a script of a page has at its end."""
    values: dict = {}
    exec(compile(script.split("import PIL")[0], "script", "exec"), values)
    return values


@pytest.mark.parametrize(
    ("model", "outlined"), [("their-vae", True), ("their-autoencoder", False), ("their-embeddings", False)]
)
def test_only_what_has_a_posterior_is_outlined_by_one(open_theirs: Open, model: str, outlined: bool):
    at = open_theirs("views/map.py", model=model, item="3")
    maps = [part.proto for part in at.get("bidi_component") if part.proto.component_name.endswith(".map")]
    assert any("q(z | x)" in str(part) for part in maps) == outlined
