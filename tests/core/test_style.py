"""How much of the style a swap keeps, on images whose attributes are known.

Shapes: N images `(N, 1, H, W)`.
"""

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from vae_core.data import Data
from vae_core.kinds import Image
from vae_core.metrics import Evaluation, measure
from vae_core.metrics.classes import swapped
from vae_core.metrics.style import attributes, correlations, rank_correlation
from vae_core.models import CDVAE, VAE, Signature


def bars(widths: Tensor, tall: int = 20, lean: float = 0.0) -> Tensor:
    """Upright bars of these widths on 28 x 28 pixels, each row moved by `lean` pixels against the one before."""
    rows, columns = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    middle = 13.5 + lean * (rows - 13.5)
    inside = ((columns - middle).abs() < widths[:, None, None] / 2) & ((rows - 13.5).abs() < tall / 2)
    return inside.float()[:, None]


def test_attributes_are_those_of_bars():
    found = attributes(bars(torch.tensor([2.0, 4.0, 8.0])))
    assert found["ink"].tolist() == [40.0, 80.0, 160.0]
    # The standard deviation of n equal steps is sqrt((n^2 - 1) / 12).
    assert found["width"].tolist() == pytest.approx([(n**2 - 1) ** 0.5 / 12**0.5 for n in (2, 4, 8)])
    assert found["height"].tolist() == pytest.approx(3 * [399**0.5 / 12**0.5])
    assert found["slant"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert found["thickness"][0] < found["thickness"][1] < found["thickness"][2]
    assert attributes(bars(torch.tensor([4.0]), lean=0.5))["slant"].item() == pytest.approx(0.5, abs=0.03)


def test_an_image_without_ink_has_finite_attributes():
    assert all(value.isfinite().all() for value in attributes(torch.zeros(2, 1, 8, 8)).values())


def test_rank_correlation_is_scipys_with_ties_too():
    a, b = (torch.randint(0, 6, (50,), generator=torch.Generator().manual_seed(n)).double() for n in (1, 2))
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)


@pytest.fixture(scope="module")
def evaluation(digits: Data) -> Evaluation:
    model = CDVAE(nets="mlp-256", unlabelled=2).build(digits.signature).eval().requires_grad_(False)
    return Evaluation(model, digits.head(400).scored_by(model), digits.head(400).scored_by(model))


def test_of_a_decoder_that_says_nothing_every_swap_is_alike(evaluation: Evaluation):
    model = evaluation.model
    with torch.no_grad():
        for parameter in model.p["x"].parameters():
            parameter.zero_()
    assert measure(Evaluation(model, evaluation.data, evaluation.train), ["style"]) == {}
    for _, swap, rebuilt in correlations(Evaluation(model, evaluation.data, evaluation.train)):
        assert swap.isnan().all()
        assert rebuilt.isnan().all()


def test_a_decoder_that_copies_keeps_all(monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation):
    shown = evaluation.data.kind.shown(evaluation.data.images)
    wanted = (evaluation.data.labels + 1) % 10
    monkeypatch.setattr("vae_core.metrics.style._rebuilt", lambda evaluation: shown)
    monkeypatch.setattr("vae_core.metrics.style.swapped", lambda evaluation: (shown, wanted))
    numbers = measure(Evaluation(evaluation.model, evaluation.data, evaluation.train), ["style"])
    assert {round(number.value, 9) for number in numbers.values()} == {1.0}
    assert numbers["style_slant_swap"].n == 10  # one pair for each class


@pytest.mark.parametrize(("channels", "classes"), [(3, ("a", "b")), (1, ("a",)), (1, ())])
def test_nothing_of_what_has_no_class_to_swap_or_is_in_colour(channels: int, classes: tuple[str, ...]):
    images = torch.zeros(20, channels, 8, 8, dtype=torch.uint8)
    data = Data("own", "test", images, torch.zeros(20, dtype=torch.long), classes)
    kind = Image(channels, 8, 8)
    declared = CDVAE(nets="mlp-256") if classes else VAE(nets="mlp-256")
    model = declared.build(Signature(kind, classes))
    assert measure(Evaluation(model, data.scored_by(model), data.scored_by(model)), ["style"]) == {}


def test_swaps_are_drawn_by_the_seed_alone(digits: Data):
    model = CDVAE(nets="mlp-256", unlabelled=2).build(digits.signature).eval().requires_grad_(False)
    data = digits.head(200).scored_by(model)
    (images, wanted), (again, same), (_, others) = (
        swapped(Evaluation(model, data, data, seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(images, again)
    assert torch.equal(wanted, same)
    assert not torch.equal(wanted, others)
    assert (wanted != data.labels).all()
