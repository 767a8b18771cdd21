"""Lasso selections: which items lie inside a polygon, and how a polygon fits into a link.

A selection is kept as the polygon and not as a list of items, because thousands of item numbers do not fit
into a URL. The browser highlights by the same polygon, over the same rounded coordinates and in the same
arithmetic as here, so that both always agree on which items are selected.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

MAX_VERTICES = 40
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST_CODE = 2_000  # characters; forty vertices of two decimals need about 500
LEVELS = 65_535  # the last of them, of 16 bits


@dataclass(frozen=True)
class Selection:
    """A polygon drawn in one panel of a map, in that panel's data coordinates."""

    panel: str
    polygon: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Refuse anything that could not come back from a link."""
        if not _NAME.fullmatch(self.panel):
            raise ValueError(f"a panel name may hold letters, digits, '_', '.' and '-', not {self.panel!r}")
        if not 3 <= len(self.polygon) <= MAX_VERTICES:
            raise ValueError(f"a selection needs 3 to {MAX_VERTICES} corners, not {len(self.polygon)}")
        if not np.isfinite(np.asarray(self.polygon, dtype=float)).all():
            raise ValueError("the corners of a selection must be finite numbers")

    def encode(self) -> str:
        """Return the selection as ``panel~x~y~x~y…``, which needs no escaping in a URL."""
        numbers = (number for corner in self.polygon for number in corner)
        return "~".join((self.panel, *(_shortest(number) for number in numbers)))

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what :meth:`encode` wrote, or raise ``ValueError`` saying in one sentence what is wrong."""
        if len(text) > _LONGEST_CODE:
            raise ValueError(
                f"a selection in a link has at most {_LONGEST_CODE:,} characters, this one {len(text):,}"
            )
        panel, *numbers = text.split("~")
        if not numbers or len(numbers) % 2:
            raise ValueError(
                "a selection in a link must be a panel name and pairs of coordinates, separated by '~'"
            )
        try:
            values = [float(number) for number in numbers]
        except ValueError:
            raise ValueError("a selection in a link has a coordinate that is not a number") from None
        return cls(panel, tuple(zip(values[::2], values[1::2], strict=True)))

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """Read what the browser reported, ``None`` for no selection or for anything that is not one."""
        if not isinstance(value, Mapping):
            return None
        try:
            return cls(str(value["panel"]), tuple((float(x), float(y)) for x, y in value["polygon"]))
        except (KeyError, TypeError, ValueError):
            return None

    def to_json(self) -> dict[str, Any]:
        """Return what the browser is sent."""
        return {"panel": self.panel, "polygon": [list(corner) for corner in self.polygon]}


@dataclass(frozen=True, eq=False)
class Grid:
    """Coordinates rounded to 16 bits per axis: a quarter of the payload, and finer than any screen."""

    cells: np.ndarray  # (N, 2) uint16
    origin: np.ndarray  # (2,)
    step: np.ndarray  # (2,)

    @classmethod
    def of(cls, xy: np.ndarray, frame: np.ndarray | None = None) -> Self:
        """Round ``xy`` (N, 2) to the finest grid that holds it, or that holds ``frame`` (M, 2), where it lies."""
        xy = np.asarray(xy, dtype=np.float64)
        if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy):
            raise ValueError(f"a panel needs coordinates of shape (N, 2) with N > 0, not {xy.shape}")
        if not np.isfinite(xy).all():
            raise ValueError("the coordinates of a panel must be finite numbers")
        held = xy if frame is None else np.asarray(frame, dtype=np.float64)
        origin = held.min(axis=0)
        extent = held.max(axis=0) - origin
        step = np.where(extent > 0, extent, 1.0) / LEVELS
        cells = np.clip(np.rint((xy - origin) / step), 0, LEVELS)
        return cls(cells.astype(np.uint16), origin, step)

    @property
    def xy(self) -> np.ndarray:
        """The rounded coordinates, (N, 2) float64, bit for bit those the browser tests."""
        return self.origin + self.cells * self.step


def inside(polygon: Sequence[Sequence[float]], xy: np.ndarray) -> np.ndarray:
    """Return a mask of the points ``xy`` (N, 2) that lie inside a polygon, by the even-odd rule."""
    corners = np.asarray(polygon, dtype=np.float64)
    xy = np.asarray(xy, dtype=np.float64)
    near = np.flatnonzero(((xy >= corners.min(0)) & (xy <= corners.max(0))).all(1))
    x, y = xy[near].T
    result = np.zeros(len(near), dtype=bool)
    # An edge counts when it crosses the horizontal line through the point, to the right of the point.
    for (x1, y1), (x0, y0) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if y1 == y0:
            continue
        result ^= ((y1 > y) != (y0 > y)) & (x < (x0 - x1) * (y - y1) / (y0 - y1) + x1)
    found = np.zeros(len(xy), dtype=bool)
    found[near] = result
    return found


def selected_items(
    selection: Selection | None,
    panels: Mapping[str, np.ndarray],
    labels: np.ndarray,
    hidden: Collection[int] = (),
    frames: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Return the numbers of the items the browser highlights for a selection, in increasing order.

    ``panels`` maps panel names to their coordinates, ``frames`` to their frames, where they have one. Items of hidden classes are never selected, because
    nobody sees them inside the lasso.
    """
    if selection is None or selection.panel not in panels:
        return np.empty(0, dtype=np.intp)
    mask = inside(selection.polygon, Grid.of(panels[selection.panel], (frames or {}).get(selection.panel)).xy)
    return np.flatnonzero(mask & ~np.isin(labels, list(hidden)))


def _shortest(number: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return repr(float(number) + 0.0).removesuffix(".0")  # adding zero turns -0.0 into 0.0
