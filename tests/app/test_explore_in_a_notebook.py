"""`vae_core.explore(checkpoint)`: a page of the explorer in a cell of a notebook, and the package of that name as it was."""

import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from latent_explorer.site import runtime

import vae_core
from vae_core import load
from vae_core.explore import decode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any((folder / runtime.WASM).is_file() for folder in runtime.folders()),
        reason="onnxruntime-web is not installed",
    ),
]


def test_a_cell_shows_the_page_that_is_published():
    shown = vae_core.explore(load("ppca-digits-plane"), only="map", height=500)  # type: ignore[operator]
    with urllib.request.urlopen(shown.address) as answer:
        assert b'data-only="map"' in answer.read()
    assert shown.address in shown._repr_html_()
    assert 'height="500"' in shown._repr_html_()
    assert (
        "after a restart, run the cell again" in shown._repr_html_()
    )  # where the frame says only that nobody answers
    assert vae_core.explore.decode is decode


def test_what_cannot_be_shown_is_said_in_a_sentence(one_line: Callable):
    with pytest.raises(ValueError, match="was trained for one beta") as error:
        vae_core.show(load("ppca-digits-plane"), "frontier")
    assert not one_line(error.value).startswith("latent-explorer")


def test_a_checkpoint_without_an_atlas_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "mine"
    shutil.copytree(load("ppca-digits-plane").folder, folder)
    (folder / "atlas.npz").unlink()
    made = []
    monkeypatch.setattr("vae_core.notebooks._with_atlas", lambda *given: made.append(given))
    with pytest.raises(ValueError, match=r"atlas\.npz is missing"):
        vae_core.show(load(folder))
    assert len(made) == 1
