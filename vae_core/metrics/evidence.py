"""Metrics of the bound: distortion, rate, -ELBO, the importance-weighted bound, active units. Nats.

Shapes: B examples, S importance samples.
"""

import math

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Draw
from ..explore import active_units
from ..model import Model
from .base import Bench, Estimate, gather

IMPORTANCE_SAMPLES = 500
IMPORTANCE_EXAMPLES = 1000


@torch.no_grad()
def elbo_terms(bench: Bench) -> dict[str, Estimate]:
    """distortion = -E_q log p(x|z), rate_<block> = KL(q || p), negative_elbo = their sum with beta = 1: mean over the split.

    One draw of the latents for each image, binarised once. For a model with a class as input the bound is on log p(x|c).
    """
    draw, parts = bench.sampler(2), []
    for batch in bench.data.to(bench.device).batches(1000, bench.seed):
        terms = bench.model.terms(batch, draw)
        rates = {f"rate_{name}": kl for name, kl in terms.kl.items()}
        parts.append({"distortion": terms.distortion, **rates, "negative_elbo": -terms.elbo})
    return {name: Estimate.mean(values) for name, values in gather(parts).items()}


@torch.no_grad()
def importance_bound(bench: Bench) -> dict[str, Estimate]:
    """log_px: log p(x) (log p(x|c) where the class is an input) >= logsumexp_s log w_s - log S, S = 500, mean over 1,000 images.

    w = p(x, z) / q(z|x) at z ~ q(z|x) (Burda et al., 2016); the images are the first of the split, at most 1,000.
    """
    data, draw = bench.data.head(IMPORTANCE_EXAMPLES).to(bench.device), bench.sampler(3)
    bounds = [
        importance_weighted(bench.model, batch, IMPORTANCE_SAMPLES, draw)
        for batch in data.batches(10, bench.seed)
    ]
    return {"log_px": Estimate.mean(torch.cat(bounds))}


def importance_weighted(model: Model, batch: Env, samples: int, draw: Draw) -> Tensor:
    """logsumexp_s [log p(x, z_s) - log q(z_s|x)] - log S for each example, `(B,)` nats."""
    size = len(next(iter(batch.values())))
    repeated = {name: value.repeat_interleave(samples, 0) for name, value in batch.items()}
    posteriors, env = model.infer(repeated, draw)
    log_weight = torch.zeros(size * samples, device=next(iter(env.values())).device)
    for name, conditional in model.p.items():
        log_weight += conditional(env).log_prob(env[name])
        if name in posteriors:
            log_weight -= posteriors[name].log_prob(env[name])
    return log_weight.view(size, samples).logsumexp(-1) - math.log(samples)


def active(bench: Bench) -> dict[str, Estimate]:
    """active_units_<block>: the number of dimensions with Var_x(E_q[z_j]) > 0.01; the error is a bootstrap over images."""
    found = {}
    generator = torch.Generator().manual_seed(bench.seed)
    for name, means in bench.encoded.means.items():
        n = len(means)
        counts = torch.tensor(
            [
                active_units(means[torch.randint(n, (n,), generator=generator)]).sum().item()
                for _ in range(50)
            ],
            dtype=torch.float64,
        )
        found[f"active_units_{name}"] = Estimate(float(active_units(means).sum()), counts.std().item(), n)
    return found
