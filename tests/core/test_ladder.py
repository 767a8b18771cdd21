"""A hierarchy of latents: its bound against an exact linear Gaussian one, and what an upper level does.

Shapes: B examples, D dimensions of a level, T positions.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from vae_core import Checkpoint, load
from vae_core.conditionals import DiagonalGaussian, Feature
from vae_core.distributions import Sampler, kl_divergence
from vae_core.explore import (
    analogy,
    decode,
    encode,
    path,
    prior_given,
    rate_per_dimension,
    ruler,
    settled,
    traversal,
    traverse,
)
from vae_core.explore.codes import encoded_by_batch
from vae_core.interchange import Asked, export_onnx, import_onnx
from vae_core.kinds import Image
from vae_core.likelihoods import GaussianPixels
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model
from vae_core.models import SRVAE, Ladder, Signature
from vae_core.nets import Joined
from vae_core.objectives import ELBO, Setting
from vae_core.priors import StandardNormal
from vae_core.serving import LiveDecoder, Request
from vae_core.training import Options
from vae_core.training.steering import Steering

S1, S = 0.6, 0.4
GAIN = torch.tensor([1.2, 0.5])  # of each dimension of z1 from the same one of z2
DATA = Signature(Image(1, 2, 2), ())


def linear(inputs: int, weight: Tensor, bias: Tensor, log_scale: Tensor) -> nn.Module:
    """A net that gives W a + b and a constant log scale."""
    net = nn.Linear(inputs, 2 * len(bias))
    with torch.no_grad():
        net.weight.copy_(torch.cat([weight, torch.zeros_like(weight)]))
        net.bias.copy_(torch.cat([bias, log_scale]))
    return Joined(net)


class Exact:
    """p(z2) = N(0, I), p(z1|z2) = N(G z2, s1^2 I), p(x|z1) = N(W z1, s^2 I), G diagonal and W^T W too, with their exact posteriors:
    bottom-up, p(z1|x) p(z2|z1), or top-down, p(z2|x) p(z1|x, z2)."""

    def __init__(self, top_down: bool = False):
        generator = torch.Generator().manual_seed(3)
        lengths = torch.tensor([1.4, 0.8])
        self.weight = torch.linalg.qr(torch.randn(4, 2, generator=generator))[0] * lengths
        decoder = nn.Linear(2, 4, bias=False)
        with torch.no_grad():
            decoder.weight.copy_(self.weight)
        none, flat = torch.zeros(2), {"log_scale": torch.full((2,), S1).log()}
        p = {
            "z2": StandardNormal(2),
            "z1": DiagonalGaussian(linear(2, GAIN.diag(), none, **flat), "z2"),
            "x": GaussianPixels(Joined(decoder, nn.Unflatten(1, (1, 2, 2))), "z1", gamma=torch.tensor(S)),
        }
        seen = lengths.square() / S**2  # what x says of each dimension of z1
        marginal = 1 / (GAIN.square() + S1**2)
        q: dict[str, Any] = {"h": Feature(nn.Flatten(), "x")}
        if top_down:
            about_x = 1 / (S1**2 + 1 / seen)  # what x says of G z2
            precision = 1 + GAIN.square() * about_x
            to_z2 = (GAIN * about_x / precision / seen)[:, None] * self.weight.T / S**2
            q["z2"] = DiagonalGaussian(linear(4, to_z2, none, -0.5 * precision.log()), "h")
            both = seen + 1 / S1**2
            to_z1 = torch.cat([self.weight.T / S**2, (GAIN / S1**2).diag()], 1) / both[:, None]
            q["z1"] = DiagonalGaussian(linear(6, to_z1, none, -0.5 * both.log()), "h", "z2")
        else:
            precision = seen + marginal
            to_z1 = self.weight.T / S**2 / precision[:, None]
            q["z1"] = DiagonalGaussian(linear(4, to_z1, none, -0.5 * precision.log()), "h")
            upward = 1 + GAIN.square() / S1**2
            q["z2"] = DiagonalGaussian(
                linear(2, (GAIN / S1**2 / upward).diag(), none, -0.5 * upward.log()), "z1"
            )
        self.model = Model(p, q).requires_grad_(False)

    def log_likelihood(self, x: Tensor) -> Tensor:
        """log p(x), exact."""
        middle = (GAIN.square() + S1**2).diag()
        covariance = self.weight @ middle @ self.weight.T + S**2 * torch.eye(4)
        return MultivariateNormal(torch.zeros(4), covariance).log_prob(x.flatten(1))


@pytest.fixture(params=[False, True], ids=["bottom-up", "top-down"])
def exact(request: pytest.FixtureRequest) -> Exact:
    return Exact(request.param)


@pytest.fixture
def batch() -> dict[str, Tensor]:
    return {"x": torch.randn(40, 1, 2, 2, generator=torch.Generator().manual_seed(5))}


@pytest.mark.parametrize("draws", [1, 3])
def test_every_draw_of_an_exact_posterior_weighs_what_the_evidence_is(exact: Exact, batch: dict, draws: int):
    found = importance_weighted(exact.model, batch, draws, Sampler.seeded(0))
    torch.testing.assert_close(found, exact.log_likelihood(batch["x"]), atol=1e-4, rtol=1e-4)


def test_the_bound_is_the_evidence_in_expectation(exact: Exact, batch: dict):
    """Bottom-up a closed form KL(q(z1|x) || p(z1|z2)) at a drawn z2 is not: z2 knows where z1 is."""
    many = {"x": batch["x"].repeat(4000, 1, 1, 1)}
    terms = exact.model.terms(many, Sampler.seeded(0))
    means = terms.elbo.view(4000, 40).mean(0)
    evidence = exact.log_likelihood(batch["x"])
    torch.testing.assert_close(means, evidence, atol=0.12, rtol=0)
    assert (means - evidence).mean().abs() < 0.02
    if exact.model.by_draws:
        posteriors, env = exact.model.infer(many, Sampler.seeded(0))
        wrong = kl_divergence(posteriors["z1"], exact.model.p["z1"](env), env["z1"])
        assert (wrong - terms.kl["z1"]).mean() > 0.3


def test_the_loss_at_a_beta_of_each_level_is_the_one_that_is_claimed(batch: dict):
    """Top-down, D + beta_1 E KL(q(z1|x, z2) || p(z1|z2)) + beta_2 KL(q(z2|x) || p(z2)), every term by hand."""
    held = Exact(top_down=True)
    x, seen = batch["x"].flatten(1), held.weight.square().sum(0) / S**2
    about_x, both = 1 / (S1**2 + 1 / seen), seen + 1 / S1**2
    precision = 1 + GAIN.square() * about_x  # of q(z2 | x)
    upper = x @ held.weight / S**2 * (GAIN * about_x / precision / seen)  # its mean
    slope, start = (
        GAIN / S1**2 / both,
        x @ held.weight / S**2 / both,
    )  # z1 is at start + slope z2, of variance 1 / both
    rate_2 = 0.5 * (1 / precision + upper.square() - 1 + precision.log()).sum(1)
    apart = (start + (slope - GAIN) * upper).square() + (slope - GAIN).square() / precision
    rate_1 = 0.5 * (1 / (both * S1**2) - 1 + (both * S1**2).log() + apart / S1**2).sum(1)
    spread = (1 / both + slope.square() / precision) * seen * S**2
    missed = (x - (start + slope * upper) @ held.weight.T).square().sum(1) + spread.sum()
    distortion = 0.5 * (missed / S**2 + 4 * torch.tensor(2 * torch.pi * S**2).log())
    elbo = -(distortion + rate_1 + rate_2)
    torch.testing.assert_close(elbo, held.log_likelihood(batch["x"]), atol=1e-4, rtol=1e-4)
    loss = ELBO(beta={"z1": 4.0, "z2": 0.5}).build(setting_of(held.model))
    found = loss(held.model, {"x": batch["x"].repeat(2000, 1, 1, 1)}, Sampler.seeded(0)).total
    assert found.item() == pytest.approx((distortion + 4 * rate_1 + 0.5 * rate_2).mean().item(), abs=0.03)


def setting_of(model: Model) -> Setting:
    return Setting(model=model, classes=0, steps=10, images=40)


LEVELS = {
    "bottom-up": [({"z1": 1.0, "z2": 0.5}, "z1 is 1 and that of z2"), ({"z1": 0.5, "z2": 1.0}, ""), (4.0, "")],
    "top-down": [({"z1": 4.0, "z2": 0.5}, ""), ({"z1": 0.5, "z2": 1.0}, "")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("inference", "beta", "words"), [(name, *case) for name, cases in LEVELS.items() for case in cases]
)
def test_betas_at_which_the_loss_has_no_minimum_are_refused(
    inference: Any, beta: Any, words: str, one_line: Callable
):
    """Bottom-up, z2 may repeat z1: the two rates add up to the same, and one of them falls without end."""
    model = Ladder(latent=(4, 3), inference=inference).build(DATA)
    if not words:
        assert ELBO(beta=beta).build(setting_of(model))
        return
    with pytest.raises(ValueError, match=words) as caught:
        ELBO(beta=beta).build(setting_of(model))
    one_line(caught.value)


def test_levels_of_three_cost_more_from_the_lowest_to_the_top():
    model = Ladder(latent=(4, 3, 2)).build(DATA)
    assert ELBO(beta={"z1": 1.0, "z2": 1.0, "z3": 2.0}).build(setting_of(model))
    with pytest.raises(ValueError, match="z2 is 2 and that of z3"):
        ELBO(beta={"z1": 1.0, "z2": 2.0, "z3": 1.0}).build(setting_of(model))


def test_the_rate_of_a_level_may_not_be_made_dearer_while_training():
    model = Ladder(latent=(4, 3)).build(DATA)
    declared, setting = ELBO(), setting_of(model)
    steering = Steering(Options(objective=declared), declared.build(setting), setting)
    with pytest.raises(ValueError, match="the loss has no minimum"):
        steering.set("beta", {"z1": 2.0}, 0, 0)
    assert steering.set("beta", {"z2": 2.0}, 0, 0).after == {"z1": 1.0, "z2": 2.0}


def test_the_kl_of_a_dimension_adds_up_to_the_rate_where_it_is_had_at_draws(batch: dict):
    model, many = Exact().model, [{"x": batch["x"].repeat(500, 1, 1, 1)}]
    means, scales, _ = encoded_by_batch(model, many, 20_000)
    terms = model.terms(many[0], Sampler.seeded(1))
    each = rate_per_dimension(model, "z1", means, scales, torch.zeros(20_000, dtype=torch.long))
    assert each is not None
    assert each.sum().item() == pytest.approx(terms.kl["z1"].mean().item(), abs=0.05)


def test_draws_of_an_upper_level_follow_those_of_the_lower(batch: dict):
    model = Exact().model
    many = [{"x": batch["x"][:1].repeat(50_000, 1, 1, 1)}]
    means, scales, draws = encoded_by_batch(model, many, 50_000, Sampler.seeded(0))
    assert torch.equal(means["z2"], means["z2"][:1].expand(50_000, -1))  # at the mean of z1
    spread = model.q["z2"].net[0].weight[:2].diagonal() * scales["z1"][0]  # type: ignore[union-attr, index, operator]
    expected = (scales["z2"][0].square() + spread.square()).sqrt()
    torch.testing.assert_close(draws["z2"].std(0), expected, rtol=0.02, atol=0)


# ---- what an upper level does


@pytest.fixture
def model() -> Model:
    return Ladder(latent=(4, 3, 2)).build(DATA).requires_grad_(False)


def test_what_hangs_below_each_level(model: Model):
    assert [model.below(name) for name in ("z1", "z2", "z3")] == [[], ["z1"], ["z2", "z1"]]
    assert model.below("z3", "z2") == ["z1"]
    assert model.below(*model.blocks) == []
    assert (
        SRVAE().build(Signature(Image(1, 8, 8), ())).below("u") == []
    )  # its decoder hears of u by the coarse image


@pytest.mark.parametrize("block", ["z1", "z2", "z3"])
def test_a_traversal_of_every_level_moves_the_image(model: Model, block: str):
    start = {name: torch.randn(size) for name, size in model.sizes.items()}
    values = torch.linspace(-3, 3, 5).expand(2, -1)
    images = traverse(model, start, block, [0, 1], values)
    assert (images[:, 0] - images[:, -1]).abs().amax((1, 2, 3)).min() > 1e-4
    codes = settled(model, traversal(start, block, [0, 1], values), [block])
    for name, code in codes.items():
        if name in model.below(block):
            parent = model.p[name].given[0]
            torch.testing.assert_close(code, model.p[name]({parent: codes[parent]}).mean)
        elif name != block:
            assert torch.equal(code, start[name].expand_as(code))


def test_a_path_and_an_analogy_of_an_upper_level_alone_show(model: Model):
    ends = {name: torch.randn(2, size) for name, size in model.sizes.items()}
    codes = path(model, ends, torch.linspace(0, 1, 3), moving=["z2"])
    torch.testing.assert_close(codes["z1"], model.p["z1"](codes).mean)
    whole = path(model, ends, torch.linspace(0, 1, 3))
    torch.testing.assert_close(whole["z1"][1], ends["z1"].mean(0))  # where all move, each goes its own way
    three = {name: torch.randn(3, size) for name, size in model.sizes.items()}
    solved = settled(model, analogy(three, ["z3"]), ["z3"])
    torch.testing.assert_close(solved["z2"], model.p["z2"](solved).mean)


def test_a_ruler_of_a_lower_level_is_that_of_its_prior(model: Model):
    above = {"z2": torch.randn(1, 3)}
    scale = ruler(model, "z1", above, 2.0, 3)
    torch.testing.assert_close(scale.mean, prior_given(model, "z1", above).mean[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"latent": (4,)}, "two or three levels"), ({"latent": (4, 3, 2, 1)}, "two or three levels")],
)
def test_another_number_of_levels_is_refused(arguments: dict, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        Ladder(**arguments)
    one_line(caught.value)


def test_an_empty_level_is_refused(one_line: Callable):
    with pytest.raises(ValueError, match="level 2 of latent must be between 1 and") as caught:
        Ladder(latent=(4, 0)).build(DATA)
    one_line(caught.value)


# ---- live


@pytest.fixture(scope="module")
def found(trained: dict[str, Path]) -> Checkpoint:
    return load(trained["ladder-digits"])


def ask(found: Checkpoint, *asked: dict) -> list[Any]:
    live = LiveDecoder(lambda name: found)
    return list(live.answer([Request.read(json.dumps({"model": "ladder-digits", **one})) for one in asked]))


def test_the_live_route_generates_what_hangs_below_a_move_anew(found: Checkpoint):
    row = [[[3, 1.0]]]
    start = {"mix": {"z1": row, "z2": row}, "back": True}
    moves: list[dict] = [{}, {"z2": {0: 2.5}}, {"z1": {1: -2.0}}, {"z1": {1: -2.0}, "z2": {0: 2.5}}]
    still, upper, lower, both = ask(found, *({**start, "move": move} for move in moves))
    z2 = torch.from_numpy(found.atlas.means["z2"][[3]].copy())
    assert still.codes["z1"].tolist() == found.atlas.means["z1"][[3]].tolist()
    z2[0, 0] = 2.5
    anew = found.model.p["z1"]({"z2": z2}).mean
    torch.testing.assert_close(torch.from_numpy(upper.codes["z1"]), anew)
    assert lower.codes["z2"].tolist() == still.codes["z2"].tolist()
    anew[0, 1] = -2.0  # its own moves come after
    torch.testing.assert_close(torch.from_numpy(both.codes["z1"]), anew)
    assert (upper.pixels != still.pixels).any()
    expected = found.kind.picture(decode(found.model, {"z1": anew, "z2": z2})).movedim(1, -1)
    torch.testing.assert_close(torch.from_numpy(both.pixels), expected)


def test_a_place_on_the_map_of_an_upper_level_is_decoded_by_what_it_generates(found: Checkpoint):
    (answer,) = ask(found, {"mix": {"z2": [[[3, 0.5], [9, 0.5]]]}, "back": True})
    z2 = torch.from_numpy(found.atlas.means["z2"][[3, 9]]).mean(0, keepdim=True)
    torch.testing.assert_close(torch.from_numpy(answer.codes["z1"]), found.model.p["z1"]({"z2": z2}).mean)


def test_the_level_that_the_decoder_reads_goes_out_and_comes_back(found: Checkpoint, tmp_path: Path):
    encoder, decoder, *_ = export_onnx(found, tmp_path / "out")
    back = import_onnx(encoder, decoder, "digits", tmp_path / "in", Asked(likelihood="bernoulli"))
    assert back.model.sizes == {"z1": 6}
    x = {"x": torch.rand(3, 1, 8, 8).round()}
    torch.testing.assert_close(
        encode(back.model, x)["z1"].mean, encode(found.model, x)["z1"].mean, rtol=1e-4, atol=1e-4
    )
