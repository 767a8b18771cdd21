"""How much of an image's style a swap of its class keeps, by attributes that are measured on the pixels.

Shapes: N images `(N, 1, H, W)` in [0, 1]; K classes.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..explore import decode
from ..kinds import Image
from ..labels import has_label
from ..names import LABEL
from ..priors import one_hot
from .base import Estimate, Evaluation
from .classes import swapped

LEAST = 10  # images that a rank correlation needs


def style_kept(evaluation: Evaluation) -> dict[str, Estimate]:
    """style_<attribute>_swap and style_<attribute>_reconstruction: Spearman's rank correlation of an attribute of the image with that of its swap, of its reconstruction.

    A swap keeps the posterior means of the blocks that hold the style (`Model.styles`), and takes the prior's mean of a random other class
    for the others (as swap_accuracy does). Correlations are those within each pair of an image's class and the class asked for, mean over
    pairs, with the standard error over pairs; of the reconstruction within each class: as much as the whole code carries. Attributes
    are those of `attributes`. An attribute that a class does not have by itself, as a one has no width but its stroke's, has nothing to
    correlate with: `benchmarks/style.py` tells classes apart. Nothing for images in colour, tables, data of fewer than two classes, a
    model without a class, or without a block that stays.
    """
    model, kind = evaluation.model, evaluation.data.kind
    if not (isinstance(kind, Image) and kind.shape[0] == 1 and has_label(model) and model.styles):
        return {}
    if not evaluation.tells_apart("attributes of swaps"):
        return {}
    numbers = {}
    for name, swap, rebuilt in correlations(evaluation):
        for kind, found in (("swap", swap), ("reconstruction", rebuilt)):
            if len(there := found[~found.isnan()]) > 1:
                numbers[f"style_{name}_{kind}"] = Estimate.mean(there)
    return numbers


@torch.no_grad()
def correlations(evaluation: Evaluation) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Of each attribute: its name, the rank correlations of swaps `(K, K)` by class and class asked for, and of reconstructions `(K,)`; NaN where
    there are fewer than ten images, or all alike."""
    classes, labels = evaluation.classes, evaluation.data.labels.cpu()
    images, wanted = evaluation.once(swapped)
    source = attributes(evaluation.data.kind.shown(evaluation.data.images[:]))
    swap, again = attributes(images), attributes(_rebuilt(evaluation))
    pairs, groups = labels * classes + wanted.cpu(), range(classes)
    for name in source:
        kept = _within(pairs, range(classes**2), source[name], swap[name]).view(classes, classes)
        yield name, kept, _within(labels, groups, source[name], again[name])


def _rebuilt(evaluation: Evaluation) -> Tensor:
    """The decoded means of the split, `(N, 1, H, W)`."""
    model, found = evaluation.model, []
    codes = dict(evaluation.encoded.means)
    if LABEL in model.decoder_reads:
        codes[LABEL] = one_hot(evaluation.encoded.labels, evaluation.classes)
    for rows in torch.arange(len(evaluation.data), device=evaluation.device).split(1000):
        found.append(decode(model, {name: code[rows] for name, code in codes.items()}).cpu())
    return torch.cat(found)


def attributes(images: Tensor) -> dict[str, Tensor]:
    """Each `(N,)`. slant: cov(column, row) / var(row) of the ink; thickness: 2 ink / length of its outline; width: standard deviation
    of the columns about the slanted axis; height: that of the rows; ink: its sum.

    >>> bar = torch.zeros(1, 1, 28, 28)
    >>> bar[..., 4:24, 10:14] = 1
    >>> {name: round(value.item(), 2) for name, value in attributes(bar).items()}
    {'slant': 0.0, 'thickness': 3.33, 'width': 1.12, 'height': 5.77, 'ink': 80.0}
    """
    return {
        name: torch.cat(parts) for name, parts in _columns(map(_attributes, images.cpu().split(1000))).items()
    }


def _columns(rows: Iterator[dict[str, Tensor]]) -> dict[str, list[Tensor]]:
    found: dict[str, list[Tensor]] = {}
    for row in rows:
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def _attributes(images: Tensor) -> dict[str, Tensor]:
    ink = images.double().sum((1, 2, 3)).clamp(min=1e-6)
    rows, columns = (torch.arange(size).double() for size in images.shape[2:])
    shares = images[:, 0].double() / ink[:, None, None]
    row = rows - torch.einsum("nhw,h->n", shares, rows)[:, None]
    column = columns - torch.einsum("nhw,w->n", shares, columns)[:, None]
    tall = torch.einsum("nhw,nh->n", shares, row.square()).clamp(min=1e-6)
    wide = torch.einsum("nhw,nw->n", shares, column.square())
    both = torch.einsum("nhw,nh,nw->n", shares, row, column)
    padded = F.pad(images.double(), (1, 1, 1, 1))
    outline = padded.diff(dim=2).abs().sum((1, 2, 3)) + padded.diff(dim=3).abs().sum((1, 2, 3))
    return {
        "slant": both / tall,
        "thickness": 2 * ink / outline.clamp(min=1e-6),
        "width": (wide - both.square() / tall).clamp(min=0).sqrt(),
        "height": tall.sqrt(),
        "ink": ink,
    }


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's correlation of values `(N,)`: Pearson's of their ranks, equal values sharing theirs; NaN where all are equal.

    >>> rank_correlation(torch.tensor([1.0, 2.0, 30.0]), torch.tensor([5.0, 6.0, 7.0]))
    1.0
    """
    return round(torch.corrcoef(torch.stack([_ranks(a), _ranks(b)]))[0, 1].item(), 12)


def _ranks(values: Tensor) -> Tensor:
    """Mean ranks `(N,)`, from 1.

    >>> _ranks(torch.tensor([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = values.unique(return_inverse=True, return_counts=True)
    last = count.cumsum(0).double()
    return (last - (count - 1) / 2)[place]


def _within(groups: Tensor, names: range, one: Tensor, other: Tensor) -> Tensor:
    """The rank correlation within each group of those `(N,)`, in their order; NaN for one of fewer than ten images."""
    members = [groups == name for name in names]
    found = [
        rank_correlation(one[rows], other[rows]) if rows.sum() >= LEAST else torch.nan for rows in members
    ]
    return torch.tensor(found, dtype=torch.float64)
