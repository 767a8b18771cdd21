"""How a command is told to others."""

from collections.abc import Sequence
from pathlib import Path


def check_named(out: Path) -> None:
    """Raises ValueError for a folder without a name."""
    if out == Path():
        raise ValueError("the folder to write to has no name: give one, for example runs/first")


def without_path(arguments: Sequence[str]) -> list[str]:
    """The command line as others can repeat it: the names of the output folder and of a source instead of paths of this machine.

    >>> without_path(["train", "vae", "--data", "../scans/left", "--out", "/home/me/runs/first"])
    ['train', 'vae', '--data', 'left', '--out', 'first']
    """
    found = [Path(word).name if Path(word).is_absolute() else word for word in arguments]
    for place, word in enumerate(found):
        option, equals, value = word.partition("=")
        if option == "--data" and equals:
            found[place] = f"--data={source_name(value)}"
        elif place and found[place - 1] == "--data":
            found[place] = source_name(word)
    return found


def source_name(what: str) -> str:
    """The last name of a folder or file; names of data sets as they are.

    >>> source_name("scans/left/"), source_name("hf:owner/name"), source_name("mnist")
    ('left', 'hf:owner/name', 'mnist')
    """
    return (
        what
        if what.startswith("hf:")
        else Path(what).resolve().name
        if what in (".", "..")
        else Path(what).name
    )
