"""Weights of a training at some of its epochs, from which it can be forked: `watch/snapshots/<step>-<epoch>.safetensors`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .frames import WATCH

SNAPSHOTS = "snapshots"

# No more are kept, and none where they would take more bytes than this together.
MOST, MOST_BYTES = 20, 2**29


class Snapshot(NamedTuple):
    """Weights that were kept.

    Attributes:
        step: after how many steps.
        epoch: after how many epochs.
        path: the file of them.

    Example:
        >>> Snapshot(936, 2, Path("run/watch/snapshots/936-2.safetensors")).epoch
        2
    """

    step: int
    epoch: int
    path: Path


def snapshots(folder: Path) -> list[Snapshot]:
    """The snapshots in the folder of a run, by their steps.

    Args:
        folder: of the run.

    Returns:
        Those that are there.

    Example:
        >>> snapshots(Path("nowhere"))
        []
    """
    found = [
        Snapshot(int(told[1]), int(told[2]), path)
        for path in (folder / WATCH / SNAPSHOTS).glob("*.safetensors")
        if (told := re.fullmatch(r"(\d{1,12})-(\d{1,9})\.safetensors", path.name))
    ]
    return sorted(found)


def nearest_snapshot(found: Sequence[Snapshot], step: int) -> Snapshot | None:
    """The snapshot nearest to a step, the earlier of two that are equally near; None where there is none.

    Args:
        found: the snapshots.
        step: where.

    Returns:
        One of them.

    Example:
        >>> some = [Snapshot(100, 1, Path("a")), Snapshot(200, 2, Path("b"))]
        >>> nearest_snapshot(some, 160).epoch, nearest_snapshot([], 160)
        (2, None)
    """
    return min(found, key=lambda each: (abs(each.step - step), each.step), default=None)


def snapshot_path(folder: Path, step: int, epoch: int) -> Path:
    """Where the snapshot of a step is written.

    >>> snapshot_path(Path("run"), 936, 2).as_posix()
    'run/watch/snapshots/936-2.safetensors'
    """
    return folder / WATCH / SNAPSHOTS / f"{step}-{epoch}.safetensors"
