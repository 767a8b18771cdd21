"""Multi-rate models whose nets read more than x: a conditional VAE and two levels. Exact in the linear case, and measured over their betas.

Shapes: B examples, D data dimensions, K classes.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.support.linear import LATENT, NOISE, SPECTRUM, D, best, noises, points_of, tell
from vae_core.checkpoints import load, load_card
from vae_core.cli import main
from vae_core.conditionals import DiagonalGaussian
from vae_core.distributions import Sampler
from vae_core.kinds import Image
from vae_core.likelihoods import GaussianPixels
from vae_core.model import Model
from vae_core.models import CVAE, Ladder, Signature
from vae_core.multirate import Gated, GatedEncoder, GatedHead, Rates, at, rates_of
from vae_core.nets import Joined
from vae_core.priors import StandardNormal, one_hot

K = 2
BETAS = [0.2, 0.5, 1.0, 2.0, 3.9]


@pytest.fixture
def axes() -> Tensor:
    return torch.linalg.qr(torch.randn(D, D, dtype=torch.float64)).Q


def still(part: Any) -> None:
    """Leave a blend out."""
    for parameter in part.parameters():
        nn.init.zeros_(parameter)


def linear_decoder(axes: Tensor, rates: Rates, offsets: Tensor) -> Gated:
    """W z + m_y, whose columns close as they stop paying; the means of the classes `(K, D)` do not."""
    decoder = Gated(Joined(nn.Linear(LATENT + len(offsets), D)), rates, latents=LATENT).double()
    still(decoder.entry[1])
    tell(decoder.entry[0], 1.0, (NOISE / SPECTRUM[:LATENT]).log(), rates)
    linear: Any = decoder.net[0]
    linear.weight.copy_(torch.cat([axes[:, :LATENT] * SPECTRUM[:LATENT].sqrt(), offsets.T], 1))
    linear.bias.zero_()
    return decoder


def linear_head(head: GatedHead, axes: Tensor, rates: Rates, offsets: Tensor) -> None:
    """The posterior of that decoder: means take its gate, and log scales follow log beta / 2."""
    lengths, pays = SPECTRUM[:LATENT], (NOISE / SPECTRUM[:LATENT]).log()
    still(head.blend)
    slopes = torch.cat([torch.ones(LATENT), torch.zeros(LATENT)]).double()
    tell(head.gate, slopes, torch.cat([pays, torch.full((LATENT,), -60.0)]), rates)
    low, high = map(math.log, rates.trained(rates.blocks[0]))
    head.gate.shift.weight[LATENT:, 0] = 0.5 * (high - low) / (2 * math.sqrt(3))
    back = (axes[:, :LATENT] / lengths.sqrt()).T
    means = torch.cat([back, -back @ offsets.T], 1)
    head.head.weight.copy_(torch.cat([means, torch.zeros_like(means)]))
    head.head.bias.copy_(torch.cat([torch.zeros(LATENT), 0.5 * (pays + (low + high) / 2)]))


def likelihood(decoder: nn.Module, *given: str) -> GaussianPixels:
    return GaussianPixels(decoder, *given, gamma=torch.tensor(math.sqrt(NOISE)), learned=False)


@pytest.mark.parametrize("beta", BETAS)
@torch.no_grad()
def test_a_linear_multi_rate_cvae_is_the_best_one_of_each_beta(axes: Tensor, beta: float):
    rates, offsets = Rates({"z": (0.3, 3.0)}), 3 * torch.randn(K, D, dtype=torch.float64)
    decoder = linear_decoder(axes, rates, offsets)
    encoder = GatedEncoder(Joined(), nn.Linear(D + K, 2 * LATENT), rates).double()
    linear_head(encoder.head, axes, rates, offsets)
    model = Model(
        p={"z": StandardNormal(LATENT), "x": likelihood(decoder, "z", "y", "log_beta_z")},
        q={"z": DiagonalGaussian(encoder, "x", "y", "log_beta_z", classes=K)},
    ).double()
    points, noise = points_of(axes), noises(LATENT)
    y = one_hot(torch.arange(K), K).double().repeat_interleave(len(points), 0)
    x = points.repeat(K, 1) + y @ offsets
    batch = {"x": x.repeat_interleave(len(noise), 0), "y": y.repeat_interleave(len(noise), 0)}
    terms = at(model, {"z": beta}).terms(batch, lambda q: q.mean + q.stddev * noise.repeat(len(x), 1))
    rate, distortion = best(beta)
    assert terms.rate.mean().item() == pytest.approx(rate, abs=1e-5)
    assert terms.distortion.mean().item() == pytest.approx(distortion, abs=1e-5)


@torch.no_grad()
def linear_ladder(axes: Tensor) -> Model:
    """z2 -> z1 -> x where z2 says nothing, which is the best there is wherever z2 does not cost less than z1."""
    rates, none = Rates(dict.fromkeys(("z1", "z2"), (0.3, 3.0))), torch.zeros(0, D, dtype=torch.float64)
    decoder = linear_decoder(axes, rates, none)
    encoder = GatedEncoder(Joined(), nn.Linear(D + LATENT, 2 * LATENT), rates).double()
    linear_head(encoder.head, axes, rates, torch.zeros(LATENT, D, dtype=torch.float64))
    down = Gated(Joined(nn.Linear(LATENT, 2 * LATENT)), rates, latents=LATENT).double()
    up = GatedHead(nn.Linear(D, 2 * LATENT), rates).double()
    for part in (down.net[0], down.entry[1], up.head, up.blend):
        still(part)
    tell(up.gate, 0.0, -60.0, rates)
    return Model(
        p={
            "z2": StandardNormal(LATENT),
            "z1": DiagonalGaussian(down, "z2", *rates.names),
            "x": likelihood(decoder, "z1", *rates.names),
        },
        q={
            "z2": DiagonalGaussian(up, "x", *rates.names),
            "z1": DiagonalGaussian(encoder, "x", "z2", *rates.names),
        },
    ).double()


@pytest.mark.parametrize(("lower", "upper"), [(0.2, 0.2), (0.5, 2.0), (1.0, 1.0), (2.0, 3.9), (3.9, 3.9)])
@torch.no_grad()
def test_a_linear_multi_rate_ladder_is_the_best_beta_vae_where_its_upper_level_is_not_cheaper(
    axes: Tensor, lower: float, upper: float
):
    model, points, noise = (
        at(linear_ladder(axes), {"z1": lower, "z2": upper}),
        points_of(axes),
        noises(LATENT),
    )
    batch = {"x": points.repeat_interleave(len(noise), 0)}
    terms = model.terms(batch, lambda q: q.mean + q.stddev * noise.repeat(len(points), 1))
    rate, distortion = best(lower)
    assert terms.kl["z1"].mean().item() == pytest.approx(rate, abs=1e-5)
    assert terms.kl["z2"].abs().max().item() < 1e-9
    assert terms.distortion.mean().item() == pytest.approx(distortion, abs=1e-5)


@torch.no_grad()
def test_bottom_up_there_is_no_loss_that_is_the_least_where_the_upper_level_is_cheaper():
    """Why a bottom-up ladder has no rates: z2 repeats the draw of z1 more and more exactly, and the weighed sum falls without end."""
    draws = torch.randn(20_000, 1)
    losses = []
    for width in (0.3, 0.03, 0.003):
        net: Any = nn.Linear(1, 2)
        net.weight.copy_(torch.tensor([[1.0], [0.0]]))
        net.bias.copy_(torch.tensor([0.0, math.log(width)]))
        model = Model(
            p={
                "z2": StandardNormal(1),
                "z1": DiagonalGaussian(net, "z2"),
                "x": likelihood(nn.Identity(), "z1"),
            },
            q={"z1": DiagonalGaussian(nn.Linear(1, 2), "x"), "z2": DiagonalGaussian(net, "z1")},
        )
        for parameter in model.q["z1"].parameters():
            parameter.zero_()  # N(0, 1): x is not looked at
        terms = model.terms({"x": draws}, Sampler.seeded(0))
        losses.append((2 * terms.kl["z1"] + terms.kl["z2"]).mean().item())
    assert losses[0] - losses[1] > 2
    assert losses[1] - losses[2] > 2


def test_no_gate_closes_on_the_class():
    net = Gated(Joined(nn.Linear(2 + K, 5)), Rates({"z": (0.1, 10.0)}), latents=2)
    gate: Any = net.entry[0]
    with torch.no_grad():
        gate.scale.bias.fill_(5.0)  # closed
        gate.shift.weight.zero_()
    y, log_beta = torch.eye(K), torch.zeros(K, 1)
    one, other = (net(torch.full((K, 2), value), y, log_beta) for value in (-1.0, 1.0))
    assert torch.equal(one, other)
    assert not torch.allclose(one[0], one[1])


SIGNATURE = Signature(Image(1, 8, 8), ("a", "b"))


def test_every_net_of_a_level_or_a_class_answers_to_its_betas():
    cvae = CVAE(latent=3, rates=(0.1, 10.0)).build(SIGNATURE)
    assert list(rates_of(cvae)) == ["z"]
    assert cvae.inputs() == ["log_beta_z", "y"]
    ladder = Ladder(latent=(3, 2), rates=(0.1, 10.0), inference="top-down").build(SIGNATURE)
    assert set(rates_of(ladder)) == {"z1", "z2"}
    for names in (ladder.q["z1"].given, ladder.q["z2"].given, ladder.p["z1"].given, ladder.p["x"].given):
        assert {"log_beta_z1", "log_beta_z2"} <= set(names)


def test_what_has_no_model_of_all_betas_says_why(one_line: Callable):
    for options, words in (
        ({"latent": (4, 3, 2)}, r"three levels have three betas.*--latent two numbers"),
        ({}, r"no minimum where z2 costs less than z1.*--inference top-down"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            Ladder(rates=(0.1, 10.0), **options)
        one_line(caught.value)
    for declaration in (CVAE, Ladder):
        with pytest.raises(ValueError, match="lowest and the highest beta"):
            declaration(rates=(4.0, 1.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [("cvae", ["--latent", "3"]), ("ladder", ["--latent", "3", "2", "--inference", "top-down"])],
)
def test_one_is_trained_mapped_measured_and_goes_out(name: str, options: list[str], tmp_path: Path):
    run, rates = tmp_path / name, ["--rates", "0.1", "10"]
    assert (
        main(["train", name, "--data", "digits", "--out", str(run), "--epochs", "2", *options, *rates]) == 0
    )
    assert main(["frontier", str(run), "--rungs", "3", "--limit", "200"]) == 0
    points = load_card(run).frontier.points
    blocks = list(rates_of(load(run).model))
    assert len(points) == 3 ** len(blocks)
    ends = [next(point for point in points if set(point.betas.values()) == {beta}) for beta in (0.1, 10.0)]
    assert ends[0].rate > ends[1].rate
    assert ends[0].distortion.value < ends[1].distortion.value
    assert len(load(run).atlas_grid.atlases) > 1
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    assert main(["export", str(run), "--onnx", "--out", str(tmp_path / "onnx")]) == 0
    assert main(["evaluate", str(run), "--limit", "100"]) == 0
