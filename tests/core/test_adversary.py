"""An adversary reads what it is said to read, and drives it out of the encoder.

Shapes: B examples, D dimensions, K classes.
"""

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from vae_core.distributions import diagonal_normal
from vae_core.kinds import Image
from vae_core.model import Inferred
from vae_core.models import CDVAE, Signature
from vae_core.objectives import ELBO, Adversary, Setting

K, D = 3, 2


def inferred(scales: Tensor) -> Inferred:
    """Posteriors of mean 0 whose scales may tell the class, and draws that do not."""
    q: Distribution = diagonal_normal(torch.zeros_like(scales), scales)
    return Inferred({"z_u": q}, {"z_u": torch.zeros_like(scales)})


@pytest.mark.parametrize(("reads", "finds"), [("draws", False), ("posterior", True)])
def test_a_class_in_the_scales_is_found_where_the_whole_posterior_is_read(reads: str, finds: bool):
    torch.manual_seed(0)
    labels = torch.arange(K).repeat(20)
    said = inferred((1.0 + labels[:, None].float()).expand(-1, D))
    adversary = Adversary(1.0, "z_u", D, K, hidden=32, reads=reads)
    batch = {"y": torch.eye(K)[labels]}
    optimizer = torch.optim.Adam(adversary.parameters(), lr=1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        loss = adversary(None, batch, said, None).mean()  # type: ignore[arg-type]
        loss.backward()
        optimizer.step()
    chance = torch.tensor(float(K)).log().item()
    # Of three readings one tells the class: the mean of the losses falls to two thirds of chance.
    assert loss.item() == pytest.approx(chance * 2 / 3 if finds else chance, abs=0.05)


def test_the_gradient_that_reaches_the_encoder_is_reversed_and_weighed():
    scales = torch.full((6, D), 2.0).requires_grad_()
    batch = {"y": torch.eye(K).repeat(2, 1)}
    gradients = []
    for strength in (1.0, 3.0):
        torch.manual_seed(0)
        adversary = Adversary(strength, "z_u", D, K, reads="posterior")
        adversary(None, batch, inferred(scales), None).sum().backward()  # type: ignore[arg-type]
        gradients.append(scales.grad)
        scales.grad = None
    assert torch.allclose(gradients[1], 3 * gradients[0])
    torch.manual_seed(0)
    plain = Adversary(1.0, "z_u", D, K, reads="posterior")
    guess = plain.whole(torch.cat([torch.zeros_like(scales), scales.log()], -1))
    loss = torch.nn.functional.cross_entropy(guess, batch["y"], reduction="none").sum() / 3
    (expected,) = torch.autograd.grad(loss, scales)
    assert torch.allclose(gradients[0], -expected, atol=1e-6)


def test_a_rate_of_its_own_makes_a_group_of_the_optimiser():
    model = CDVAE(unlabelled=D, nets="mlp-256").build(Signature(Image(1, 4, 4), tuple("abc")))
    setting = Setting(model, K, 100, 100)
    assert ELBO(adversary=1.0).build(setting).groups() == []
    (group,) = ELBO(adversary=1.0, adversary_rate=3e-3, adversary_hidden=16).build(setting).groups()
    assert (group["lr"], group["betas"]) == (3e-3, (0.5, 0.9))
    assert group["params"][0].shape == (16, D)


@pytest.mark.parametrize("options", [{"adversary_hidden": 0}, {"adversary_rate": 0.0}])
def test_numbers_that_make_no_adversary_are_refused(options: dict):
    with pytest.raises(ValueError, match="must be above 0"):
        ELBO(adversary=1.0, **options)
