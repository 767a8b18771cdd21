"""Files in LeCun's IDX format, as MNIST and its successors come, whole or gzipped, by whatever name.

The format: two zeros, the type, the number of dimensions, each of them in four bytes, and the values, all big-endian.
"""

import gzip
import math
import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from .arrays import joined
from .doubts import TURN
from .mapped import is_large
from .notes import Notes, listed
from .raw import TEST, TRAIN, Opening, Raw

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

# `train-images-idx3-ubyte`, with Kaggle's dots, gzipped, with the name of the data set before it; t10k is MNIST's word for test.
NAME = re.compile(
    r"(?P<set>.*?)[-_.]?(?P<split>train|training|test|t10k|val|valid|validation)?[-_.]?(?P<what>images|labels)[-_.]idx\d+[-_.]?\w*(\.gz)?",
    re.IGNORECASE,
)
LEAST = 4


def is_idx(path: Path) -> bool:
    """Whether a path names IDX files: one of them, their folder, or what their names begin with in a folder."""
    return bool(files(path))


def read_idx(path: Path, opening: Opening) -> Raw:
    """Images and labels of one data set. Raises ValueError for several, for none, and for damaged files."""
    notes, sets = Notes(), files(path)
    named = {name for name, _, _ in sets}
    if len(named) > 1:
        shown = listed([f"{path.name}/{name}" for name in sorted(named)])
        raise ValueError(f"{path.name} holds {len(named)} data sets: name one of them, {shown}")
    images = {split: file for (_, split, what), file in sets.items() if what == "images"}
    labels = {split: file for (_, split, what), file in sets.items() if what == "labels"}
    if not images:
        raise ValueError(f"{path.name} holds labels and no images: give the folder that holds both")
    splits = list(images)
    pixels = [read_file(images[split]) for split in splits]
    if len({part.shape[1:] for part in pixels}) > 1:
        raise ValueError(
            f"the files of {path.name} hold images of different sizes: keep only those of one data set"
        )
    if not opening.turn and "emnist" in path.name.lower() + "".join(named).lower():
        notes.doubt(f"the images lie on their side, as all files of EMNIST do: {TURN}")
    found = None
    if set(splits) <= set(labels):
        found = np.concatenate([_class_column(read_file(labels[split]), notes) for split in splits])
    elif labels:
        notes.doubt("some labels are missing, so all are left out: put every labels file beside its images")
    split = None
    if splits != [""]:
        split = np.repeat(
            [TEST if name == TEST else TRAIN for name in splits], [len(part) for part in pixels]
        )
    return Raw(
        path.name.removesuffix(".gz"),
        "IDX files",
        joined(pixels),
        found,
        split,
        ordered=True,
        notes=notes,
    )


def read_file(path: Path) -> np.ndarray:
    """The array of one IDX file; a large one stays there. Raises ValueError for a damaged one."""
    try:
        if is_large(path.stat().st_size) and (found := _mapped(path)) is not None:
            return found
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":  # whatever the ending says: browsers unpack, and keep it
            data = _unpacked(data)
        kind, sizes, begin = _head(data)
        values = np.frombuffer(data, kind, offset=begin)
        if values.size != math.prod(sizes):
            raise ValueError(f"it holds {values.size:,} values and names {math.prod(sizes):,}")
        return values.reshape(sizes).astype(kind.newbyteorder("="))
    except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
        raise ValueError(
            f"{path.name} is no whole IDX file ({error}): get it anew, and unpack it where it is an archive"
        ) from None


def size_of(path: Path) -> int:
    """Bytes of the values of one IDX file, as its head names them. Raises ValueError for a damaged head."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    try:
        with (gzip.open if is_packed else open)(path, "rb") as file:
            kind, sizes, _ = _head(file.read(LEAST + 4 * 255))
    except (OSError, EOFError, zlib.error, ValueError, IndexError):
        raise ValueError(f"{path.name} is no whole IDX file: get it anew") from None
    return math.prod(sizes) * kind.itemsize


def _unpacked(data: bytes) -> bytes:
    """A gzipped file, as far as its head says that it goes. Raises ValueError for one that goes on."""
    with gzip.GzipFile(fileobj=BytesIO(data)) as file:
        head = file.read(LEAST + 4 * 255)
        kind, sizes, begin = _head(head)
        asked = begin + math.prod(sizes) * kind.itemsize
        whole = head + file.read(max(0, asked - len(head)) + 1)
    if len(whole) > asked:
        raise ValueError(f"it holds more values than the {math.prod(sizes):,} that it names")
    return whole


def _head(data: bytes) -> tuple[np.dtype, list[int], int]:
    """The type of the values, the sizes, and where the values begin. Raises ValueError for what is no IDX file."""
    if data[:2] != b"\0\0" or data[2] not in TYPES:
        raise ValueError("it does not begin as IDX files do")
    sizes = np.frombuffer(data, ">u4", data[3], offset=LEAST).astype(int).tolist()
    return np.dtype(TYPES[data[2]]), sizes, LEAST + 4 * data[3]


def _mapped(path: Path) -> np.ndarray | None:
    """The values where they lie in the file; None for one that is gzipped. Raises ValueError for a damaged one."""
    with path.open("rb") as file:
        data = file.read(LEAST + 4 * 255)
    if data[:2] == b"\x1f\x8b":
        return None
    kind, sizes, begin = _head(data)
    if (held := path.stat().st_size - begin) != (asked := math.prod(sizes) * kind.itemsize):
        raise ValueError(f"it holds {held:,} bytes of values and names {asked:,}")
    return np.memmap(path, kind, "r", begin, tuple(sizes))


def files(path: Path) -> Mapping[tuple[str, str, str], Path]:
    """The files that are read for a path, by data set, split and "images" or "labels"."""
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        return {}
    found = _in(folder)
    if path.is_dir():
        inside = [one for one in sorted(folder.iterdir()) if one.is_dir()]
        return found or (_in(inside[0]) if len(inside) == 1 else {})
    if path.is_file():
        own = next((key for key, file in found.items() if file == path), None)
        return {key: file for key, file in found.items() if own and key[0] == own[0]}
    return {key: file for key, file in found.items() if key[0] == path.name}


def _in(folder: Path) -> dict[tuple[str, str, str], Path]:
    found: dict[tuple[str, str, str], Path] = {}
    for file in sorted(folder.iterdir()):
        if file.is_dir() and (file / file.name).is_file():  # as Kaggle unpacks them
            file = file / file.name
        if file.is_file() and (match := NAME.fullmatch(file.name)):
            key = (match["set"].rstrip("-_."), _split(match["split"]), match["what"].lower())
            found.setdefault(key, file)  # the whole file before the gzipped one
    return found


def _split(word: str | None) -> str:
    return (
        ""
        if not word
        else TRAIN
        if word.lower().startswith("train")
        else "validation"
        if word.lower().startswith("val")
        else TEST
    )


def _class_column(labels: np.ndarray, notes: Notes) -> np.ndarray:
    """QMNIST keeps eight numbers for each image, the class first."""
    if labels.ndim == 1:
        return labels
    notes.say(f"the labels have {labels.shape[1]} columns: the first is taken as the class")
    return labels[:, 0]
