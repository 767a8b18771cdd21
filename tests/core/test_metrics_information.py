"""The rate's parts, the aggregate posterior against the prior, how classes lie apart, nats of the class: where the answer is known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, kl_divergence

from tests.support.tiers import first
from vae_core.checkpoints import Checkpoint, load
from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data
from vae_core.distributions import RateDecomposition, Sampler, diagonal_normal
from vae_core.explore import encode
from vae_core.likelihoods import BernoulliPixels
from vae_core.metrics import Evaluation, aggregate, evaluate, evaluation_of, probes, separation
from vae_core.model import Model
from vae_core.nets import Joined
from vae_core.priors import ClassMixture, Mixture, Prototypes, StandardNormal, bayes_error

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoints(trained: dict[str, Path]) -> dict[str, Checkpoint]:
    return {name: load(folder) for name, folder in trained.items()}


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def random_posteriors(n: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    """Means, scales, a draw of each."""
    mean, scale = 2 * normal(1, n, d), 0.3 + normal(2, n, d).abs()
    return mean, scale, mean + scale * normal(3, n, d)


def split_against_normal(
    mean: Tensor, scale: Tensor, z: Tensor, groups: Tensor | None = None
) -> RateDecomposition:
    prior = diagonal_normal(torch.zeros(z.shape[1]), torch.ones(z.shape[1]))
    return aggregate.decomposition_of(
        mean, scale, z, prior.log_prob(z), prior.base_dist.log_prob(z), groups=groups
    )


# The rate's parts


def test_the_aggregate_is_the_mixture_of_all_posteriors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vae_core.distributions.aggregate.ROWS", 7)
    monkeypatch.setattr("vae_core.distributions.aggregate.NUMBERS", 500)
    mean, scale, z = random_posteriors(30, 4)
    joint, each = aggregate.aggregate_log_density(z, mean, scale)
    weights = Categorical(torch.ones(30))
    assert torch.allclose(
        joint, MixtureSameFamily(weights, diagonal_normal(mean, scale)).log_prob(z), atol=1e-5
    )
    for j in range(4):
        one = MixtureSameFamily(weights, torch.distributions.Normal(mean[:, j], scale[:, j]))
        assert torch.allclose(each[:, j], one.log_prob(z[:, j]), atol=1e-5)


def test_the_parts_sum_to_the_rate_at_every_draw():
    mean, scale, z = random_posteriors(50, 3)
    split = split_against_normal(mean, scale, z)
    rate = diagonal_normal(mean, scale).log_prob(z) - diagonal_normal(torch.zeros(3), torch.ones(3)).log_prob(
        z
    )
    assert split.correlation is not None
    assert split.dimensions is not None
    assert torch.allclose(split.information + split.correlation + split.dimensions.sum(-1), rate, atol=1e-4)
    assert torch.allclose(split.information + split.aggregate, rate, atol=1e-4)


@pytest.mark.slow
def test_the_parts_of_a_linear_gaussian_encoder_are_those_of_its_covariances():
    """q(z|x) = N(A x, diag s^2) with x ~ N(0, I): q(z) = N(0, C), C = A A^T + diag s^2, and every part is a closed form."""
    n, mixing = 6000, torch.tensor([[0.8, 0.0, 0.0], [0.6, 0.5, 0.0], [0.0, 0.3, 0.1]])
    scale = torch.tensor([0.7, 0.8, 1.2])
    mean = normal(1, n, 3) @ mixing.T
    split = split_against_normal(mean, scale.expand(n, 3), mean + scale * normal(2, n, 3))
    covariance = mixing @ mixing.T + scale.square().diag()
    variance = covariance.diagonal()
    expected = {
        "information": 0.5 * (covariance.logdet() - scale.square().log().sum()),
        "correlation": 0.5 * (variance.log().sum() - covariance.logdet()),
        "dimensions": 0.5 * (variance - 1 - variance.log()),
        "aggregate": 0.5 * (variance.sum() - 3 - covariance.logdet()),
    }
    for name, exact in expected.items():
        found = getattr(split, name)
        assert torch.all((found.mean(0) - exact).abs() < 4 * found.std(0) / n**0.5 + 2e-3), name
    assert expected["correlation"] > 0.05  # there is something to find


def test_the_index_information_ends_at_log_n():
    mean = 1000 * normal(1, 64, 2)
    split = split_against_normal(mean, torch.ones(64, 2), mean + normal(2, 64, 2))
    assert torch.allclose(split.information, torch.full((64,), math.log(64)), atol=1e-4)


def test_posteriors_that_do_not_look_at_the_image_have_no_information_and_no_correlation():
    split = split_against_normal(torch.ones(40, 2), torch.ones(40, 2), 1 + normal(1, 40, 2))
    assert split.correlation is not None
    assert split.information.abs().max() < 1e-5
    assert split.correlation.abs().max() < 1e-5
    assert split.dimensions is not None
    assert split.dimensions.mean(0).tolist() == pytest.approx(
        [0.5, 0.5], abs=0.4
    )  # KL(N(1, 1) || N(0, 1)), 40 draws


def test_given_the_class_the_class_is_no_information():
    """Two classes far apart: without the class the index is known to one class, log 2, and given it that is gone."""
    mean, scale, z = random_posteriors(60, 2)
    groups = torch.arange(60) % 2
    shift = 1000.0 * groups[:, None]
    alone = split_against_normal(mean, scale, z, groups).information
    moved = (mean + shift, scale, z + shift)
    assert torch.allclose(split_against_normal(*moved, groups).information, alone, atol=1e-3)
    together = split_against_normal(*moved).information
    assert (together - alone).mean().item() == pytest.approx(math.log(2), abs=1e-3)


PARTS = ("index_information", "total_correlation", "dimension_kl", "aggregate_kl")


@pytest.mark.parametrize(
    ("name", "whole", "mixture"),
    [
        ("vae-digits", ["z"], []),
        ("vamp-digits", [], ["z"]),
        ("cdvae-digits", ["z_l", "z_u"], []),
        ("cvae-digits", ["z"], []),
        ("flow-digits", [], ["z_l", "z_u"]),
        ("joint-digits", ["z"], []),
        ("ladder-digits", ["z2"], []),
        ("srvae-digits", [], ["u"]),
        ("ppca-digits", ["z"], []),
    ],
)
def test_each_block_is_split_as_far_as_its_prior_allows(
    checkpoints: dict, name: str, whole: list[str], mixture: list[str]
):
    found = evaluate(checkpoints[name], metrics=["elbo", "rate"])
    expected = {f"{part}_{block}" for part in PARTS for block in whole}
    expected |= {f"{part}_{block}" for part in (PARTS[0], PARTS[3]) for block in mixture}
    assert {key for key in found if key.startswith(PARTS)} == expected
    for block in [*whole, *mixture]:
        information, rest, rate = (
            found[f"{part}_{block}"] for part in ("index_information", "aggregate_kl", "rate")
        )
        error = 5 * math.hypot(information.se, rest.se, rate.se)
        assert information.value + rest.value == pytest.approx(rate.value, abs=error)
        assert 0 < information.value <= math.log(447)
    for block in whole:
        parts = [found[f"{part}_{block}"].value for part in PARTS[1:]]
        assert parts[0] + parts[1] == pytest.approx(parts[2], abs=1e-4)


# The aggregate against the prior


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_discrepancy_is_its_definition(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(aggregate, "PERMUTATIONS", 5)
    x, y = normal(1, 12, 2), normal(2, 12, 2) + 1
    pooled = torch.cat([x, y])
    h = torch.pdist(pooled).double().median().item()
    # Each pair stands twice among the off-diagonal distances, so the median of both is the same.

    def k(a: Tensor, b: Tensor) -> float:
        return math.exp(-(a - b).square().sum().item() / (2 * h**2))

    value = sum(k(x[i], x[j]) + k(y[i], y[j]) for i in range(12) for j in range(12) if i != j) / (12 * 11)
    value -= 2 * sum(k(a, b) for a in x for b in y) / 144
    assert aggregate.mmd(x, y, generator())[0].value == pytest.approx(value, rel=1e-4)


@pytest.mark.slow
def test_the_discrepancy_of_two_gaussians_is_its_closed_form():
    """E k(a, b) for a - b ~ N(m, v) is h / sqrt(h^2 + v) exp(-m^2 / (2 (h^2 + v)))."""
    x, y = normal(1, 1500, 1), 0.5 + 1.5 * normal(2, 1500, 1)
    h2 = torch.pdist(torch.cat([x, y])).median().item() ** 2

    def kernel(m: float, v: float) -> float:
        return math.sqrt(h2 / (h2 + v)) * math.exp(-(m**2) / (2 * (h2 + v)))

    exact = kernel(0, 2) + kernel(0, 4.5) - 2 * kernel(0.5, 3.25)
    found, p = aggregate.mmd(x, y, generator())
    assert abs(found.value - exact) < 4 * found.se
    assert 0 < found.se < 0.2 * exact
    assert p.value == pytest.approx(1 / 201)


def test_the_error_of_the_discrepancy_is_its_spread_over_samples(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(aggregate, "PERMUTATIONS", 1)
    found = [
        aggregate.mmd(normal(s, 100, 2), normal(100 + s, 100, 2) + 0.8, generator())[0] for s in range(60)
    ]
    spread = torch.tensor([one.value for one in found]).std().item()
    assert sum(one.se for one in found) / 60 == pytest.approx(spread, rel=0.3)


def test_the_error_of_the_discrepancy_leaves_out_one_pair_after_another():
    points = normal(1, 14, 2)
    kernel = torch.exp(-torch.cdist(points, points)).fill_diagonal_(0).double()

    def without(pair: int) -> float:
        kept = [i for i in range(7) if i != pair]
        x, y = torch.tensor(kept), torch.tensor(kept) + 7
        same = kernel[x][:, x].sum() + kernel[y][:, y].sum()
        return (same / 30 - 2 * kernel[x][:, y].mean()).item()

    found = torch.tensor([without(pair) for pair in range(7)]).double()
    expected = (6 / 7 * (found - found.mean()).square().sum()).sqrt().item()
    assert aggregate._jackknife(kernel, 7) == pytest.approx(expected, rel=1e-6)


def test_samples_of_one_distribution_are_rarely_told_apart():
    tests = [aggregate.mmd(normal(s, 60, 3), normal(100 + s, 60, 3), generator()) for s in range(40)]
    assert sum(p.value <= 0.1 for _, p in tests) <= 10  # 4 expected
    assert abs(sum(value.value for value, _ in tests) / 40) < 0.005
    right = aggregate.told_apart(normal(1, 2000, 3), normal(2, 2000, 3), seed=0)
    assert len(right) == 2000
    assert right.mean().item() == pytest.approx(0.5, abs=4 * 0.5 / 2000**0.5)


def test_two_gaussians_are_told_apart_as_well_as_bayes_rule_can():
    right = aggregate.told_apart(normal(1, 4000, 1), normal(2, 4000, 1) + 2, seed=0)
    assert right.mean().item() == pytest.approx(1 - bayes_error(2.0), abs=0.025)


def test_the_same_codes_under_exchanged_classes_are_another_distribution():
    classes = torch.arange(400) % 2
    x, y = normal(1, 400, 1) + 3 * classes[:, None], normal(2, 400, 1) + 3 * (1 - classes)[:, None]
    assert aggregate.mmd(x, y, generator())[1].value > 0.05
    assert aggregate.mmd(x, y, generator(), (classes, classes))[1].value == pytest.approx(1 / 201)


K = 4


def sorted_pixels(n: int) -> Data:
    """Images of four pixels, one of them lit, in the order of their classes."""
    labels = torch.arange(n) * K // n
    images = 255 * torch.eye(K, dtype=torch.uint8)[labels].view(n, 1, 2, 2)
    return Data("pixels", "test", images, labels, tuple("abcd"))


def placed_model(prior: nn.Module, distance: float = 4.0, block: str = "z") -> Model:
    """q(z|x) = N(distance e_c, I) for the image of class c."""
    encoder = nn.Linear(K, 2 * K)
    nn.init.zeros_(encoder.weight)
    nn.init.zeros_(encoder.bias)
    with torch.no_grad():
        encoder.weight[:K] = distance * torch.eye(K)
    decoder = Joined(nn.Linear(K, K), nn.Unflatten(1, (1, 2, 2)))
    return Model(
        p={block: prior, "x": BernoulliPixels(decoder, block)},  # type: ignore[dict-item]
        q={block: DiagonalGaussian(Joined(encoder), "x")},
    ).requires_grad_(False)


def placed_evaluation(prior: nn.Module, distance: float = 4.0, n: int = 1600) -> Evaluation:
    data = sorted_pixels(n)
    return Evaluation(placed_model(prior, distance), data, data)


def matching_mixture() -> Mixture:
    prior = Mixture(K, K)
    with torch.no_grad():
        prior.means.copy_(4 * torch.eye(K))
    return prior


@pytest.mark.parametrize(
    "prior", first([matching_mixture, lambda: Prototypes(K, K, 4.0)]), ids=["mixture", "class"]
)
def test_a_prior_that_is_the_aggregate_is_not_told_from_it(prior):
    evaluation = placed_evaluation(prior())
    found = aggregate.two_sample(evaluation)
    assert set(found) == {"mmd_z", "mmd_p_z", "two_sample_z"}
    assert abs(found["mmd_z"].value) < 4 * found["mmd_z"].se
    assert found["mmd_p_z"].value > 0.01
    assert abs(found["two_sample_z"].value - 0.5) < 4 * found["two_sample_z"].se
    split = aggregate.rate_decomposition(evaluation)
    assert abs(split["aggregate_kl_z"].value) < 4 * split["aggregate_kl_z"].se + 0.01


@pytest.mark.slow
def test_a_prior_that_is_another_is_told_from_the_aggregate():
    found = aggregate.two_sample(placed_evaluation(StandardNormal(K)))
    assert found["mmd_z"].value > 10 * found["mmd_z"].se
    assert found["mmd_p_z"].value == pytest.approx(1 / 201)
    assert found["two_sample_z"].value > 0.9


def test_every_block_of_every_model_is_compared_with_its_prior(checkpoints: dict):
    for name, checkpoint in checkpoints.items():
        evaluation = evaluation_of(checkpoint, limit=60)
        found = aggregate.two_sample(evaluation)
        assert set(found) == {
            f"{what}_{b}" for b in evaluation.blocks for what in ("mmd", "mmd_p", "two_sample")
        }, name
        assert all(math.isfinite(value) and se >= 0 for value, se, _ in found.values())


def test_prior_draws_follow_the_classes_asked_for():
    labels = torch.tensor([2] * 50 + [0] * 50)
    z = aggregate.prior_draws(placed_evaluation(Prototypes(K, K, 50.0)), labels, Sampler.seeded(0))["z"]
    assert torch.equal(z.argmax(-1), labels)


# How classes lie apart


def random_gaussians(k: int, d: int) -> tuple[Tensor, Tensor]:
    roots = normal(4, k, d, d).double()
    return normal(5, k, d).double(), roots @ roots.mT + 0.5 * torch.eye(d)


def test_divergences_between_gaussians_are_those_of_torch():
    mean, covariance = random_gaussians(3, 4)
    found = separation.overlap(mean, covariance)
    each = [MultivariateNormal(m, c) for m, c in zip(mean, covariance, strict=True)]
    expected = torch.stack([torch.stack([kl_divergence(a, b) for b in each]) for a in each])
    assert torch.allclose(found.kl, expected)
    assert torch.allclose(found.bhattacharyya, found.bhattacharyya.T)
    assert found.bhattacharyya.diagonal().abs().max() < 1e-12


def test_bhattacharyyas_distance_is_minus_log_of_the_overlap_integral():
    mean, variance = torch.tensor([[0.0], [1.5]]).double(), torch.tensor([1.0, 0.3]).double()
    grid = torch.linspace(-12, 12, 20001).double()
    densities = diagonal_normal(mean, variance.sqrt()[:, None]).log_prob(grid[:, None, None]).exp()
    coefficient = torch.trapezoid(densities.prod(-1).sqrt(), grid)
    found = separation.overlap(mean, variance[:, None, None]).bhattacharyya
    assert found[0, 1].item() == pytest.approx(-coefficient.log().item(), rel=1e-6)


def test_the_bayes_error_of_two_priors_is_its_closed_form():
    priors = Prototypes(2, 2, math.sqrt(2))({"y": torch.eye(2)})  # 2 apart
    wrong = separation.bayes_errors(priors, 20_000, Sampler.seeded(0))
    assert wrong.mean().item() == pytest.approx(bayes_error(2.0), abs=4 * wrong.std().item() / 20_000**0.5)


@pytest.mark.parametrize(("distance", "error"), [(1.0, 0.66), (2.0, 0.33), (3.0, 0.099), (4.0, 0.017)])
def test_the_bayes_error_of_ten_prototypes_falls_with_their_distance(distance: float, error: float):
    wrong = separation.bayes_errors(
        Prototypes(10, 10, distance)({"y": torch.eye(10)}), 3000, Sampler.seeded(0)
    )
    assert wrong.mean().item() == pytest.approx(error, rel=0.05)


def test_classes_that_are_mixtures_have_a_bayes_error_too():
    """Both classes have components at the same two places: half of the answers are wrong."""
    prior = ClassMixture(2, 1, 2)
    with torch.no_grad():
        prior.means.copy_(torch.tensor([[[0.0], [9.0]], [[9.0], [0.0]]]))
        assert separation.bayes_errors(prior({"y": torch.eye(2)}), 50, Sampler.seeded(0)).mean() == 0.5
        prior.means.copy_(torch.tensor([[[0.0], [9.0]], [[90.0], [99.0]]]))
        assert separation.bayes_errors(prior({"y": torch.eye(2)}), 50, Sampler.seeded(0)).mean() < 1e-6


def test_the_numbers_of_prototypes_are_their_geometry():
    found = separation.prior_separation(placed_evaluation(Prototypes(K, K, 3.0)))
    assert found["prior_kl_z"] == (pytest.approx(9.0), 0.0, 12)  # distance^2 / 2 = 2 * 9 / 2
    assert found["prior_bhattacharyya_z"] == (pytest.approx(18 / 8), 0.0, 12)
    assert found["prior_bayes_error_z"].n == 10_000
    assert found["prior_bayes_error_z"].value == pytest.approx(
        0.046, abs=0.006
    )  # below 3 Phi(-3 / sqrt 2) = 0.051


def test_a_prior_without_classes_separates_none():
    assert separation.prior_separation(placed_evaluation(StandardNormal(K))) == {}


def test_the_gaussians_of_posteriors_have_the_moments_of_their_draws():
    labels = torch.arange(4000) % 2
    means, scales = normal(1, 4000, 2) + labels[:, None], 0.5 + normal(2, 4000, 2).abs()
    found = separation.posterior_overlap(means, scales, labels, 2)
    z = (means + scales * normal(3, 4000, 2)).double()
    draws = [z[labels == c] for c in range(2)]
    expected = separation.overlap(
        torch.stack([part.mean(0) for part in draws]), torch.stack([part.T.cov() for part in draws])
    )
    assert torch.allclose(found.kl, expected.kl, atol=0.05)
    assert torch.allclose(found.bhattacharyya, expected.bhattacharyya, atol=0.01)


def test_silhouettes_are_those_of_scikit_learn():
    from sklearn.metrics import silhouette_samples

    places, labels = normal(1, 80, 3), torch.arange(80) % 3
    labels[labels == 2] = torch.where(
        torch.arange(80)[labels == 2] == 2, 4, 0
    )  # class 4 has one item, 2 and 3 none
    found = separation.silhouettes(torch.cdist(places, places), labels, 5)
    assert torch.allclose(
        found.double(),
        torch.from_numpy(silhouette_samples(places.numpy(), labels.numpy())).double(),
        atol=1e-4,
    )


def test_nearest_items_of_the_same_class_are_counted():
    labels = torch.arange(40) // 20
    apart = 100.0 * labels[:, None] + normal(1, 40, 2)
    assert separation.same_class_neighbours(torch.cdist(apart, apart), labels).mean() == 1
    mixed = normal(1, 2000, 2)
    share = separation.same_class_neighbours(torch.cdist(mixed, mixed), torch.arange(2000) % 2).mean()
    assert share.item() == pytest.approx(0.5, abs=0.02)


def test_classes_far_apart_in_the_posteriors_are_found_so():
    found = separation.posterior_separation(placed_evaluation(StandardNormal(K), distance=100.0))
    assert set(found) == {
        *(f"{what}_z_{kind}" for what in ("silhouette", "neighbours") for kind in ("sample", "mean")),
        "posterior_kl_z",
        "posterior_bhattacharyya_z",
    }
    assert found["posterior_bhattacharyya_z"].value > 1000
    assert found["silhouette_z_mean"].value == 1.0
    assert found["silhouette_z_sample"].value > 0.95
    assert found["neighbours_z_sample"].value == 1.0
    blind = separation.posterior_separation(placed_evaluation(StandardNormal(K), distance=0.0))
    assert (
        -0.03 < blind["silhouette_z_sample"].value < 0.01
    )  # b is the least of K - 1 means that are all alike
    assert blind["neighbours_z_sample"].value == pytest.approx(1 / K, abs=0.02)


def test_the_least_divergence_of_encodings_is_that_of_the_closest_two_classes():
    """Means 0, 1 and 10 apart in one dimension, of unit scale: KL 1/2, 81/2, 50,."""
    n = 30_000
    labels = torch.arange(n) % 3
    means = torch.tensor([0.0, 1.0, 10.0])[labels][:, None]
    found = separation.posterior_overlap(means, torch.ones(n, 1), labels, 3)
    assert separation._least(found.kl).item() == pytest.approx(1 / 2)
    assert separation._least(found.bhattacharyya).item() == pytest.approx(1 / 8)


@pytest.mark.slow
def test_the_labelled_block_lies_apart_where_the_other_does_not(checkpoints: dict):
    found = evaluate(checkpoints["cdvae-digits"], metrics=["posteriors", "priors"])
    assert found["silhouette_z_l_sample"].value > found["silhouette_z_u_sample"].value + 0.1
    assert found["neighbours_z_l_sample"].value > found["neighbours_z_u_sample"].value + 0.1
    assert {key for key in found if key.startswith("prior_")} == {
        "prior_kl_z_l",
        "prior_bhattacharyya_z_l",
        "prior_bayes_error_z_l",
    }
    assert found["prior_kl_z_l"].value == pytest.approx(64.0, rel=1e-5)  # prototypes 8 sqrt(2) apart


def test_matrices_for_a_page_are_square_over_the_classes(checkpoints: dict):
    evaluation = evaluation_of(checkpoints["cdvae-digits"])
    prior = separation.prior_overlap(evaluation.model, "z_l")
    assert prior is not None
    batch = next(evaluation.data.batches(1000))
    q = encode(evaluation.model, batch)["z_l"]
    posterior = separation.posterior_overlap(q.mean, q.stddev, evaluation.data.labels, 10)
    for matrix in (*prior, *posterior):
        assert matrix.shape == (10, 10)
        assert matrix.diagonal().abs().max() < 1e-9
        assert matrix[~torch.eye(10, dtype=torch.bool)].min() > 0
    assert separation.prior_overlap(evaluation.model, "z_u") is None


# Nats of the class


def noisy_classes(n: int, seed: int, distance: float) -> tuple[Tensor, Tensor]:
    labels = torch.arange(n) % 2
    return distance * labels[:, None] + normal(seed, n, 1), labels


def information_of(distance: float) -> float:
    """I(y; z) of two N(+-distance / 2, 1) in equal shares, by integration: the entropy of z minus that of the noise."""
    grid = torch.linspace(-15, 15, 100_001).double()
    log_each = diagonal_normal(
        torch.tensor([[-distance / 2], [distance / 2]]).double(), torch.ones(2, 1).double()
    )
    log_p = log_each.log_prob(grid[:, None, None]).logsumexp(-1) - math.log(2)
    return -torch.trapezoid(log_p.exp() * log_p, grid).item() - 0.5 * math.log(2 * math.pi * math.e)


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0, 6.0])
def test_a_right_probe_finds_the_information_there_is(distance: float):
    """Log-odds of two Gaussians are linear, so that a logistic probe can be exact."""
    probe = probes.fitted("logistic", *noisy_classes(4000, 1, distance), classes=2, seed=0)
    codes, labels = noisy_classes(4000, 2, distance)
    nats = probes.class_information(probes.log_probabilities(probe(codes), 4000), labels)
    error = nats.std().item() / 4000**0.5
    assert nats.mean().item() == pytest.approx(information_of(distance), abs=4 * error + 2e-3)


def test_an_overconfident_probe_gives_less_than_nothing():
    log_q = torch.tensor([[0.99, 0.01], [0.99, 0.01]]).log()
    assert probes.class_information(log_q, torch.tensor([0, 1])).mean().item() == pytest.approx(
        math.log(2) + 0.5 * math.log(0.99 * 0.01)
    )


def test_a_class_that_the_probe_never_saw_is_improbable_and_not_impossible():
    probe = probes.fitted("logistic", *noisy_classes(100, 1, 5.0), classes=3, seed=0)
    log_q = probes.log_probabilities(probe(torch.zeros(4, 1)), 100)
    assert log_q.exp().sum(-1).tolist() == pytest.approx([1.0] * 4)
    assert log_q[:, 2].tolist() == pytest.approx([math.log(1 / 103)] * 4, abs=0.1)


@pytest.mark.slow
def test_information_of_the_class_is_reported_for_each_block(checkpoints: dict):
    found = evaluate(checkpoints["cdvae-digits"], metrics=["probes"])
    for kind in probes.PROBABILISTIC:
        labelled, other = (found[f"probe_{block}_{kind}_sample_nats"] for block in ("z_l", "z_u"))
        assert other.value < labelled.value <= math.log(10)
        assert other.n == 447
    rate = evaluate(checkpoints["cdvae-digits"], metrics=["elbo"])["rate_z_u"]
    assert found["probe_z_u_logistic_sample_nats"].value < rate.value


@pytest.mark.slow
def test_noise_and_choice_come_from_the_seed_alone(checkpoints: dict):
    groups = ["rate", "two-sample", "posteriors", "priors", "calibration"]
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = evaluate(checkpoints["cdvae-digits"], limit=100, metrics=groups)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert first == evaluate(checkpoints["cdvae-digits"], limit=100, metrics=groups)
    other = evaluate(checkpoints["cdvae-digits"], limit=100, metrics=groups, seed=1)
    assert first["index_information_z_u"] != other["index_information_z_u"]


@pytest.mark.slow
def test_a_bench_of_another_order_gives_the_same_test(checkpoints: dict):
    """What is fitted and what is tested are drawn: images that come in the order of their classes are no matter."""
    evaluation = placed_evaluation(matching_mixture(), n=800)
    order = torch.randperm(800, generator=generator())
    for data in (evaluation.data, evaluation.data.rows(order)):
        found = aggregate.two_sample(replace(evaluation, data=data))["two_sample_z"]
        assert abs(found.value - 0.5) < 4 * found.se
