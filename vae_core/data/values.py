"""From stored numbers of any type and range to bytes, and what is said of it.

Shapes: N images, with whatever shape of their own.
"""

from collections.abc import Callable

import numpy as np

from .mapped import Array, Mapped, blocks
from .notes import Notes, counted
from .raw import Report

# Bytes that reach no further are dark to the eye.
DARK = 64
# How far values may lie outside of their range, as a share of it, where resizing has made them overshoot; what does is cut.
SLACK = 0.1
# So many values are looked at for quantiles and moments.
LOOKED_AT = 1_000_000

STRETCH = "--values stretch"


def as_bytes(images: Array, values: str, notes: Notes, report: Report = lambda line: None) -> Array:
    """Values of any type as uint8 of the same shape, by one rule for all of them; the rule is said.

    Bytes stay. Truth values and 0 to 1 become 0 to 255, -1 to 1 likewise; whole numbers beyond 255 are scaled by their greatest.
    `values="stretch"` takes the least to 0 and the greatest to 255, whatever they are. Raises ValueError for NaN, and for ranges that say
    nothing of grey, with the way out.
    """
    kind = images.dtype.kind
    if kind not in "biuf":
        raise ValueError(
            f"the images are {images.dtype}, which are no grey values: give numbers from 0 to 255 or from 0 to 1"
        )
    if kind == "b":
        notes.say("True and False are taken as white and black")
        return _mapped(images, lambda x: x * 255)
    low, high = _ends(images, report)
    if low == high:
        raise ValueError(f"every value of the images is {low:g}, so there is nothing to see: give others")
    if values == "stretch":
        notes.say(f"the values are stretched: {low:g} becomes 0, {high:g} becomes 255")
        return _mapped(images, lambda x: (x - low) * (255 / (high - low)))
    return (_real if kind == "f" and _broken(images) else _whole)(images, low, high, notes)


def _ends(images: Array, report: Report) -> tuple[float, float]:
    """The least and the greatest value, in one look at all. Raises ValueError for NaN and infinite values, with how many images hold them."""
    low, high, bad = np.inf, -np.inf, []
    for block in blocks(images, report):
        bad.append(_broken_in(block))
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    broken = np.concatenate(bad)
    if broken.any():
        raise ValueError(
            f"{counted(int(broken.sum()), 'image')} of {len(images):,} hold NaN or infinite values, the first is number "
            f"{int(broken.argmax())}: mend them, or leave them out by --skip-broken"
        )
    return low, high


def broken_rows(images: Array, report: Report = lambda line: None) -> np.ndarray:
    """Which images hold a value that is not finite, `(N,)` bool."""
    if images.dtype.kind != "f":
        return np.zeros(len(images), dtype=bool)
    return np.concatenate([_broken_in(block) for block in blocks(images, report)])


def _broken_in(block: np.ndarray) -> np.ndarray:
    if block.dtype.kind != "f":
        return np.zeros(len(block), dtype=bool)
    return ~np.asarray(np.isfinite(block.reshape(len(block), -1)).all(1))


def _broken(images: Array) -> bool:
    """Whether some values are no whole numbers."""
    some = _sample(images)
    return bool((some != np.floor(some)).any())


def _whole(images: Array, low: float, high: float, notes: Notes) -> Array:
    if low < 0:
        raise ValueError(_beyond(images, low, high))
    if high <= 1:
        notes.say("the values are 0 and 1 only: taken as black and white")
        return _mapped(images, lambda x: x * 255)
    if high <= 255:
        if high < DARK:
            notes.doubt(
                f"the values run from {low:g} to {high:g} of 255, so the images are dark: {STRETCH} spreads them"
            )
        return images if images.dtype == np.uint8 else _mapped(images, lambda x: x)
    notes.say(f"the values run from {low:,.0f} to {high:,.0f}: scaled so that {high:,.0f} is white")
    if (usual := float(np.quantile(_sample(images), 0.999))) < high / 4:
        notes.doubt(
            f"999 of 1,000 values lie below {usual:,.0f}, so a few bright pixels darken all the others: clip them there first"
        )
    return _mapped(images, lambda x: x * (255 / high))


def _real(images: Array, low: float, high: float, notes: Notes) -> Array:
    if low >= -SLACK and high <= 1 + SLACK:
        notes.say(f"the values are fractions from 0 to 1{_cut(low, high, 0, 1)}: 1 becomes 255")
        return _mapped(images, lambda x: x * 255)
    if -1 - SLACK <= low < -0.9 and 0.9 < high <= 1 + SLACK:
        notes.say(f"the values run from -1 to 1{_cut(low, high, -1, 1)}: -1 becomes 0, 1 becomes 255")
        return _mapped(images, lambda x: (x + 1) * 127.5)
    if low >= -SLACK * 255 and DARK <= high <= 255 * (1 + SLACK):
        notes.say(
            f"the values are fractions of grey levels from 0 to 255{_cut(low, high, 0, 255)}: rounded to whole ones"
        )
        return _mapped(images, lambda x: x)
    if low >= 0 and high > 255:
        notes.say(f"the values run from {low:g} to {high:g}: scaled so that {high:g} is white")
        return _mapped(images, lambda x: x * (255 / high))
    raise ValueError(_beyond(images, low, high))


def _cut(low: float, high: float, least: float, most: float) -> str:
    """What is said of values a little beyond their range; rounding in half precision is nothing."""
    slight = 1e-3 * (most - least)
    beyond = low < least - slight or high > most + slight
    return f" (those from {low:.4g} to {high:.4g} beyond it are cut)" if beyond else ""


def _beyond(images: Array, low: float, high: float) -> str:
    """What is said of values that are neither bytes nor fractions."""
    some = _sample(images).astype(np.float64)
    standardised = images.dtype.kind == "f" and abs(some.mean()) < 0.3 and 0.7 < some.std() < 1.3
    looks = ", as standardised images do" if standardised else ""
    return (
        f"the images are {images.dtype} from {low:.4g} to {high:.4g}{looks}, and grey values run from 0 to 255 or from 0 to 1: "
        f"give them as they were before, or spread this range over black to white by {STRETCH}"
    )


def _sample(images: Array) -> np.ndarray:
    """All values, or some of many: drawn, since steps of one length may fall on the same pixel of each image."""
    if isinstance(images, Mapped):
        each = max(1, int(np.prod(images.shape[1:])))
        rows = np.random.default_rng(0).integers(0, len(images), max(1, LOOKED_AT // each))
        return images[np.sort(rows)].reshape(-1)
    flat = images.reshape(-1)
    if flat.size <= LOOKED_AT:
        return flat
    return flat[np.random.default_rng(0).integers(0, flat.size, LOOKED_AT)]


def _mapped(images: Array, rule: Callable[[np.ndarray], np.ndarray]) -> Array:
    """The rule in double precision, rounded and kept within bytes, some images at a time."""

    def grey(block: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(rule(block.astype(np.float64))), 0, 255).astype(np.uint8)

    if isinstance(images, Mapped):
        return images.then(_looked_up(grey, images.dtype) if images.dtype.itemsize <= 2 else grey)
    found, start = np.empty(images.shape, np.uint8), 0
    for block in blocks(images):
        found[start : start + len(block)] = grey(block)
        start += len(block)
    return found


def _looked_up(
    rule: Callable[[np.ndarray], np.ndarray], dtype: np.dtype
) -> Callable[[np.ndarray], np.ndarray]:
    """The same rule for numbers of one or two bytes, each of which it is asked of once: rows are read again and again."""
    native, places = dtype.newbyteorder("="), np.dtype(f"u{dtype.itemsize}")
    every = np.arange(256**dtype.itemsize).astype(places)
    with np.errstate(invalid="ignore"):
        table = rule(every.view(native) if dtype.kind != "b" else every > 0)
    return lambda block: table[np.ascontiguousarray(block, native).view(places)]
