"""From stored numbers of any type and range to bytes, and what is said of it.

Shapes: N images, with whatever shape of their own.
"""

from collections.abc import Callable

import numpy as np

from .notes import Notes, counted

# Bytes that reach no further are dark to the eye.
DARK = 64
# How far values may lie outside of their range, as a share of it, where resizing has made them overshoot; what does is cut.
SLACK = 0.1
# So many values are looked at for quantiles and moments, and so many images are converted at a time.
LOOKED_AT, BLOCK = 1_000_000, 2048

STRETCH = "--values stretch"


def as_bytes(images: np.ndarray, values: str, notes: Notes) -> np.ndarray:
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
        return images.astype(np.uint8) * 255
    check_finite(images)
    low, high = float(images.min()), float(images.max())
    if low == high:
        raise ValueError(f"every value of the images is {low:g}, so there is nothing to see: give others")
    if values == "stretch":
        notes.say(f"the values are stretched: {low:g} becomes 0, {high:g} becomes 255")
        return _mapped(images, lambda x: (x - low) * (255 / (high - low)))
    return (_real if kind == "f" and _broken(images) else _whole)(images, low, high, notes)


def check_finite(images: np.ndarray) -> None:
    """Raises ValueError for NaN and infinite values, with how many images hold them."""
    bad = broken_rows(images)
    if bad.any():
        raise ValueError(
            f"{counted(int(bad.sum()), 'image')} of {len(images):,} hold NaN or infinite values, the first is number "
            f"{int(bad.argmax())}: mend them, or leave them out by --skip-broken"
        )


def broken_rows(images: np.ndarray) -> np.ndarray:
    """Which images hold a value that is not finite, `(N,)` bool."""
    if images.dtype.kind != "f":
        return np.zeros(len(images), dtype=bool)
    blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    return np.concatenate([~np.isfinite(block.reshape(len(block), -1)).all(1) for block in blocks])


def _broken(images: np.ndarray) -> bool:
    """Whether some values are no whole numbers."""
    some = _sample(images)
    return bool((some != np.floor(some)).any())


def _whole(images: np.ndarray, low: float, high: float, notes: Notes) -> np.ndarray:
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


def _real(images: np.ndarray, low: float, high: float, notes: Notes) -> np.ndarray:
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


def _beyond(images: np.ndarray, low: float, high: float) -> str:
    """What is said of values that are neither bytes nor fractions."""
    some = _sample(images).astype(np.float64)
    standardised = images.dtype.kind == "f" and abs(some.mean()) < 0.3 and 0.7 < some.std() < 1.3
    looks = ", as standardised images do" if standardised else ""
    return (
        f"the images are {images.dtype} from {low:.4g} to {high:.4g}{looks}, and grey values run from 0 to 255 or from 0 to 1: "
        f"give them as they were before, or spread this range over black to white by {STRETCH}"
    )


def _sample(images: np.ndarray) -> np.ndarray:
    """All values, or some of many: drawn, since steps of one length may fall on the same pixel of each image."""
    flat = images.reshape(-1)
    if flat.size <= LOOKED_AT:
        return flat
    return flat[np.random.default_rng(0).integers(0, flat.size, LOOKED_AT)]


def _mapped(images: np.ndarray, rule: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The rule in double precision, rounded and kept within bytes, some images at a time."""
    found = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK].astype(np.float64)
        found[start : start + BLOCK] = np.clip(np.rint(rule(block)), 0, 255)
    return found
