"""The numbers: each under its documented name, consistent with the others, right where the answer is known."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.kinds import offered
from tests.support.tiers import first
from vae_core.checkpoints import Checkpoint, load
from vae_core.conditionals import DiagonalGaussian
from vae_core.data import Data, load_data
from vae_core.likelihoods import BernoulliPixels
from vae_core.metrics import (
    DEFAULT,
    METRICS,
    Estimate,
    Evaluation,
    classes,
    evaluate,
    evaluation_of,
    evidence,
    gaps,
    oracle,
    probes,
)
from vae_core.model import Model
from vae_core.nets import Joined
from vae_core.priors import Prototypes, StandardNormal

LIMIT = 200


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """The same computations, with fewer steps and samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "ORACLE_STEPS", 150)
        patch.setattr(classes, "SAMPLES", 500)
        patch.setattr(evidence, "IMPORTANCE_SAMPLES", 50)
        patch.setattr(probes, "EPOCHS", 5)
        for cost, few in {"EXAMPLES": 8, "CHAINS": 2, "TEMPERATURES": 4, "STEPS": 4, "FINAL": 4}.items():
            patch.setattr(gaps, cost, few)
        yield


@pytest.fixture(scope="module")
def checkpoints(trained: dict[str, Path]) -> dict[str, Checkpoint]:
    return {name: load(folder) for name, folder in trained.items()}


class Measured(dict[str, dict[str, Estimate]]):
    """The numbers of checkpoints by name, each measured when it is first asked for."""

    def __init__(self, checkpoints: dict[str, Checkpoint]):
        super().__init__()
        self.checkpoints = checkpoints

    def __missing__(self, name: str) -> dict[str, Estimate]:
        return self.setdefault(name, evaluate(self.checkpoints[name], limit=LIMIT))


@pytest.fixture(scope="module")
def found(checkpoints: dict[str, Checkpoint]) -> dict[str, dict[str, Estimate]]:
    return Measured(checkpoints)


BLOCKS = {
    "cdvae-digits": ["z_l", "z_u"],
    "cvae-digits": ["z"],
    "flow-digits": ["z_l", "z_u"],
    "joint-digits": ["z"],
    "ladder-digits": ["z1", "z2"],
    "ppca-digits": ["z"],
    "srvae-digits": ["u", "z"],
    "vae-digits": ["z"],
    "vamp-digits": ["z"],
}

# The default run measures these, one of each structure.
USUAL = ("cdvae-digits",)

# What each has beside distortion, rates, bound, active units, what q(z) is, how classes lie in the posteriors, and probes.
JUDGED = {
    *("bayes_accuracy", "bayes_ece", "bayes_nll", "judge_accuracy", "judge_frechet", "swap_accuracy"),
    *(f"sample_{what}" for what in ("accuracy", "coverage", "density", "frechet")),
    # Of the images measured here ten are of each class, and fewer of each pair of classes.
    *(f"style_{what}_reconstruction" for what in ("slant", "thickness", "width", "height", "ink")),
}
EXTRA = {
    "cdvae-digits": {
        "log_px",
        "components_z_l",
        *(f"prior_{what}_z_l" for what in ("kl", "bhattacharyya", "bayes_error")),
        *JUDGED,
    },
    "cvae-digits": {"log_px", *JUDGED},
    "flow-digits": {"log_px", "components_z_l", "prior_bayes_error_z_l", *JUDGED},
    "joint-digits": {
        "log_pxy",
        "distortion_x",
        "distortion_y",
        *(f"classifier_{what}" for what in ("accuracy", "ece", "nll")),
        *JUDGED,
    },
    "ladder-digits": {"log_px"},
    "ppca-digits": {"log_px", "bits_per_dimension", "gamma_x", "rmse_x"},
    "srvae-digits": {
        "log_px_coarse",
        "distortion_x",
        "distortion_coarse",
        *(f"components_{what}u" for what in ("", "match_", "nmi_")),
        *(f"{what}_{name}" for what in ("gamma", "rmse") for name in ("x", "coarse")),
    },
    "vae-digits": {"log_px"},
    "vamp-digits": {"log_px", *(f"components_{what}z" for what in ("", "match_", "nmi_"))},
}
# The blocks whose rate is split: all that have one prior, or one a class; and further where that factorises.
CONDITIONED = {("srvae-digits", "z"), ("ladder-digits", "z1")}
SPLIT = {name: [b for b in blocks if (name, b) not in CONDITIONED] for name, blocks in BLOCKS.items()}
MIXTURES = {"components_u": "u", "components_z": "z"}
both = pytest.mark.parametrize("name", first(sorted(BLOCKS, key=lambda name: name not in USUAL), len(USUAL)))


def test_a_mean_comes_with_its_standard_error():
    values = torch.tensor([1.0, 2.0, 3.0, 6.0])
    assert Estimate.mean(values) == pytest.approx((3.0, math.sqrt(14 / 3) / 2, 4))


def test_a_mean_of_many_keeps_its_digits():
    assert Estimate.mean(torch.full((1_000_000,), 0.1)).value == pytest.approx(0.1, rel=1e-7)


@both
def test_every_documented_number_is_there_and_no_other(found: dict, name: str):
    expected = {"distortion", "negative_elbo", "negative_elbo_paired", "importance_gap", *EXTRA[name]}
    for block in BLOCKS[name]:
        expected |= {f"rate_{block}", f"active_units_{block}"}
        readings = ("sample", "mean", "posterior")
        expected |= {
            f"probe_{block}_{kind}_{what}" for kind in ("logistic", "knn", "mlp") for what in readings
        }
        expected |= {f"probe_{block}_{kind}_{what}_nats" for kind in ("logistic", "mlp") for what in readings}
        expected |= {f"prior_{what}_{block}" for what in ("coverage", "recall", "precision", "density")}
        expected |= {f"posterior_{what}_{block}" for what in ("kl", "bhattacharyya")}
        expected |= {f"{w}_{block}_{k}" for w in ("silhouette", "neighbours") for k in ("sample", "mean")}
    mixtures = {block for key, block in MIXTURES.items() if key in EXTRA[name]}
    mixtures |= set(BLOCKS[name]) if name.startswith("flow") else set()
    for block in SPLIT[name]:
        parts = [] if block in mixtures else ["total_correlation", "dimension_kl"]
        expected |= {
            f"{part}_{block}" for part in ("index_information", "aggregate_kl", "prior_holes", *parts)
        }
    assert set(found[name]) == expected


@both
def test_every_number_is_finite_with_an_error_and_a_count(found: dict, name: str):
    assert all(math.isfinite(value) and se >= 0 for value, se, _ in found[name].values())
    drawn = ("sample_accuracy", "sample_density", "prior_", "style_", "judge_frechet", "sample_frechet")
    counts = {key: n for key, (_, _, n) in found[name].items() if not key.startswith(drawn)}
    assert set(counts.values()) == {LIMIT}


def test_accuracy_of_samples_rests_on_its_draws(found: dict):
    assert found["cdvae-digits"]["sample_accuracy"].n == 500


@both
def test_the_negative_bound_is_distortion_plus_rates(found: dict, name: str):
    rates = sum(found[name][f"rate_{block}"].value for block in BLOCKS[name])
    assert found[name]["negative_elbo"].value == pytest.approx(
        found[name]["distortion"].value + rates, rel=1e-6
    )


@both
def test_the_importance_bound_is_tighter_than_the_bound(found: dict, name: str):
    evidence_name = next(key for key in found[name] if key.startswith("log_p"))
    log_p, bound = found[name][evidence_name].value, -found[name]["negative_elbo"].value
    assert bound - 1e-3 <= log_p < bound + 0.2 * abs(bound)


def test_the_bound_of_ppca_is_the_evidence(found: dict):
    numbers = found["ppca-digits"]
    assert numbers["log_px"].value == pytest.approx(
        -numbers["negative_elbo"].value, abs=0.3
    )  # one draw of z, 200 images


def test_bits_per_dimension_are_the_bound_and_the_eight_bits_of_a_pixel(found: dict):
    numbers = found["ppca-digits"]
    expected = numbers["negative_elbo"].value / (64 * math.log(2)) + 8
    assert numbers["bits_per_dimension"].value == pytest.approx(expected)


def test_a_fitted_gamma_is_the_root_mean_squared_error(found: dict):
    numbers = found["ppca-digits"]
    assert numbers["gamma_x"].value == pytest.approx(numbers["rmse_x"].value, rel=0.03)


@pytest.mark.slow
def test_a_joint_model_classifies_by_its_classifier_and_by_its_bound(found: dict):
    numbers = found["joint-digits"]
    assert numbers["classifier_accuracy"].value > 0.8
    assert numbers["bayes_accuracy"].value > 0.7
    assert numbers["distortion_y"].value == pytest.approx(math.log(10), abs=0.05)


@pytest.mark.slow
def test_a_model_told_the_class_classifies_by_its_bound_and_swaps_by_holding_z(found: dict):
    numbers = found["cvae-digits"]
    assert numbers["bayes_accuracy"].value > 0.7
    assert numbers["sample_accuracy"].value > 0.7
    assert numbers["swap_accuracy"].value > 0.7


@pytest.mark.slow
def test_used_components_are_counted_between_one_and_all(found: dict):
    assert 1 <= found["srvae-digits"]["components_u"].value <= 10
    assert 1 <= found["vamp-digits"]["components_z"].value <= 20


def test_the_parts_of_a_prior_by_class_are_counted_too(found: dict):
    assert 8 <= found["cdvae-digits"]["components_z_l"].value <= 10
    assert "components_z_u" not in found["cdvae-digits"]  # one part is nothing to count


@pytest.mark.slow
def test_active_units_are_counted_up_to_the_size_of_the_block(found: dict):
    assert 1 <= found["vae-digits"]["active_units_z"].value <= 4
    assert 1 <= found["cdvae-digits"]["active_units_z_l"].value <= 10


def test_a_trained_cdvae_knows_its_classes(found: dict):
    numbers = found["cdvae-digits"]
    assert numbers["bayes_accuracy"].value > 0.7
    assert numbers["judge_accuracy"].value > 0.8
    assert numbers["sample_accuracy"].value > 0.5
    assert numbers["swap_accuracy"].value > 0.5


def test_the_labelled_block_tells_more_of_the_class_than_the_other(found: dict):
    numbers = found["cdvae-digits"]
    for kind in ("logistic", "knn", "mlp"):
        assert numbers[f"probe_z_l_{kind}_sample"].value > numbers[f"probe_z_u_{kind}_sample"].value + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", first(list(BLOCKS)))
def test_the_same_seed_gives_the_same_numbers(found: dict, checkpoints: dict, name: str):
    torch.manual_seed(77)
    groups = ["elbo", "importance", "active", "bayes", "judged"]
    again = evaluate(checkpoints[name], limit=LIMIT, metrics=groups)
    assert again == {key: found[name][key] for key in again}


@pytest.mark.slow
def test_probes_repeat_with_the_seed(checkpoints: dict):
    torch.manual_seed(77)
    one, other = (evaluate(checkpoints["vae-digits"], limit=50, metrics=["probes"]) for _ in range(2))
    assert one == other


@pytest.mark.slow
def test_another_seed_draws_other_noise(found: dict, checkpoints: dict):
    other = evaluate(checkpoints["vae-digits"], limit=LIMIT, seed=1, metrics=["elbo"])["negative_elbo"]
    same = found["vae-digits"]["negative_elbo"]
    assert other.value != same.value
    assert abs(other.value - same.value) < 5 * same.se


@pytest.mark.slow
def test_measuring_leaves_the_random_numbers_of_the_caller_alone(checkpoints: dict):
    before = torch.random.get_rng_state()
    evaluate(
        checkpoints["cdvae-digits"], limit=20, metrics=["elbo", "importance", "active", "bayes", "judged"]
    )
    assert torch.equal(torch.random.get_rng_state(), before)


def test_only_the_groups_asked_for_are_measured(checkpoints: dict):
    assert set(evaluate(checkpoints["cdvae-digits"], limit=20, metrics=["bayes"])) == {"bayes_accuracy"}


def test_the_groups_are_told_as_they_are_measured(checkpoints: dict):
    lines: list[str] = []
    evaluate(checkpoints["vae-digits"], limit=20, metrics=["elbo", "bayes"], report=lines.append)
    assert lines == ["measuring elbo", "measuring bayes"]


def test_probes_of_training_images_are_tested_on_images_they_were_not_fitted_on(checkpoints: dict):
    numbers = evaluate(checkpoints["vae-digits"], split="train", limit=150, metrics=["probes"])
    assert numbers["probe_z_knn_mean"].n == 75


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metrics": ["nonesuch"]}, "no metric is called nonesuch: choose from elbo"),
        ({"data": "nonesuch"}, "no data set is called 'nonesuch'"),
        ({"split": "validation"}, "no split is called 'validation'"),
        ({"limit": 0}, "the limit must be at least 1"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    checkpoints: dict, arguments: dict, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        evaluate(checkpoints["vae-digits"], **arguments)
    one_line(caught.value)


def test_data_of_another_shape_are_refused(
    checkpoints: dict, monkeypatch: pytest.MonkeyPatch, one_line: Callable
):
    large = Data(
        "large",
        "test",
        torch.zeros(2, 1, 9, 9, dtype=torch.uint8),
        torch.zeros(2).long(),
        tuple("0123456789"),
    )
    offered(monkeypatch, "large", large, large)
    with pytest.raises(
        ValueError, match="was made for images of 1 x 8 x 8 in 10 classes, and large is not that"
    ) as caught:
        evaluate(checkpoints["vae-digits"], "large")
    one_line(caught.value)


def test_the_metrics_listed_are_those_of_the_registry():
    assert list(METRICS) == [
        "elbo",
        "importance",
        "active",
        "noise",
        "components",
        "bayes",
        "calibration",
        "priors",
        "probes",
        "judged",
        "style",
        "retrieval",
        "rate",
        "holes",
        "coverage",
        "posteriors",
        "disentanglement",
        "two-sample",
        "dci",
        "infomec",
        "gaps",
    ]
    assert set(METRICS) - set(DEFAULT) == {"two-sample", "dci", "infomec", "gaps"}


@pytest.mark.parametrize("group", METRICS)
@pytest.mark.parametrize("name", first(["cdvae-digits", "joint-digits", "srvae-digits"]))
def test_every_number_is_explained_where_it_is_computed(
    checkpoints: dict, name: str, group: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(oracle, "ORACLE_STEPS", 5)
    monkeypatch.setattr(classes, "SAMPLES", 50)
    evaluation = evaluation_of(checkpoints[name], limit=60)
    variables = "|".join(evaluation.model.p)
    for key in METRICS[group](evaluation):
        stem = key if key.startswith("log_p") else re.sub(rf"_({variables})(_.*)?$", "_<", key)
        assert stem in (METRICS[group].__doc__ or ""), key


K = 4


def labelled_pixels(split: str, n: int) -> Data:
    """Images of four pixels whose class is the one that is lit."""
    labels = torch.arange(n) % K
    images = 255 * torch.eye(K, dtype=torch.uint8)[labels].view(n, 1, 2, 2)
    return Data("pixels", split, images, labels, tuple("abcd"))


def pixel_model(informative: bool) -> Model:
    """q(z|x) is a narrow Gaussian about the pixels, or a standard normal that does not look at them."""
    encoder, decoder = nn.Linear(K, 2 * K), nn.Linear(K, K)
    nn.init.zeros_(encoder.weight)
    nn.init.zeros_(encoder.bias)
    if informative:
        with torch.no_grad():
            encoder.weight[:K] = 8 * torch.eye(K)
            decoder.weight.copy_(4 * torch.eye(K))
            decoder.bias.fill_(-16)
    return Model(
        p={
            "z": Prototypes(K, K, 8.0) if informative else StandardNormal(K),
            "x": BernoulliPixels(Joined(decoder, nn.Unflatten(1, (1, 2, 2))), "z"),
        },
        q={"z": DiagonalGaussian(Joined(encoder), "x")},
    )


def pixel_evaluation(informative: bool) -> Evaluation:
    model = pixel_model(informative).requires_grad_(False)
    return Evaluation(model, labelled_pixels("test", 400), labelled_pixels("train", 2000))


@pytest.mark.slow
def test_every_probe_reads_a_code_that_says_the_class(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(probes, "EPOCHS", 60)  # 5 are too few for the MLP to end its training
    found = probes.probes(pixel_evaluation(informative=True))
    shares = [estimate.value for name, estimate in found.items() if not name.endswith("_nats")]
    nats = [estimate.value for name, estimate in found.items() if name.endswith("_nats")]
    assert (len(shares), len(nats)) == (9, 6)
    assert min(shares) > 0.95
    assert nats == pytest.approx([math.log(K)] * 6, abs=0.05)


def test_no_probe_reads_a_code_that_is_noise():
    found = probes.probes(pixel_evaluation(informative=False))
    shares = [estimate.value for name, estimate in found.items() if not name.endswith("_nats")]
    assert len(shares) == 9
    assert all(abs(share - 1 / K) < 0.1 for share in shares)
    assert all(estimate.value < 0.01 for name, estimate in found.items() if name.endswith("_nats"))


@pytest.mark.slow
def test_a_model_that_makes_what_is_asked_for_is_judged_so():
    evaluation = pixel_evaluation(informative=True)
    found = {**classes.bayes_accuracy(evaluation), **classes.by_oracle(evaluation)}
    shares = {name: estimate.value for name, estimate in found.items() if name.endswith("_accuracy")}
    assert shares == dict.fromkeys(("bayes_accuracy", "judge_accuracy", "sample_accuracy"), 1.0)


@pytest.mark.slow
def test_without_a_block_to_keep_there_is_no_swap():
    assert "swap_accuracy" not in classes.by_oracle(pixel_evaluation(informative=True))


@pytest.mark.slow
def test_a_model_that_ignores_the_class_asked_for_is_judged_at_chance():
    evaluation = pixel_evaluation(informative=True)
    with torch.no_grad():
        evaluation.model.p["z"].means.copy_(evaluation.model.p["z"].means[0].expand(K, K).clone())
    found = classes.by_oracle(evaluation)
    assert found["judge_accuracy"].value == 1.0
    assert found["sample_accuracy"].value == pytest.approx(1 / K, abs=0.02)


@pytest.mark.slow
def test_a_swap_that_keeps_the_class_is_never_right():
    # The decoder reads the kept block alone, and the class asked for is always another one.
    evaluation, second = (
        pixel_evaluation(informative=True),
        pixel_model(informative=True).requires_grad_(False),
    )
    model = Model(
        p={"z_l": Prototypes(K, K, 8.0), "z": StandardNormal(K), "x": evaluation.model.p["x"]},
        q={"z_l": second.q["z"], "z": evaluation.model.q["z"]},
    )
    assert classes.by_oracle(replace(evaluation, model=model))["swap_accuracy"].value == 0.0


def test_each_seed_and_each_purpose_has_noise_of_its_own():
    evaluation = pixel_evaluation(informative=False)
    samplers = [evaluation.sampler(1), evaluation.sampler(2), replace(evaluation, seed=1).sampler(1)]
    draws = {tuple(sampler.normal((3,), torch.device("cpu")).tolist()) for sampler in samplers}
    assert len(draws) == 3


def test_units_that_vary_are_counted_as_active():
    assert evidence.active(pixel_evaluation(informative=True))["active_units_z"].value == K
    assert evidence.active(pixel_evaluation(informative=False))["active_units_z"].value == 0


def test_importance_weights_of_one_sample_are_the_bound_at_its_draw():
    evaluation = pixel_evaluation(informative=False)
    batch = next(evaluation.data.batches(50))

    def draw(q) -> Tensor:
        return q.mean + 0.3 * q.stddev

    terms, posteriors = evaluation.model.terms(batch, draw), evaluation.model.infer(batch, draw)
    z = posteriors.env["z"]
    by_hand = (
        terms.log_likelihood["x"]
        + evaluation.model.p["z"](batch).log_prob(z)
        - posteriors.posteriors["z"].log_prob(z)
    )
    assert torch.allclose(evidence.importance_weighted(evaluation.model, batch, 1, draw), by_hand, atol=1e-5)


def sorted_evaluation(checkpoints: dict, monkeypatch: pytest.MonkeyPatch, **options) -> Evaluation:
    """An evaluation over digits whose test images come in the order of their classes, as a file may have them."""
    data = load_data("digits", "test")
    data = data.rows(data.labels.sort(stable=True).indices)
    offered(monkeypatch, "digits", load_data("digits"), data)
    return evaluation_of(checkpoints["vae-digits"], **options)


def test_a_limit_takes_images_at_random_whatever_their_order(
    checkpoints: dict, monkeypatch: pytest.MonkeyPatch
):
    evaluation = sorted_evaluation(checkpoints, monkeypatch, limit=30)
    assert evidence.elbo_terms(evaluation)["distortion"].n == 30
    assert len(evaluation.data.labels.unique()) > 5  # the leading 30 are of one class
    again, other = (sorted_evaluation(checkpoints, monkeypatch, limit=30, seed=seed) for seed in (0, 1))
    assert torch.equal(evaluation.data.images, again.data.images)
    assert not torch.equal(evaluation.data.images, other.data.images)


def test_the_importance_bound_is_of_images_at_random(checkpoints: dict, monkeypatch: pytest.MonkeyPatch):
    evaluation = sorted_evaluation(checkpoints, monkeypatch)
    seen = []

    def weights(model, batch, samples, draw):
        seen.append(batch["y"])
        return torch.zeros(samples, len(batch["y"]))

    monkeypatch.setattr(evidence, "IMPORTANCE_EXAMPLES", 30)
    monkeypatch.setattr(evidence, "log_weights", weights)
    evidence.importance_bound(evaluation)
    assert len(torch.cat(seen)) == 30
    assert (torch.cat(seen).sum(0) > 0).sum() > 5


@both
def test_the_bound_beside_the_importance_bound_is_of_the_same_images(found: dict, name: str):
    """All 200 images are among the 1,000 at most: only the noise of the draws differs."""
    numbers = found[name]
    bound = numbers[next(key for key in numbers if key.startswith("log_p"))]
    same, gap = numbers["negative_elbo_paired"], numbers["importance_gap"]
    assert same.value == pytest.approx(numbers["negative_elbo"].value, abs=0.5 * same.se)
    assert gap.value == pytest.approx(bound.value + same.value, abs=1e-6 * abs(bound.value) + 1e-5)
    assert gap.value >= -1e-5  # 0 where the posterior is exact, but for rounding
    assert gap.se < same.se


def test_components_that_are_the_classes_match_them_all():
    labels = torch.arange(K).repeat(50)
    permuted = (labels + 1) % K
    table = evidence._table(permuted, labels, K, K)
    assert evidence.best_match(table) == pytest.approx(1.0)
    assert evidence.normalised_information(table) == pytest.approx(1.0)
    halved = evidence._table(permuted + K * (torch.arange(200) % 8 < 4), labels, 2 * K, K)
    assert evidence.best_match(halved) == pytest.approx(
        0.5
    )  # two components a class: one of them pairs with it
    assert evidence.normalised_information(halved) == pytest.approx(2 * math.log(4) / math.log(32))


def test_components_that_say_nothing_match_by_chance():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randint(K, (2, 20_000), generator=generator)
    table = evidence._table(one, other, K, K)
    assert evidence.best_match(table) == pytest.approx(1 / K, abs=0.01)
    assert evidence.normalised_information(table) == pytest.approx(0, abs=1e-3)


@pytest.mark.slow
def test_components_of_a_model_are_matched_with_its_classes(found: dict):
    match, nmi = (found["srvae-digits"][f"components_{name}_u"] for name in ("match", "nmi"))
    assert 0.1 < match.value <= 1
    assert 0 <= nmi.value <= 1
    assert match.se > 0
    assert "components_match_z_l" not in found["cdvae-digits"]  # its prior is told the class
