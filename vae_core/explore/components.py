"""A prior beside the encodings it was trained with: its parts, what each of them is used for, and planes to draw both in.

Shapes: N items, D dimensions of a block, K classes, M parts of a prior, S draws, T positions.

What is asked of a prior is draws and a log-density. Means and scales are asked of `Parts` alone, which have them.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily, Normal

from ..columns import side_by_side
from ..distributions import Draw, Sampler, is_diagonal_normal
from ..model import Model
from ..names import LABEL
from ..priors import Vamp
from .priors import priors_by_class


class Parts(NamedTuple):
    """A prior as a mixture of diagonal Gaussians: weights `(M,)`, means and scales `(M, D)`, and of which class each is, `(M,)`; -1
    where the prior does not read the class, else its classes are equally probable."""

    weights: Tensor
    means: Tensor
    scales: Tensor
    classes: Tensor

    @property
    def distribution(self) -> list[Distribution]:
        """Each part, N(m_k, diag s_k^2)."""
        pairs = zip(self.means, self.scales, strict=True)
        return [Independent(Normal(m, s, validate_args=False), 1) for m, s in pairs]


class Sampled(NamedTuple):
    """A prior that is no mixture of Gaussians, such as a flow: weights `(M,)`, of which class each part is, `(M,)` (see `Parts`), and a
    distribution of each class, or one of all. It has draws and a density, and neither components nor scales that say all of it."""

    weights: Tensor
    classes: Tensor
    distribution: list[Distribution]


@torch.no_grad()
def parts_of(model: Model, block: str) -> Parts | None:
    """The parts of a block's prior: one for each class, each component, both, or one alone; None where it reads other latents, and where it
    is no mixture of diagonal Gaussians.

    >>> from vae_core.kinds import Image
    >>> from vae_core.models import CDVAE, Signature
    >>> model = CDVAE(labelled=3, unlabelled=2).build(Signature(Image(1, 8, 8), ("zero", "one")))
    >>> parts = parts_of(model, "z_l")
    >>> parts.weights.tolist(), parts.classes.tolist(), parts.means.shape
    ([0.5, 0.5], [0, 1], torch.Size([2, 3]))
    """
    prior = priors_by_class(model, block)
    mixture = isinstance(prior, MixtureSameFamily)
    inner = prior.component_distribution if mixture else prior
    if inner is None or not is_diagonal_normal(inner):
        return None
    labelled = block in model.labelled
    weights = (
        prior.mixture_distribution.probs
        if mixture
        else torch.ones(*inner.batch_shape, 1, device=inner.mean.device)
    )
    dimensions = inner.mean.shape[-1]
    # (K or 1, components of each, D)
    shape = (model.classes if labelled else 1, -1, dimensions)
    means, scales = inner.mean.reshape(shape), inner.stddev.reshape(shape)
    weights = weights.reshape(shape[0], -1) / shape[0]
    owner = torch.arange(model.classes) if labelled else torch.tensor([-1])
    return Parts(
        weights.flatten(),
        means.flatten(0, 1),
        scales.flatten(0, 1),
        owner.repeat_interleave(means.shape[1]),
    )


@torch.no_grad()
def shape_of(model: Model, block: str) -> Parts | Sampled | None:
    """A block's prior as what can be drawn and has a density: its parts where it is a mixture of diagonal Gaussians, else a distribution for
    each class or one of all; None where it reads other latents.

    >>> from vae_core.kinds import Image
    >>> from vae_core.models import VAE, Signature
    >>> type(shape_of(VAE(prior="mixture").build(Signature(Image(1, 8, 8), ())), "z")).__name__
    'Parts'
    """
    if (parts := parts_of(model, block)) is not None or priors_by_class(model, block) is None:
        return parts
    conditional, count = model.p[block], model.classes if block in model.labelled else 1
    rows = torch.eye(count, device=model.device)
    owner = torch.arange(count) if block in model.labelled else torch.tensor([-1])
    weights = torch.full((count,), 1 / count, device=model.device)
    return Sampled(weights, owner, [conditional({LABEL: row}) for row in rows])


def responsibilities(prior: Parts | Sampled, codes: Tensor) -> Tensor:
    """r_k(z) = w_k N(z; m_k, s_k) / p(z) for codes `(N, D)`: which part each is taken to come from, `(N, M)`."""
    return _terms(prior, codes).softmax(-1)


def log_density(prior: Parts | Sampled, codes: Tensor) -> Tensor:
    """log p(z) = log sum_k w_k p_k(z) of codes `(N, D)`, nats, `(N,)`."""
    return _terms(prior, codes).logsumexp(-1)


@torch.no_grad()
def _terms(prior: Parts | Sampled, codes: Tensor) -> Tensor:
    """log w_k p_k(z), `(N, M)`."""
    there = codes.to(prior.weights.device)  # a flow stays where its net is
    each = (part.log_prob(there) for part in prior.distribution)
    return (side_by_side(each, len(prior.weights)) + prior.weights.log()).to(codes.device)


def draws(prior: Parts | Sampled, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """`count` draws of the prior `(S, D)` and which part each is of `(S,)`, the same for a seed."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(prior.weights.cpu(), count, replacement=True, generator=generator)
    if isinstance(prior, Sampled):
        return _drawn(prior, chosen, Sampler(generator)), chosen
    noise = torch.randn(count, prior.means.shape[1], generator=generator)
    return prior.means[chosen] + prior.scales[chosen] * noise, chosen


def draws_of_each(prior: Parts | Sampled, chosen: Tensor, count: int, seed: int) -> Tensor:
    """`count` draws of each chosen part, `(len(chosen), count, D)`."""
    generator = torch.Generator().manual_seed(seed)
    if isinstance(prior, Sampled):
        whose = chosen.repeat_interleave(count)
        return _drawn(prior, whose, Sampler(generator)).unflatten(0, (len(chosen), count))
    noise = torch.randn(len(chosen), count, prior.means.shape[1], generator=generator)
    return prior.means[chosen][:, None] + prior.scales[chosen][:, None] * noise


@torch.no_grad()
def _drawn(prior: Sampled, chosen: Tensor, draw: Draw) -> Tensor:
    """A draw of each chosen part, `(S, D)`."""
    codes = torch.empty(len(chosen), *prior.distribution[0].event_shape)
    for k in chosen.unique().tolist():
        places = (chosen == k).nonzero().flatten()
        codes[places] = draw(prior.distribution[k].expand((len(places),))).to(codes)
    return codes


class Plane(NamedTuple):
    """Two orthonormal directions `(D, 2)` through an origin `(D,)`, and their names."""

    origin: Tensor
    axes: Tensor
    names: tuple[str, str]

    def project(self, codes: Tensor) -> Tensor:
        """Coordinates `(N, 2)` of codes `(N, D)`."""
        return (codes - self.origin) @ self.axes

    def place(self, places: Tensor) -> Tensor:
        """The codes `(N, D)` at coordinates `(N, 2)`: all there are where D = 2, and the plane is all of the latent space."""
        return self.origin + places @ self.axes.T

    def marginals(self, parts: Parts) -> tuple[Tensor, Tensor]:
        """Mean `(M, 2)` and covariance `(M, 2, 2)` of each part in the plane: exact, A^T (m - o) and A^T diag(s^2) A."""
        spread = torch.einsum("da,md,db->mab", self.axes, parts.scales.square(), self.axes)
        return self.project(parts.means), spread


def dimensions_plane(block: str, first: int, second: int, dimensions: int) -> Plane:
    """The plane of two coordinates of a block. Raises ValueError where they are the same one."""
    if first == second:
        raise ValueError("a plane needs two different dimensions")
    axes = torch.zeros(dimensions, 2)
    axes[first, 0] = axes[second, 1] = 1.0
    return Plane(torch.zeros(dimensions), axes, (f"{block}[{first}]", f"{block}[{second}]"))


def principal_plane(means: Tensor) -> Plane:
    """The plane in which the posterior means `(N, D)` vary most: the first two eigenvectors of their covariance (a second is made up where
    D = 1 has none), the share of the variance in their names. Signs are such that each axis' largest entry is positive."""
    centred = means - means.mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(means))
    axes = vectors.flip(1)[:, :2]
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    shares = (values.flip(0) / values.sum()).tolist()
    names = [f"principal axis {i + 1}, {share:.0%} of the variance" for i, share in enumerate(shares[:2])]
    if axes.shape[1] < 2:
        return Plane(means.mean(0), torch.cat([axes, torch.zeros_like(axes)], 1), (names[0], "nothing"))
    return Plane(means.mean(0), axes, (names[0], names[1]))


def plane_between(first: Tensor, second: Tensor, codes: Tensor, names: tuple[str, str]) -> Plane:
    """The plane whose first axis runs from one mean `(D,)` to another, its origin halfway, and whose second is the direction at right
    angles to it in which the codes `(N, D)` vary most."""
    along = second - first
    if not along.norm() > 0:
        raise ValueError("the two means are the same point: no axis runs between them")
    along = along / along.norm()
    rest = codes - codes.mean(0)
    rest = rest - (rest @ along)[:, None] * along
    across = torch.linalg.eigh(rest.T @ rest)[1][:, -1]
    across = across - (across @ along) * along
    return Plane(
        (first + second) / 2, torch.stack([along, across / across.norm().clamp(min=1e-12)], -1), names
    )


# Draws whose kernel density stands for the density of a dimension, where that has no closed form.
MARGINAL_DRAWS = 4000


class Marginals(NamedTuple):
    """Densities of one dimension at `at` `(T,)`: of the prior and of the aggregate posterior, `(T,)` each."""

    at: Tensor
    prior: Tensor
    aggregate: Tensor


def marginals(
    prior: Parts | Sampled, means: Tensor, scales: Tensor, dimension: int, positions: int = 161
) -> Marginals:
    """p(z_j) = sum_k w_k N(m_kj, s_kj) and q(z_j) = 1/N sum_n N(mu_nj, sigma_nj), both exact, over where either has its mass.

    Of a prior without parts, which has no closed form of one dimension, p(z_j) is a kernel density of `MARGINAL_DRAWS` seeded draws."""
    mean, scale = means[:, dimension], scales[:, dimension]
    parts = prior if isinstance(prior, Parts) else _kernels(prior, dimension)
    centre, width = (
        part[:, dimension if isinstance(prior, Parts) else 0] for part in (parts.means, parts.scales)
    )
    low = min((centre - 3.5 * width).min(), (mean - 2 * scale).quantile(0.002)).item()
    high = max((centre + 3.5 * width).max(), (mean + 2 * scale).quantile(0.998)).item()
    at = torch.linspace(low, high, positions, device=means.device)

    def density(m: Tensor, s: Tensor, weights: Tensor) -> Tensor:
        return Normal(m, s, validate_args=False).log_prob(at[:, None]).exp() @ weights

    uniform = torch.full_like(mean, 1 / len(mean))
    return Marginals(at, density(centre, width, parts.weights.to(centre)), density(mean, scale, uniform))


def _kernels(prior: Sampled, dimension: int) -> Parts:
    """Gaussians about draws of one dimension, as wide as Silverman's rule has it: .9 min(s, IQR / 1.34) S^(-1/5)."""
    drawn = draws(prior, MARGINAL_DRAWS, seed=0)[0][:, [dimension]]
    low, high = drawn.quantile(torch.tensor([0.25, 0.75]), dim=0)
    width = 0.9 * torch.minimum(drawn.std(0), (high - low) / 1.34).clamp(min=1e-6) * MARGINAL_DRAWS**-0.2
    count = torch.full((MARGINAL_DRAWS,), 1 / MARGINAL_DRAWS)
    return Parts(count, drawn, width.expand_as(drawn), torch.full((MARGINAL_DRAWS,), -1))


def pseudo_inputs(model: Model, block: str) -> Tensor | None:
    """The images whose posteriors are the parts of a VampPrior, `(M, C, H, W)`; None for any other prior."""
    prior = model.p[block]
    return prior.pseudo_inputs.detach() if isinstance(prior, Vamp) else None


def effective(shares: Tensor) -> float:
    """exp of the entropy of the shares `(M,)` that parts have: how many of them are used.

    >>> round(effective(torch.tensor([0.5, 0.5, 0.0])), 4)
    2.0
    """
    used = shares[shares > 0]
    return math.exp(-(used * used.log()).sum().item())
