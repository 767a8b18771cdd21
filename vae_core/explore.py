"""What a user does with a model, for any model: infer and generate, with some variables fixed.

Shapes: N items, D latent dimensions, T positions, K classes, C H W image. Images come back in [0, 1].
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily

from .conditionals import Env
from .distributions import Draw, diagonal_normal, kl_per_dimension, mean
from .labels import class_log_joint, has_label, uniform_log_prior
from .model import Inferred, Model
from .names import IMAGE, LABEL
from .priors import one_hot

Codes = dict[str, Tensor]

# A unit is active where the posterior mean varies over the data: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).
ACTIVE_VARIANCE = 0.01

# Images that are decoded at once on a CPU: what nets make of more falls out of its caches.
AT_ONCE = 64


@torch.no_grad()
def encode(model: Model, batch: Env) -> dict[str, Distribution]:
    """The posterior of each latent given the image: a class that the batch holds is not looked at."""
    return model.infer({name: value for name, value in batch.items() if name != LABEL}).posteriors


def codes_of(means: Mapping[str, Tensor]) -> Codes:
    """What a decoder reads of posterior means: a class is the most probable one, not a blend of several."""
    return {
        name: one_hot(mean.argmax(-1), mean.shape[-1]) if name == LABEL else mean
        for name, mean in means.items()
    }


@torch.no_grad()
def decode(model: Model, codes: Env) -> Tensor:
    """The mean image of `codes` (all latents, `(N, D)` each), kept within [0, 1]: `(N, C, H, W)`."""
    size = AT_ONCE if model.device.type == "cpu" else max(1, *map(len, codes.values()))
    parts = zip(*(code.split(size) for code in codes.values()), strict=True)
    images = [model.generate(dict(zip(codes, part, strict=True)), only=[IMAGE])[IMAGE] for part in parts]
    return torch.cat(images).clamp(0, 1)


@torch.no_grad()
def reconstruct(model: Model, batch: Env) -> Tensor:
    """Decode the posterior means; the class is not needed, since every latent is fixed."""
    return decode(model, codes_of({name: q.mean for name, q in encode(model, batch).items()}))


def holdable(model: Model) -> list[str]:
    """The variables that can be held while the rest is drawn: latent blocks, observations other than the image, the class."""
    observed = [name for name in model.observed if name != IMAGE]
    return [*model.blocks, *observed, *([LABEL] if has_label(model) else [])]


@torch.no_grad()
def complete(model: Model, fixed: Env, n: int = 1, draw: Draw = mean) -> dict[str, Tensor]:
    """Every variable of the generative net, where those in `fixed` `(N, ...)` are given: infer what they inform, generate the rest.

    A latent whose posterior can be had from the fixed variables alone is drawn from it: of a fixed coarse image the u behind it, of a
    fixed image all latents. The other latents are drawn from the generative net; what is observed is its mean. `n` draws if
    nothing is fixed.
    """
    known = set(fixed)
    for name, net in model.q.items():
        if set(net.given) <= known:
            known.add(name)
    inferred = model.infer(fixed, draw, only=[name for name in model.q if name in known])
    return _generated(model, inferred.env, n, draw, list(model.p))


def _generated(model: Model, env: Env, n: int, draw: Draw, names: Sequence[str]) -> dict[str, Tensor]:
    """`generate`, with latents drawn by `draw` and observations at their mean."""
    values = dict(env)
    for name in names:
        values = model.generate(values, n, draw if name in model.latents else mean, only=[name])
    return values


@torch.no_grad()
def prior_codes(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Codes:
    """Latents from the prior, `(N, D)` each, given the inputs it needs; their means unless `draw` samples."""
    last = max(list(model.p).index(name) for name in model.latents)
    values = _generated(model, inputs, n, draw, list(model.p)[: last + 1])
    return {name: values[name] for name in model.latents}


@torch.no_grad()
def sample(model: Model, inputs: Env, n: int = 1, draw: Draw = mean) -> Tensor:
    """Mean images of latents from the prior: class-conditional where the class is among `inputs`."""
    return decode(model, prior_codes(model, inputs, n, draw))


def traversal(start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor) -> Codes:
    """Codes `(len(dimensions) T, D)`, row after row: one coordinate of `block` at a time takes each of its `values`.

    `start` holds one code `(D,)` for each block; `values` is `(len(dimensions), T)`. All other coordinates stay.

    >>> traversal({"z": torch.zeros(2)}, "z", [1], torch.tensor([[-3.0, 3.0]]))["z"].tolist()
    [[0.0, -3.0], [0.0, 3.0]]
    """
    rows, steps = values.shape
    codes = {name: code.expand(rows, steps, -1).clone() for name, code in start.items()}
    for row, dimension in enumerate(dimensions):
        codes[block][row, :, dimension] = values[row]
    return {name: code.flatten(0, 1) for name, code in codes.items()}


@torch.no_grad()
def traverse(
    model: Model, start: Mapping[str, Tensor], block: str, dimensions: Sequence[int], values: Tensor
) -> Tensor:
    """Images `(len(dimensions), T, C, H, W)` of the codes of `traversal`."""
    images = decode(model, traversal(start, block, dimensions, values))
    return images.unflatten(0, tuple(values.shape))


@torch.no_grad()
def swapped(model: Model, kept: Mapping[str, Tensor], classes: int) -> Codes:
    """Codes `(N K, D)`, item after item: its kept blocks `(N, D)` with the others at their prior's mean for every class."""
    n = len(next(iter(kept.values())))
    repeated = {name: code.repeat_interleave(classes, 0) for name, code in kept.items()}
    device = next(iter(kept.values())).device
    label = one_hot(torch.arange(classes, device=device).repeat(n), classes)
    return prior_codes(model, {**repeated, LABEL: label})


@torch.no_grad()
def swap(model: Model, kept: Mapping[str, Tensor], classes: int) -> Tensor:
    """Images `(N, K, C, H, W)` of the codes of `swapped`."""
    return decode(model, swapped(model, kept, classes)).unflatten(0, (-1, classes))


@torch.no_grad()
def priors_by_class(model: Model, block: str, classes: int) -> Independent | None:
    """p(block | y) for each class, batch shape `(K,)`; `()` where the class does not matter; None if other parents do."""
    conditional = model.p[block]
    if set(conditional.given) - {LABEL}:
        return None
    return conditional({LABEL: torch.eye(classes, device=model.device)})


@torch.no_grad()
def prior_distance(model: Model, block: str, classes: int) -> float | None:
    """Least distance between two class priors, |m_c - m_c'| / s with s the larger of their mean scales; None where there are no two."""
    prior = priors_by_class(model, block, classes)
    if prior is None or not prior.batch_shape or classes < 2:
        return None
    scale = prior.stddev.mean(-1)
    distance = torch.cdist(prior.mean, prior.mean) / torch.maximum(scale[:, None], scale[None, :])
    return distance[~torch.eye(classes, dtype=torch.bool, device=distance.device)].min().item()


@torch.no_grad()
def reach(model: Model, block: str, means: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """The lowest and the highest value `(D,)` that each coordinate of a block is worth being given: between the 0.1 % and the 99.9 %
    quantile of the posterior means `(N, D)`, and within 3 standard deviations of the prior's mean, of any class."""
    ends = means.quantile(torch.tensor([0.001, 0.999], device=means.device), dim=0)
    prior = priors_by_class(model, block, classes)
    if prior is None:
        return ends[0], ends[1]
    low, high = (
        (prior.mean + side * prior.stddev).reshape(-1, means.shape[-1]).to(means) for side in (-3, 3)
    )
    return torch.minimum(ends[0], low.amin(0)), torch.maximum(ends[1], high.amax(0))


class Ruler(NamedTuple):
    """Where a traversal goes: coordinates `(D, T)` at `ticks` `(T,)` standard deviations of the prior from its mean."""

    ticks: Tensor
    values: Tensor
    mean: Tensor
    scale: Tensor

    def nearest(self, code: Tensor) -> Tensor:
        """The tick nearest to each coordinate of a code `(D,)`; -1 where it lies more than half a step outside, `(D,)`."""
        position = (code - self.mean) / self.scale
        gap = (position[:, None] - self.ticks).abs().min(-1)
        half = (self.ticks[1] - self.ticks[0]) / 2
        return torch.where(gap.values <= half + 1e-6, gap.indices, -1)


@torch.no_grad()
def ruler(model: Model, block: str, env: Env, span: float, steps: int) -> Ruler:
    """`steps` equal steps over +-`span` standard deviations of the block's prior given what `env` holds `(1, ...)`."""
    prior = prior_given(model, block, env)
    mean, scale = (part.reshape(-1, part.shape[-1])[0] for part in (prior.mean, prior.stddev))
    ticks = torch.linspace(-span, span, steps, device=mean.device)
    return Ruler(ticks, mean[:, None] + scale[:, None] * ticks, mean, scale)


@torch.no_grad()
def prior_given(model: Model, block: str, env: Env) -> Distribution:
    """p(block | parents), with the parents that `env` does not hold generated from what it holds, by their means."""
    others = {name: value for name, value in env.items() if name != block}
    return model.p[block](model.generate(others, only=model.p[block].given))


@torch.no_grad()
def class_posterior(
    model: Model, means: Mapping[str, Tensor], scales: Mapping[str, Tensor], classes: int
) -> Tensor:
    """q(c|x) from the posteriors' parameters, `(N, K)`: the model's own classifier where it has one, else by the bound
    (softmax of per-class ELBOs, `labels.class_log_joint`, pi uniform).

    Raises ValueError for a model that does not read the class.
    """
    if LABEL in model.latents:
        return means[LABEL]
    posteriors: dict[str, Distribution] = {name: diagonal_normal(means[name], scales[name]) for name in means}
    log_joint = class_log_joint(
        model, Inferred(posteriors, dict(means)), uniform_log_prior(classes, model.device)
    )
    return log_joint.softmax(-1)


@torch.no_grad()
def rate_per_dimension(
    model: Model,
    block: str,
    means: Mapping[str, Tensor],
    scales: Mapping[str, Tensor],
    labels: Tensor,
    classes: int,
) -> Tensor | None:
    """KL(q_j || p_j) in nats, mean over the items, `(D,)`; None where posterior and prior do not factorise.

    `labels` `(N,)` select the prior of a labelled block; where a prior has other latents as parents, they are at their means.
    """
    prior = prior_given(model, block, {**codes_of(means), LABEL: one_hot(labels, classes)})
    found = kl_per_dimension(diagonal_normal(means[block], scales[block]), prior)
    return None if found is None else found.mean(0)


def prior_components(model: Model, block: str) -> Independent | None:
    """The components of a block's mixture prior, batch shape `(M,)`; None for any other prior."""
    conditional = model.p[block]
    prior = None if conditional.given else conditional({})
    return prior.component_distribution if isinstance(prior, MixtureSameFamily) else None  # type: ignore[return-value]


def active_units(means: Tensor) -> Tensor:
    """Which dimensions are active, `(D,)` bool: Var_x(E_q[z_j]) > 0.01 (Burda et al., 2016).

    >>> active_units(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).tolist()
    [False, True]
    """
    return activity(means) > ACTIVE_VARIANCE


def activity(means: Tensor) -> Tensor:
    """Var_x(E_q[z_j]), `(D,)`: how much the posterior mean of each dimension varies over the items."""
    return means.var(0)


def neighbours(codes: Tensor, code: Tensor, k: int, item: int | None = None) -> Tensor:
    """The k items whose codes `(N, D)` are nearest to a code `(D,)` by Euclidean distance, nearest first; `item` is left out.

    >>> codes = torch.tensor([[0.0], [5.0], [1.0]])
    >>> neighbours(codes, codes[0], 2, item=0).tolist()
    [2, 1]
    """
    distance = torch.linalg.vector_norm(codes - code, dim=-1)
    if item is not None:
        distance[item] = torch.inf
    return distance.topk(min(k, len(codes) - (item is not None)), largest=False).indices


def line(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(1 - t) a + t b for codes `(D,)` and each t `(T,)`: `(T, D)`.

    >>> line(torch.tensor([0.0, 2.0]), torch.tensor([4.0, 0.0]), torch.tensor([0.0, 0.25, 1.0])).tolist()
    [[0.0, 2.0], [1.0, 1.5], [4.0, 0.0]]
    """
    return (1 - t)[:, None] * a + t[:, None] * b


def slerp(a: Tensor, b: Tensor, t: Tensor, centre: Tensor | None = None) -> Tensor:
    """Along the great circle from a to b `(D,)` about a centre m, for each t `(T,)`: `(T, D)`.

    z(t) = m + r(t) (sin((1 - t) w) u + sin(t w) v) / sin w, with u and v the directions of a - m and b - m, w the angle between
    them, and r(t) = (1 - t) |a - m| + t |b - m| (Shoemake, 1985; for latent codes White, 2016, who weighs a - m and b - m
    themselves: the same where they are equally long). So the length lies between those of the ends: it does not dip as a line's does.

    `centre` is `(D,)`, by default 0, or `(T, D)`: one for each t, the first belonging to a and the last to b. Where one end lies at
    its centre it has no direction, and the path keeps that of the other. Between opposite directions all half circles are equally
    short: this one passes the coordinate axis that u is farthest from; in one dimension there is none, and the path is the line.

    >>> t = torch.tensor([0.0, 0.5, 1.0])
    >>> slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), t).norm(dim=-1).round(decimals=4).tolist()
    [2.0, 3.0, 4.0]
    """
    m = torch.zeros_like(a)[None] if centre is None else centre.reshape(-1, a.shape[-1])
    start, end, share = (a - m[0]).double(), (b - m[-1]).double(), t.double()
    u, v = (F.normalize(part, dim=0) for part in (start, end))
    u, v = (v if not u.any() else u), (u if not v.any() else v)
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    side = v - (u @ v) * u
    if side.norm() < SAME_DIRECTION:
        if u @ v < 0 and len(u) == 1:
            return (m + line(start, end, share)).to(a)
        axis = F.one_hot(u.abs().argmin(), len(u)).to(u)
        side = axis - (u @ axis) * u
    turned = torch.outer((share * angle).cos(), u) + torch.outer(
        (share * angle).sin(), F.normalize(side, dim=0)
    )
    return (m + line(start.norm()[None], end.norm()[None], share) * turned).to(a)


# Two unit vectors whose difference is less than this, or less than this from opposite, span no plane in single precision.
SAME_DIRECTION = 1e-6


def through(points: Tensor, t: Tensor) -> Tensor:
    """The polyline of points `(P, D)` at equal speed: for each t `(T,)` where the share t of its length is gone, `(T, D)`.

    >>> through(torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]), torch.tensor([0.0, 0.5, 0.75, 1.0])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [3.0, 0.0], [3.0, 1.0]]
    """
    lengths = (points[1:] - points[:-1]).norm(dim=-1)
    gone = lengths.cumsum(0)
    at = t * gone[-1]
    segment = torch.searchsorted(gone, at).clamp(max=len(lengths) - 1)
    share = ((at - gone[segment] + lengths[segment]) / lengths[segment]).nan_to_num(0).clamp(0, 1)
    return torch.lerp(points[segment], points[segment + 1], share[:, None])


LINE, SPHERE, MEANS = PATHS = ("line", "sphere", "class means")


@torch.no_grad()
def path(
    model: Model,
    ends: Mapping[str, Tensor],
    t: Tensor,
    kind: str = LINE,
    *,
    moving: Collection[str] | None = None,
    stops: Mapping[str, Tensor] | None = None,
    classes: int = 0,
) -> Codes:
    """Codes `(T, D)` for each latent from the first to the second of its two `ends` `(2, D)`, at each t `(T,)`.

    line: `line`. sphere: `slerp` about the prior's mean (`prior_moments`); where the prior has other latents as parents, that
    moves with them. class means: `through` the `stops` `(S, D)` of the latents that have some, else the line.
    A latent that is not in `moving` stays at its first end. A class knows nothing between two classes: it switches at t = 1/2.
    """
    codes: Codes = {}
    for name in (name for name in model.p if name in model.latents):
        a, b = ends[name]
        if moving is not None and name not in moving:
            codes[name] = a.expand(len(t), -1)
        elif name == LABEL:
            codes[name] = torch.where(t[:, None] < 0.5, a, b)
        elif kind == SPHERE:
            codes[name] = slerp(a, b, t, prior_moments(model, name, codes, classes)[0])
        elif kind == MEANS and stops and name in stops:
            codes[name] = through(torch.stack([a, *stops[name], b]), t)
        else:
            codes[name] = line(a, b, t)
    return codes


def square_weights(side: int) -> Tensor:
    """Bilinear weights `(side, side, 4)` of the corners top left, top right, bottom left and bottom right; they sum to 1.

    >>> square_weights(3)[1].tolist()
    [[0.5, 0.0, 0.5, 0.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.5, 0.0, 0.5]]
    """
    right = torch.linspace(0, 1, side)
    along = torch.stack([1 - right, right], -1)
    return torch.einsum("ir,jc->ijrc", along, along).flatten(2)


def triangle_weights(side: int) -> Tensor:
    """Barycentric weights `(side, side, 3)` of the corners top left, top right and bottom left; they sum to 1.

    Below the diagonal the first is negative: those cells lie outside the triangle.

    >>> triangle_weights(3).tolist()[1]
    [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5], [-0.5, 1.0, 0.5]]
    """
    down, right = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([side - 1 - right - down, right, down], -1) / (
        side - 1
    )  # whole numbers: the diagonal is exact


def blend(corners: Mapping[str, Tensor], weights: Tensor, moving: Collection[str] | None = None) -> Codes:
    """Weighted means sum_a w_a z_a of codes `(A, D)` of each latent, for each row of weights `(N, A)`: `(N, D)`.

    A latent that is not in `moving` stays at the first corner; a class is that of the greatest weight, the first of several.

    >>> blend({"z": torch.tensor([[0.0], [4.0]])}, torch.tensor([[0.5, 0.5], [0.25, 0.75]]))["z"].tolist()
    [[2.0], [3.0]]
    """

    def blended(name: str, codes: Tensor) -> Tensor:
        if moving is not None and name not in moving:
            return codes[:1].expand(len(weights), -1)
        return codes[weights.argmax(-1)] if name == LABEL else weights @ codes

    return {name: blended(name, codes) for name, codes in corners.items()}


def analogy(codes: Mapping[str, Tensor], moving: Collection[str] | None = None) -> Codes:
    """a - b + c `(1, D)` of the three codes `(3, D)` of each latent: what b lacks and a has, given to c.

    A latent that is not in `moving` is c's. A class has no difference: it is a's where b and c share theirs, else c's.

    >>> analogy({"z": torch.tensor([[3.0], [1.0], [10.0]])})["z"].item()
    12.0
    """

    def solved(name: str, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        if moving is not None and name not in moving:
            return c
        if name == LABEL:
            return a if torch.equal(b, c) else c
        return a - b + c

    return {name: solved(name, *rows)[None] for name, rows in codes.items()}


@torch.no_grad()
def class_means(model: Model, means: Mapping[str, Tensor], labels: Tensor, classes: int) -> Codes:
    """The mean of every class in each latent, `(K, D)`: of its prior p(z | c) where that reads the class and nothing else, otherwise of
    the posterior means `(N, D)` of its items (`labels` `(N,)`); of a class, that class."""
    members = F.normalize(one_hot(labels, classes).T, p=1, dim=-1)
    found = {}
    for name, codes in means.items():
        prior = priors_by_class(model, name, classes) if name in model.labelled else None
        found[name] = members @ codes if prior is None else prior.mean
    return found | ({LABEL: torch.eye(classes, device=labels.device)} if LABEL in means else {})


def _priors(model: Model, block: str, codes: Env, classes: int) -> list[Distribution]:
    """p(block | parents); for each class where it reads one that `codes` does not hold."""
    if block not in model.labelled or LABEL in codes:
        return [prior_given(model, block, codes)]
    n = len(next(iter(codes.values()))) if codes else 1
    rows = torch.eye(classes, device=model.device)
    return [prior_given(model, block, {**codes, LABEL: row.expand(n, -1)}) for row in rows]


@torch.no_grad()
def prior_moments(model: Model, block: str, codes: Env, classes: int) -> tuple[Tensor, Tensor]:
    """Mean and variance of p(block | parents), `(N, D)`, or `(1, D)` without parents; a class not in `codes` is drawn uniformly.

    Var z = E[s^2 + m^2] - (E m)^2 over the classes' means m and scales s.
    """
    priors = _priors(model, block, codes, classes)
    means = torch.stack([prior.mean for prior in priors])
    variances = torch.stack([prior.variance for prior in priors])
    middle = means.mean(0)
    spread = (variances + (means - middle).square()).mean(0)
    return middle.reshape(-1, middle.shape[-1]), spread.reshape(-1, middle.shape[-1])


@torch.no_grad()
def prior_distance_of(model: Model, block: str, codes: Env, classes: int) -> Tensor:
    """|z - E z|, the distance of the block's code from its prior's mean (`prior_moments`), `(N,)`."""
    return (codes[block] - prior_moments(model, block, codes, classes)[0]).norm(dim=-1)


@torch.no_grad()
def prior_log_density(model: Model, block: str, codes: Env, classes: int) -> Tensor:
    """log p(block | parents), `(N,)` nats; a class that `codes` does not hold is summed out: log 1/K sum_c p(z | c)."""
    each = torch.stack([prior.log_prob(codes[block]) for prior in _priors(model, block, codes, classes)])
    return each.logsumexp(0) - math.log(len(each))


@torch.no_grad()
def class_of_codes(model: Model, codes: Env, classes: int) -> Tensor | None:
    """p(c | z) = softmax_c sum_b log p(z_b | c) over the labelled blocks b, pi uniform, `(N, K)`; None where no block's prior reads it.

    What the generative net says of a code: no posterior and no image is involved.
    """
    labelled = model.labelled
    if not labelled:
        return None
    known = {name: code for name, code in codes.items() if name != LABEL}
    terms = [
        torch.stack([prior.log_prob(known[name]) for prior in _priors(model, name, known, classes)], -1)
        for name in labelled
    ]
    return torch.stack(terms).sum(0).softmax(-1)


def mean_code(means: Mapping[str, Tensor]) -> Codes:
    """The mean `(1, D)` of posterior means `(N, D)` in each latent, as a decoder reads it (`codes_of`).

    >>> mean_code({"z": torch.tensor([[1.0, 0.0], [3.0, 2.0]])})["z"].tolist()
    [[2.0, 1.0]]
    """
    return codes_of({name: codes.mean(0, keepdim=True) for name, codes in means.items()})


def attribute_vector(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> Codes:
    """v = b - a `(1, D)` of the mean codes of two groups of items: what those of b have and those of a lack.

    Larsen et al. (2016) call it a visual attribute vector, with b the images that have an attribute and a those that lack it; Carter and
    Nielsen (2017) build interfaces of such vectors. A class has no difference: its entry is the class of b.

    >>> attribute_vector({"z": torch.tensor([[2.0, 1.0]])}, {"z": torch.tensor([[5.0, 1.0]])})["z"].tolist()
    [[3.0, 0.0]]
    """
    return {name: b[name] if name == LABEL else b[name] - a[name] for name in b}


def along_attribute(
    model: Model,
    start: Mapping[str, Tensor],
    vector: Mapping[str, Tensor],
    t: Tensor,
    moving: Collection[str] | None = None,
) -> Codes:
    """start + t v `(T, D)` in each latent, for a code `(1, D)`, an `attribute_vector` `(1, D)` and each t `(T,)`.

    A latent that is not in `moving` stays; a class turns into that of the vector at t = 1/2.
    """
    ends = {
        name: torch.cat([code, vector[name] if name == LABEL else code + vector[name]])
        for name, code in start.items()
    }
    return path(model, ends, t, moving=moving)
