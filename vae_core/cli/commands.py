"""How a command is told to others."""

from collections.abc import Sequence
from pathlib import Path


def check_named(out: Path) -> None:
    """Raises ValueError for a folder without a name."""
    if out == Path():
        raise ValueError("the folder to write to has no name: give one, for example runs/first")


def without_path(arguments: Sequence[str]) -> list[str]:
    """The command line as others can repeat it: the name of the output folder instead of a path of this machine."""
    return [Path(word).name if Path(word).is_absolute() else word for word in arguments]
