"""A labelled grid of small pictures, such as latent traversals, drawn on one canvas.

The pixels go to the browser as raw bytes inside the message of the rerun. A picture file would need a second
request, which is most of the delay one sees when a slider moves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from latent_explorer.components.shared import pack, served

_component = served("image_grid")


class Cells(NamedTuple):
    """Cells of a grid, and what the live route is asked for to have them at other betas: the parts of a request but its model and its betas.
    The answer's pictures go into so many columns, from a row and a column on."""

    request: Mapping[str, Any]
    row: int = 0
    column: int = 0
    columns: int = 1


@dataclass(frozen=True)
class Follow:
    """How a grid follows a handle of beta while it moves.

    Attributes:
        model: the name that the live route knows.
        betas: those that it shows.
        asks: what to ask for; nothing where the cells cannot be asked for, which are pale then.
        of_betas: whether notes and marks hold for these betas alone.
    """

    model: str
    betas: Mapping[str, float]
    asks: Sequence[Cells]
    of_betas: bool = False

    def to_json(self) -> dict[str, Any]:
        """What the browser is sent."""
        return {
            "model": self.model,
            "betas": dict(self.betas),
            "asks": [each._asdict() for each in self.asks],
            "ofBetas": self.of_betas,
        }


def image_grid(
    images: np.ndarray,
    *,
    rows: Sequence[str],
    title: str,
    key: str,
    columns: Sequence[str] = (),
    row_notes: Sequence[str] | None = None,
    faded_rows: Collection[int] = (),
    marks: Collection[tuple[int, int]] = (),
    scale: int | None = None,
    clickable: bool = False,
    headed: bool = False,
    follow: Follow | None = None,
) -> tuple[int, int] | None:
    """Draw a grid of pictures and return the cell that was just clicked as ``(row, column)``.

    Args:
        images: pixels, uint8, grey as (R, C, H, W) or colour as (R, C, H, W, 3).
        rows: the label of each row.
        title: describes the grid to those who cannot see it, and heads the picture that is saved.
        key: identifies the grid across reruns.
        columns: the header of each column, or nothing for no headers.
        row_notes: a second, muted line under each row label.
        faded_rows: rows to draw pale, such as dimensions that do nothing.
        marks: cells to outline, such as the starting point.
        scale: CSS pixels per picture pixel; by default, as large as the width allows up to a sensible size.
            A scale that does not fit is reduced.
        clickable: whether cells can be chosen, with the mouse or with arrow keys and Enter.
        headed: whether the title stands above the grid.
        follow: how the cells follow a handle of beta; they wait for the run unless given.
    """
    _check(images, rows, columns, row_notes)
    height, width = images.shape[2:4]
    header = {
        "shape": [*images.shape[:2], height, width, images.shape[4] if images.ndim == 5 else 1],
        "rows": list(rows),
        "columns": list(columns),
        "notes": None if row_notes is None else list(row_notes),
        "faded": sorted(int(row) for row in faded_rows),
        "marks": sorted([int(row), int(column)] for row, column in marks),
        "scale": scale,
        "title": title,
        "clickable": clickable,
        "headed": headed,
        **({"follow": follow.to_json()} if follow else {}),
    }
    cell = _component(key=key, data=pack(header, images), on_cell_change=_nothing).get("cell")
    return (int(cell[0]), int(cell[1])) if clickable and cell else None


def _check(
    images: np.ndarray, rows: Sequence[str], columns: Sequence[str], row_notes: Sequence[str] | None
) -> None:
    """Raise ``ValueError`` unless pictures and labels belong together."""
    if images.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8, from 0 to 255, not {images.dtype}")
    is_colour = images.ndim == 5 and images.shape[4] == 3
    if (images.ndim != 4 and not is_colour) or 0 in images.shape:
        raise ValueError(f"pictures must have the shape (R, C, H, W) or (R, C, H, W, 3), not {images.shape}")
    if len(rows) != len(images) or (row_notes is not None and len(row_notes) != len(images)):
        raise ValueError(f"{len(images)} rows of pictures need as many labels (and notes, if any)")
    if columns and len(columns) != images.shape[1]:
        raise ValueError(f"{images.shape[1]} columns of pictures need as many headers, or none")


def _nothing() -> None:
    """Stand in for a callback: Streamlit surfaces only those events that have one."""
