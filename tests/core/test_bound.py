"""The bound of one example, term by term, against `model.terms` and closed forms."""

import pytest
import torch

import vae_core
from tests.support.trained import Trained
from vae_core.data import load_data
from vae_core.distributions import Sampler
from vae_core.explore import weigh
from vae_core.kinds import Image
from vae_core.models import CDVAE, CVAE, SRVAE, VAE, Joint, Ladder, Signature

DATA = Signature(Image(1, 8, 8), ("zero", "one", "two"))
X, Y = torch.rand(1, 1, 8, 8).round(), torch.eye(3)[:1]

KINDS = [VAE(latent=3), VAE(latent=3, prior="mixture"), VAE(latent=3, prior="vamp"), CDVAE(), CVAE(), Joint()]
KINDS += [SRVAE(), Ladder()]


@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: f"{type(kind).__name__} {getattr(kind, 'prior', '')}"
)
def test_the_terms_are_the_models_and_dimensions_sum_to_their_block(kind):
    model = kind.build(DATA).eval()
    example = {"x": X, "y": Y}
    found = weigh(model, example, 5, Sampler.seeded(3))
    batch = {name: value.expand(5, *value.shape[1:]) for name, value in example.items()}
    terms = model.terms(batch, Sampler.seeded(3))
    for ours, theirs in zip(found.terms, terms, strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name])
    for name, dimensions in found.per_dimension.items():
        torch.testing.assert_close(dimensions.sum(), found.terms.kl[name].mean(), rtol=1e-4, atol=1e-4)


def test_a_gaussian_term_is_its_closed_form_and_has_no_error():
    model = VAE(latent=3).build(DATA).eval()
    found = weigh(model, {"x": X}, 7, Sampler.seeded(0))
    q = model.infer({"x": X}).posteriors["z"]
    exact = (q.mean**2 + q.variance - 1 - q.variance.log())[0] / 2
    torch.testing.assert_close(found.per_dimension["z"], exact)
    value, se = found.mean(found.terms.kl["z"])
    assert value == pytest.approx(exact.sum().item(), rel=1e-5)
    assert se < 1e-6


def test_a_mean_over_draws_has_its_standard_error():
    found = weigh(VAE(latent=3).build(DATA).eval(), {"x": X}, 4, Sampler.seeded(0))
    values = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert found.mean(values) == pytest.approx((2.5, (5 / 3) ** 0.5 / 2))
    assert found.mean(values[:1]) == (1.0, 0.0)


def test_of_ppca_the_bound_is_the_log_likelihood(trained: Trained):
    """Its posterior is exact: log p(x | z) + log p(z) - log q(z | x) is log p(x) at every draw, and the bound is that number."""
    checkpoint = vae_core.load(trained["ppca-digits"])
    model = checkpoint.model
    example = load_data("digits", "test").scored_by(model).batch(torch.tensor([3]), Sampler.seeded(0))
    found = weigh(model, example, 400, Sampler.seeded(0))
    z, q = found.inferred.env["z"], found.inferred.posteriors["z"]
    evidence = found.terms.log_likelihood["x"] + model.p["z"]({}).log_prob(z) - q.log_prob(z)
    assert evidence.std() < 1e-2
    value, se = found.mean(found.terms.elbo)
    assert abs(value - evidence.mean().item()) < 4 * se
