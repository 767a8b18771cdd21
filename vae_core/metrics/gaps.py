"""The evidence by annealed importance sampling, and the gap of the bound in its two parts. Nats.

Shapes: C chains, B examples, D dimensions of a block.
"""

import math
from collections.abc import Mapping
from functools import reduce

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Sampler, diagonal_normal, is_diagonal_normal
from ..model import Inferred, Model
from .base import Estimate, Evaluation
from .evidence import evidence_name

EXAMPLES, CHAINS, TEMPERATURES, LEAPFROGS = 100, 16, 500, 5
STEPS, DRAWS, RATE = 500, 8, 0.02
FINAL = 500

Codes = dict[str, Tensor]


def inference_gaps(evaluation: Evaluation) -> dict[str, Estimate]:
    """log_px_annealed (log_pxy_annealed of a Joint VAE, log_px_coarse_annealed of an SRVAE, as in `importance_bound`): log p by `annealed`, 500 temperatures and 16 chains, mean over 100 images of the split, chosen by the seed.

    approximation_gap: that less the ELBO of the best diagonal Gaussian for each image, which is found by 500 steps of Adam from
    q(z|x); amortisation_gap: this ELBO less that of q(z|x) itself (Cremer et al., 2018). Both ELBOs are means over 500 draws; the two
    gaps and the ELBO sum to log p. Errors are those over images. Nothing for models without a bound, or whose posteriors are no Gaussians of the observation alone.
    """
    model = evaluation.model.requires_grad_(False)
    if model.no_posterior or not model.blocks:
        return {}
    data, draw = (
        evaluation.data.subset(EXAMPLES, evaluation.seed).to(evaluation.device),
        evaluation.sampler(13),
    )
    (batch,) = data.batches(EXAMPLES, evaluation.seed)
    with torch.no_grad():
        inferred = model.infer(batch, draw)
    if not _simple(model, inferred):
        evaluation.report("no gaps: they need posteriors that are Gaussians of the observation alone")
        return {}
    evaluation.report("fitting a Gaussian to each image")
    best = fitted(model, inferred, draw)
    evaluation.report("annealing")
    log_p = annealed(model, _with(inferred, best), CHAINS, TEMPERATURES, draw)
    own, better = (mean_bound(model, _with(inferred, q), FINAL, draw) for q in (_gaussians(inferred), best))
    return {
        f"{evidence_name(model)}_annealed": Estimate.mean(log_p),
        "approximation_gap": Estimate.mean(log_p - better),
        "amortisation_gap": Estimate.mean(better - own),
    }


Gaussians = Mapping[str, tuple[Tensor, Tensor]]
"""Mean and log scale of each block, `(B, D)`."""


def _simple(model: Model, inferred: Inferred) -> bool:
    chained = any(set(net.given) & set(inferred.posteriors) for net in model.q.values())
    return not chained and all(is_diagonal_normal(q) for q in inferred.posteriors.values())


def _gaussians(inferred: Inferred) -> dict[str, tuple[Tensor, Tensor]]:
    return {name: (q.mean, q.stddev.log()) for name, q in inferred.posteriors.items()}


def _with(inferred: Inferred, gaussians: Gaussians) -> Inferred:
    """The same observations under other posteriors."""
    return Inferred(
        {n: diagonal_normal(mean, log_scale.exp()) for n, (mean, log_scale) in gaussians.items()},
        inferred.env,
    )


def log_joint(model: Model, env: Env, codes: Env) -> Tensor:
    """log p(observed, codes | inputs) for each row, `(B,)`."""
    values = {**env, **codes}
    return reduce(torch.add, (p(values).log_prob(values[name]) for name, p in model.p.items()))


def _log_q(inferred: Inferred, codes: Env) -> Tensor:
    return reduce(torch.add, (q.log_prob(codes[name]) for name, q in inferred.posteriors.items()))


@torch.no_grad()
def mean_bound(model: Model, inferred: Inferred, draws: int, draw: Sampler) -> Tensor:
    """The ELBO of each example as the mean of log p(x, z) - log q(z) over draws of its posterior, `(B,)`."""
    total = torch.zeros(())
    for _ in range(draws):
        codes = {name: draw(q) for name, q in inferred.posteriors.items()}
        total = total + log_joint(model, inferred.env, codes) - _log_q(inferred, codes)
    return total / draws


def fitted(model: Model, inferred: Inferred, draw: Sampler) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and log scale of the diagonal Gaussian with the greatest ELBO for each example, from its q(z|x) by Adam with a falling rate."""
    found = {
        name: tuple(part.clone().requires_grad_() for part in parts)
        for name, parts in _gaussians(inferred).items()
    }
    optimizer = torch.optim.Adam([part for parts in found.values() for part in parts], lr=RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        now = _with(inferred, found)  # type: ignore[arg-type]
        loss = torch.zeros(())
        for _ in range(DRAWS):
            codes = {name: draw(q) for name, q in now.posteriors.items()}
            loss = loss - (log_joint(model, inferred.env, codes) - _log_q(now, codes)).sum() / DRAWS
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
    return {name: (mean.detach(), log_scale.detach()) for name, (mean, log_scale) in found.items()}


def annealed(model: Model, inferred: Inferred, chains: int, temperatures: int, draw: Sampler) -> Tensor:
    """log p(observed | inputs) of each example, `(B,)`: logsumexp over C chains of sum_t (b_t - b_t-1) (log p(x, z_t) - log q(z_t)) - log C.

    Chains begin at draws of the posterior q and move towards the true one, at b_t between 0 and 1 leaving q^(1 - b) p(x, z)^b invariant
    by Hamiltonian Monte Carlo in units of q's scales, whose step grows or shrinks with the share of moves that are taken. In expectation
    a lower bound, whatever q is; tight for many temperatures.

    Args:
        model: without gradients of its own.
        inferred: the posteriors to begin at, and the observations.
        chains: C.
        temperatures: how many steps from q to the true posterior.
        draw: the noise.

    Source:
        Neal (2001); Wu et al. (2017), arXiv 1611.04273.
    """
    size = len(next(iter(inferred.env.values())))
    many = Inferred(
        {
            n: diagonal_normal(q.mean.repeat(chains, 1), q.stddev.repeat(chains, 1))
            for n, q in inferred.posteriors.items()
        },
        {name: value.repeat(chains, *[1] * (value.dim() - 1)) for name, value in inferred.env.items()},
    )
    codes = {name: draw(q) for name, q in many.posteriors.items()}
    log_w, step = torch.zeros(chains * size, dtype=torch.float64), 0.2
    for t in range(1, temperatures + 1):
        with torch.no_grad():
            log_w += (log_joint(model, many.env, codes) - _log_q(many, codes)).cpu() / temperatures
        codes, taken = _moved(model, many, codes, t / temperatures, step, draw)
        step = min(1.0, max(1e-4, step * (1.02 if taken > 0.65 else 0.98)))
    return log_w.view(chains, size).logsumexp(0) - math.log(chains)


def _moved(
    model: Model, inferred: Inferred, codes: Codes, b: float, step: float, draw: Sampler
) -> tuple[Codes, float]:
    """One move of Hamiltonian Monte Carlo that leaves q^(1 - b) p(x, z)^b invariant, and the share of rows that took it."""
    scales = {name: q.stddev for name, q in inferred.posteriors.items()}
    momentum = {name: draw.normal(tuple(z.shape), z.device) for name, z in codes.items()}

    def energy(z: Codes) -> Tensor:
        return -(1 - b) * _log_q(inferred, z) - b * log_joint(model, inferred.env, z)

    def slope(z: Codes) -> tuple[Tensor, Codes]:
        held = {name: part.detach().requires_grad_() for name, part in z.items()}
        value = energy(held)
        parts = torch.autograd.grad(value.sum(), list(held.values()))
        return value.detach(), {name: part * scales[name] for name, part in zip(held, parts, strict=True)}

    before, down = slope(codes)
    before = before + _kinetic(momentum)
    new, after = codes, before
    for _ in range(LEAPFROGS):
        momentum = {name: p - step / 2 * down[name] for name, p in momentum.items()}
        new = {name: z + step * scales[name] * momentum[name] for name, z in new.items()}
        after, down = slope(new)
        momentum = {name: p - step / 2 * down[name] for name, p in momentum.items()}
    after = after + _kinetic(momentum)
    accepted = draw.uniform(tuple(before.shape), before.device).log() < before - after
    moved = {name: torch.where(accepted[:, None], new[name], z) for name, z in codes.items()}
    return moved, accepted.float().mean().item()


def _kinetic(momentum: Codes) -> Tensor:
    return reduce(torch.add, (p.square().sum(-1) / 2 for p in momentum.values()))
