"""Names beside the dots of a chart, each on the side where it covers least."""

from collections.abc import Sequence

import numpy as np

# Where the middle of a name lies, in its own half widths and half heights from the dot.
SIDES = {
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "top center": (0, 1),
    "bottom center": (0, -1),
    "top right": (1, 1),
    "bottom right": (1, -1),
    "top left": (-1, 1),
    "bottom left": (-1, -1),
}
WIDE, HIGH = 1000.0, 440.0  # of the plot, pixels, about
LETTER, LINE, DOT = 7.0, 15.0, 8.0  # of a name and a dot
ROUNDS = 8


def sides(
    x: np.ndarray, y: np.ndarray, across: np.ndarray, along: np.ndarray, names: Sequence[str]
) -> list[str]:
    """For each dot the side of its name, of `SIDES`: each is put where it covers least, in turns.

    Args:
        x, y: of the dots, `(N,)`.
        across, along: how far their error bars reach to each side, in x and in y.
        names: what stands beside them.

    >>> sides(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3), ["a", "b", "c"])
    ['top right', 'middle right', 'middle right']
    """
    if not len(x):
        return []
    horizontal, vertical = _scaled(x, across, WIDE), _scaled(y, along, HIGH)
    px, reach = horizontal
    py, rise = vertical
    taken = [
        *zip(px - DOT, px + DOT, py - DOT, py + DOT, strict=True),
        *zip(px - reach, px + reach, py - 2, py + 2, strict=True),
        *zip(px - 2, px + 2, py - rise, py + rise, strict=True),
    ]
    boxes = [
        [_box(px[i], py[i], side, LETTER * len(name) / 2, LINE / 2) for side in SIDES.values()]
        for i, name in enumerate(names)
    ]
    alone = np.array([[_covered(box, taken) + _outside(box) for box in each] for each in boxes])
    found = [int(place) for place in alone.argmin(1)]
    for _ in range(ROUNDS):
        for i, each in enumerate(boxes):
            others = [boxes[j][place] for j, place in enumerate(found) if j != i]
            costs = alone[i] + np.array([_covered(box, others) for box in each])
            found[i] = int(costs.argmin())
    return [list(SIDES)[place] for place in found]


Box = tuple[float, float, float, float]


def _scaled(values: np.ndarray, reach: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    least, most = (values - reach).min(), (values + reach).max()
    each = length / (most - least) if most > least else 0.0
    return (values - least) * each, reach * each


def _box(x: float, y: float, side: tuple[int, int], half: float, high: float) -> Box:
    right, up = side
    middle, height = x + right * (half + DOT), y + up * (high + DOT / 2)
    return middle - half, middle + half, height - high, height + high


def _covered(box: Box, others: Sequence[Box]) -> float:
    return sum(
        max(0.0, min(box[1], b) - max(box[0], a)) * max(0.0, min(box[3], d) - max(box[2], c))
        for a, b, c, d in others
    )


def _outside(box: Box) -> float:
    """Beyond the left, where the axis has its numbers, above or below; at the right there is room."""
    return 1e3 * sum(max(0.0, beyond) for beyond in (-box[0], -box[2] - LINE, box[3] - HIGH - LINE))
