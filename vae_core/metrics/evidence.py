"""Metrics of the bound: distortion, rate, -ELBO, the importance-weighted bound, active units. Nats.

Shapes: B examples, S importance samples.
"""

import math
from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Draw
from ..explore import active_units
from ..explore.components import effective, responsibilities, shape_of
from ..likelihoods import GaussianPixels, OptimalGaussianPixels
from ..model import Inferred, Model
from ..names import IMAGE, LABEL
from .base import Estimate, Evaluation, bootstrap, gather

IMPORTANCE_SAMPLES = 500
IMPORTANCE_EXAMPLES = 1000
PIXELS_AT_ONCE = 400_000  # of a batch that is decoded: what nets make of more falls out of a CPU's caches


@torch.no_grad()
def elbo_terms(evaluation: Evaluation) -> dict[str, Estimate]:
    """distortion = -E_q log p(x|z), rate_<block> = KL(q || p), negative_elbo = their sum with beta = 1: mean over the split.

    distortion_<variable> too where several are observed. One draw of the latents for each image, its pixels drawn once. The bound is on
    the log-likelihood of what is observed given the inputs: log p(x), log p(x|c) of a CDVAE, log p(x, y) of a Joint VAE,
    log p(x, coarse) of an SRVAE; they cannot be compared with each other.
    bits_per_dimension: -ELBO in bits for each pixel, where the likelihood is one of 8-bit images and nothing else is observed.
    """
    numbers = {name: Estimate.mean(values) for name, values in terms_by_image(evaluation).items()}
    several = any(name.startswith("distortion_") for name in numbers)
    return numbers | ({} if several else _bits(numbers["negative_elbo"], evaluation))


@torch.no_grad()
def terms_by_image(evaluation: Evaluation) -> dict[str, Tensor]:
    """The numbers of `elbo_terms` for each image of the split, `(N,)` nats; the same noise for every model."""
    draw, parts = evaluation.sampler(2), []
    for batch in evaluation.data.to(evaluation.device).batches(1000, evaluation.seed):
        terms = evaluation.model.terms(batch, draw)
        fits = {f"distortion_{name}": -value for name, value in terms.log_likelihood.items()}
        rates = {f"rate_{name}": kl for name, kl in terms.kl.items()}
        several = fits if len(fits) > 1 else {}
        parts.append({"distortion": terms.distortion, **several, **rates, "negative_elbo": -terms.elbo})
    return gather(parts)


def _bits(nats: Estimate, evaluation: Evaluation) -> dict[str, Estimate]:
    size = math.prod(evaluation.data.signature.shape)
    value = evaluation.data.reading.bits_per_dimension(nats.value, size)
    if value is None:
        return {}
    return {"bits_per_dimension": Estimate(value, nats.se / (size * math.log(2)), nats.n)}


@torch.no_grad()
def importance_bound(evaluation: Evaluation) -> dict[str, Estimate]:
    """log_p<what is observed>: log p >= logsumexp_s log w_s - log S, S = 500, mean over 1,000 images of the split, chosen by the seed.

    log_px is log p(x), or log p(x|c) where the class is an input; log_pxy is log p(x, y) of a Joint VAE; log_px_coarse of an SRVAE.
    w = p(x, z) / q(z|x) at z ~ q(z|x) (Burda et al., 2016). negative_elbo_paired: -ELBO of the same images, the mean of -log w_s;
    importance_gap: the bound minus the ELBO, paired by image, in expectation at most KL(q(z|x) || p(z|x)), the gap of inference (Cremer et
    al., 2018).
    """
    data, draw = (
        evaluation.data.subset(IMPORTANCE_EXAMPLES, evaluation.seed).to(evaluation.device),
        evaluation.sampler(3),
    )
    weights = [
        log_weights(evaluation.model, batch, IMPORTANCE_SAMPLES, draw)
        for batch in data.batches(max(1, min(500, PIXELS_AT_ONCE // data.images[0].numel())), evaluation.seed)
    ]
    bounds, elbos = (torch.cat([f(w) for w in weights]) for f in (_log_mean, lambda w: w.mean(0)))
    return {
        evidence_name(evaluation.model): Estimate.mean(bounds),
        "negative_elbo_paired": Estimate.mean(-elbos),
        "importance_gap": Estimate.mean(bounds - elbos),
    }


def evidence_name(model: Model) -> str:
    """What the evidence is the evidence of: log_px, log_pxy, log_px_coarse, log_pxy_library."""
    others = [name for name in model.p if name != IMAGE and (name in model.observed or name == LABEL)]
    others.sort(key=len)
    return "".join(["log_px", *(name if len(name) == 1 else f"_{name}" for name in others)])


def importance_weighted(model: Model, batch: Env, samples: int, draw: Draw) -> Tensor:
    """logsumexp_s [log p(x, z_s) - log q(z_s|x)] - log S for each example, `(B,)` nats."""
    return _log_mean(log_weights(model, batch, samples, draw))


def log_weights(model: Model, batch: Env, samples: int, draw: Draw) -> Tensor:
    """log p(x, z_s) - log q(z_s|x), z_s ~ q(z|x), `(S, B)` nats."""
    inferred = model.infer(batch, draw)
    chained = any(set(net.given) & set(inferred.posteriors) for net in model.q.values())
    weights = [_log_weight(model, inferred)]
    for _ in range(samples - 1):
        if chained:  # a posterior that reads another latent follows its draw
            inferred = model.infer(batch, draw)
        else:
            redrawn = {name: draw(q) for name, q in inferred.posteriors.items()}
            inferred = inferred._replace(env={**inferred.env, **redrawn})
        weights.append(_log_weight(model, inferred))
    return torch.stack(weights)


def _log_mean(log_weights: Tensor) -> Tensor:
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def _log_weight(model: Model, inferred: Inferred) -> Tensor:
    """log p(everything) - log q(latents), `(B,)`."""
    posteriors, env = inferred
    joint = reduce(torch.add, (conditional(env).log_prob(env[name]) for name, conditional in model.p.items()))
    return joint - reduce(torch.add, (q.log_prob(env[name]) for name, q in posteriors.items()))


@torch.no_grad()
def noise(evaluation: Evaluation) -> dict[str, Estimate]:
    """gamma_<variable>, the standard deviation of a Gaussian likelihood, and rmse_<variable> = sqrt(mean (x - E[x|z])^2), z ~ q.

    At its optimum a learned gamma is that root mean squared error. Nothing for other likelihoods, and for one gamma a pixel.
    """
    gammas = {
        n: c.gamma
        for n, c in evaluation.model.p.items()
        if isinstance(c, GaussianPixels | OptimalGaussianPixels)
    }
    scalar = {name: gamma for name, gamma in gammas.items() if gamma.dim() == 0}
    draw, errors = evaluation.sampler(8), []
    for batch in evaluation.data.to(evaluation.device).batches(1000, evaluation.seed) if scalar else ():
        env = evaluation.model.infer(batch, draw).env
        errors.append(
            {n: (env[n] - evaluation.model.p[n](env).mean).square().flatten(1).mean(-1) for n in scalar}
        )
    numbers = {}
    for name, squares in (gather(errors) if errors else {}).items():
        mse = Estimate.mean(squares)
        root = mse.value**0.5
        numbers[f"gamma_{name}"] = Estimate(scalar[name].item(), 0.0, len(squares))
        numbers[f"rmse_{name}"] = Estimate(root, mse.se / (2 * root), len(squares))
    return numbers


@torch.no_grad()
def components(evaluation: Evaluation) -> dict[str, Estimate]:
    """components_<block>: the effective number of parts of a prior, its classes or components, that the encodings use.

    exp of the entropy of the mean responsibility p(i | z), z ~ q(z|x), over the split: 1 where a single one is left, M where all
    are used alike. Nothing for a prior of one part, or one that reads other latents.

    components_match_<block>, components_nmi_<block>, where the prior does not read the class: does the likeliest component of an image go
    with its class? match is the share of images in the component that is paired with their class, components and classes paired one to
    one as well as can be; nmi = 2 I(component; class) / (H(component) + H(class)). Which component pairs with which class is found on
    these images and their labels. The errors are bootstraps over images.
    """
    numbers, generator = {}, torch.Generator().manual_seed(evaluation.seed)
    for name in evaluation.blocks:
        prior = shape_of(evaluation.model, name)
        if prior is None or len(prior.weights) == 1:
            continue
        z = evaluation.encoded.samples[name]
        shares = torch.cat([responsibilities(prior, part) for part in z.split(1000)]).cpu()
        spread = bootstrap(lambda rows, shares=shares: effective(shares[rows].mean(0)), len(z), generator)
        numbers[f"components_{name}"] = Estimate(effective(shares.mean(0)), spread, len(z))
        if evaluation.classes > 1 and int(prior.classes.max()) < 0:
            numbers |= _agreement(name, shares.argmax(-1), shares.shape[1], evaluation, generator)
    return numbers


def _agreement(
    block: str, component: Tensor, components: int, evaluation: Evaluation, generator: torch.Generator
) -> dict[str, Estimate]:
    """`components_match` and `components_nmi` of the component of each image, `(N,)`."""
    labels, n, numbers = evaluation.data.labels.cpu(), len(component), {}
    for name, score in (("match", best_match), ("nmi", normalised_information)):

        def of_rows(rows: Tensor, score: Callable[[Tensor], float] = score) -> float:
            return score(_table(component[rows], labels[rows], components, evaluation.classes))

        spread = bootstrap(of_rows, n, generator)
        numbers[f"components_{name}_{block}"] = Estimate(of_rows(torch.arange(n)), spread, n)
    return numbers


def _table(rows: Tensor, columns: Tensor, height: int, width: int) -> Tensor:
    """How often each pair of integers comes, as shares, `(height, width)`."""
    counts = torch.bincount(rows * width + columns, minlength=height * width).view(height, width)
    return counts.double() / len(rows)


def best_match(table: Tensor) -> float:
    """The greatest share that pairs of rows and columns hold, each in at most one pair, of shares `(M, K)` (Kuhn, 1955).

    >>> round(best_match(torch.tensor([[0.1, 0.4], [0.3, 0.2]])), 4)
    0.7
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    return table[rows, columns].sum().item()


def normalised_information(table: Tensor) -> float:
    """2 I(a; b) / (H(a) + H(b)) of shares `(M, K)`; 0 where neither varies.

    >>> normalised_information(torch.eye(2) / 2), normalised_information(torch.ones(2, 2) / 4)
    (1.0, 0.0)
    """
    rows, columns, both = (torch.special.entr(p).sum().item() for p in (table.sum(1), table.sum(0), table))
    return 2 * (rows + columns - both) / (rows + columns) if rows + columns else 0.0


def active(evaluation: Evaluation) -> dict[str, Estimate]:
    """active_units_<block>: the number of dimensions with Var_x(E_q[z_j]) > 0.01; the error is a bootstrap over images."""
    numbers = {}
    generator = torch.Generator().manual_seed(evaluation.seed)
    for name, means in evaluation.encoded.means.items():
        n = len(means)
        spread = bootstrap(lambda rows, means=means: active_units(means[rows]).sum().item(), n, generator)
        numbers[f"active_units_{name}"] = Estimate(float(active_units(means).sum()), spread, n)
    return numbers
