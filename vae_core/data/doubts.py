"""What may be wrong with data that can be opened: a sentence for each doubt, with what to do about it.

Shapes: N images, C H W, K classes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kinds import Kind
from .mapped import Stored, rows_of
from .notes import counted, listed

# Fewer training images than these are too few to learn from, or are learned by heart.
VERY_FEW, FEW = 100, 500
# A class with more than this share of the images is all that accuracy shows.
MOST = 0.8
# Sides longer than this make nets slow.
LONG = 256
# Test images that are looked at, and training images that they are compared with.
LOOKED_AT, COMPARED = 1000, 200_000
# From which correlations of grey values and of their differences on two images are nearly one: copies of JPEG's quality 90 are, and two
# shirts are not, whose outlines are alike.
ALIKE, ALIKE_EDGES = 0.98, 0.97
# A mean so many times that of the other part is another range.
APART = 3
# Natural images have a few such pairs: of fewer than this many, and this share, nothing is said.
PAIRS, SHARE = 3, 0.01
# How many classes the sets of EMNIST have, whose files hold images on their side.
OF_LETTERS = (26, 27, 36, 37, 47, 62)
UPRIGHT = 0.9
TURN = "--turn turns them upright"


def of_counts(train: Tensor, classes: Sequence[str], kind: Kind) -> list[str]:
    """Doubts of how many training rows there are, by the labels of those whose class is known."""
    found = []
    if 0 < len(train) < VERY_FEW:
        found.append(
            f"{counted(len(train), f'training {kind.one}')} are enough to see that all works, and too few to learn from: other {kind.many} are rebuilt "
            "badly, and probes, maps and samples say little"
        )
    elif len(train) < FEW:
        found.append(
            f"{counted(len(train), f'training {kind.one}')} are few, and a model learns them by heart: look at what it makes of test {kind.many}, and "
            "try small nets and few latents"
        )
    if len(classes) == 1:
        found.append(
            f"there is one class, {classes[0]!r}: what tells classes apart is left out, so choose vae rather than a model of classes"
        )
    if len(classes) > 1 and len(train):
        counts = train.bincount(minlength=len(classes))
        share, most = counts.max().item() / len(train), classes[int(counts.argmax())]
        if share > MOST:
            found.append(
                f"{share:.0%} of the {kind.many} are of class {most!r}: always naming it is right so often, so read balanced accuracy, and --labels with care"
            )
    return found


def of_images(images: Stored, classes: Sequence[str], turned: bool) -> list[str]:
    """Doubts of what training images `(N, C, H, W)` show."""
    some = images[:: max(1, len(images) // 2000)]
    found, flat = [], some.flatten(1)
    plain = (flat.amax(1) == flat.amin(1)).float().mean().item()
    if plain > 0:
        about = f"{plain:.0%} of" if plain > 0.01 else "some"
        found.append(
            f"{about} the images are of one colour all over: look whether they were read as they are meant"
        )
    height, width = images.shape[2:]
    if max(height, width) > LONG:
        found.append(
            f"images of {height} x {width} pixels make nets large and slow: --size 64 or --size 128 makes them smaller"
        )
    if not turned and len(classes) in OF_LETTERS and _lies(some):
        found.append(
            f"the images may lie on their side, as EMNIST's files have them (more strokes lie than stand): {TURN}"
        )
    return found


def _lies(images: Tensor) -> bool:
    """Whether grey figures on a dark square have clearly more strokes that lie than stand: letters stand."""
    _, channels, height, width = images.shape
    x = images.float()
    if channels > 1 or height != width or x.mean() > 96:
        return False
    stand, lie = x.diff(dim=3).square().sum(), x.diff(dim=2).square().sum()
    return bool(stand < UPRIGHT * lie)


def of_brightness(train: Stored, test: Stored) -> list[str]:
    """A doubt where the images of one part are much brighter than those of the other: one of them may be stored in another range."""
    bright = [images[:: max(1, len(images) // 2000)].float().mean().item() for images in (train, test)]
    if max(bright) < APART * min(bright) or max(bright) < 1:
        return []
    darker = "training" if bright[0] < bright[1] else "test"
    return [
        f"the {darker} images are much darker than the others (a mean of {min(bright):.0f} of 255 beside {max(bright):.0f}): look whether both "
        "are stored in one range"
    ]


def of_parts(train: Stored, test: Stored) -> list[str]:
    """A doubt where test images are in the training images too, or nearly so."""
    alike, same, looked = near_duplicates(train, test)
    if not same and alike < max(PAIRS, SHARE * looked):
        return []
    number = f"{alike:,} of {looked:,} test images"
    what = "equal a training image" if same == alike else "equal a training image, or nearly so"
    return [
        f"{number} {what}: what is measured on them flatters; remove copies, or split by where they come from"
    ]


def near_duplicates(train: Stored, test: Stored) -> tuple[int, int, int]:
    """How many test images have a nearly equal training image, how many an equal one, and of how many.

    1,000 test images, evenly spread, are compared with up to 200,000 for training: the three nearest by means over 8 x 8 fields, by their
    grey values and by the differences of neighbouring ones.
    """
    chosen = torch.linspace(0, len(test) - 1, min(LOOKED_AT, len(test)), dtype=torch.float64).round().long()
    images, others = test[chosen], rows_of(train, slice(COMPARED))
    nearest = (_fields(images) @ _fields(others).T).topk(min(3, len(others)), dim=1).indices
    alike, same = torch.zeros(len(images), dtype=torch.bool), torch.zeros(len(images), dtype=torch.bool)
    grey, edges = _unit(images.float().flatten(1)), _edges(images)
    for rank in nearest.unbind(1):
        near = others[rank]
        correlated = (grey * _unit(near.float().flatten(1))).sum(1) >= ALIKE
        alike |= correlated & ((edges * _edges(near)).sum(1) >= ALIKE_EDGES)
        same |= (images == near).flatten(1).all(1)
    return int((alike | same).sum()), int(same.sum()), len(images)


def _edges(images: Tensor) -> Tensor:
    x = images.float()
    return _unit(torch.cat([x.diff(dim=2).flatten(1), x.diff(dim=3).flatten(1)], dim=1))


def _fields(images: Stored) -> Tensor:
    """Grey means over 8 x 8 fields, centred, of length one."""
    parts = [
        F.adaptive_avg_pool2d(part.float().mean(1, keepdim=True), 8).flatten(1) for part in images.split(5000)
    ]
    return _unit(torch.cat(parts))


def _unit(rows: Tensor) -> Tensor:
    return F.normalize(rows - rows.mean(1, keepdim=True), dim=1)


def of_missing(train: Sequence[int], test: Sequence[int], classes: Sequence[str], kind: Kind) -> list[str]:
    """Doubts of classes that one part has no row of, by their counts in both."""
    found = []
    for part, counts in (("training", train), ("test", test)):
        empty = [name for name, count in zip(classes, counts, strict=True) if not count]
        if empty:
            found.append(
                f"no {part} {kind.one} is of {counted(len(empty), 'class', 'classes')} ({listed(empty)}): nothing is {'learned' if part == 'training' else 'measured'} of {'it' if len(empty) == 1 else 'them'}"
            )
    return found


# Numbers that people write for a value that they lack.
LOOKED_AT_VALUES = 10_000_000
MARKS = (-9999.0, -999.0, -99.0, 999.0, 9999.0, 99999.0)


def of_marks(rows: Stored, features: Sequence[str]) -> list[str]:
    """Doubts of numbers in a table that may stand for missing values: the same mark in several of the first rows, far beyond all others."""
    values, found = rows[: max(100, min(10_000, LOOKED_AT_VALUES // len(features)))], {}
    for mark in MARKS:
        is_mark = values == mark
        count = is_mark.sum(0)
        lost = torch.where(is_mark, torch.inf, values)
        low, high = lost.amin(0), torch.where(is_mark, -torch.inf, values).amax(0)
        far = torch.minimum((mark - low).abs(), (mark - high).abs()) > (high - low).clamp(min=1.0)
        stands = (count > 1) & (count < len(values)) & far & ((mark < low) | (mark > high))
        found |= {features[place]: mark for place in stands.nonzero()[:, 0].tolist()}
    found = {name: found[name] for name in features if name in found}
    if not found:
        return []
    marks = listed(sorted({f"{mark:.0f}" for mark in found.values()}))
    return [
        f"{marks} in {listed(list(found))} {'lies' if len(found) == 1 else 'lie'} far from all other values: where it stands for a missing one, leave the cell empty"
    ]
