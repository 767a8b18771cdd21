"""A model that came without data, on every page: those that need none show it, each other says why in one sentence."""

from pathlib import Path

import pytest
import torch
from latent_explorer import MODELS_VARIABLE, pages
from torch import nn

import vae_core
from tests.app.conftest import MAIN, opened
from tests.support.tiers import case

PAGES = sorted(f"views/{path.name}" for path in (MAIN.parent / "views").glob("*.py"))
USUAL = ("views/traverse.py", "views/map.py")
OF_DATA = ("views/elbo.py", "views/map.py", "views/measure.py", "views/prior.py", "views/rate_distortion.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(64, 8), nn.Linear(4, 64)
    model = vae_core.wrap(
        encode=lambda x: encoder(x.flatten(1)).chunk(2, 1),
        decode=lambda z: 5 * decoder(z).unflatten(1, (1, 8, 8)),
        latent=4,
        likelihood="bernoulli",
        shape=(1, 8, 8),
    )
    return model.save(tmp_path_factory.mktemp("models") / "theirs").folder.parent


@pytest.mark.parametrize("page", [case(page, slow=page not in USUAL) for page in PAGES])
def test_a_page_shows_the_model_or_says_that_it_came_without_data(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    at = opened(page, model="theirs")
    assert not at.exception, at.exception[0].stack_trace
    assert not at.error
    assert not at.warning
    said = [info.value for info in at.info if "no data came with the model" in info.value]
    assert len(said) == (page in OF_DATA)
    assert {Path(each).stem for each in OF_DATA} <= pages.meaningless("theirs")
