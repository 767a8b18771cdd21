"""What several commands share: names, how a command is told to others, and the data of a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

from ..checkpoints import Checkpoint
from ..data import Dataset, data_of, is_own
from ..data.hub import by_name
from ..metrics import Report


def check_named(out: Path) -> None:
    """Raises ValueError for a folder without a name."""
    if not out.name.strip():
        raise ValueError("the folder to write to has no name: give one, for example runs/first")


# Options that name a source.
SOURCES = ("--data", "--embeddings", "--labels", "--plugin")


def without_path(arguments: Sequence[str]) -> list[str]:
    """The command line as others can repeat it: the names of the output folder and of a source instead of paths of this machine.

    >>> without_path(["train", "vae", "--data", "../scans/left", "--out", "/home/me/runs/first"])
    ['train', 'vae', '--data', 'left', '--out', 'first']
    """
    words = [Path(word).name if Path(word).is_absolute() else word for word in arguments]
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in SOURCES and equals:
            words[place] = f"{option}={source_name(value)}"
        elif place and words[place - 1] in SOURCES:
            words[place] = source_name(word)
    return words


def source_name(what: str) -> str:
    """The last name of a folder or file; names of data sets as they are.

    >>> source_name("scans/left/"), source_name("hf:owner/name"), source_name("mnist")
    ('left', 'hf:owner/name', 'mnist')
    """
    return what if by_name(what) else Path(what).resolve().name if what in (".", "..") else Path(what).name


def own_data(checkpoint: Checkpoint, what: str | Path | Dataset | None, report: Report) -> Dataset:
    """The data that a model was trained on, opened from `what` where that is given. Raises ValueError for other data."""
    told = checkpoint.card.data
    dataset = data_of(told, what or checkpoint.own_data, report)
    if not is_own(told, dataset):
        raise ValueError(f"{dataset.name} is not what the model was trained on: give {told.name} by --data")
    return dataset
