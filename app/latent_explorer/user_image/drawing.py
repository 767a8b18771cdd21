"""A drawing as a few numbers: what is kept of strokes, and their text in a link.

A stroke is `{"width": int, "ink": 0 to 255, "points": [x, y, x, y, ...]}` in thousandths of the paper's width. In a link each number is
two letters of base64's alphabet for addresses (RFC 4648), points from -1000 to 3095; `~` stands between strokes.
"""

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Strokes = list[dict[str, Any]]

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
STROKE = re.compile(r"[\w-]{8}(?:[\w-]{4})*", re.ASCII)
NEXT, AS_PLACED = "~", "as-placed."  # the latter before a drawing that is not to be centred
LOW, WIDEST, INK = -1000, 500, 255

# Of a link: characters. Of a drawing that is made smaller: points; of more, the link says nothing.
MOST, MOST_POINTS = 3000, 5_000

# How far a kept line may lie from the one that was drawn, in thousandths of the width: the first one with which the drawing fits in a link.
FAR = (2.0, 4.0, 8.0)


def kept(strokes: Sequence[Mapping[str, Any]]) -> Strokes:
    """The strokes without the points that hardly bend them, so that a link can carry them. Raises KeyError, TypeError, ValueError or
    OverflowError for what are none.

    >>> kept([{"width": 80, "ink": 255, "points": [0, 0, 100, 1, 200, 0]}])
    [{'width': 80, 'ink': 255, 'points': [0, 0, 200, 0]}]
    """
    given = [(stroke, np.asarray(stroke["points"], np.float64).reshape(-1, 2)) for stroke in strokes]
    if sum(len(points) for _, points in given) > MOST_POINTS:
        return [dict(stroke) for stroke in strokes]
    for far in FAR:
        fewer = [_stroke(stroke, simplified(_within(points), far)) for stroke, points in given if len(points)]
        if encode(fewer):
            break
    return fewer


def _stroke(stroke: Mapping[str, Any], points: np.ndarray) -> dict[str, Any]:
    width, ink = (round(float(stroke[name])) for name in ("width", "ink"))
    return {
        "width": min(max(width, 1), WIDEST),
        "ink": min(max(ink, 0), INK),
        "points": points.ravel().astype(int).tolist(),
    }


def _within(points: np.ndarray) -> np.ndarray:
    if not np.isfinite(points).all():
        raise ValueError("a point is no number")
    return points.round().clip(LOW, LOW + len(LETTERS) ** 2 - 1)


def simplified(points: np.ndarray, far: float) -> np.ndarray:
    """The fewest points of a line `(n, 2)` that this method finds whose line lies within `far` of every other one.

    Source: Douglas & Peucker (1973).

    >>> simplified(np.array([[0, 0], [5, 1], [10, 0], [10, 9]]), 2.0).tolist()
    [[0, 0], [10, 0], [10, 9]]
    """
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    open_parts = [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        away = _distances(points[first + 1 : last], points[first], points[last])
        if len(away) and away.max() > far:
            middle = first + 1 + int(away.argmax())
            keep[middle] = True
            open_parts += [(first, middle), (middle, last)]
    return points[keep]


def _distances(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of points `(n, 2)` from the line between two, `(n,)`."""
    along = b - a
    share = ((points - a) @ along / max(float(along @ along), 1e-9)).clip(0, 1)
    return np.hypot(*(points - a - share[:, None] * along).T)


def encode(strokes: Sequence[Mapping[str, Any]], centre: bool = True) -> str:
    """As a link says it; nothing where there is no room for it, and where nothing is drawn.

    >>> encode([{"width": 80, "ink": 255, "points": [500, 200]}])
    'BQD_XcSw'
    """
    count = sum(4 + len(stroke["points"]) for stroke in strokes)
    if not strokes or 2 * count > MOST:
        return ""
    texts = [
        _letters([stroke["width"], stroke["ink"], *(value - LOW for value in stroke["points"])])
        for stroke in strokes
    ]
    return ("" if centre else AS_PLACED) + NEXT.join(texts)


def _letters(numbers: Sequence[int]) -> str:
    return "".join(LETTERS[number // 64] + LETTERS[number % 64] for number in numbers)


def decode(text: str) -> tuple[Strokes, bool]:
    """The strokes that a link says, and whether they are to be centred. Raises ValueError, half a sentence, for anything else.

    >>> decode("BQD_XcSw")
    ([{'width': 80, 'ink': 255, 'points': [500, 200]}], True)
    """
    if len(text) > MOST + len(AS_PLACED):
        raise ValueError(f"it has {len(text):,} characters, and a drawing has at most {MOST:,}")
    parts = text.removeprefix(AS_PLACED).split(NEXT)
    if not all(map(STROKE.fullmatch, parts)):
        raise ValueError("it holds something else than strokes")
    return [_read(part) for part in parts], not text.startswith(AS_PLACED)


def _read(text: str) -> dict[str, Any]:
    numbers = [64 * LETTERS.index(text[i]) + LETTERS.index(text[i + 1]) for i in range(0, len(text), 2)]
    width, ink, *points = numbers
    if not (1 <= width <= WIDEST and ink <= INK):
        raise ValueError(f"a stroke is {width} wide with ink {ink}, instead of 1 to {WIDEST} and 0 to {INK}")
    return {"width": width, "ink": ink, "points": [value + LOW for value in points]}
