"""The letters A to Z of font faces as images, and which faces are alike.

Shapes: M faces, L = 26 letters, S = 32 side.
"""

from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from .fonts import LETTERS, Unfit

SIDE = 32
# Drawn so many times larger and averaged, so that the hinting of small sizes, which moves strokes to whole pixels, does not show.
_FINER = 4
# In pixels of the image: height of a capital, its baseline, and what every letter stays within.
CAPITAL, BASELINE, MARGIN = 20.0, 25.0, 1.0
_TRIAL = 200
# Share of a face's letters that have to look like letters, and the distance below which two faces are one: about that of Roboto's Regular
# and Book, or of two digitisations of one typeface.
LIKE_LETTERS, LEAST = 0.25, 0.25


def drawn(path: Path, number: int = 0) -> np.ndarray:
    """The letters of a face, white on black, `(L, S, S)` uint8.

    All letters of a face have one size, at which H is 20 pixels high, or as much smaller as its widest and tallest letters need; all stand
    on one baseline, each in the middle of its width. Raises Unfit for a face that cannot be drawn, or has blank letters.
    """
    try:
        return _drawn(path, number)
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for a damaged file
        raise error if isinstance(error, Unfit) else Unfit("cannot be drawn") from None


def _drawn(path: Path, number: int) -> np.ndarray:
    trial = ImageFont.truetype(str(path), _TRIAL, number, layout_engine=ImageFont.Layout.BASIC)
    boxes = np.array([trial.getbbox(letter, anchor="ls") for letter in LETTERS], float)
    left, top, right, bottom = boxes.T
    if (right <= left).any() or (bottom <= top).any():
        raise Unfit("with blank letters")
    scale = min(
        CAPITAL / -top[LETTERS.index("H")] if top[LETTERS.index("H")] < 0 else np.inf,
        (SIDE - 2 * MARGIN) / (right - left).max(),
        (BASELINE - MARGIN) / max(-top.min(), 1),
        (SIDE - BASELINE - MARGIN) / max(bottom.max(), 1e-9),
    )
    font = trial.font_variant(size=_TRIAL * scale * _FINER)
    sheet = PIL.Image.new("L", (SIDE * _FINER, SIDE * _FINER * len(LETTERS)))
    pen = ImageDraw.Draw(sheet)
    for row, letter in enumerate(LETTERS):
        middle = (SIDE - scale * (left[row] + right[row])) / 2 * _FINER
        pen.text((middle, (row * SIDE + BASELINE) * _FINER), letter, 255, font, anchor="ls")
    fine = np.asarray(sheet, np.float32).reshape(len(LETTERS), SIDE, _FINER, SIDE, _FINER)
    images = fine.mean((2, 4)).round().astype(np.uint8)
    if (images.max((1, 2)) == 0).any():
        raise Unfit("with blank letters")
    return images


def readable(images: np.ndarray) -> np.ndarray:
    """Which faces `(M, L, S, S)` have letters that look like letters, `(M,)` of truth values.

    Of those of a face that is kept, at least a quarter are nearer, by the cosine of their grey values, to the mean of all faces' images of
    that letter than to that of any other: one in 26 is chance, which is what pictures under the codes of A to Z come to.
    """
    rows = images.reshape(*images.shape[:2], -1).astype(np.float32)
    means = rows.mean(0)
    means /= np.linalg.norm(means, axis=-1, keepdims=True)
    return ((rows @ means.T).argmax(-1) == np.arange(len(LETTERS))).mean(1) >= LIKE_LETTERS


def distinct(images: np.ndarray, least: float = LEAST) -> np.ndarray:
    """Which faces `(M, L, S, S)` are at least so far from every one that is kept before them, `(M,)` of truth values.

    The distance of two faces is that of all their grey values, at half the resolution, as a share of the geometric mean of their norms.
    """
    half = images.reshape(*images.shape[:2], SIDE // 2, 2, SIDE // 2, 2).mean((3, 5), dtype=np.float32)
    rows = half.reshape(len(images), -1)
    norms = np.linalg.norm(rows, axis=1)
    kept = np.zeros(len(rows), bool)
    for start in range(0, len(rows), 256):
        block = np.arange(start, min(start + 256, len(rows)))
        products = rows[block] @ rows[: block[-1] + 1].T
        for number, product in zip(block, products, strict=True):
            others = np.flatnonzero(kept[:number])
            both = norms[others] * norms[number]
            squares = norms[others] ** 2 + norms[number] ** 2 - 2 * product[others]
            kept[number] = bool((squares >= least**2 * both).all())
    return kept
