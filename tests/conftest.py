"""What every tier of tests shares: one thread, seeded noise, data, and small models that were really trained."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vae_core
from tests.support.trained import Trained, cache_for, state_of
from vae_core import projections
from vae_core.checkpoints import save_atlas
from vae_core.cli import main
from vae_core.data import Data, load_data
from vae_core.metrics import classes, oracle
from vae_core.models import CDVAE, CVAE, PPCA, SRVAE, VAE, Declaration, Joint, Ladder
from vae_core.multirate import rates_of
from vae_core.objectives import ELBO
from vae_core.training import Options, train

SMALL = Options(epochs=12, batch=128, learning_rate=5e-3, warmup=10, device="cpu")
SMALL_VAMP = replace(SMALL, objective=ELBO(beta_warmup=100))
SMALL_JOINT = replace(SMALL, epochs=20)  # until its bound is not the draws' noise
SMALL_LONGER = replace(SMALL, epochs=60)  # until z_u is used beside z_l

RECIPES: dict[str, tuple[Declaration, Options]] = {
    "cdvae-digits": (CDVAE(unlabelled=4, nets="mlp-256"), SMALL_LONGER),
    "cvae-digits": (CVAE(latent=4, nets="mlp-256"), SMALL),
    "flow-digits": (
        CDVAE(
            unlabelled=2,
            prior="class-flow",
            unlabelled_prior="flow",
            flow_transforms=2,
            flow_width=16,
            nets="mlp-256",
        ),
        SMALL,
    ),
    "joint-digits": (Joint(latent=4, nets="mlp-256"), SMALL_JOINT),
    "ladder-digits": (Ladder(latent=(6, 3), nets="mlp-256"), SMALL),
    "rate-digits": (VAE(latent=4, nets="mlp-256", rates=(0.1, 10.0)), SMALL),
    "rates-digits": (CDVAE(unlabelled=4, nets="mlp-256", rates=(0.1, 10.0)), SMALL_LONGER),
    "ppca-digits": (PPCA(latent=4), SMALL),
    "srvae-digits": (SRVAE(latent=4, coarse_latent=3, pool=2, prior="mixture", nets="mlp-256"), SMALL),
    "vae-digits": (VAE(latent=4, nets="mlp-256"), SMALL),
    "vamp-digits": (VAE(latent=4, nets="mlp-256", prior="vamp", components=20), SMALL_VAMP),
}


BROWSER = "tests/browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser takes longest, and is begun first."""
    items.sort(key=lambda item: not item.nodeid.startswith(f"{BROWSER}/"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is tried whole in one process, for its fixtures' sake, and all that drives a browser in one: it takes a core by itself."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return BROWSER if nodeid.startswith(f"{BROWSER}/") else super()._split_scope(nodeid)

    return Files(config, log)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _nothing_kept_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Oracle classifiers of tests are no user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "KEPT", tmp_path_factory.mktemp("oracle"))
        yield


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.default_generator.manual_seed(0)  # torch.manual_seed reads a traceback each time, for a GPU


@pytest.fixture(scope="session")
def digits() -> Data:
    """The 1,350 training images of the 8x8 digits."""
    return load_data("digits")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, digits: Data) -> Trained:
    """Checkpoints with an atlas by name, beside each other in one folder, each trained when it is first asked for.

    Copy one before changing it. `trained.everything()` is the folder with all of them in it.
    """
    assert pytestconfig.cache is not None
    sources = [Path(__file__), *Path(vae_core.__file__).parent.rglob("*.py")]
    return Trained(
        RECIPES,
        lambda name, folder: _made(folder, *RECIPES[name], digits),
        cache_for(pytestconfig.cache.mkdir("trained"), state_of(sources)),
        tmp_path_factory.mktemp("models"),
    )


def _made(folder: Path, declaration: Declaration, options: Options, data: Data) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections, "umap", principal_components)  # UMAP compiles for a minute
        patch.setattr(oracle, "ORACLE_STEPS", 150)
        patch.setattr(classes, "SAMPLES", 500)
        checkpoint = train(declaration, data, options, folder)
        save_atlas(folder, projections.make_atlas(checkpoint.model, load_data("digits", "test")))
        if rates_of(checkpoint.model):
            assert main(["frontier", str(folder), "--rungs", "3", "--limit", "200"]) == 0


def principal_components(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    """The two principal components of codes `(N, D)`, `(N, 2)`: a map that costs nothing. It begins nowhere."""
    centred = codes - codes.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    places = (centred @ directions[:2].T).astype(np.float32)
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


@pytest.fixture
def one_line() -> Callable[[BaseException | str], str]:
    """The message of an error, after checking that a person could read it: one line, no traceback, not empty."""

    def checked(error: BaseException | str) -> str:
        message = str(error).strip()
        assert message
        assert "\n" not in message
        assert "Traceback" not in message
        return message

    return checked
