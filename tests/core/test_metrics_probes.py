"""The probes beside scikit-learn's, on a leak that is planted in the scales, and on columns that say nothing."""

import math

import pytest
import torch
from torch import Tensor, nn

from vae_core.data import Data
from vae_core.metrics import Evaluation, probes
from vae_core.metrics.base import Encodings
from vae_core.models import VAE, Signature

K = 4


def clouds(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Codes of four classes, two clouds each and some way into one another: a linear rule names few of them."""
    generator = torch.Generator().manual_seed(seed)
    labels, half = torch.randint(K, (n,), generator=generator), torch.randint(2, (n,), generator=generator)
    angle = (labels + K * half) * math.pi / K
    centres = torch.stack([angle.cos(), angle.sin()], -1) * 3
    return centres + 0.8 * torch.randn(n, 2, generator=generator), labels


def sklearn_accuracy(kind: str, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier

    theirs = {
        "logistic": LogisticRegression(max_iter=500),
        "knn": KNeighborsClassifier(10),
        "mlp": MLPClassifier((128,), early_stopping=True, max_iter=60, random_state=0),
    }[kind]
    return float(theirs.fit(*(part.numpy() for part in train)).score(*(part.numpy() for part in test)))


@pytest.mark.parametrize("kind", probes.KINDS)
def test_a_probe_is_as_right_as_that_of_scikit_learn(kind: str):
    train, test = clouds(3000, 1), clouds(3000, 2)
    ours = (probes.fitted(kind, *train, K, 0)(test[0]).argmax(-1) == test[1]).float().mean().item()
    error = (ours * (1 - ours) / 3000) ** 0.5
    assert ours == pytest.approx(sklearn_accuracy(kind, train, test), abs=1.5 * error)
    assert kind == "logistic" or ours > 0.7


def test_the_logistic_probe_is_the_same_regression_as_scikit_learn_s():
    from sklearn.linear_model import LogisticRegression

    codes, labels = clouds(500, 1)
    theirs = LogisticRegression(max_iter=1000, tol=1e-8).fit(codes.numpy(), labels.numpy())
    expected = torch.from_numpy(theirs.predict_proba(codes.numpy())).float()
    assert torch.allclose(
        probes.fitted("logistic", codes, labels, K, 0)(codes).softmax(-1), expected, atol=2e-3
    )


def test_the_nearest_are_those_of_all_pairs_and_of_all_that_there_are():
    codes, labels = clouds(300, 1)
    near = torch.cdist(codes, codes).topk(10, largest=False).indices
    expected = nn.functional.one_hot(labels[near], K).sum(1).float()
    assert torch.equal(probes.fitted("knn", codes, labels, K, 0)(codes), expected)
    assert probes.fitted("knn", codes[:3], labels[:3], K, 0)(codes).sum(-1).eq(3).all()


def encodings(n: int, seed: int, leak: bool) -> Encodings:
    """One block: means that know nothing, one of them constant but for rounding, and scales that know the class, or nothing either."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(K, (n,), generator=generator)
    means = torch.randn(n, 3, generator=generator)
    means[:, 2] = 0.3 + 1e-8 * labels
    scales = torch.rand(n, 3, generator=generator) * 0.1 + 0.1
    if leak:
        scales[:, 1] = 0.3 * (1 + 0.05 * labels)
    samples = means + scales * torch.randn(n, 3, generator=generator)
    return Encodings({"z": means}, {"z": scales}, {"z": samples}, labels)


def probed(leak: bool, monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setattr(
        probes, "_fit_and_tested", lambda evaluation: (encodings(4000, 1, leak), encodings(2000, 2, leak))
    )
    labels = torch.arange(8) % K
    data = Data("none", "test", torch.zeros(8, 1, 2, 2, dtype=torch.uint8), labels, tuple("abcd"))
    model = VAE(latent=1).build(Signature(data.kind, ()))
    return probes.probes_of(Evaluation(model, data, data), ["z"])


def test_a_class_that_sits_in_the_scale_alone_is_read_from_the_posterior_alone(
    monkeypatch: pytest.MonkeyPatch,
):
    found = probed(True, monkeypatch)
    for kind in probes.KINDS:
        assert found[f"probe_z_{kind}_mean"].value == pytest.approx(1 / K, abs=0.05)
        assert found[f"probe_z_{kind}_sample"].value < 0.4
        assert found[f"probe_z_{kind}_posterior"].value > 0.97
    for kind in probes.PROBABILISTIC:
        assert found[f"probe_z_{kind}_mean_nats"].value < 0.01
        assert found[f"probe_z_{kind}_posterior_nats"].value > 0.9 * math.log(K)
        assert found[f"probe_z_{kind}_posterior_nats"].value <= math.log(K)


@pytest.mark.slow
def test_where_nothing_leaks_no_reading_finds_the_class(monkeypatch: pytest.MonkeyPatch):
    for name, estimate in probed(False, monkeypatch).items():
        assert estimate.value < 0.01 if name.endswith("_nats") else abs(estimate.value - 1 / K) < 0.05, name


@pytest.mark.parametrize("level", [0.0, 0.3, -40.0])
def test_a_column_that_is_constant_but_for_rounding_is_left_out(level: float):
    codes = torch.full((100, 1), level)
    codes[::2] = torch.nextafter(codes[::2], torch.tensor(torch.inf))
    seen, other = probes.standardised(
        torch.cat([codes, codes + torch.randn(100, 1)], -1), codes.expand(100, 2) + 1
    )
    if level:
        assert seen[:, 0].abs().max() == 0
        assert other[:, 0].abs().max() == 0
    assert seen[:, 1].std().item() == pytest.approx(1, abs=1e-4)


def test_small_units_are_no_rounding():
    codes = 1e-9 * torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    assert probes.standardised(codes, codes)[0].std(0).tolist() == pytest.approx([1, 1], abs=1e-4)


def test_few_images_of_few_classes_are_no_matter():
    codes = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    for kind in probes.KINDS:
        scores = probes.fitted(kind, codes, torch.arange(12) % 2, 5, 0)(codes)
        assert scores.shape == (12, 5)
        assert probes.log_probabilities(scores, 12).isfinite().all()
