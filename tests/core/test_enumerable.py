"""Toys whose evidence can be summed or integrated: the bounds lie below it, and meet it where they should.

Shapes: B images, which are all binary images of two pixels, K classes, n nodes of a quadrature.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, OneHotCategorical, kl_divergence

from tests.support.tiers import first
from vae_core.conditionals import Classifier, Conditional, DiagonalGaussian, Env, Feature
from vae_core.distributions import Draw, Sampler, diagonal_normal, mean
from vae_core.explore import complete, encode
from vae_core.kinds import Image
from vae_core.labels import class_log_joint, uniform_log_prior
from vae_core.likelihoods import BernoulliPixels
from vae_core.metrics.evidence import importance_weighted
from vae_core.model import Model
from vae_core.models import CDVAE, SRVAE, Joint, Signature
from vae_core.nets import Joined
from vae_core.objectives import SemiSupervised, Weighted, class_bounds, enumerated
from vae_core.priors import StandardNormal, one_hot

SHAPE = (1, 1, 2)
IMAGES = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 2).view(4, *SHAPE).double()
B, K = len(IMAGES), 3
SEEDS = [0, 1, 2, 3]


def grid(latents: int) -> tuple[Tensor, Tensor]:
    """Nodes `(n, latents)` and weights `(n,)` of the trapezium rule for a standard normal."""
    line = torch.linspace(-7, 7, 281 if latents == 1 else 41, dtype=torch.float64)
    nodes = torch.cartesian_prod(*[line] * latents).view(-1, latents)
    return nodes, (-0.5 * nodes.square().sum(-1)).softmax(0)


def expected(value: Callable[[Env, Draw], Tensor], batch: Env, latents: int = 1) -> Tensor:
    """E_q of a value an example, `(B,)`, over latents of one dimension each, drawn one after the other."""
    nodes, weights = grid(latents)
    size, columns = len(batch["x"]), iter(nodes.T)

    def draw(q: Distribution) -> Tensor:
        noise = next(columns).repeat(size)
        return q.mean + q.stddev * noise.repeat_interleave(len(q.mean) // len(noise))[:, None]

    repeated = {name: part.repeat_interleave(len(nodes), 0) for name, part in batch.items()}
    return value(repeated, draw).view(size, -1) @ weights


def bound(model: Model) -> Callable[[Env, Draw], Tensor]:
    return lambda batch, draw: model.terms(batch, draw).elbo


def scattered(model: Model) -> Model:
    """The same model with weights large enough for bounds to have gaps, in double precision."""
    for parameter in model.double().requires_grad_(False).parameters():
        parameter.mul_(2)
    return model


def joint(seed: int) -> Model:
    torch.manual_seed(seed)
    model = scattered(Joint(latent=1, nets="mlp-256").build(Signature(Image(*SHAPE), tuple("abc"))))
    model.p["y"].start(IMAGES, torch.tensor([0, 0, 0, 1, 2]))
    return model


def pairs() -> dict[str, Tensor]:
    """Every image with every class."""
    return {"x": IMAGES.repeat_interleave(K, 0), "y": torch.eye(K, dtype=torch.float64).repeat(B, 1)}


def log_joint(model: Model) -> Tensor:
    """log p(x, y) of a Joint VAE, `(B, K)`, integrated over z."""
    (nodes, weights), batch = grid(1), pairs()
    env = {name: part.repeat_interleave(len(nodes), 0) for name, part in batch.items()}
    env["z"] = nodes.repeat(B * K, 1)
    log_px = model.p["x"](env).log_prob(env["x"]).view(B * K, -1)
    return ((log_px + weights.log()).logsumexp(-1) + model.p["y"]({}).log_prob(batch["y"])).view(B, K)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_evidence_of_all_images_and_classes_sums_to_one(seed: int):
    assert log_joint(joint(seed)).exp().sum().item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_of_a_joint_vae_lies_below_log_p_of_image_and_class(seed: int):
    model = joint(seed)
    gap = log_joint(model) - expected(bound(model), pairs()).view(B, K)
    assert gap.min() > 0
    assert gap.mean() > 0.05


def deaf(model: Model) -> Model:
    """The same model with a decoder that does not hear z, of which N(0, 1) is then the exact posterior."""
    decoder, encoder = model.p["x"].net[0], model.q["z"].net[-1]  # type: ignore[index, union-attr]
    decoder.weight[:, 0] = 0  # type: ignore[index]
    for parameter in encoder.parameters():  # type: ignore[union-attr]
        parameter.zero_()
    return model


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_of_a_joint_vae_is_log_p_under_the_exact_posterior(seed: int):
    model = deaf(joint(seed))
    assert torch.allclose(expected(bound(model), pairs()).view(B, K), log_joint(model), rtol=0, atol=1e-9)


@pytest.mark.slow
def test_the_importance_bound_of_a_joint_vae_comes_close_to_log_p():
    model = joint(1)
    found = importance_weighted(model, pairs(), 2000, Sampler.seeded(0)).view(B, K)
    gap = log_joint(model) - expected(bound(model), pairs()).view(B, K)
    assert (log_joint(model) - found).mean().abs() < 0.1 * gap.mean()


def unlabelled(model: Model) -> Callable[[Env, Draw], Tensor]:
    return lambda batch, draw: enumerated(model, batch, draw)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_unlabelled_bound_lies_below_log_p_of_the_image(seed: int):
    model = joint(seed)
    gap = log_joint(model).logsumexp(-1) - expected(unlabelled(model), {"x": IMAGES})
    assert gap.min() > 0.01


class Table(Conditional):
    """q(y|x) with logits of its own for each of the four images."""

    def __init__(self, logits: Tensor):
        super().__init__("x")
        self.logits = logits

    def forward(self, env: Env) -> Distribution:
        index = env["x"].flatten(1) @ torch.tensor([2.0, 1.0]).double()
        return OneHotCategorical(logits=self.logits[index.long()])


def with_classifier(model: Model, logits: Tensor) -> Model:
    return Model(dict(model.p), {**dict(model.q), "y": Table(logits)})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_classifier_makes_the_unlabelled_bound_a_sum_over_classes(seed: int):
    model = joint(seed)
    _, bounds = class_bounds(model, {"x": IMAGES}, mean)
    best = with_classifier(model, bounds)
    assert torch.allclose(enumerated(best, {"x": IMAGES}, mean), bounds.logsumexp(-1), rtol=0, atol=1e-9)
    for _ in range(5):
        other = with_classifier(model, bounds + torch.randn_like(bounds))
        assert (enumerated(other, {"x": IMAGES}, mean) < bounds.logsumexp(-1)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_unlabelled_bound_still_lies_below_log_p_and_meets_it_under_exact_posteriors(seed: int):
    model = joint(seed)
    best = with_classifier(model, expected(bound(model), pairs()).view(B, K))
    assert (expected(unlabelled(best), {"x": IMAGES}) < log_joint(model).logsumexp(-1)).all()
    exact = with_classifier(deaf(model), log_joint(model))
    assert torch.allclose(
        expected(unlabelled(exact), {"x": IMAGES}), log_joint(model).logsumexp(-1), rtol=0, atol=1e-9
    )


def test_the_bound_of_each_class_is_that_of_the_image_with_the_class():
    model = joint(0)
    log_q, bounds = class_bounds(model, {"x": IMAGES, "y": torch.zeros(B, K).double()}, mean)
    assert torch.allclose(bounds, model.terms(pairs(), mean).elbo.view(B, K))
    assert torch.allclose(log_q, model.q["y"]({"x": IMAGES}).logits)  # type: ignore[union-attr]


def weighed(model: Model, batch: Env, beta: float) -> Tensor:
    """log p(x|z, y) + log p(y) - beta KL at the means, `(B,)`."""
    terms = model.terms(batch, mean)
    return terms.log_likelihood["x"] + terms.log_likelihood["y"] - beta * terms.kl["z"]


def labelled_part(model: Model, batch: Env, beta: float, classifier_weight: float) -> Tensor:
    log_q = model.q["y"](batch).logits  # type: ignore[union-attr]
    return (-weighed(model, batch, beta) - classifier_weight * (log_q * batch["y"]).sum(-1)).mean()


def unlabelled_part(model: Model, x: Tensor, beta: float) -> Tensor:
    total = torch.zeros(len(x)).double()
    log_q = model.q["y"]({"x": x}).logits  # type: ignore[union-attr]
    for c in range(K):
        batch = {"x": x, "y": one_hot(torch.full((len(x),), c), K).double()}
        total += log_q[:, c].exp() * (weighed(model, batch, beta) - log_q[:, c])
    return -total.mean()


KNOWN = {"x": IMAGES[[0, 2, 3]], "y": one_hot(torch.tensor([1, 0, 2]), K).double()}
MIXED = {"x": IMAGES[[0, 1, 2, 1, 3]], "y": torch.zeros(5, K).double()}
MIXED["y"][[0, 2, 4]] = KNOWN["y"]


@pytest.mark.parametrize(("beta", "classifier_weight"), [(1.0, 1.0), (0.5, 3.0), (4.0, 0.0)])
def test_the_semi_supervised_loss_adds_the_labelled_and_the_unlabelled_rows(
    beta: float, classifier_weight: float
):
    model = joint(0)
    found = SemiSupervised(beta, classifier_weight)(model, MIXED, mean)
    told, untold = (
        labelled_part(model, KNOWN, beta, classifier_weight),
        unlabelled_part(model, IMAGES[[1, 1]], beta),
    )
    assert found.total.item() == pytest.approx((told + untold).item(), rel=1e-9)
    assert found.parts["unlabelled"].item() == pytest.approx(untold.item(), rel=1e-9)
    assert found.parts["classifier"].item() == pytest.approx(
        (labelled_part(model, KNOWN, 1.0, 1.0) - labelled_part(model, KNOWN, 1.0, 0.0)).item(), rel=1e-9
    )


def test_a_batch_of_one_kind_has_the_loss_of_that_kind():
    model, objective = joint(0), SemiSupervised(2.0, 0.7)
    told, untold = objective(model, KNOWN, mean), objective(model, {**KNOWN, "y": 0 * KNOWN["y"]}, mean)
    assert told.total.item() == pytest.approx(labelled_part(model, KNOWN, 2.0, 0.7).item(), rel=1e-9)
    assert untold.total.item() == pytest.approx(unlabelled_part(model, KNOWN["x"], 2.0).item(), rel=1e-9)
    assert "unlabelled" not in told.parts
    assert list(untold.parts) == ["unlabelled"]


def test_a_rule_weighs_the_bound_of_each_class():
    model, rule = joint(0), Weighted(3.0)
    _, bounds = class_bounds(model, {"x": IMAGES}, mean, rule)
    assert torch.allclose(bounds, weighed(model, pairs(), 3.0).view(B, K))


def test_at_a_fixed_draw_the_class_posterior_of_a_joint_vae_is_that_of_its_bounds():
    model = joint(0)

    def draw(q: Distribution) -> Tensor:
        return q.mean + 0.5 * q.stddev

    inferred, log_prior = model.infer({"x": IMAGES}), model.p["y"]({}).logits  # type: ignore[attr-defined]
    by_hand = [
        model.terms({"x": IMAGES, "y": one_hot(torch.full((B,), c), K).double()}, draw).elbo for c in range(K)
    ]
    found = class_log_joint(model, inferred, log_prior, draw)
    assert torch.allclose(found, torch.stack(by_hand, -1), rtol=0, atol=1e-9)


class Count(nn.Module):
    """How many pixels are on, as a one-hot row of three."""

    def forward(self, x: Tensor) -> Tensor:
        return one_hot(x.flatten(1).sum(-1).long(), 3).to(x)


def two_stages(seed: int) -> Model:
    """u -> coarse -> z -> x where coarse counts the pixels that are on, a discrete variable: the structure of SRVAE."""
    torch.manual_seed(seed)
    model = Model(
        p={
            "u": StandardNormal(1),
            "coarse": Classifier(Joined(nn.Linear(1, 3)), "u"),
            "z": DiagonalGaussian(Joined(nn.Linear(4, 2)), "coarse", "u"),
            "x": BernoulliPixels(Joined(nn.Linear(4, 2), nn.Unflatten(1, SHAPE)), "coarse", "z"),
        },
        q={
            "coarse": Feature(Count(), "x"),
            "u": DiagonalGaussian(Joined(nn.Linear(3, 2)), "coarse"),
            "z": DiagonalGaussian(Joined(nn.Linear(2, 2)), "x"),
        },
    )
    return model.double().requires_grad_(False)


def log_evidence(model: Model) -> Tensor:
    """log p(x, coarse) `(B, 3)`, integrated over u and z."""
    nodes, weights = grid(2)
    x, coarse = IMAGES.repeat_interleave(3, 0), torch.eye(3, dtype=torch.float64).repeat(B, 1)
    env = {name: part.repeat_interleave(len(nodes), 0) for name, part in (("x", x), ("coarse", coarse))}
    env["u"], noise = nodes.repeat(3 * B, 1).split(1, -1)
    prior = model.p["z"](env)
    env["z"] = prior.mean + prior.stddev * noise
    log_p = sum(model.p[name](env).log_prob(env[name]) for name in ("coarse", "x"))
    return (torch.as_tensor(log_p).view(3 * B, -1) + weights.log()).logsumexp(-1).view(B, 3)


def own_count(log_p: Tensor) -> Tensor:
    """log p(x, d(x)), `(B,)`."""
    return (log_p * Count()(IMAGES)).sum(-1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_evidence_of_all_images_and_counts_sums_to_one(seed: int):
    assert log_evidence(two_stages(seed)).exp().sum().item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_of_two_stages_lies_below_log_p_of_image_and_count_below_log_p_of_the_image(seed: int):
    model = two_stages(seed)
    log_p, found = log_evidence(model), expected(bound(model), {"x": IMAGES}, latents=2)
    assert model.observed == ["coarse", "x"]
    assert (own_count(log_p) - found).min() > 0.001
    assert (log_p.logsumexp(-1) - own_count(log_p)).min() > 0.001


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_of_two_stages_is_log_p_under_the_exact_posterior(seed: int):
    model: Any = two_stages(seed)
    for net in (model.p["z"], model.q["u"], model.q["z"]):
        net.net[0].weight.zero_()
        net.net[0].bias.zero_()
    model.p["coarse"].net[0].weight.zero_()
    model.p["x"].net[0].weight[:, 3] = 0  # the decoder does not hear z
    found = expected(bound(model), {"x": IMAGES}, latents=2)
    assert torch.allclose(found, own_count(log_evidence(model)), rtol=0, atol=1e-9)


def widened(model: Any) -> Any:
    """The same model with posteriors as wide as 1.3, so that importance weights have a small variance."""
    for posterior in (model.q["u"], model.q["z"]):
        posterior.net[0].weight[1] = 0
        posterior.net[0].bias[1] = math.log(1.3)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("seed", first(SEEDS))
def test_the_importance_bound_of_two_stages_comes_close_to_log_p_of_image_and_count(seed: int):
    model = widened(two_stages(seed))
    found = importance_weighted(model, {"x": IMAGES}, 2000, Sampler.seeded(0))
    gap = own_count(log_evidence(model)) - expected(bound(model), {"x": IMAGES}, latents=2)
    assert gap.min() > 0.05
    assert torch.allclose(found, own_count(log_evidence(model)), rtol=0, atol=0.1)


GREY = Signature(Image(1, 4, 4), tuple("abc"))


@pytest.mark.parametrize("prior", ["prototypes", "class", "class-mixture"])
def test_bounds_of_a_cdvae_differ_between_classes_by_a_divergence_alone(prior: Any):
    model = CDVAE(prior=prior, unlabelled=2, nets="mlp-256").build(GREY).double()
    x = torch.rand(5, 1, 4, 4).round().double()
    labels = [one_hot(torch.full((5,), c), 3).double() for c in (0, 2)]
    one, other = (model.terms({"x": x, "y": y}, Sampler.seeded(0)) for y in labels)
    inferred = model.infer({"x": x}, Sampler.seeded(0))
    difference = one.elbo - other.elbo
    log_p = class_log_joint(model, inferred, uniform_log_prior(3).double())
    assert difference.abs().min() > 1e-3
    assert torch.allclose(difference, other.kl["z_l"] - one.kl["z_l"], rtol=0, atol=1e-9)
    assert torch.allclose(difference, log_p[:, 0] - log_p[:, 2], rtol=0, atol=1e-6)


@pytest.fixture
def srvae() -> Model:
    return SRVAE(latent=2, coarse_latent=3, pool=2, nets="mlp-256").build(GREY)


def test_the_bound_of_an_srvae_is_its_formula_at_the_draw(srvae: Model):
    x, draw = torch.rand(4, 1, 4, 4), Sampler.seeded(0)
    inferred = srvae.infer({"x": x}, draw)
    terms, env = srvae.terms({"x": x}, inferred=inferred), inferred.env
    fits = {name: srvae.p[name](env) for name in ("coarse", "x")}
    kl_u = kl_divergence(inferred.posteriors["u"], diagonal_normal(torch.zeros(3), torch.ones(3)))
    kl_z = kl_divergence(inferred.posteriors["z"], srvae.p["z"]({"coarse": env["coarse"], "u": env["u"]}))
    by_hand = -kl_u - kl_z
    for name, fit in fits.items():
        gamma, pixels = fit.stddev.flatten()[0], env[name][0].numel()
        error = (env[name] - fit.mean).square().flatten(1).sum(-1)
        by_hand = by_hand - pixels * (gamma.log() + 0.5 * math.log(2 * math.pi)) - error / (2 * gamma**2)
    assert torch.allclose(env["coarse"], nn.functional.avg_pool2d(x, 2))
    assert torch.allclose(terms.elbo, by_hand, rtol=1e-5)


def test_an_srvae_is_the_graph_that_it_is_said_to_be(srvae: Model):
    assert {name: net.given for name, net in srvae.p.items()} == {
        "u": (),
        "coarse": ("u",),
        "z": ("coarse", "u"),
        "x": ("coarse", "z"),
    }
    assert {name: net.given for name, net in srvae.q.items()} == {
        "coarse": ("x",),
        "u": ("coarse",),
        "h": ("x",),
        "z": ("h",),
    }


def chain(model: Model, env: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    """`env` with the prior means of the named variables, one after the other."""
    for name in names:
        env = {**env, name: model.p[name](env).mean}
    return env


def assert_same(found: Env, expected: Env) -> None:
    assert set(found) >= {"u", "coarse", "z", "x"}
    for name in ("u", "coarse", "z", "x"):
        assert torch.allclose(found[name], expected[name], atol=1e-6), name


def test_a_fixed_coarse_image_tells_u_and_the_rest_is_generated(srvae: Model):
    coarse = torch.rand(4, 1, 2, 2)
    u = srvae.q["u"]({"coarse": coarse}).mean
    assert_same(complete(srvae, {"coarse": coarse}), chain(srvae, {"coarse": coarse, "u": u}, "z", "x"))


def test_a_fixed_u_stays_and_tells_nothing_of_the_others(srvae: Model):
    u = torch.randn(4, 3)
    assert_same(complete(srvae, {"u": u}), chain(srvae, {"u": u}, "coarse", "z", "x"))


def test_a_fixed_z_leaves_the_coarse_image_to_the_prior(srvae: Model):
    z = torch.randn(4, 2)
    expected = chain(srvae, {"z": z, "u": torch.zeros(4, 3)}, "coarse", "x")
    assert_same(complete(srvae, {"z": z}), expected)


def test_a_fixed_image_tells_every_latent(srvae: Model):
    x = torch.rand(4, 1, 4, 4)
    means = {name: q.mean for name, q in encode(srvae, {"x": x}).items()}
    expected = {**means, "x": x, "coarse": nn.functional.avg_pool2d(x, 2)}
    assert_same(complete(srvae, {"x": x}), expected)


def test_a_fixed_class_tells_nothing_where_the_image_is_needed_too():
    model, y = Joint(latent=2, nets="mlp-256").build(GREY), torch.eye(3)
    found = complete(model, {"y": y})
    assert torch.equal(found["y"], y)
    assert torch.equal(found["z"], torch.zeros(3, 2))
    assert torch.allclose(found["x"], model.p["x"](found).mean)


def test_where_nothing_is_fixed_everything_is_drawn(srvae: Model):
    found = complete(srvae, {}, n=6, draw=Sampler.seeded(0))
    assert {name: tuple(found[name].shape) for name in srvae.p} == {
        "u": (6, 3),
        "coarse": (6, 1, 2, 2),
        "z": (6, 2),
        "x": (6, 1, 4, 4),
    }
    assert torch.pdist(found["u"]).min() > 0.1
    assert torch.equal(found["x"], srvae.p["x"](found).mean)  # what is observed is its mean


def test_latents_of_a_completion_are_drawn_where_the_draw_is(srvae: Model):
    coarse = torch.rand(1, 1, 2, 2).expand(2000, 1, 2, 2)
    found, q = complete(srvae, {"coarse": coarse}, draw=Sampler.seeded(0)), srvae.q["u"]({"coarse": coarse})
    assert torch.allclose(found["u"].std(0), q.stddev[0], rtol=0.1)
    assert torch.allclose(found["u"].mean(0), q.mean[0], atol=5 / 2000**0.5)


def completions() -> Iterator[Any]:
    names = ("u", "coarse", "z")
    for size in range(1, 4):
        for fixed in itertools.combinations(names, size):
            yield pytest.param(fixed, id="-".join(fixed))


@pytest.mark.parametrize("fixed", list(completions()))
def test_what_is_fixed_comes_back_as_it_was(srvae: Model, fixed: tuple[str, ...]):
    values = {"u": torch.randn(2, 3), "coarse": torch.rand(2, 1, 2, 2), "z": torch.randn(2, 2)}
    found = complete(srvae, {name: values[name] for name in fixed}, draw=Sampler.seeded(0))
    assert all(torch.equal(found[name], values[name]) for name in fixed)
