"""A model trained from somebody's own folder or file: its images are shown where the app is told of them, and paths nowhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latent_explorer import MODELS_VARIABLE
from latent_explorer.caches import colourings, sources
from latent_explorer.cli import App
from latent_explorer.export import scripts
from streamlit.testing.v1 import AppTest

from tests.app.conftest import MAIN
from tests.conftest import principal_components
from tests.files import figures
from vae_core import projections
from vae_core.checkpoints import load, save_atlas
from vae_core.data import SOURCES_VARIABLE, data_of, open_data
from vae_core.models import SRVAE
from vae_core.training import Options, train

QUICK = Options(epochs=1, batch=16, warmup=2, device="cpu")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's home with `private/scans.npz` and a model of it in `runs/mine`."""
    home = tmp_path_factory.mktemp("home")
    images, labels = figures(90)
    (home / "private").mkdir()
    np.savez(
        home / "private" / "scans.npz",
        allow_pickle=False,
        images=images,
        labels=labels,
        ward=np.arange(90) // 30,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)
        found = open_data(home / "private" / "scans.npz")
        model = SRVAE(latent=2, coarse_latent=2, pool=2, nets="mlp-256")
        trained = train(model, found.train, QUICK, home / "runs" / "mine")
        save_atlas(trained.folder, projections.make_atlas(trained.model, found.test))
    return home


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv(MODELS_VARIABLE, str(home / "runs"))
    monkeypatch.delenv(SOURCES_VARIABLE, raising=False)

    def opener(**query: str) -> AppTest:
        at = AppTest.from_file(str(MAIN), default_timeout=100)
        at.switch_page("views/map.py")
        at.query_params.update({"model": "mine", **query})
        at.run()
        assert not at.exception
        return at

    return opener


def test_an_image_is_shown_where_the_app_is_told_of_its_source(
    opened: Callable[..., AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
):
    advice = "scans.npz came from a folder or file"
    assert any(advice in caption.value for caption in opened(item="3").caption)
    monkeypatch.setenv(SOURCES_VARIABLE, str(home / "private" / "scans.npz"))
    at = opened(item="3")
    assert not any(advice in caption.value for caption in at.caption)


def test_other_images_are_not_shown_in_their_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    checkpoint = load(home / "runs" / "mine")
    images, labels = figures(90, seed=5)
    np.savez(tmp_path / "scans.npz", allow_pickle=False, images=images, labels=labels)
    monkeypatch.setenv(SOURCES_VARIABLE, str(tmp_path / "scans.npz"))
    assert sources.originals(checkpoint) is None
    assert "--data" in sources.missing(checkpoint)
    monkeypatch.setenv(SOURCES_VARIABLE, str(home / "private" / "scans.npz"))
    assert sources.originals(checkpoint) is not None
    assert sources.missing(checkpoint) == ""


def test_the_map_can_be_coloured_by_what_else_is_known(home: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoint = load(home / "runs" / "mine")
    monkeypatch.setenv(SOURCES_VARIABLE, str(home / "private" / "scans.npz"))
    assert colourings.colourings(checkpoint)[:2] == ["class", "ward"]
    test = open_data(home / "private" / "scans.npz").test
    assert test.factors is not None
    assert colourings.colouring(checkpoint, "ward").groups.tolist() == test.factors[:, 1].tolist()


def test_a_script_names_the_source_and_no_path(home: Path):
    checkpoint = load(home / "runs" / "mine")
    script = scripts.held(checkpoint, [1, 2], "coarse", 3, 0, 1.0, derived=["coarse"], originals=True)
    assert 'data_of(checkpoint.card.data, "scans.npz")' in script
    assert "private" not in script
    told = checkpoint.card.data
    assert data_of(told, home / "private" / "scans.npz").name == "scans.npz"
    assert "source = data_of(checkpoint.card.data)\n" in scripts.held(
        load("srvae-mnist"), [1, 2], "coarse", 3, 0, 1.0, derived=["coarse"], originals=True
    )


def test_the_command_app_tells_the_server_of_sources(home: Path, monkeypatch: pytest.MonkeyPatch):
    seen = {}

    def serve(
        host: str,
        port: int,
        window: bool,
        models: Path | None,
        data: tuple[Path, ...],
        *more: Any,
        **named: Any,
    ) -> None:
        seen["data"] = data

    monkeypatch.setattr("latent_explorer.cli.serve", serve)
    path = home / "private" / "scans.npz"
    assert App(data=(path,), port=18765).run() == 0
    assert seen == {"data": (path,)}
