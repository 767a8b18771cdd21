"""Directions in a latent block beside its coordinates: what changes the observation most, what tells two groups apart, what goes with a class or a
number.

A direction is a unit vector v of a block; a code's place along it is s = v·z, and to move it there is z + (s - v·z) v, which leaves all that is at
right angles to v. Shapes: N examples, D latent dimensions, P numbers of an observation, k directions.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..conditionals import Env
from ..kinds import Kind, Table
from ..model import Model
from .codes import decode, settled
from .dimensions import activity
from .direction import unit
from .priors import priors_by_class

# Half the width of the differences that stand for derivatives: on three bundled decoders of float32 J is within 0.5 % of autograd's there, wider
# ones cross kinks of ReLU, narrower ones show rounding.
STEP = 1e-3

# A Jacobian is taken along so many dimensions of a block: of more, those that are used most.
MOST_DIMENSIONS = 256

# Of the penalties |w|^2 / (2 C) and lambda |w|^2.
C, RIDGE = 1.0, 1.0


def shifted(codes: Tensor, vector: Tensor, to: Tensor) -> Tensor:
    """z + (s - v·z) v: codes that lie at places s along a direction, the rest of them as it was.

    Args:
        codes: `(N, D)`, or one code `(1, D)` for all places.
        vector: the unit vector, `(D,)`.
        to: the places, `(N,)`.

    Returns:
        Codes `(N, D)`.

    Example:
        >>> shifted(torch.tensor([[1.0, 5.0]]), torch.tensor([0.0, 1.0]), torch.tensor([-2.0, 3.0])).tolist()
        [[1.0, -2.0], [1.0, 3.0]]
    """
    return codes + (to - codes @ vector)[:, None] * vector


def reach_along(model: Model, block: str, means: Tensor, vector: Tensor) -> tuple[float, float]:
    """The lowest and the highest place along a direction that a code is worth being given, as `reach` says it of coordinates.

    Args:
        model: the model.
        block: the latent block.
        means: posterior means, `(N, D)`.
        vector: the unit vector, `(D,)`.

    Returns:
        Both ends: of the 0.1 % and the 99.9 % quantile of v·z over the means, and of 3 standard deviations of v·z under the prior
        (of its mean and variances, any class), whichever reaches farther.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> low, high = reach_along(model, "z", torch.zeros(10, 2), torch.tensor([0.6, 0.8]))
        >>> round(low, 3), round(high, 3)
        (-3.0, 3.0)
    """
    places = means @ vector.to(means)
    low, high = places.quantile(torch.tensor([0.001, 0.999], device=means.device)).tolist()
    prior = priors_by_class(model, block)
    if prior is not None:
        middle = prior.mean.reshape(-1, means.shape[-1]).to(means) @ vector.to(means)
        spread = (
            prior.stddev.reshape(-1, means.shape[-1]).to(means).square() @ vector.to(means).square()
        ).sqrt()
        low, high = (
            min(low, (middle - 3 * spread).min().item()),
            max(high, (middle + 3 * spread).max().item()),
        )
    return (low, high) if high > low else (low - 1.0, low + 1.0)


class Principal(NamedTuple):
    """Principal directions at a code, those that change the observation most first.

    Attributes:
        vectors: unit vectors, `(k, D)`; the largest entry of each is positive.
        values: singular values of the Jacobian, `(k,)`: how far the observation moves for each unit of the code.

    Example:
        >>> Principal(torch.eye(2), torch.tensor([3.0, 1.0])).values.tolist()
        [3.0, 1.0]
    """

    vectors: Tensor
    values: Tensor


@torch.no_grad()
def jacobian(
    model: Model, code: Mapping[str, Tensor], block: str, dimensions: Sequence[int], kind: Kind | None = None
) -> Tensor:
    """J = d E[x | z] / d z of some dimensions of a block at a code, `(P, d)`, by central differences.

    (E[x | z + h e_j] - E[x | z - h e_j]) / (2 h), h = 0.001: one way for nets of torch and for graphs, exact for a linear decoder but for rounding,
    and for others but for h^2 / 6 times the third derivative. What hangs below an upper level follows it (`settled`). An image counts as it is
    shown, in [0, 1], a row of a table in standard deviations of its features.

    Args:
        model: a model with a decoder.
        code: what a decoder reads, `(1, D)` each.
        block: the block that is varied.
        dimensions: which of its dimensions.
        kind: what an observation is: images unless given.

    Returns:
        The Jacobian, `(P, len(dimensions))`.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> jacobian(model, {"z": torch.zeros(1, 2)}, "z", [0, 1]).shape
        torch.Size([16, 2])
    """
    count = len(dimensions)
    codes = {name: part.repeat(2 * count, 1) for name, part in code.items()}
    rows = torch.arange(count)
    codes[block][rows, list(dimensions)] += STEP
    codes[block][rows + count, list(dimensions)] -= STEP
    shown = decode(model, settled(model, codes, [block]))
    shown = (kind.standardised(shown) if isinstance(kind, Table) else shown).flatten(1).double()
    return ((shown[:count] - shown[count:]) / (2 * STEP)).T


def principal_directions(
    model: Model,
    code: Mapping[str, Tensor],
    block: str,
    most: int = 5,
    kind: Kind | None = None,
    means: Tensor | None = None,
) -> Principal:
    """Local principal directions: the eigenvectors of J^T J at a code, J = d E[x | z] / d z (`jacobian`).

    |J v| is how fast the observation moves when the code moves along v; the first maximises it over all unit vectors, each next one among those at
    right angles. J^T J is the metric that the decoder pulls back to the latent space.

    Args:
        model: a model with a decoder.
        code: what a decoder reads, `(1, D)` each.
        block: the block that is varied.
        most: how many.
        kind: what an observation is: images unless given.
        means: posterior means `(N, D)`, which say the dimensions that are used most, where a block has more than 256; all others are then left
            out of the directions.

    Returns:
        The directions and their singular values.

    Raises:
        ValueError: for a model without a decoder.

    Example:
        >>> from vae_core.checkpoints import load
        >>> checkpoint = load("ppca-mnist")
        >>> found = principal_directions(checkpoint.model, {"z": torch.zeros(1, 16)}, "z", 2)
        >>> found.vectors.shape, bool(found.values[0] >= found.values[1])
        (torch.Size([2, 16]), True)

    Source:
        Shao, Kumar & Fletcher (2018), The Riemannian geometry of deep generative models; Arvanitidis, Hansen & Hauberg (2018).
    """
    size = code[block].shape[-1]
    dimensions = list(range(size))
    if size > MOST_DIMENSIONS:
        used = torch.arange(size) if means is None else activity(means).argsort(descending=True, stable=True)
        dimensions = sorted(used[:MOST_DIMENSIONS].tolist())
    _, values, rows = torch.linalg.svd(jacobian(model, code, block, dimensions, kind), full_matrices=False)
    vectors = torch.zeros(len(rows), size, dtype=rows.dtype)
    vectors[:, dimensions] = rows
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return Principal((vectors * largest.sign())[:most].float(), values[:most].float())


class Fitted(NamedTuple):
    """A direction that was fitted, and how well it tells what it was fitted to.

    Attributes:
        vector: the unit vector, `(D,)`.
        score: of a class the area under the ROC curve of v·z (1/2: nothing), of numbers the correlation of v·z with them; over the items that it
            was fitted to.

    Example:
        >>> Fitted(torch.tensor([1.0]), 0.9).score
        0.9
    """

    vector: Tensor
    score: float


def class_direction(codes: Tensor, members: Tensor) -> Fitted:
    """The direction in which the odds of a class grow fastest: w / |w| of a logistic regression of membership on the codes.

    w, b = argmin sum_i log(1 + exp(-t_i (w·z_i + b))) + |w|^2 / (2 C), t = +-1, C = 1. The log odds w·z + b have the gradient w everywhere.

    Args:
        codes: `(N, D)`.
        members: which of them are of the class, `(N,)` bool.

    Returns:
        The direction towards the class, and the area under its ROC curve.

    Raises:
        ValueError: where all items are of the class, or none.

    Example:
        >>> z = torch.tensor([[0.0, 1.0], [0.2, -1.0], [2.0, 1.0], [2.2, -1.0]])
        >>> found = class_direction(z, torch.tensor([False, False, True, True]))
        >>> bool(found.vector[0] > 0.99), found.score
        (True, 1.0)

    Source:
        Kim et al. (2018), concept activation vectors; Shen et al. (2020), whose boundary is a support vector machine's.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    z, t = codes.double().numpy(), members.numpy().astype(int)
    if not 0 < t.sum() < len(t):
        raise ValueError("a direction to a class needs items of it and others")
    vector = unit(torch.from_numpy(LogisticRegression(C=C, max_iter=1000).fit(z, t).coef_[0]))
    return Fitted(vector.float(), float(roc_auc_score(t, z @ vector.numpy())))


def number_direction(codes: Tensor, values: Tensor) -> Fitted:
    """The direction along which a number grows: w / |w| of a ridge regression of it, in standard deviations, on the codes.

    w = (Z^T Z + lambda I)^-1 Z^T y with Z and y about their means, lambda = 1. Items whose number is not finite are left out.

    Args:
        codes: `(N, D)`.
        values: the number of each, `(N,)`.

    Returns:
        The direction in which it grows, and its correlation with v·z.

    Raises:
        ValueError: where fewer than two items have a number, or all the same.

    Example:
        >>> z = torch.tensor([[0.0, 1.0], [1.0, -1.0], [2.0, 1.0], [3.0, -1.0]])
        >>> number_direction(z, torch.tensor([0.0, 1.0, 2.0, 3.0])).vector.round(decimals=1).tolist()
        [1.0, -0.10000000149011612]

    Source:
        Hoerl & Kennard (1970).
    """
    there = values.isfinite()
    z, y = codes[there].double(), values[there].double()
    if len(y) < 2 or not (spread := y.std(correction=0)) > 0:
        raise ValueError("a direction to a number needs two items at least whose numbers differ")
    z, y = z - z.mean(0), (y - y.mean()) / spread
    w = torch.linalg.solve(z.T @ z + RIDGE * torch.eye(z.shape[1], dtype=z.dtype), z.T @ y)
    vector = unit(w)
    along = z @ vector
    return Fitted(vector.float(), float((along * y).mean() / along.std(correction=0)))


@torch.no_grad()
def along_direction(
    model: Model, start: Env, block: str, vector: Tensor, places: Tensor
) -> dict[str, Tensor]:
    """The codes of a start moved to places along a direction, with what hangs below the block generated anew (`settled`).

    Args:
        model: the model.
        start: a code `(1, D)` of each latent.
        block: the block that moves.
        vector: the unit vector, `(D,)`.
        places: where to, `(T,)`.

    Returns:
        A code `(T, D)` for each latent.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> along_direction(model, {"z": torch.ones(1, 2)}, "z", torch.tensor([0.0, 1.0]), torch.tensor([-1.0, 4.0]))["z"].tolist()
        [[1.0, -1.0], [1.0, 4.0]]
    """
    codes = {name: part.expand(len(places), -1) for name, part in start.items()}
    moved = {**codes, block: shifted(start[block], vector.to(start[block]), places.to(start[block]))}
    return settled(model, moved, [block])
