"""Models whose encoder or decoder is told the class: what they read, what they are when it is exact, and what is said where no class is.

Shapes: B examples, D dimensions, K classes.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from vae_core import Checkpoint, load
from vae_core.conditionals import DiagonalGaussian, Feature
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.explore import (
    class_means,
    class_of,
    class_posterior,
    decode,
    encode,
    path,
    prior_codes,
    prior_given,
    prior_log_density,
    reconstruct,
    ruler,
    sample,
    swap,
    swapped,
    with_class,
)
from vae_core.kinds import Image, Table
from vae_core.likelihoods import GaussianPixels, NegativeBinomialCounts
from vae_core.metrics import Evaluation, measure
from vae_core.metrics.evidence import importance_weighted
from vae_core.metrics.registry import of_known_class
from vae_core.model import Model
from vae_core.models import CDVAE, CVAE, VAE, Joint, Signature
from vae_core.nets import Joined
from vae_core.objectives import elbo
from vae_core.priors import ClassGaussians, StandardNormal, one_hot
from vae_core.serving import LiveDecoder, Request

K, D, S = 3, 2, 0.5
DATA = Signature(Image(1, 2, 2), ("a", "b", "c"))


class LinearCVAE:
    """p(z) = N(0, I), p(x | z, y) = N(W z + m_y, s^2 I) and its exact posterior N(A (x - m_y), s^2 M^-1), with W^T W diagonal."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(1)
        axes = torch.linalg.qr(torch.randn(4, D, generator=generator))[0]
        self.weight = axes * torch.tensor([1.5, 0.7])
        self.means = torch.randn(K, 4, generator=generator)
        precision = self.weight.T @ self.weight / S**2 + torch.eye(D)
        gain = torch.linalg.inv(precision) @ self.weight.T / S**2
        decoder, encoder = nn.Linear(D + K, 4, bias=False), nn.Linear(4 + K, 2 * D)
        spread = -0.5 * precision.diagonal().log()
        with torch.no_grad():
            decoder.weight.copy_(torch.cat([self.weight, self.means.T], 1))
            encoder.weight.copy_(
                torch.cat([torch.cat([gain, -gain @ self.means.T], 1), torch.zeros(D, 4 + K)])
            )
            encoder.bias.copy_(torch.cat([torch.zeros(D), spread]))
        self.model = Model(
            p={
                "z": StandardNormal(D),
                "x": GaussianPixels(
                    Joined(decoder, nn.Unflatten(1, (1, 2, 2))), "z", "y", gamma=torch.tensor(S)
                ),
            },
            q={
                "h": Feature(nn.Flatten(), "x"),
                "z": DiagonalGaussian(Joined(encoder), "h", "y", classes=K),
            },
        ).requires_grad_(False)

    def log_likelihood(self, x: Tensor, y: Tensor) -> Tensor:
        """log p(x | y), exact."""
        covariance = self.weight @ self.weight.T + S**2 * torch.eye(4)
        return MultivariateNormal(y @ self.means, covariance).log_prob(x.flatten(1))


@pytest.fixture(scope="module")
def linear() -> LinearCVAE:
    return LinearCVAE()


@pytest.fixture
def batch() -> dict[str, Tensor]:
    return {
        "x": torch.randn(50, 1, 2, 2, generator=torch.Generator().manual_seed(2)),
        "y": one_hot(torch.arange(50) % K, K),
    }


@pytest.mark.parametrize("draws", [1, 4])
def test_the_bound_of_an_exact_posterior_is_the_evidence_under_the_class(
    linear: LinearCVAE, batch: dict, draws: int
):
    exact = linear.log_likelihood(batch["x"], batch["y"])
    weighted = importance_weighted(linear.model, batch, draws, Sampler.seeded(0))
    torch.testing.assert_close(weighted, exact, atol=1e-4, rtol=1e-4)
    # In expectation: E_q log p(x|z) is drawn, the KL is in closed form.
    bounds = torch.stack([linear.model.terms(batch, Sampler.seeded(seed)).elbo for seed in range(400)])
    assert (bounds.mean(0) - exact).abs().mean() < 0.1


def test_the_class_by_the_bound_is_bayes_rule_where_the_posterior_is_exact(linear: LinearCVAE, batch: dict):
    joint = torch.stack([linear.log_likelihood(batch["x"], row.expand(50, -1)) for row in torch.eye(K)], -1)
    # At the posterior's mean the bound misses E|W(z - mean)|^2 / 2s^2, which is the same under every class.
    torch.testing.assert_close(class_of(linear.model, batch), joint.softmax(-1), atol=1e-4, rtol=1e-3)
    no_class = {"x": batch["x"]}
    assert torch.equal(class_of(linear.model, no_class), class_of(linear.model, batch))
    assert torch.equal(with_class(linear.model, no_class)["y"].argmax(-1), joint.argmax(-1))
    assert torch.equal(with_class(linear.model, batch)["y"], batch["y"])


def test_a_swap_holds_z_and_changes_the_class_alone(linear: LinearCVAE):
    z = torch.randn(5, D)
    codes = swapped(linear.model, {"z": z})
    assert torch.equal(codes["z"], z.repeat_interleave(K, 0))
    assert torch.equal(codes["y"], torch.eye(K).repeat(5, 1))
    images = swap(linear.model, {"z": z}).flatten(2)
    gaps = images[:, 1:] - images[:, :1]
    inside = (images > 0).all(1) & (images < 1).all(1)  # what is shown is cut to [0, 1]
    expected = (linear.means[1:] - linear.means[:1]).expand_as(gaps)
    torch.testing.assert_close(gaps.movedim(1, -1)[inside], expected.movedim(1, -1)[inside])


@pytest.mark.parametrize(
    ("declaration", "encoder", "decoder", "coded", "styles"),
    [
        (VAE(), ["x"], ["z"], ["z"], ["z"]),
        (CDVAE(), ["x"], ["z_l", "z_u"], ["z_l", "z_u"], ["z_u"]),
        (CVAE(), ["x", "y"], ["z", "y"], ["z", "y"], ["z"]),
        (CVAE(prior="class"), ["x", "y"], ["z", "y"], ["z", "y"], ["z"]),
        (Joint(), ["x"], ["y", "z"], ["y", "z"], ["z"]),
        (Joint(prior="class"), ["x"], ["y", "z"], ["y", "z"], ["z"]),
        (VAE(rates=(0.1, 10.0)), ["x", "log_beta_z"], ["z"], ["z"], ["z"]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_what_is_read_is_known_of_a_model(
    declaration: Any, encoder: list, decoder: list, coded: list, styles: list
):
    model = declaration.build(DATA)
    assert (model.encoder_reads, model.decoder_reads) == (encoder, decoder)
    assert (model.coded, model.styles) == (coded, styles)


def test_a_class_that_only_the_spread_reads_is_no_part_of_a_code():
    counts = NegativeBinomialCounts(nn.Linear(D, 4), "z", features=4, classes=K)
    table = Table(tuple("abcd"), ("count",) * 4, (1.0,) * 4, (1.0,) * 4, (0.0,) * 4, (9.0,) * 4)
    model = VAE(latent=D, likelihood="negative-binomial", dispersion="feature-class").build(
        Signature(table, ("a", "b", "c"))
    )
    assert "y" in counts.given
    assert "y" not in counts.mean_given
    assert (model.coded, model.encoder_reads) == (["z"], ["x"])
    assert decode(model, {"z": torch.zeros(2, D)}).shape == (2, 4)
    # The class by the bound is in the spread alone, and needs the counts.
    assert class_of(model, {"x": torch.ones(2, 4)}).shape == (2, K)


WITHOUT: dict[str, Callable[[Model], Any]] = {
    "encode": lambda model: encode(model, {"x": torch.zeros(2, 1, 2, 2)}),
    "reconstruct": lambda model: reconstruct(model, {"x": torch.zeros(2, 1, 2, 2)}),
    "decode": lambda model: decode(model, {"z": torch.zeros(2, 16)}),
    "sample": lambda model: sample(model, {}, n=2),
    "prior_codes": lambda model: prior_codes(model, {}, n=2),
    "prior_given": lambda model: prior_given(model, "z", {}),
    "ruler": lambda model: ruler(model, "z", {}, 3.0, 5),
    "class_posterior": lambda model: class_posterior(
        model, {"z": torch.zeros(2, 16)}, {"z": torch.ones(2, 16)}
    ),
}


@pytest.mark.parametrize("what", WITHOUT)
def test_where_a_class_is_needed_and_none_is_there_a_sentence_says_so(what: str, one_line: Callable):
    model = CVAE(prior="class").build(DATA)
    with pytest.raises(ValueError, match="class") as caught:
        WITHOUT[what](model)
    assert "give" in one_line(caught.value)


def test_a_labelled_prior_says_so_too(one_line: Callable):
    with pytest.raises(
        ValueError, match=r"p\(z_l \| y\) reads y, and none is given: give the class"
    ) as caught:
        prior_given(CDVAE().build(DATA), "z_l", {})
    one_line(caught.value)


def test_a_density_sums_out_a_class_that_is_not_given(linear: LinearCVAE):
    model = CVAE(latent=D, prior="class").build(DATA)
    z = torch.randn(4, D)
    each = torch.stack(
        [prior_log_density(model, "z", {"z": z, "y": row.expand(4, -1)}) for row in torch.eye(K)]
    )
    torch.testing.assert_close(prior_log_density(model, "z", {"z": z}), each.logsumexp(0) - math.log(K))


def test_a_path_switches_the_class_in_the_middle_and_follows_its_prior():
    prior = ClassGaussians(K, D)
    model = CVAE(latent=D, prior="class").build(DATA)
    ends = {"z": torch.tensor([[1.0, 0.0], [0.0, 1.0]]), "y": torch.eye(K)[:2]}
    codes = path(model, ends, torch.linspace(0, 1, 5), "sphere")
    assert list(codes) == ["y", "z"]
    assert codes["y"].argmax(-1).tolist() == [0, 0, 1, 1, 1]
    assert prior.classes == model.classes == K
    assert decode(model, codes).shape == (5, 1, 2, 2)


def test_the_mean_of_a_class_is_beside_it(linear: LinearCVAE):
    means = class_means(linear.model, {"z": torch.eye(3)[:, :D]}, torch.eye(K))
    assert torch.equal(means["y"], torch.eye(K))
    assert torch.equal(means["z"], torch.eye(3)[:, :D])


def test_a_class_term_teaches_what_is_told_the_class():
    model = CVAE(latent=D).build(DATA)
    batch = {"x": torch.rand(4, 1, 2, 2).round(), "y": one_hot(torch.tensor([0, 1, 2, 0]), K)}
    loss = elbo(class_weight=2.0)(model, batch)
    loss.total.backward()
    assert loss.total.isfinite()
    assert all(p.grad is not None for p in model.parameters())


# ---- with data


def labelled(split: str, known: bool | None = None) -> Data:
    labels = torch.arange(60) % K
    images = 255 * torch.eye(4, dtype=torch.uint8)[labels].view(60, 1, 2, 2)
    flags = None if known is None else torch.full((60,), known)
    return Data("pixels", split, images, labels, DATA.classes, known=flags)


def test_images_whose_class_nobody_knows_are_refused_before_anything_is_measured(one_line: Callable):
    for declaration in (CVAE(), CDVAE()):
        model, none = declaration.build(DATA), labelled("test", known=False)
        if "y" in model.encoder_reads:
            with pytest.raises(
                ValueError, match="the class of none of the 60 test images is known"
            ) as caught:
                of_known_class(none, print, model)
            one_line(caught.value)
        else:
            assert of_known_class(none, print, model) is none


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["class", "normal", "mixture", "class-mixture", "prototypes"])
def test_a_model_told_the_class_is_measured_whole_whatever_its_prior(
    prior: str, monkeypatch: pytest.MonkeyPatch
):
    from vae_core.metrics import classes, oracle

    monkeypatch.setattr(oracle, "ORACLE_STEPS", 5)
    monkeypatch.setattr(classes, "SAMPLES", 30)
    model = CVAE(latent=4, prior=prior, components=2 if "mixture" in prior else None, nets="mlp-256").build(
        DATA
    )  # type: ignore[arg-type]
    train, test = (labelled(split).scored_by(model) for split in ("train", "test"))
    numbers = measure(Evaluation(model.eval().requires_grad_(False), test, train))
    assert {"negative_elbo", "bayes_accuracy", "swap_accuracy", "sample_accuracy", "log_px"} <= set(numbers)
    assert ("prior_kl_z" in numbers) == (prior in ("class", "prototypes"))


# ---- live


@pytest.fixture(scope="module")
def found(trained: dict[str, Path]) -> Checkpoint:
    return load(trained["cvae-digits"])


@pytest.fixture(scope="module")
def live(found: Checkpoint) -> LiveDecoder:
    return LiveDecoder(lambda name: found)


def ask(live: LiveDecoder, **asked: Any) -> Any:
    return live.answer([Request.read(json.dumps({"model": "cvae-digits", **asked}))])[0]


def test_the_live_route_decodes_an_item_under_its_class_and_under_another(
    live: LiveDecoder, found: Checkpoint
):
    z = torch.from_numpy(found.atlas.means["z"][[3]])
    row = [[[3, 1.0]]]
    own = ask(live, mix={"z": row, "y": row}, back=True)
    label = int(found.atlas.labels[3])
    assert own.codes["y"].tolist() == one_hot(torch.tensor([label]), 10).tolist()
    for c, answer in ((label, own), (7, ask(live, mix={"z": row}, label=[7], back=True))):
        expected = found.kind.picture(decode(found.model, {"z": z, "y": one_hot(torch.tensor([c]), 10)}))
        torch.testing.assert_close(torch.from_numpy(answer.pixels), expected.movedim(1, -1))
        torch.testing.assert_close(torch.from_numpy(answer.codes["z"]), z)


def test_the_live_route_reads_the_class_of_an_image_by_the_bound(
    live: LiveDecoder, found: Checkpoint, digits: Data
):
    import base64

    x = digits.images[5]
    picture = {"pixels": base64.b64encode(x.numpy().tobytes()).decode(), "latents": ["z", "y"]}
    answer = ask(live, image=picture, back=True)
    stored = Data("own", "test", x[None], torch.zeros(1, dtype=torch.long), (), kind=found.kind)
    batch = with_class(found.model, {"x": stored.scored_by(found.model).drawn()})
    assert answer.codes["y"].argmax() == batch["y"].argmax()
    torch.testing.assert_close(torch.from_numpy(answer.codes["z"]), encode(found.model, batch)["z"].mean)


@pytest.mark.parametrize(
    "asked", [{"codes": {"z": [[0.0] * 4]}}, {"mix": {"z": [[[3, 1.0]]]}}, {"draw": {"seed": 1}}]
)
def test_the_live_route_asks_for_a_class(live: LiveDecoder, asked: dict, one_line: Callable):
    answer = ask(live, **asked)
    assert isinstance(answer, ValueError)
    assert "give a label" in one_line(answer)


def test_arrays_at_hand_are_given_with_their_classes(found: Checkpoint, digits: Data, one_line: Callable):
    x, y = digits.images[:6].numpy(), digits.labels[:6].numpy()
    codes = found.encode(x, y)
    assert codes["z"].shape == (6, 4)
    assert (found.reconstruct(x, y) == found.decode(codes, y)).all()
    assert found.sample(20).shape == (20, 1, 8, 8)
    for without in (found.encode, found.reconstruct):
        with pytest.raises(ValueError, match="none is given") as caught:
            without(x)
        one_line(caught.value)
    with pytest.raises(ValueError, match="the decoder of this model reads the class") as caught:
        found.decode(codes)
    one_line(caught.value)
