"""The class as a variable, and the class by the bound: a softmax of per-class ELBOs.

Shapes: B examples, K classes. Only the terms that change with the class are computed.
"""

import torch
from torch import Tensor

from .columns import side_by_side
from .conditionals import Env
from .distributions import Draw, diagonal_normal, is_diagonal_normal, kl_divergence, mean
from .model import Inferred, Model
from .names import LABEL
from .priors import one_hot

# Numbers of a block for all classes of a batch at once; more of them are gone through class by class.
AT_ONCE = 2_000_000


def has_label(model: Model) -> bool:
    """Whether a class changes what the model generates."""
    return LABEL in model.p or LABEL in model.inputs()


def class_log_joint(model: Model, inferred: Inferred, log_prior: Tensor, draw: Draw = mean) -> Tensor:
    """ELBO(x, c) + log pi_c for each class, `(B, K)` nats, up to a constant in c.

    For a CDVAE only KL(q(z_l|x) || p(z_l|c)) depends on c, so that q(c|x) = softmax_c(log pi_c - KL_l(c)): Bayes' rule where
    the bound is tight, or as loose for every class. Terms of conditionals that do not read the class are left out.
    Where a posterior reads the class (a CVAE, a Joint VAE), each class gets an inference run of its own, and `draw` draws its latents.
    `log_prior` is log pi, `(K,)`. Raises ValueError for a model in which nothing reads the class.
    """
    readers = [name for name, conditional in model.p.items() if LABEL in conditional.given]
    changed = model.informed_by(LABEL)
    if not (readers or changed):
        raise ValueError(
            "no variable of this model is conditioned on the class, so there is no class posterior"
        )
    size, classes = len(next(iter(inferred.env.values()))), len(log_prior)

    def of_class(c: int) -> Tensor:
        label = one_hot(torch.full((size,), c, device=log_prior.device), classes).to(log_prior)
        if changed:
            known = {n: value for n, value in inferred.env.items() if n not in {*model.latents, *changed}}
            terms = model.terms(known, draw, model.infer({**known, LABEL: label}, draw))
            rest = [value for name, value in terms.log_likelihood.items() if name != LABEL]
            return log_prior[c] + sum(rest) - terms.rate
        env = {**inferred.env, LABEL: label}
        return log_prior[c] + sum(_term(model, name, inferred, env) for name in readers)

    if not changed and (together := _at_once(model, readers, inferred, log_prior)) is not None:
        return log_prior + together
    return side_by_side(map(of_class, range(classes)), classes)


def _at_once(model: Model, readers: list[str], inferred: Inferred, log_prior: Tensor) -> Tensor | None:
    """The terms of all classes, `(B, K)`, by one call of each conditional, where those read the class alone, their posteriors are diagonal
    Gaussians, and B K rows fit; None elsewhere."""
    posteriors = {name: inferred.posteriors[name] for name in readers if name in inferred.posteriors}
    simple = all(model.p[name].given == (LABEL,) and is_diagonal_normal(q) for name, q in posteriors.items())
    if len(posteriors) < len(readers) or not simple:
        return None
    size, classes = len(next(iter(inferred.env.values()))), len(log_prior)
    if size * classes * max(inferred.env[name].shape[-1] for name in readers) > AT_ONCE:
        return None
    env = {LABEL: torch.eye(classes, dtype=log_prior.dtype, device=log_prior.device).repeat(size, 1)}
    total = torch.zeros_like(log_prior[0])
    for name, q in posteriors.items():
        each = diagonal_normal(q.mean.repeat_interleave(classes, 0), q.stddev.repeat_interleave(classes, 0))
        total = total - kl_divergence(
            each, model.p[name](env), inferred.env[name].repeat_interleave(classes, 0)
        )
    return total.unflatten(0, (size, classes))


def before_the_class(model: Model, batch: Env, draw: Draw = mean) -> Inferred:
    """What q says of a batch before the class is known, whether or not the batch holds it: all but what reads a class that is given."""
    known = {name: value for name, value in batch.items() if name != LABEL}
    return model.infer(known, draw, only=model.inferable(known))


def needs_observation(model: Model) -> bool:
    """Whether the class by the bound needs the observation itself: where more than priors of latents reads the class."""
    readers = {name for name, conditional in model.p.items() if LABEL in conditional.given}
    return LABEL not in model.latents and bool(model.informed_by(LABEL) or readers - set(model.latents))


def _term(model: Model, name: str, inferred: Inferred, env: Env) -> Tensor:
    p = model.p[name](env)
    if name in inferred.posteriors:
        return -kl_divergence(inferred.posteriors[name], p, env[name])
    return p.log_prob(env[name])


def uniform_log_prior(classes: int, device: torch.device | None = None) -> Tensor:
    """log 1/K, `(K,)`."""
    return -torch.full((classes,), float(classes), device=device).log()
