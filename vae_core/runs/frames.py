"""The frames of a training: records of one fixed size in `watch/frames.bin`, described by `watch/header.json`.

A frame holds the loss's terms (means since the frame before), the KL of each dimension, where fixed items lie in each block, and pictures.
Shapes: B blocks, N fixed items, T terms, D dimensions of all blocks together, H W C a picture.
"""

import base64
import json
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..checkpoints.folder import CheckpointError, atomic
from ..checkpoints.typed import read
from ..files import opened, read_bytes

FORMAT = 1
WATCH, HEADER, FRAMES = "watch", "header.json", "frames.bin"

# No more frames are kept, nor more bytes of them: then every second one is dropped, and the interval doubles.
MOST_FRAMES, MOST_BYTES = 2000, 200 * 2**20

# A record is no larger, whatever a header says.
MOST_RECORD = 64 * 2**20

# And a header, which has the originals of the pictures in it.
MOST_HEADER = 64 * 2**20


@dataclass(frozen=True)
class Field:
    """A part of a record: what `numpy.dtype` calls its type, its shape, and where it begins, in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True)
class Header:
    """What the frames of a training are of; written once at each start.

    Attributes:
        start: when the training began, seconds since 1970; it differs after each start.
        model: its name.
        data: the name of the data.
        an: what an observation is called: "an image", or "a row" of a table.
        many: what some are called: "images", or "rows".
        says: what the objective asks for, in words.
        terms: the loss's terms, by the names of a card's history.
        blocks: the dimensions of each latent block.
        axes: what each block's positions are: "dimensions" of a block of one or two, else "principal axes",
            turned to those of the frame before (orthogonal Procrustes).
        standard: the blocks whose prior is N(0, I).
        items: how many fixed items there are.
        umap: of how many of them a map by UMAP is made, begun at each frame where the last one ended; 0 where there is none.
        labels: the class of each item, none where there are no classes, -1 where it is not known.
        classes: their names.
        split: of which images the items are: "validation" or "training".
        picture: height, width and channels of a picture, which may be smaller than an observation.
        originals: what the reconstructions are of, as base64 of bytes `(reconstructions, H, W, C)`.
        reconstructions: how many.
        samples: how many draws of the prior, of noise that stays the same.
        of_classes: the classes of which one draw each is shown, of one noise.
        format: of the file.
        record: the bytes of a record.
        numbers: the bytes at its beginning that are numbers; positions and pictures follow.
        fields: where each part lies in a record (little endian).

    Raises:
        ValueError: for sizes that make no record.

    Example:
        >>> header = layout(Header(terms=("loss",), blocks={"z": 3}, items=5, picture=(8, 8, 1), reconstructions=2))
        >>> [part.name for part in header.fields][:4], header.dtype["positions"].shape, header.record % 8
        (['step', 'seconds', 'epoch', 'learning_rate'], (1, 5, 2), 0)

    Source:
        docs/decisions/0023-watching.md.
    """

    terms: tuple[str, ...]
    blocks: dict[str, int]
    items: int
    picture: tuple[int, ...]
    reconstructions: int
    samples: int = 0
    umap: int = 0
    of_classes: tuple[int, ...] = ()
    labels: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    split: str = "training"
    axes: dict[str, str] = field(default_factory=dict)
    standard: tuple[str, ...] = ()
    originals: str = ""
    start: float = 0.0
    model: str = ""
    data: str = ""
    an: str = "an image"
    many: str = "images"
    says: str = ""
    format: int = FORMAT
    record: int = 0
    numbers: int = 0
    fields: tuple[Field, ...] = ()

    def __post_init__(self):
        if len(self.picture) != 3:
            raise ValueError("a picture has height, width and channels")
        if self.format != FORMAT:
            raise ValueError(f"it has format {self.format}, and this version reads {FORMAT}")
        if self.dtype.itemsize > MOST_RECORD:
            raise ValueError("a record of it is too large")
        if self.record not in (0, self.dtype.itemsize):
            raise ValueError(f"its records have {self.dtype.itemsize} bytes, and it says {self.record}")

    @cached_property
    def dtype(self) -> np.dtype:
        """A record. Numbers come first, each part at a place that its type can be read at, and the whole is a multiple of 8 bytes.

        `positions` are int16 of 1/32767 of the block's `extent`, the largest coordinate; `reach` is the 99.5th percentile of their
        absolute values: one scale for several frames is the largest reach among them. `umap` and `umap_extent` are so, too, of the map by
        UMAP, which moves in some frames and stands in others.
        """
        blocks, dimensions = len(self.blocks), sum(self.blocks.values())
        maps = blocks if self.umap else 0
        parts = [
            ("step", "<i8", ()),
            ("seconds", "<f4", ()),
            ("epoch", "<i4", ()),
            ("learning_rate", "<f4", ()),
            ("terms", "<f4", (len(self.terms),)),
            ("kl", "<f4", (dimensions,)),
            ("extent", "<f4", (blocks,)),
            ("reach", "<f4", (blocks,)),
            ("umap_extent", "<f4", (maps,)),
            ("positions", "<i2", (blocks, self.items, 2)),
            ("reconstructions", "|u1", (self.reconstructions, *self.picture)),
            ("samples", "|u1", (self.samples, *self.picture)),
            ("of_classes", "|u1", (len(self.of_classes), *self.picture)),
            ("umap", "<i2", (maps, self.umap, 2)),
        ]
        ends = [0]
        for _, kind, shape in parts:
            ends.append(ends[-1] + np.dtype(kind).itemsize * prod(shape))
        if ends[-1] > MOST_RECORD:
            raise ValueError("a record of it is too large")
        return np.dtype(
            {
                "names": [name for name, _, _ in parts],
                "formats": [(kind, shape) for _, kind, shape in parts],
                "offsets": ends[:-1],
                "itemsize": -(-ends[-1] // 8) * 8,
            }
        )

    @property
    def pictures(self) -> np.ndarray:
        """The originals, `(reconstructions, H, W, C)` uint8. Raises ValueError where they are not there."""
        values = np.frombuffer(base64.b64decode(self.originals, validate=True), np.uint8)
        return values.reshape(self.reconstructions, *self.picture)

    def same_frames(self, other: "Header") -> bool:
        """Whether frames of the other go on with these."""
        return replace(self, start=0.0, says="", standard=()) == replace(
            other, start=0.0, says="", standard=()
        )


def layout(header: Header) -> Header:
    """The header with where each part lies in a record, for readers that are not numpy.

    Args:
        header: the rest of it.

    Returns:
        The whole.

    Example:
        >>> layout(Header(terms=(), blocks={"z": 1}, items=1, picture=(1, 1, 1), reconstructions=1)).numbers
        32
    """
    dtype = header.dtype
    parts = {name: dtype.fields[name] for name in dtype.names or ()}  # type: ignore[index]
    fields = tuple(
        Field(name, part[0].base.str, tuple(part[0].shape), part[1]) for name, part in parts.items()
    )
    return replace(header, record=dtype.itemsize, numbers=parts["positions"][1], fields=fields)


def encoded(pictures: np.ndarray) -> str:
    """Pictures `(n, H, W, C)` uint8 as the text of a header's `originals`."""
    return base64.b64encode(np.ascontiguousarray(pictures, np.uint8).tobytes()).decode()


def read_header(folder: Path) -> Header:
    """The header of the frames in the folder of a run.

    Args:
        folder: of the run.

    Returns:
        The header, every field checked.

    Raises:
        CheckpointError: where there is none, or a damaged one.

    Example:
        >>> read_header(Path("nowhere"))
        Traceback (most recent call last):
        vae_core.checkpoints.folder.CheckpointError: nowhere was not watched while it was trained: there are no frames
    """
    path = folder / WATCH / HEADER
    try:
        return read(Header, json.loads(read_bytes(path, MOST_HEADER)), "")
    except FileNotFoundError:
        raise CheckpointError(f"{folder} was not watched while it was trained: there are no frames") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): train again to have frames") from None


class Frames:
    """The frames of a run, in order of their steps, read while they are written or later. A last record that is torn is no frame.

    Frames may become fewer (every second one is dropped when there are too many) and, when a training is resumed, those after the
    resumed step go: who follows a training asks for those after a step, and anew when `Header.start` differs.

    Args:
        folder: of the run.

    Raises:
        CheckpointError: where the run was not watched, or its header is damaged.

    Example:
        >>> import tempfile
        >>> header = Header(terms=("loss",), blocks={"z": 2}, items=1, picture=(2, 2, 1), reconstructions=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with FrameWriter(Path(folder), header) as writer:
        ...         for step in (5, 10, 15):
        ...             writer.append({"step": step, "terms": [100.0 - step]})
        ...     frames = Frames(Path(folder))
        ...     len(frames), frames.after(5), frames.read(1, 2)["terms"][:, 0].tolist()
        (3, 1, [90.0])
    """

    def __init__(self, folder: Path):
        self.folder, self.header = folder, read_header(folder)
        self.path = folder / WATCH / FRAMES

    def __len__(self) -> int:
        try:
            return self.path.stat().st_size // self.header.dtype.itemsize
        except OSError:
            return 0

    def after(self, step: int) -> int:
        """The number of the first frame after a step; `len` where there is none."""
        with self._open() as file:
            return bisect_right(_Steps(file, self.header.dtype.itemsize), step)

    def raw(self, first: int, end: int) -> bytes:
        """The bytes of the frames from `first` to before `end`, whole records."""
        size = self.header.dtype.itemsize
        with self._open() as file:
            file.seek(max(0, first) * size)
            found = file.read(max(0, end - max(0, first)) * size)
        return found[: len(found) // size * size]

    def numbers(self, first: int, end: int) -> bytes:
        """The first `Header.numbers` bytes of each of those frames, one after the other: what curves and bars need."""
        size, head = self.header.dtype.itemsize, self._head
        with self._open() as file:
            last = min(end, os.fstat(file.fileno()).st_size // size)
            parts = []
            for place in range(max(0, first), last):
                file.seek(place * size)
                parts.append(file.read(head))
        return b"".join(part for part in parts if len(part) == head)

    def read(self, first: int, end: int) -> np.ndarray:
        """Those frames as a structured array of `Header.dtype`."""
        return np.frombuffer(self.raw(first, end), self.header.dtype)

    @property
    def _head(self) -> int:
        return self.header.dtype.fields["positions"][1]  # type: ignore[index]

    def _open(self) -> Any:
        try:
            return opened(self.path)
        except FileNotFoundError:
            return open(os.devnull, "rb")
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read ({error.strerror}): restore it") from None


class _Steps(Sequence[int]):
    """The steps of the records of an open file, read one by one."""

    def __init__(self, file: Any, size: int):
        self.file, self.size = file, size

    def __len__(self) -> int:
        return os.fstat(self.file.fileno()).st_size // self.size

    def __getitem__(self, place: Any) -> Any:
        self.file.seek(place * self.size)
        return int.from_bytes(self.file.read(8), "little", signed=True)


class FrameWriter:
    """Writes the header and appends frames.

    Args:
        folder: of the run.
        header: of the frames.
        after: the step that the training goes on from: frames of an earlier start up to it stay, where they are of the same header; None
            begins anew.

    Raises:
        OSError: where it cannot be written.

    Example:
        >>> import tempfile
        >>> header = Header(terms=("loss",), blocks={"z": 2}, items=1, picture=(2, 2, 1), reconstructions=1)
        >>> with tempfile.TemporaryDirectory() as folder, FrameWriter(Path(folder), header) as writer:
        ...     writer.append({"step": 1})
        ...     writer.count
        1
    """

    def __init__(self, folder: Path, header: Header, after: int | None = None):
        self.header, self.path = layout(header), folder / WATCH / FRAMES
        self.size = self.header.dtype.itemsize
        self.most = max(2, min(MOST_FRAMES, MOST_BYTES // self.size))
        kept = self._kept(folder, after)
        write_header(folder, self.header)
        self.file = open(self.path, "r+b" if kept else "wb")  # noqa: SIM115 (closed by `close`)
        self.file.truncate(kept * self.size)
        self.file.seek(0, os.SEEK_END)
        self.count = kept

    def _kept(self, folder: Path, after: int | None) -> int:
        """How many frames of an earlier start stay."""
        if after is None:
            return 0
        try:
            old = Frames(folder)
        except CheckpointError:
            return 0
        return old.after(after) if self.header.same_frames(old.header) else 0

    def append(self, values: Mapping[str, Any]) -> None:
        """One frame, its fields by name; those that are not given are 0."""
        record = np.zeros((), self.header.dtype)
        with np.errstate(
            over="ignore"
        ):  # what a training that fails says last may be larger than a frame's numbers
            for name, value in values.items():
                record[name] = value
        self.file.write(record.tobytes())
        self.file.flush()
        self.count += 1

    @property
    def full(self) -> bool:
        return self.count >= self.most

    def thin(self) -> None:
        """Drop every second frame; the first and the last stay."""
        whole = np.fromfile(self.path, self.header.dtype, self.count)
        kept = np.union1d(np.arange(0, self.count, 2), [self.count - 1])
        with atomic(self.path, durable=False) as file:
            file.write(whole[kept].tobytes())
        self.file.close()
        self.file, self.count = open(self.path, "ab"), len(kept)  # noqa: SIM115

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> "FrameWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def write_header(folder: Path, header: Header) -> None:
    with atomic(folder / WATCH / HEADER, durable=False) as file:
        file.write(json.dumps(asdict(header)).encode())
