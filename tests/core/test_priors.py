"""Priors as densities: mixtures and their divergences, the mixture that a Vamp is, prototypes and classes.

Shapes: B examples, D latent dimensions, K classes, M components, H W image sides.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, MixtureSameFamily, Normal
from torch.distributions import kl_divergence as closed_form_kl

from vae_core.conditionals import DiagonalGaussian
from vae_core.distributions import (
    MIXTURE_DIVERGENCES,
    GaussianMixture,
    Sampler,
    diagonal_normal,
    kl_divergence,
)
from vae_core.explore import prior_moments, swapped
from vae_core.kinds import Image
from vae_core.metrics.separation import prior_overlap
from vae_core.model import Model
from vae_core.models import CDVAE, SRVAE, VAE, Signature
from vae_core.nets import Joined
from vae_core.priors import (
    LAYOUTS,
    ClassFrequencies,
    ClassGaussians,
    ClassMixture,
    Mixture,
    Prototypes,
    Vamp,
    one_hot,
    unlabelled_prior,
)

M, D, K = 3, 2, 4


def parts(*lead: int, dimensions: int = D) -> tuple[Tensor, Tensor, Tensor]:
    """Random log-weights, means and scales of M components in double precision."""
    shape = (*lead, M, dimensions)
    weights = torch.randn(*lead, M, dtype=torch.float64).log_softmax(-1)
    return weights, 2 * torch.randn(shape, dtype=torch.float64), torch.rand(shape, dtype=torch.float64) + 0.2


def mixture(
    log_weights: Tensor, loc: Tensor, scale: Tensor, divergence: str = "monte-carlo"
) -> GaussianMixture:
    return MIXTURE_DIVERGENCES[divergence].of(log_weights, diagonal_normal(loc, scale))


def reference(log_weights: Tensor, loc: Tensor, scale: Tensor) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(logits=log_weights), Independent(Normal(loc, scale), 1))


@pytest.mark.parametrize("divergence", MIXTURE_DIVERGENCES)
def test_the_density_of_a_mixture_is_that_of_torch(divergence: str):
    log_weights, loc, scale = parts()
    z = 3 * torch.randn(50, D, dtype=torch.float64)
    expected = reference(log_weights, loc, scale).log_prob(z)
    assert torch.allclose(mixture(log_weights, loc, scale, divergence).log_prob(z), expected, rtol=1e-10)
    assert torch.allclose(mixture(log_weights + 7, loc, scale, divergence).log_prob(z), expected, rtol=1e-10)


def test_the_density_of_a_mixture_for_each_example_is_that_of_torch():
    given, z = parts(5), torch.randn(5, D, dtype=torch.float64)
    assert torch.allclose(mixture(*given).log_prob(z), reference(*given).log_prob(z), rtol=1e-10)


def test_the_density_of_a_mixture_loses_no_digits_far_from_the_origin():
    log_weights, loc, scale = (part.float() for part in parts())
    loc, scale = loc + 1000, scale * 0.01
    z = (loc + scale * torch.randn(20, M, D)).flatten(0, 1)
    expected = reference(log_weights.double(), loc.double(), scale.double()).log_prob(z.double())
    found = mixture(log_weights, loc, scale).log_prob(z)
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), expected, rtol=1e-5)


LINE = torch.linspace(-15, 15, 30_001, dtype=torch.float64)


def integral(values: Tensor) -> float:
    return torch.trapezoid(values, LINE).item()


def test_the_density_of_a_mixture_integrates_to_one():
    p = mixture(*parts(dimensions=1))
    assert integral(p.log_prob(LINE[:, None]).exp()) == pytest.approx(1, abs=1e-9)


def test_a_learned_mixture_integrates_to_one():
    prior = Mixture(M, 1).double()
    torch.nn.init.normal_(prior.logits)
    torch.nn.init.normal_(prior.log_scales, std=0.3)
    with torch.no_grad():
        density = prior({}).log_prob(LINE[:, None]).exp()
    assert integral(density) == pytest.approx(1, abs=1e-9)


def gaussian(loc: float, scale: float, n: int = 1) -> Independent:
    """N(loc, scale^2) for n examples of one dimension."""
    loc_n, scale_n = (torch.full((n, 1), value, dtype=torch.float64) for value in (loc, scale))
    return diagonal_normal(loc_n, scale_n)


def by_quadrature(q: Independent, p: Distribution) -> float:
    log_q, log_p = q.log_prob(LINE[:, None]), p.log_prob(LINE[:, None])
    return integral(log_q.exp() * (log_q - log_p))


def divergence_of(name: str, q: Independent, given: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    return kl_divergence(q, mixture(*given, name), Sampler.seeded(0)(q))


def test_monte_carlo_is_unbiased_for_the_divergence_from_a_mixture():
    given, n = parts(dimensions=1), 20_000
    draws = divergence_of("monte-carlo", gaussian(0.3, 0.5, n), given)
    error = (draws.std() / math.sqrt(n)).item()
    assert error < 0.02
    assert draws.mean().item() == pytest.approx(
        by_quadrature(gaussian(0.3, 0.5), mixture(*given)), abs=4 * error
    )


@pytest.mark.parametrize("loc", [-2.0, 0.0, 1.5])
@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_both_bounds_lie_above_the_divergence_and_hershey_olsen_is_the_tighter(loc: float, scale: float):
    q, given = gaussian(loc, scale), parts(dimensions=1)
    exact = by_quadrature(q, mixture(*given))
    tight, loose = (divergence_of(name, q, given).item() for name in ("hershey-olsen", "convexity"))
    assert exact <= tight + 1e-9
    assert tight < loose - 1e-3


def test_hershey_olsen_is_close_where_the_components_lie_apart():
    given = torch.tensor([0.2, 0.3, 0.5]).double().log(), torch.tensor([[-6.0], [0.0], [6.0]]).double()
    q, given = gaussian(0.1, 0.3), (*given, torch.ones(3, 1, dtype=torch.float64))
    exact = by_quadrature(q, mixture(*given))
    assert divergence_of("hershey-olsen", q, given).item() == pytest.approx(exact, abs=1e-4)
    assert divergence_of("convexity", q, given).item() > exact + 5


@pytest.mark.parametrize("name", ["hershey-olsen", "convexity"])
def test_the_bounds_of_one_component_are_the_exact_divergence(name: str):
    q = diagonal_normal(torch.randn(5, D, dtype=torch.float64), torch.rand(5, D, dtype=torch.float64) + 0.1)
    log_weights, loc, scale = (part[:1] for part in parts())
    found = divergence_of(name, q, (log_weights, loc, scale))
    assert torch.allclose(found, closed_form_kl(q, diagonal_normal(loc[0], scale[0]).expand((5,))))


@pytest.mark.parametrize("name", ["hershey-olsen", "convexity"])
def test_the_bounds_use_no_draw(name: str):
    q = diagonal_normal(torch.zeros(5, D).double(), torch.ones(5, D).double())
    assert kl_divergence(q, mixture(*parts(), name), torch.full((5, D), math.nan)).isfinite().all()


def test_the_convexity_bound_is_the_divergence_from_one_gaussian():
    log_weights, loc, scale = parts(dimensions=1)
    q, weights, precision = gaussian(0.7, 0.4), log_weights.exp()[:, None], scale.pow(-2)
    total = (weights * precision).sum()
    single = Normal((weights * precision * loc).sum() / total, total.rsqrt())
    each = Normal(loc.squeeze(-1), scale.squeeze(-1)).log_prob(LINE[:, None])
    log_z = math.log(integral((each @ log_weights.exp()).exp()))
    expected = by_quadrature(q, Independent(single.expand((1,)), 1)) - log_z
    assert log_z < -0.1
    assert divergence_of("convexity", q, (log_weights, loc, scale)).item() == pytest.approx(
        expected, abs=1e-8
    )


CORNERS = torch.tensor([[-3.0, -3.0], [3.0, -3.0], [-3.0, 3.0], [3.0, 3.0]])


def fitted(divergence: str) -> Mixture:
    """A mixture that begins half way to four clusters of narrow posteriors, after 300 steps towards them."""
    prior, draw = Mixture(len(CORNERS), D, divergence), Sampler.seeded(0)
    with torch.no_grad():
        prior.means.copy_(0.5 * CORNERS)
    loc = CORNERS.repeat(30, 1) + 0.3 * torch.randn(30 * len(CORNERS), D)
    q, optimiser = diagonal_normal(loc, torch.full_like(loc, 0.2)), torch.optim.Adam(prior.parameters(), 0.05)
    for _ in range(300):
        optimiser.zero_grad()
        kl_divergence(q, prior({}), draw(q)).mean().backward()
        optimiser.step()
    return prior.requires_grad_(False)


@pytest.mark.parametrize("divergence", ["monte-carlo", "hershey-olsen"])
def test_a_learned_mixture_keeps_its_components_on_the_clusters(divergence: str):
    prior = fitted(divergence)
    assert torch.allclose(prior.means, CORNERS, atol=0.3)
    assert torch.special.entr(prior.logits.softmax(-1)).sum().exp() > 3.9
    assert torch.allclose(prior.log_scales.exp(), torch.tensor(math.hypot(0.3, 0.2)), atol=0.1)


def test_the_convexity_bound_collapses_the_components():
    prior = fitted("convexity")
    used = prior.logits.softmax(-1) > 0.02
    assert torch.allclose(prior.means[used], torch.zeros(D), atol=0.1)
    assert torch.allclose(prior.log_scales[used].exp(), torch.tensor(3.0), atol=0.1)


@pytest.mark.parametrize("divergence", MIXTURE_DIVERGENCES)
def test_a_declared_mixture_has_the_divergence_it_names(divergence: Any):
    model = SRVAE(prior="mixture", components=M, divergence=divergence).build(Signature(Image(1, 4, 4), ()))
    assert type(model.p["u"]({})) is MIXTURE_DIVERGENCES[divergence]


SIGNATURE = Signature(Image(1, 2, 3), tuple("abcd"))


def vamp_models() -> list[tuple[str, Model]]:
    """A Vamp over one encoder, and one over a head on a trunk that another head shares."""
    return [
        ("z", VAE(latent=D, prior="vamp", components=M).build(SIGNATURE)),
        ("z_u", CDVAE(unlabelled=D, unlabelled_prior="vamp", unlabelled_components=M).build(SIGNATURE)),
    ]


every_vamp = pytest.mark.parametrize("which", [0, 1], ids=["vae", "cdvae"])


def vamp(which: int) -> tuple[Model, str, Vamp]:
    block, model = vamp_models()[which]
    prior = model.p[block]
    assert isinstance(prior, Vamp)
    return model, block, prior


@every_vamp
def test_a_vamp_is_the_mean_of_the_posteriors_of_its_pseudo_inputs(which: int):
    model, block, prior = vamp(which)
    z, images = torch.randn(7, D), torch.sigmoid(prior.logits)
    each = [model.infer({"x": image[None]}).posteriors[block].log_prob(z).exp() for image in images]
    assert torch.allclose(prior({}).log_prob(z).exp(), sum(each, torch.zeros(7)) / M, rtol=1e-4)


@every_vamp
def test_a_vamp_owns_its_pseudo_inputs_and_no_weights(which: int):
    model, block, prior = vamp(which)
    assert list(prior.state_dict()) == ["logits"]
    assert len({id(p) for p in model.parameters()}) == len(
        list(model.named_parameters(remove_duplicate=False))
    )
    assert [key for key in model.state_dict() if key.startswith(f"p.{block}.")] == [f"p.{block}.logits"]


@every_vamp
def test_a_vamp_follows_the_encoder(which: int):
    model, _, prior = vamp(which)
    z, before = torch.zeros(1, D), prior({}).log_prob(torch.zeros(1, D))
    with torch.no_grad():
        for parameter in model.q.parameters():  # type: ignore[attr-defined]
            parameter.mul_(1.5)
    assert not torch.allclose(prior({}).log_prob(z), before)


@every_vamp
def test_the_bound_reaches_the_pseudo_inputs_of_a_vamp(which: int):
    model, block, prior = vamp(which)
    batch = {"x": torch.rand(5, *SIGNATURE.shape).round(), "y": one_hot(torch.arange(5) % K, K)}
    model.terms(batch).kl[block].sum().backward()
    assert prior.logits.grad is not None
    assert (prior.logits.grad.flatten(1).abs().sum(-1) > 0).all()


def test_a_vamp_starts_at_training_images():
    _, _, prior = vamp(0)
    images = torch.rand(10, *SIGNATURE.shape)
    prior.start(images, torch.zeros(10))
    assert torch.allclose(prior.pseudo_inputs, 0.05 + 0.9 * images[:M], atol=1e-6)


def test_a_vamp_with_more_pseudo_inputs_than_images_keeps_the_others_where_they_were():
    _, _, prior = vamp(0)
    rest = prior.pseudo_inputs[2:].detach().clone()
    prior.start(torch.zeros(2, *SIGNATURE.shape), torch.zeros(2))
    assert torch.allclose(prior.pseudo_inputs[:2], torch.tensor(0.05))
    assert torch.equal(prior.pseudo_inputs[2:], rest)


def test_the_pseudo_inputs_of_a_vamp_are_images_of_their_own_range():
    _, _, prior = vamp(0)
    with torch.no_grad():
        prior.logits.mul_(100)
    assert 0 <= prior.pseudo_inputs.min() < prior.pseudo_inputs.max() <= 1


S = 3.0


def means_of(layout: str, classes: int = K, dimensions: int = K) -> Tensor:
    return Prototypes(classes, dimensions, S, layout=layout)({"y": torch.eye(classes)}).mean


@pytest.mark.parametrize("layout", LAYOUTS)
def test_prototypes_lie_at_the_separation_from_the_origin(layout: str):
    assert torch.allclose(means_of(layout, dimensions=6).norm(dim=-1), torch.full((K,), S))


@pytest.mark.parametrize(
    ("layout", "distance"), [("axes", S * math.sqrt(2)), ("simplex", S * math.sqrt(2 * K / (K - 1)))]
)
@pytest.mark.parametrize("dimensions", [K, 6])
def test_every_pair_of_prototypes_is_equally_far_apart(layout: str, distance: float, dimensions: int):
    found = torch.pdist(means_of(layout, dimensions=dimensions))
    assert torch.allclose(found, torch.full_like(found, distance), rtol=1e-5)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_simplex_fits_into_one_dimension_fewer_than_classes_and_has_its_centre_at_the_origin(classes: int):
    found = means_of("simplex", classes, classes - 1)
    assert torch.allclose(found.sum(0), torch.zeros(classes - 1), atol=1e-5)
    assert torch.allclose(torch.pdist(found), torch.tensor(S * math.sqrt(2 * classes / (classes - 1))))


def test_random_directions_fit_any_dimension_and_repeat():
    assert means_of("orthogonal", dimensions=2).shape == (K, 2)
    assert torch.equal(means_of("orthogonal"), means_of("orthogonal"))
    assert torch.pdist(means_of("orthogonal")).min() > 0.1


@pytest.mark.parametrize(
    ("layout", "dimensions", "words"),
    [
        ("axes", K - 1, "need at least 4 labelled dimensions, got 3"),
        ("simplex", K - 2, "need at least 3 labelled dimensions, got 2"),
        ("circle", K, "no layout of prototypes is called 'circle'"),
    ],
)
def test_a_layout_refuses_too_few_dimensions(layout: str, dimensions: int, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        Prototypes(K, dimensions, S, layout=layout)
    one_line(caught.value)


def test_a_class_mixture_is_a_mixture_of_its_own_for_each_class():
    prior = ClassMixture(K, D, M).double()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    labels, z = torch.tensor([3, 0, 0, 2]), torch.randn(4, D, dtype=torch.float64)
    given = prior.logits[labels], prior.means[labels], prior.log_scales[labels].exp()
    found = prior({"y": one_hot(labels, K).double()})
    assert found.batch_shape == (4,)
    assert torch.allclose(found.log_prob(z), reference(*given).log_prob(z), rtol=1e-10)


def test_a_class_gaussian_has_the_mean_and_scale_of_its_class():
    prior = ClassGaussians(K, D)
    torch.nn.init.normal_(prior.log_scales)
    labels = torch.tensor([3, 0, 2])
    found = prior({"y": one_hot(labels, K)})
    assert torch.allclose(found.mean, prior.means[labels])
    assert torch.allclose(found.stddev, prior.log_scales[labels].exp())


def test_class_frequencies_begin_uniform_and_start_at_the_counts():
    prior = ClassFrequencies(3)
    assert torch.allclose(prior({}).mean, torch.full((3,), 1 / 3))
    prior.start(torch.zeros(5, 1, 2, 2), torch.tensor([2, 0, 2, 2, 0]))
    assert torch.allclose(
        prior({}).mean, torch.tensor([3 / 8, 1 / 8, 4 / 8])
    )  # one more of each than was seen
    assert prior({}).log_prob(torch.eye(3)).exp().tolist() == pytest.approx([3 / 8, 1 / 8, 4 / 8])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Mixture(0, D), "components must be at least 1, got 0"),
        (lambda: ClassMixture(K, D, 0), "components must be at least 1, got 0"),
        (lambda: Mixture(M, D, "exact"), "no divergence is called 'exact'"),
        (lambda: unlabelled_prior("flat", D), "no prior of an unlabelled block is called 'flat'"),
        (lambda: Vamp({"z": DiagonalGaussian(Joined(), "x")}, 0, (1, 2, 2)), "components must be at least 1"),
    ],
)
def test_what_makes_no_prior_is_refused(make: Callable, words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as caught:
        make()
    one_line(caught.value)


def test_the_priors_of_some_classes_are_those_of_all():
    model = CDVAE(labelled=5, unlabelled=2, nets="mlp-256").build(Signature(Image(1, 4, 4), tuple("abcde")))
    whole, some = prior_overlap(model, "z_l"), prior_overlap(model, "z_l", (3, 0))
    assert whole is not None
    assert some is not None
    for all_pairs, few in zip(whole, some, strict=True):
        torch.testing.assert_close(few, all_pairs[[3, 0]][:, [3, 0]])
    kept = {"z_u": torch.randn(2, 2)}
    every, few = swapped(model, kept), swapped(model, kept, (4, 1))
    for name, code in few.items():
        torch.testing.assert_close(code, every[name].unflatten(0, (2, 5))[:, [4, 1]].flatten(0, 1))
    assert prior_overlap(model, "z_u", (3, 0)) is None  # which reads no class
    codes = torch.randn(7, 5)
    mean, variance = prior_moments(model, "z_l", {"z_l": codes})
    assert mean.shape == variance.shape == (1, 5)  # not a row for each code and class
    given = {"z_l": codes, "y": torch.eye(5)[[2] * 7]}
    assert prior_moments(model, "z_l", given)[0].shape == (7, 5)
