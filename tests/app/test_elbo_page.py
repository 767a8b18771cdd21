"""The annotated ELBO: the numbers on the page are those of the model, for each kind of model."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from latent_explorer import MODELS_VARIABLE
from latent_explorer.sections.elbo import terms as shown
from latent_explorer.sections.elbo.terms import prices
from latent_explorer.user_image import drawing
from latent_explorer.user_image.chosen import SOURCE, STROKES

import vae_core
from tests.app.conftest import Open
from tests.support.foreign import embeddings
from tests.support.tiers import case
from tests.support.trained import Trained
from vae_core.data import DATA_VARIABLE, load_data
from vae_core.distributions import Sampler

PAGE = "views/elbo.py"
DRAWING = drawing.encode([{"width": 90, "ink": 255, "points": [500, 200, 500, 800]}], True)

KINDS = [
    "vae-digits",
    "cdvae-digits",
    "vamp-digits",
    "joint-digits",
    "cvae-digits",
    "ladder-digits",
    "srvae-digits",
]
KINDS += ["ppca-digits", "rates-digits", "flow-digits"]


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list:
    """What the page hands to the formula: the total and its parts."""
    seen: list = []
    monkeypatch.setattr(shown, "bound", lambda total, parts, key: seen.append((total, parts)))
    return seen


def number(part) -> float:
    return float(part.number.split(" ")[0].replace("−", "-"))


@pytest.mark.parametrize("name", KINDS)
def test_the_terms_add_up_to_the_models_own_bound(open_page: Open, trained: Trained, parts: list, name: str):
    at = open_page(PAGE, model=name, item="3")
    assert not at.exception
    assert not at.error
    assert not at.warning
    [(total, summed)] = parts
    signs = {"=": 1, "+": 1, "−": -1}
    assert number(total) == pytest.approx(
        sum(signs[part.before] * number(part) for part in summed), abs=0.02 * len(summed)
    )
    for part in summed:
        if part.bars and "KL" in part.symbol:
            assert number(part) == pytest.approx(sum(value for _, value in part.bars), abs=0.02)


@pytest.mark.parametrize(
    "name", [case(name, slow=name not in ("cdvae-digits", "vae-digits")) for name in KINDS]
)
def test_a_drawing_is_weighed_too(open_page: Open, parts: list, name: str):
    """Where something reads the class, under the likeliest."""
    at = open_page(PAGE, model=name, mine="true", drawing=DRAWING)
    assert not at.exception
    assert not at.warning
    [(total, summed)] = parts
    assert math.isfinite(number(total))
    assert len(summed) > 1
    assert "your image" in " ".join(caption.value for caption in at.caption)


def test_the_number_is_that_of_the_terms(open_page: Open, trained: Trained, parts: list):
    at = open_page(PAGE, model="vae-digits", item="3")
    assert not at.exception
    model = vae_core.load(trained["vae-digits"]).model
    x = load_data("digits", "test").scored_by(model).batch(torch.tensor([3]), Sampler.seeded(0))["x"]
    elbo = model.terms({"x": x.expand(64, *x.shape[1:])}, Sampler.seeded(0)).elbo
    assert number(parts[0][0]) == pytest.approx(elbo.mean().item(), abs=0.006)


def test_beta_is_that_of_the_objective_what_it_found_or_the_sliders():
    def of(objective, found, betas) -> dict[str, float]:
        card = SimpleNamespace(objective=objective, found=found)
        return prices(SimpleNamespace(card=card, betas=betas, model=SimpleNamespace(latents=["z"])))  # type: ignore[arg-type]

    assert of(SimpleNamespace(beta={"z": 4.0}), {}, {}) == {"z": 4.0}
    assert of(SimpleNamespace(beta=2.0), {}, {}) == {"z": 2.0}
    assert of(SimpleNamespace(), {"beta": 3.0}, {}) == {"z": 3.0}
    assert of(SimpleNamespace(), {}, {"z": 0.5}) == {"z": 0.5}
    assert of(SimpleNamespace(), {}, {}) == {}


def test_a_priced_loss_is_distortion_and_beta_times_kl(open_page: Open, parts: list):
    at = open_page(PAGE, model="rates-digits", item="3", beta_z_l="10", beta_z_u="10")
    [said] = [text.value for text in at.markdown if "With β" in text.value]
    sums = said.partition("KL = ")[2].partition(" =")[0].split(" + ")
    total = sum(math.prod(map(float, part.split(" · "))) for part in sums)
    assert float(said.rpartition("**")[0].rpartition("**")[2]) == pytest.approx(total, abs=0.1)


def test_a_model_without_a_bound_says_why(open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    embeddings(tmp_path / "embeddings-digits", load_data("digits", "test"))
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    at = open_page(PAGE, model="embeddings-digits")
    assert not at.exception
    assert any("no ELBO" in info.value for info in at.info)


def test_without_the_data_it_begins_at_a_drawing(
    open_page: Open, parts: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    at = open_page(PAGE, model="vae-mnist")
    assert not at.exception
    assert ["not on this server" in info.value for info in at.info] == [True]
    assert "Or begin with an image of your own" in at.info[0].value
    at.session_state[STROKES] = [{"width": 90, "ink": 255, "points": [500, 200, 500, 800]}]
    at.session_state[SOURCE] = "drawing"
    at.run()
    assert not at.exception
    assert not at.info
    assert "your image" in parts[-1][0].says
