"""Files and folders as people keep their data, written for a test."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vae_core.data import Dataset

IDX_TYPES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def figures(
    n: int, height: int = 10, width: int = 12, classes: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Grey images `(N, H, W)` uint8 with a bright field where their class says, on noise, and their classes `(N,)`."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    images = rng.integers(0, 90, (n, height, width), dtype=np.uint8)
    for number, image in enumerate(images):
        start = labels[number] * width // classes
        image[2:-2, start : start + width // classes] = 255 - number % 7
    return images, labels


def write_idx(path: Path, values: np.ndarray) -> Path:
    """An IDX file, gzipped where its name says so."""
    head = bytes([0, 0, IDX_TYPES[values.dtype.name], values.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    data = head + sizes + values.astype(values.dtype.newbyteorder(">")).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_images(
    folder: Path, images: Sequence[np.ndarray], names: Sequence[str] | None = None, ending: str = ".png"
) -> Path:
    """Image files, each in the folder that `names` says."""
    for number, image in enumerate(images):
        place = folder / (names[number] if names else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:03}{ending}")
    return folder


def by_class(folder: Path, n: int = 12, classes: int = 3, **shape: int) -> Path:
    """A folder of images by class, as most people have them."""
    images, labels = figures(n, classes=classes, **shape)
    return write_images(folder, images, [f"kind {label}" for label in labels])


def many_directories(count: int) -> bytes:
    """A TIFF of one pixel a frame."""
    parts, place = [b"II*\0" + (8).to_bytes(4, "little")], 8
    fields = [
        (256, 3, 1),
        (257, 3, 1),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 3, 1),
        (279, 4, 1),
    ]
    size = 2 + 12 * len(fields) + 4
    for number in range(count):
        body = len(fields).to_bytes(2, "little")
        for tag, kind, value in fields:
            body += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
            body += value.to_bytes(4, "little")
        after = place + size if number + 1 < count else 0
        parts.append(body + after.to_bytes(4, "little"))
        place += size
    return b"".join(parts)


def said(found: Dataset, *words: str) -> bool:
    """Whether one sentence holds all of these words."""
    return any(all(word in sentence for word in words) for sentence in found.notes)


def rows(found: Dataset) -> dict[bytes, str]:
    """The class of each image, by its pixels."""
    return {
        image.numpy().tobytes(): data.classes[label]
        for data in (found.train, found.test)
        for image, label in zip(data.images, data.labels.tolist(), strict=True)
    }


def whole(images: np.ndarray, names: list[str]) -> dict[bytes, str]:
    return {image.tobytes(): name for image, name in zip(images, names, strict=True)}


def rows_of(data: Any) -> set[bytes]:
    return {image.numpy().tobytes() for image in data.images}
