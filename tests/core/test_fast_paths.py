"""What is computed in a faster way gives what the plain way gives."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vae_core.distributions import aggregate_log_density, aggregate_log_joint
from vae_core.metrics import coverage, probes
from vae_core.nets import preset


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 33, 18), (2, 64, 6)])
@pytest.mark.parametrize("rows", [1, 5])
def test_a_decoder_gives_what_transposed_convolutions_give(shape: tuple[int, int, int], rows: int):
    decoder, z = preset("conv-32").decoder(4, shape), torch.randn(rows, 4)
    own = decoder(z)  # with gradients: torch's own
    with torch.no_grad():
        fast = decoder(z)
    assert fast.shape == (rows, *shape)
    assert torch.allclose(fast, own, atol=1e-5)


def test_a_decoder_of_an_image_makes_its_last_step_by_one_product(monkeypatch: pytest.MonkeyPatch):
    decoder, taken = preset("conv-32").decoder(4, (1, 28, 28)), []
    usual = nn.ConvTranspose2d.forward
    monkeypatch.setattr(
        nn.ConvTranspose2d, "forward", lambda self, *given: (taken.append(1), usual(self, *given))[1]
    )
    with torch.no_grad():
        decoder(torch.randn(2, 4))
    assert len(taken) == 1  # the first, to 32 channels


def test_densities_of_far_posteriors_are_those_of_double_precision():
    scale = torch.rand(500, 3) * 0.1 + 0.01
    mean = 5 * torch.randn(500, 3)
    z = torch.cat([mean[:40] + scale[:40] * torch.randn(40, 3), 20 * torch.randn(10, 3)])
    exact = torch.distributions.Normal(mean.double(), scale.double()).log_prob(z.double()[:, None])
    joint, each = aggregate_log_density(z, mean, scale)
    n = torch.tensor(500.0).log()
    assert torch.allclose(joint.double(), exact.sum(-1).logsumexp(1) - n, rtol=1e-5, atol=1e-4)
    assert torch.allclose(each.double(), exact.logsumexp(1) - n, rtol=1e-5, atol=1e-4)
    assert torch.equal(aggregate_log_joint(z, mean, scale), joint)


def test_densities_have_gradients_where_they_are_wanted():
    z = torch.randn(6, 2, requires_grad=True)
    mean, scale = torch.randn(9, 2), torch.rand(9, 2) + 0.1
    joint, each = aggregate_log_density(z, mean, scale)
    (joint.sum() + each.sum()).backward()
    assert z.grad is not None
    assert z.grad.abs().min() > 0
    plain = aggregate_log_density(z.detach(), mean, scale)
    assert torch.allclose(joint, plain[0], atol=1e-5)
    assert torch.allclose(each, plain[1], atol=1e-5)


def test_the_probe_net_has_the_gradient_that_torch_finds():
    net = probes._Net.made(5, 3, seed=0)
    x, labels = torch.randn(20, 5), torch.arange(20) % 3
    w, b, v, c = (part.clone().requires_grad_() for part in net.weights)
    logits = torch.relu(x @ w + b) @ v + c
    F.cross_entropy(logits, labels).backward()
    net.differentiate(x, F.one_hot(labels, 3).float().mT)
    assert torch.allclose(net(x), logits, atol=1e-6)
    for found, own in zip(net.gradients, (w, b, v, c), strict=True):
        assert torch.allclose(found, own.grad, atol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [2, 100])
def test_distances_of_few_and_of_many_columns(columns: int):
    x = torch.randn(30, columns) + 50
    y = torch.cat([torch.randn(10, columns) + 50, x[:5]])
    found = coverage.distances(x, y)
    exact = (x.double()[:, None] - y.double()).norm(dim=-1)
    assert torch.allclose(found.double(), exact, atol=1e-4)
    assert (found[range(5), range(10, 15)] == 0).all()


def test_the_nearest_are_those_of_a_sort():
    apart = torch.randn(7, 133)
    assert torch.equal(probes.closest(apart, 10).sort(1).values, apart.argsort(1)[:, :10].sort(1).values)
    assert torch.equal(probes.closest(apart[:, :3], 3).sort(1).values, torch.arange(3).expand(7, -1))
