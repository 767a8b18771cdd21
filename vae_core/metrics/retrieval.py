"""Whether a swapped letter shows whose style it has: the source's font found among many by the image alone.

Shapes: G groups of one style (fonts), K classes, B swaps.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data import Data
from ..data.styles import styles_of
from ..explore import decode, prior_codes
from ..labels import has_label
from ..names import LABEL
from ..priors import one_hot
from .base import Estimate, Evaluation

# A column that says styles more coarsely.
COARSER = "family"
GROUPS = 200


class Gallery(NamedTuple):
    """The images of G styles, one a class, and the coarser group of each style.

    Attributes:
        rows: of the split, `(G, K)` numbers.
        coarser: `(G,)` numbers; each its own where that is not known.

    Example:
        >>> Gallery(torch.tensor([[0, 1], [2, 3]]), torch.tensor([0, 1])).rows.shape
        torch.Size([2, 2])
    """

    rows: Tensor
    coarser: Tensor


@torch.no_grad()
def style_found(evaluation: Evaluation) -> dict[str, Estimate]:
    """retrieval_swap, retrieval_family, retrieval_reconstruction, retrieval_chance: how often the source's style is found again.

    For each image of 200 styles (fonts) of the split, all classes each: the blocks that hold the style (`Model.styles`) keep their posterior
    mean, the others take the prior's mean for a random *other* class c', and the mean is decoded. Found is the style whose true image of c' is
    nearest in Euclidean distance of grey values, among all 200. retrieval_swap: the share that is the source's own; retrieval_family:
    whose family is, where families are known. retrieval_reconstruction: the same for the reconstruction among the true images of its own
    class, which has all the latents: no swap can be expected to be above it. retrieval_chance: one in as many as there are. Standard
    errors are over styles, since the images of one are not independent. Nothing for a model without a class or style, or for data without
    a column that says which images are of one style.
    """
    found = gallery(evaluation.data, evaluation.seed)
    kept = evaluation.model.styles
    if found is None or not kept or not has_label(evaluation.model) or evaluation.classes < 2:
        return {}
    sources, truth = _encoded(evaluation, found)
    groups, classes = found.rows.shape
    generator = torch.Generator().manual_seed(evaluation.seed)
    own = torch.arange(classes).expand(groups, -1)
    other = (own + torch.randint(1, classes, own.shape, generator=generator)) % classes
    swaps = _found(evaluation, {name: sources[name] for name in kept}, other, truth)
    whole = _found(evaluation, sources, own, truth)
    source = torch.arange(groups)[:, None]
    numbers = {"retrieval_swap": swaps == source}
    if len(found.coarser.unique()) < groups:
        numbers["retrieval_family"] = found.coarser[swaps] == found.coarser[source]
    numbers["retrieval_reconstruction"] = whole == source
    shares = {name: Estimate.mean(right.double().mean(1)) for name, right in numbers.items()}
    return {**shares, "retrieval_chance": Estimate(1 / groups, 0.0, groups)}


def gallery(data: Data, seed: int) -> Gallery | None:
    """200 styles of a split that have an image of every class, drawn by the seed; None where no column tells styles, or one style is all."""
    styles = styles_of(data)
    if styles is None or not data.classes:
        return None
    numbers = styles.numpy()
    rows = np.full((int(numbers.max()) + 1, len(data.classes)), -1)
    rows[numbers[::-1], data.labels.cpu().numpy()[::-1]] = np.arange(len(numbers))[::-1]
    whole = np.flatnonzero((rows >= 0).all(1))
    if len(whole) < 2:
        return None
    rows = rows[np.sort(np.random.default_rng(seed).permutation(whole)[:GROUPS])]
    families = data.columns.get(COARSER)
    coarser = (
        np.arange(len(rows)) if families is None else np.unique(families[rows[:, 0]], return_inverse=True)[1]
    )
    return Gallery(torch.from_numpy(rows), torch.from_numpy(coarser))


def _encoded(evaluation: Evaluation, found: Gallery) -> tuple[dict[str, Tensor], Tensor]:
    """The posterior means of a gallery's images by block, `(G, K, D)`, and their grey values `(K, G, pixels)`."""
    rows = found.rows.flatten()
    means = {
        name: value[rows.to(value.device)].unflatten(0, found.rows.shape)
        for name, value in evaluation.encoded.means.items()
    }
    images = evaluation.data.kind.shown(evaluation.data.images[rows]).to(evaluation.device)
    return means, images.flatten(1).unflatten(0, found.rows.shape).transpose(0, 1)


def _found(evaluation: Evaluation, fixed: dict[str, Tensor], wanted: Tensor, truth: Tensor) -> Tensor:
    """The number of the style whose true image of the wanted class `(G, K)` is nearest to the decoding, `(G, K)`."""
    nearest = []
    flat = {name: value.flatten(0, 1) for name, value in fixed.items()}
    for part in torch.arange(wanted.numel()).split(1000):
        classes = wanted.flatten()[part].to(evaluation.device)
        codes = {name: value[part.to(value.device)] for name, value in flat.items()}
        codes = prior_codes(evaluation.model, {**codes, LABEL: one_hot(classes, evaluation.classes)})
        images = decode(evaluation.model, codes).flatten(1)
        for c in classes.unique():
            among = torch.cdist(images[classes == c], truth[c]).argmin(-1)
            nearest.append((part[(classes == c).cpu()], among.cpu()))
    result = torch.empty(wanted.numel(), dtype=torch.long)
    for places, among in nearest:
        result[places] = among
    return result.view(wanted.shape)
