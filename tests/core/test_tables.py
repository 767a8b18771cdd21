"""Tables: their kind, their likelihoods against scipy's log-probabilities, and a model of a small table from training to picture.

Shapes: N rows, F features, K classes.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from tests.support.tiers import case
from vae_core.checkpoints import load
from vae_core.data import Data
from vae_core.explore import encode, reconstruct, sample
from vae_core.kinds import Image, Table, found_types, kind_of
from vae_core.likelihoods import (
    BernoulliFeatures,
    GaussianFeatures,
    Library,
    MixedFeatures,
    NegativeBinomialCounts,
    PoissonCounts,
    Total,
)
from vae_core.likelihoods.tables import negative_binomial
from vae_core.metrics import measure
from vae_core.metrics.base import Evaluation
from vae_core.models import CDVAE, PPCA, SRVAE, VAE, Declaration, Joint, Signature
from vae_core.training import Options, train

N, F = 40, 5


class Said(nn.Module):
    """A decoder that says the same of every row, whatever its latents."""

    def __init__(self, out: Tensor):
        super().__init__()
        self.out = out

    def forward(self, z: Tensor) -> Tensor:
        return self.out.expand(len(z), -1)


def rows_of(kind: str, n: int = N, seed: int = 0) -> Tensor:
    centres = np.random.default_rng(7).normal(size=(2, F))
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    made = {
        "real": 3 + 10 * (centres[y] + 0.3 * generator.normal(size=(n, F))),
        "count": generator.poisson(np.exp(1.5 + centres[y])),
        "binary": generator.random((n, F)) < 1 / (1 + np.exp(-3 * centres[y])),
    }
    made["mixed"] = np.stack([made["real"][:, 0], made["count"][:, 1], made["binary"][:, 2]], 1)
    return torch.tensor(made[kind], dtype=torch.float32)


TYPES = {"mixed": ("real", "count", "binary")}
KINDS = ("real", "count", "binary", "mixed")


def table_of(kind: str, n: int = N, split: str = "train", seed: int = 0) -> Data:
    """Two classes of rows that differ in every feature."""
    fitted = rows_of(kind)
    table = Table.of(fitted, [f"gene {i}" for i in range(fitted.shape[1])], TYPES.get(kind))
    return Data("table", split, rows_of(kind, n, seed), torch.arange(n) % 2, ("ill", "well"), kind=table)


@pytest.mark.parametrize("kind", ["real", "count", "binary"])
def test_the_type_of_every_column_is_found(kind: str):
    assert set(found_types(rows_of(kind))) == {kind}


def test_in_a_wide_table_of_whole_numbers_a_column_of_zeros_and_ones_is_a_count():
    rows = torch.cat([torch.ones(3, 1), torch.tensor([[0.0], [1.0], [5.0]]).expand(3, 70)], 1)
    assert set(found_types(rows)) == {"count"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_comes_back_from_a_card(kind: str):
    table = table_of(kind).kind
    assert kind_of(table.exposed()) == table


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("scale", [0.0] * F),
        ("low", [1e9] * F),
        ("mean", [0.0]),
        ("types", ["word"] * F),
        ("features", ["same"] * F),
        ("features", []),
        ("shape", [F + 1]),
    ],
)
def test_a_kind_of_a_card_that_does_not_exist_is_refused_in_one_sentence(
    part: str, value: list, one_line: Callable
):
    with pytest.raises(ValueError, match="its table has") as refusal:
        kind_of({**table_of("real").kind.exposed(), part: value})
    one_line(refusal.value)


@pytest.mark.parametrize(
    ("rows", "names", "types", "words"),
    [
        (torch.tensor([[1.0, float("nan")]]), "ab", None, "the first in 'b'"),
        (torch.tensor([[1.0, 2.0]]), "a", None, "1 names for 2 features"),
        (torch.zeros(3), "a", None, "rows and features"),
        (torch.zeros(0, 2), "ab", None, "rows and features"),
        (torch.tensor([[1.5]]), "a", ["count"], "no counts"),
        (torch.tensor([[-1.0]]), "a", ["count"], "no counts"),
        (torch.tensor([[2.0]]), "a", ["binary"], "not binary"),
        (torch.tensor([[2.0]]), "a", ["word"], "no type"),
        (torch.tensor([[2.0]]), "a", ["real", "real"], "2 types for 1"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_sentence(
    rows: Tensor, names: str, types: list[str] | None, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as refusal:
        Table.of(rows, list(names), types)  # type: ignore[arg-type]
    one_line(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [1, F, 200])
def test_every_row_has_a_picture_whatever_its_values(kind: str, features: int):
    rows = rows_of(kind)[:, torch.arange(features) % rows_of(kind).shape[1]]
    types = [TYPES[kind][i % 3] for i in range(features)] if kind == "mixed" else None
    table = Table.of(rows, [str(i) for i in range(features)], types)  # type: ignore[arg-type]
    extremes = torch.cat([rows, torch.full((1, features), 1e9), torch.full((1, features), -1e9)])
    pictures = table.picture(table.shown(extremes))
    assert pictures.dtype == torch.uint8
    assert pictures.dim() == 4
    assert pictures.shape[:2] == (len(extremes), 1)
    assert pictures[-2].sum() > pictures[-1].sum()


def test_a_bar_is_as_high_as_its_value_between_the_ends_of_its_feature():
    table = Table.of(torch.tensor([[0.0, 10.5], [8.0, 30.5]]), ("a", "b"), ("real", "real"))
    middle = torch.tensor([[(table.low[0] + table.high[0]) / 2, table.high[1]]])
    lit = (table.picture(middle)[0, 0] > 0).sum(0)
    assert lit[0] == lit.max() // 2
    assert lit.max() == table.picture(middle).shape[-2]


def test_a_gaussian_feature_has_scipys_density_in_its_own_units():
    table, out = table_of("real").kind, torch.randn(F)
    likelihood = GaussianFeatures(Said(out), "z", table=table)  # type: ignore[arg-type]
    likelihood.set_gamma(torch.linspace(0.2, 1.5, F))
    rows = rows_of("real")
    found = likelihood({"z": torch.zeros(N, 2)}).log_prob(rows)
    mean, scale = np.array(table.mean), np.array(table.scale)  # type: ignore[attr-defined]
    wanted = stats.norm.logpdf(
        rows.numpy().astype(float),
        mean + scale * out.numpy(),
        scale * likelihood.gamma.detach().numpy(),
    ).sum(1)
    assert np.allclose(found.detach().numpy(), wanted, rtol=1e-4)


def test_binary_features_have_scipys_probabilities():
    out, rows = torch.randn(F), rows_of("binary")
    found = BernoulliFeatures(Said(out), "z")({"z": torch.zeros(N, 2)}).log_prob(rows)
    wanted = stats.bernoulli.logpmf(rows.numpy(), out.sigmoid().numpy()).sum(1)
    assert np.allclose(found.numpy(), wanted, rtol=1e-4)


def counted(rows: Tensor) -> dict[str, Tensor]:
    return {
        "z": torch.zeros(len(rows), 2),
        "library": Total()(rows),
        "y": torch.eye(2)[torch.arange(len(rows)) % 2],
    }


def test_counts_have_scipys_poisson_probabilities_with_their_share_of_the_library():
    out, rows = torch.randn(F), rows_of("count")
    found = PoissonCounts(Said(out), "z")(counted(rows)).log_prob(rows)
    means = rows.sum(1, keepdim=True).clamp(min=1) * out.softmax(0)
    assert np.allclose(found.numpy(), stats.poisson.logpmf(rows.numpy(), means.numpy()).sum(1), rtol=1e-4)


@pytest.mark.parametrize("classes", [0, 2])
def test_counts_have_scipys_negative_binomial_probabilities(classes: int):
    out, rows = torch.randn(F), rows_of("count")
    likelihood = NegativeBinomialCounts(Said(out), "z", features=F, classes=classes)
    nn.init.normal_(likelihood.log_theta)
    env = counted(rows)
    found = likelihood(env).log_prob(rows)
    theta = likelihood.log_theta.detach().exp()
    theta = (theta[env["y"].argmax(1)] if classes else theta).double().numpy()
    means = (env["library"] * out.softmax(0)).double().numpy()
    wanted = stats.nbinom.logpmf(rows.numpy(), theta, theta / (theta + means)).sum(1)
    assert np.allclose(found.detach().numpy(), wanted, rtol=1e-4)


# scvi.distributions.NegativeBinomial(mu=…, theta=…).log_prob(x) of scvi-tools 1.4.2, in double precision.
SCVI = """
mu      theta  x    log_prob
0.001   0.01   0    -0.000953
0.001   0.7    2    -13.625189
0.5     0.7    17   -16.377249
0.5     1      17   -19.081874
3       1      900  -260.300159
40      1      1    -3.738265
40      25     17   -6.39701
40      10000  900  -1910.703239
1234.5  25     900  -7.230671
1234.5  10000  900  -49.409494
"""


def test_a_negative_binomial_has_the_log_probabilities_of_scvi_tools():
    mu, theta, x, wanted = torch.tensor(np.loadtxt(SCVI.split("\n")[2:-1])).T
    assert torch.allclose(negative_binomial(mu, theta.log()).log_prob(x), wanted, rtol=1e-5, atol=1e-6)


def test_the_variance_of_a_negative_binomial_is_mean_plus_squared_mean_over_theta():
    likelihood = NegativeBinomialCounts(Said(torch.zeros(F)), "z", features=F)
    nn.init.constant_(likelihood.log_theta, 0.7)
    found = likelihood(counted(rows_of("count")))
    assert torch.allclose(found.variance, found.mean + found.mean.square() / np.exp(0.7), rtol=1e-4)


def test_a_mixed_table_is_the_product_of_its_columns():
    rows, table = rows_of("mixed"), table_of("mixed").kind
    out = torch.tensor([0.3, 0.2, -0.5])
    likelihood = MixedFeatures(Said(out), "z", table=table)  # type: ignore[arg-type]
    found = likelihood({"z": torch.zeros(N, 2)})
    mean, scale = np.array(table.mean), np.array(table.scale)  # type: ignore[attr-defined]
    count = np.exp(0.2) * np.expm1(mean[1])
    wanted = (
        stats.norm.logpdf(rows[:, 0].numpy().astype(float), mean[0] + 0.3 * scale[0], scale[0])
        + stats.nbinom.logpmf(rows[:, 1].numpy(), 1.0, 1 / (1 + count))
        + stats.bernoulli.logpmf(rows[:, 2].numpy(), 1 / (1 + np.exp(0.5)))
    )
    assert np.allclose(found.log_prob(rows).detach().numpy(), wanted, rtol=1e-4)
    assert np.allclose(
        found.mean[0].detach().numpy(), [mean[0] + 0.3 * scale[0], count, 1 / (1 + np.exp(0.5))], rtol=1e-4
    )
    assert found.sample().shape == (N, 3)


def test_the_library_has_the_moments_of_the_training_rows():
    library, rows = Library(), rows_of("count")
    library.start(rows, torch.zeros(N))
    logs = np.log(rows.sum(1).numpy())
    found = library({}).log_prob(Total()(rows))
    wanted = stats.lognorm.logpdf(rows.sum(1).numpy(), logs.std(), scale=np.exp(logs.mean()))
    assert np.allclose(found.numpy(), wanted, rtol=1e-3)


DECLARATIONS: list[tuple[str, Declaration]] = [
    *((kind, VAE(latent=2, nets="mlp-256")) for kind in KINDS),
    *((kind, CDVAE(labelled=2, unlabelled=2, nets="mlp-256")) for kind in KINDS),
    ("count", VAE(latent=2, nets="mlp-256", likelihood="poisson")),
    (
        "count",
        CDVAE(unlabelled=2, nets="mlp-256", likelihood="negative-binomial", dispersion="feature-class"),
    ),
    ("count", Joint(latent=2, nets="mlp-256")),
    ("real", Joint(latent=2, nets="mlp-256", prior="mixture")),
    ("real", VAE(latent=2, nets="mlp-256", rates=(0.1, 10))),
    ("count", CDVAE(unlabelled=2, nets="mlp-256", rates=(0.1, 10))),
    ("real", PPCA(latent=2)),
]


@pytest.mark.parametrize(
    ("kind", "declaration"),
    [case(kind, made, slow=i % 2 > 0) for i, (kind, made) in enumerate(DECLARATIONS)],
    ids=[f"{kind}-{type(made).__name__}-{i}" for i, (kind, made) in enumerate(DECLARATIONS)],
)
def test_a_model_of_a_table_is_trained_measured_and_pictured(
    kind: str, declaration: Declaration, tmp_path: Path
):
    data, held = table_of(kind), table_of(kind, split="test", seed=1)
    found = train(declaration, data, Options(epochs=2, batch=10), tmp_path / "run")
    assert np.isfinite(found.card.history[-1]["loss"])
    opened = load(found.folder)
    batch = next(held.scored_by(found.model).batches(N))
    codes = {name: q.mean for name, q in encode(found.model, batch).items()}
    assert {name: code.shape[1] for name, code in codes.items()} == {
        name: size for name, size in found.model.sizes.items() if name in codes
    }
    shown = reconstruct(found.model, batch)
    assert shown.shape == held.images.shape
    assert shown.isfinite().all()
    given = {"y": torch.eye(2)} if "y" in found.model.inputs() else {}
    drawn = sample(found.model, given, n=2)
    assert opened.signature.kind == data.kind
    assert data.kind.picture(drawn).shape[:2] == (2, 1)
    evaluation = Evaluation(found.model, held.scored_by(found.model), data.scored_by(found.model))
    numbers = measure(evaluation, ["elbo", "active", "bayes", "holes", "rate"])
    assert all(np.isfinite(number.value) for number in numbers.values())


def test_ppca_of_a_table_reaches_scipys_evidence(tmp_path: Path):
    data = table_of("real")
    found = train(PPCA(latent=2), data, Options(epochs=2, batch=10), tmp_path / "run")
    likelihood = found.model.p["x"]
    weight = (likelihood.scale[:, None] * likelihood.net[0].weight).double().numpy()  # type: ignore[index, operator, union-attr]
    mean = (likelihood.mean + likelihood.scale * likelihood.net[0].bias).double().numpy()  # type: ignore[index, operator, union-attr]
    noise = (likelihood.scale * likelihood.gamma).double().numpy() ** 2  # type: ignore[operator]
    exact = stats.multivariate_normal(mean, weight @ weight.T + np.diag(noise)).logpdf(data.images.numpy())
    terms = found.model.terms(next(data.scored_by(found.model).batches(N)), draw=lambda q: q.mean)
    assert found.card.history[-1]["loss"] == pytest.approx(-exact.mean(), rel=1e-3)
    assert terms.elbo.isfinite().all()


@pytest.mark.parametrize(
    ("declaration", "kind", "words"),
    [
        (VAE(likelihood="categorical"), "real", "does not score"),
        (VAE(likelihood="poisson"), "real", "count or binary"),
        (VAE(likelihood="gaussian"), "count", "real or binary"),
        (VAE(prior="vamp"), "real", "needs images"),
        (VAE(nets="conv-32"), "real", "images"),
        (SRVAE(), "real", "needs images"),
        (PPCA(latent=5), "real", "5 features"),
        (PPCA(latent=2), "count", "real or binary"),
    ],
)
def test_what_makes_no_model_of_a_table_is_said_in_one_sentence(
    declaration: Declaration, kind: str, words: str, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as refusal:
        declaration.build(table_of(kind).signature)
    one_line(refusal.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 64}, "40 training rows are fewer than a batch of 64"),
        ({"validation": 40, "batch": 8}, "40 rows to validate on leave none"),
    ],
)
def test_a_training_that_is_refused_speaks_of_rows(
    options: dict, words: str, tmp_path: Path, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        train(
            VAE(latent=2, nets="mlp-256"),
            table_of("real"),
            Options(device="cpu", **options),
            tmp_path / "run",
        )
    one_line(caught.value)


def test_a_likelihood_of_tables_does_not_score_images(one_line: Callable):
    with pytest.raises(ValueError, match="does not score") as refusal:
        VAE(likelihood="poisson").build(Signature(Image(1, 4, 4), ()))
    one_line(refusal.value)


def test_a_model_of_images_takes_no_rows(one_line: Callable):
    model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
    with pytest.raises(ValueError, match="holds rows") as refusal:
        table_of("real").scored_by(model)
    one_line(refusal.value)
