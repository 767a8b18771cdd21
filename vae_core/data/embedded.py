"""Embeddings that lie in the folder of their checkpoint, as a data set: the rows are the items in their own order.

Shapes: N items, D dimensions, C H W picture.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ..files import check_plain
from ..models import Signature
from .fingerprint import fingerprint
from .labels import Labels
from .mapped import Mapped, stored_of
from .notes import Notes
from .npz import read_plain
from .raw import TEST, TRAIN
from .source import Data, Dataset, Origin
from .splits import divided

EMBEDDINGS, PICTURES = "embeddings.npz", "pictures.npy"

# What stands before the name of a column in the file.
COLUMN = "column."

TEST_SHARE = 0.2


def embedded(
    name: str,
    z: np.ndarray,
    numbers: np.ndarray,
    signature: Signature,
    columns: Mapping[str, np.ndarray],
    split: np.ndarray | None = None,
    notes: Notes | None = None,
) -> Dataset:
    """The data set of embeddings `(N, D)`: `whole` in their order, and for what is fitted and tested a fifth of each class to test.

    Args:
        name: what it is called.
        z: the embeddings, float32.
        numbers: the class of each, `(N,)`; 0 without classes.
        signature: what an item is, and the names of the classes.
        columns: what else is known of each item.
        split: "train" or "test" for each, where the source says so.
        notes: what was said when they were read.

    Returns:
        The data set.

    Raises:
        ValueError: for fewer than two items.

    Example:
        >>> from vae_core.kinds import Embedding
        >>> z = np.arange(20, dtype=np.float32).reshape(10, 2)
        >>> kind = Embedding.of(torch.from_numpy(z), ("a", "b"), ("real", "real"))
        >>> found = embedded("own", z, np.zeros(10, np.int64), Signature(kind, ()), {})
        >>> len(found.train), len(found.test), found.split("all").images[:2].tolist()
        (8, 2, [[0.0, 1.0], [2.0, 3.0]])
    """
    notes = notes or Notes()
    stored = stored_of(Mapped([z]) if isinstance(z, np.memmap) else z)
    whole = Data(
        name,
        "all",
        stored,
        torch.from_numpy(np.asarray(numbers, np.int64)),
        signature.classes,
        kind=signature.kind,
        columns=dict(columns),
    )
    told = Labels(np.asarray(numbers), signature.classes)
    if np.bincount(told.numbers).max() < 2:  # no class has an item to test and others to fit
        told = Labels.none(len(z))
    rows = divided(split, told, TEST_SHARE, Notes(kind=notes.kind))
    parts = {part: whole.rows(torch.from_numpy(own)) for part, own in zip((TRAIN, TEST), rows, strict=True)}
    origin = Origin({part: fingerprint(data.images, data.labels) for part, data in parts.items()})
    made = {part: data._with(split=part, origin=origin) for part, data in parts.items()}
    return Dataset(
        signature,
        lambda part, limit: made[part].head(limit),
        f"{len(z):,} embeddings of {z.shape[1]} numbers",
        name=name,
        origin=origin,
        notes=notes,
        whole=whole._with(origin=origin),
    )


def embedded_in(folder: Path, name: str, signature: Signature) -> Dataset | None:
    """The embeddings that lie in the folder of a checkpoint; None where there are none. Raises ValueError for a damaged file."""
    path = folder / EMBEDDINGS
    if not path.is_file():
        return None
    arrays = read_plain(path)
    try:
        columns = {key.removeprefix(COLUMN): arrays[key] for key in arrays if key.startswith(COLUMN)}
        z, numbers = arrays["z"], arrays["labels"]
        if len(z) != len(numbers) or any(len(column) != len(z) for column in columns.values()):
            raise ValueError("its parts differ in length")
        return embedded(name, z, numbers, signature, columns, arrays.get("split"))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged ({error}): import the embeddings again") from None


def pictures_in(folder: Path, items: int) -> np.ndarray | None:
    """The pictures of the items `(N, C, H, W)`, bytes that stay in their file; None where there are none, or of other items."""
    try:
        check_plain(folder / PICTURES)
        found = np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = found.dtype == np.uint8 and found.ndim == 4 and found.shape[1] in (1, 3) and len(found) == items
    return found if fits else None
