"""Between codes and beyond them: lines, great circles, squares of four, and the arithmetic of codes.

Shapes: N rows, D latent dimensions, T positions, A corners, S stops.
"""

from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ..model import Model
from ..names import LABEL
from .codes import Codes, settled
from .priors import prior_moments


def line(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The straight line (1 - t) a + t b between two codes.

    Args:
        a: the first code, `(D,)`.
        b: the second, `(D,)`.
        t: positions, 0 at a and 1 at b, `(T,)`.

    Returns:
        A code for each position, `(T, D)`.

    Example:
        >>> line(torch.tensor([0.0, 2.0]), torch.tensor([4.0, 0.0]), torch.tensor([0.0, 0.25, 1.0])).tolist()
        [[0.0, 2.0], [1.0, 1.5], [4.0, 0.0]]
    """
    return (1 - t)[:, None] * a + t[:, None] * b


def slerp(a: Tensor, b: Tensor, t: Tensor, centre: Tensor | None = None) -> Tensor:
    """Along the great circle from a to b about a centre m, the length changing evenly.

    z(t) = m + r(t) (sin((1 - t) w) u + sin(t w) v) / sin w, with u and v the directions of a - m and b - m,
    w the angle between them, and r(t) = (1 - t) |a - m| + t |b - m|. So the length lies between those of
    the ends: it does not dip as a line's does. White (2016) weighs a - m and b - m themselves: the same
    where they are equally long.

    Where one end lies at its centre it has no direction, and the path keeps that of the other. Between
    opposite directions all half circles are equally short: this one passes the coordinate axis that u is
    farthest from; in one dimension there is none, and the path is the line.

    Args:
        a: the first code, `(D,)`.
        b: the second, `(D,)`.
        t: positions, 0 at a and 1 at b, `(T,)`.
        centre: m, `(D,)`, 0 unless given; or `(T, D)`, one for each t, the first belonging to a and the
            last to b.

    Returns:
        A code for each position, `(T, D)`.

    Example:
        >>> t = torch.tensor([0.0, 0.5, 1.0])
        >>> slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), t).norm(dim=-1).round(decimals=4).tolist()
        [2.0, 3.0, 4.0]

    Source:
        Shoemake (1985); for latent codes White (2016).
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
    """Along the polyline of some points at equal speed.

    Args:
        points: `(P, D)`, in their order.
        t: shares of its length, from 0 to 1, `(T,)`.

    Returns:
        Where each share of the length is gone, `(T, D)`.

    Example:
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
) -> Codes:
    """Codes from the first to the second of two ends in each latent.

    line: `line`. sphere: `slerp` about the prior's mean (`prior_moments`); where the prior has other
    latents as parents, that moves with them. class means: `through` the stops of the latents that have
    some, else the line. A class knows nothing between two classes: it switches at t = 1/2.

    Args:
        model: the model.
        ends: the two codes of each latent, `(2, D)`.
        t: positions, 0 at the first end and 1 at the second, `(T,)`.
        kind: one of `PATHS`.
        moving: the latents that move, the others staying at their first end, but for those that hang below (`settled`); all unless given.
        stops: codes `(S, D)` on the way, for the kind class means.

    Returns:
        A code `(T, D)` for each latent.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> ends = {"z": torch.tensor([[3.0, 0.0], [0.0, 3.0]])}
        >>> middle = torch.tensor([0.5])
        >>> [round(path(model, ends, middle, kind)["z"].norm().item(), 3) for kind in (LINE, SPHERE)]
        [2.121, 3.0]
    """
    codes: Codes = {}
    given = [
        name for name in model.coded if name in ends and name not in model.latents
    ]  # a class, which comes first
    for name in (*given, *(name for name in model.p if name in model.latents)):
        a, b = ends[name]
        if moving is not None and name not in moving:
            codes[name] = a.expand(len(t), -1)
        elif name == LABEL:
            codes[name] = torch.where(t[:, None] < 0.5, a, b)
        elif kind == SPHERE:
            codes[name] = slerp(a, b, t, prior_moments(model, name, codes)[0])
        elif kind == MEANS and stops and name in stops:
            codes[name] = through(torch.stack([a, *stops[name], b]), t)
        else:
            codes[name] = line(a, b, t)
    return codes if moving is None else settled(model, codes, moving)


def square_weights(side: int) -> Tensor:
    """Bilinear weights `(side, side, 4)` of the corners top left, top right, bottom left and bottom right; they sum to 1.

    Args:
        side: cells along a side of the square.

    Returns:
        Weights `(side, side, 4)`: rows from top to bottom, columns from left to right, corners.

    Example:
        >>> square_weights(3)[1].tolist()
        [[0.5, 0.0, 0.5, 0.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.5, 0.0, 0.5]]
    """
    right = torch.linspace(0, 1, side)
    along = torch.stack([1 - right, right], -1)
    return torch.einsum("ir,jc->ijrc", along, along).flatten(2)


def triangle_weights(side: int) -> Tensor:
    """Barycentric weights `(side, side, 3)` of the corners top left, top right and bottom left; they sum to 1.

    Below the diagonal the first is negative: those cells lie outside the triangle.

    Args:
        side: cells along a side of the square.

    Returns:
        Weights `(side, side, 3)`: rows from top to bottom, columns from left to right, corners.

    Example:
        >>> triangle_weights(3).tolist()[1]
        [[0.5, 0.0, 0.5], [0.0, 0.5, 0.5], [-0.5, 1.0, 0.5]]
    """
    down, right = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([side - 1 - right - down, right, down], -1) / (
        side - 1
    )  # whole numbers: the diagonal is exact


def blend(corners: Mapping[str, Tensor], weights: Tensor, moving: Collection[str] | None = None) -> Codes:
    """Weighted means sum_a w_a z_a of the codes of some corners.

    A class is that of the greatest weight, the first of several.

    Args:
        corners: codes `(A, D)` of each latent.
        weights: w, `(N, A)`.
        moving: the latents that are blended, the others staying at the first corner; all unless given.

    Returns:
        A code `(N, D)` for each latent.

    Example:
        >>> blend({"z": torch.tensor([[0.0], [4.0]])}, torch.tensor([[0.5, 0.5], [0.25, 0.75]]))["z"].tolist()
        [[2.0], [3.0]]
    """

    def blended(name: str, codes: Tensor) -> Tensor:
        if moving is not None and name not in moving:
            return codes[:1].expand(len(weights), -1)
        return codes[weights.argmax(-1)] if name == LABEL else weights @ codes

    return {name: blended(name, codes) for name, codes in corners.items()}


def analogy(codes: Mapping[str, Tensor], moving: Collection[str] | None = None) -> Codes:
    """Latent arithmetic, a - b + c: what a has and b lacks, given to c.

    A class has no difference: it is a's where b and c share theirs, else c's.

    Args:
        codes: a, b and c, `(3, D)`, of each latent.
        moving: the latents that are reckoned, the others being c's; all unless given.

    Returns:
        A code `(1, D)` for each latent.

    Example:
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


def attribute_vector(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> Codes:
    """v = b - a of the mean codes of two groups of items: what those of b have and those of a lack.

    A class has no difference: its entry is the class of b.

    Args:
        a: mean codes `(1, D)` of the group that lacks the attribute, by latent.
        b: those of the group that has it.

    Returns:
        The vector `(1, D)` in each latent.

    Example:
        >>> attribute_vector({"z": torch.tensor([[2.0, 1.0]])}, {"z": torch.tensor([[5.0, 1.0]])})["z"].tolist()
        [[3.0, 0.0]]

    Source:
        Larsen et al. (2016), visual attribute vectors; Carter & Nielsen (2017).
    """
    return {name: b[name] if name == LABEL else b[name] - a[name] for name in b}


def along_attribute(
    model: Model,
    start: Mapping[str, Tensor],
    vector: Mapping[str, Tensor],
    t: Tensor,
    moving: Collection[str] | None = None,
) -> Codes:
    """start + t v in each latent: a code moved along an attribute vector.

    A class turns into that of the vector at t = 1/2.

    Args:
        model: the model.
        start: a code `(1, D)` of each latent.
        vector: an `attribute_vector`, `(1, D)`.
        t: how far, `(T,)`.
        moving: the latents that move, the others staying; all unless given.

    Returns:
        A code `(T, D)` for each latent.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> start, vector = {"z": torch.tensor([[1.0, 0.0]])}, {"z": torch.tensor([[0.0, 2.0]])}
        >>> along_attribute(model, start, vector, torch.tensor([0.0, 0.5, 1.0]))["z"].tolist()
        [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]
    """
    ends = {
        name: torch.cat([code, vector[name] if name == LABEL else code + vector[name]])
        for name, code in start.items()
    }
    return path(model, ends, t, moving=moving)
