"""Glyphs: the capital letters A to Z in the fonts that are there, rendered here, white on black, 32x32.

The class is the letter: capitals, since their shapes are the same letters in every font, where lower case has a and g of two kinds. What
else is known of each image stands in columns, as the font's tables say it (`fonts`): family, font, weight, slant, width, serif. The split
is by family: no family is in both parts, so a test image is a letter of a family that was never seen. Which families test is drawn by a hash
of their names, so it is the same wherever the same fonts are. Shapes: M fonts, L = 26 letters, N = L M images, S = 32 side.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from ..kinds import Image
from ..models import Signature
from .fingerprint import fingerprint
from .fonts import (
    ENDINGS,
    FONTS_VARIABLE,
    LETTERS,
    WIDTHS,
    Face,
    Unfit,
    all_faces,
    font_files,
    font_folders,
    left_out,
)
from .letters import SIDE, distinct, drawn, readable
from .mnist import DATA_VARIABLE
from .notes import Notes, counted
from .npz import read_plain
from .raw import TEST, TRAIN
from .source import Data, Dataset, Origin, shuffled

NAME = "glyphs"
PREFIX = "glyphs:"
FILE = "glyphs.npz"
TEST_SHARE = 0.2
SLANTS = ("upright", "slanted")
FACTORS = {"letter": len(LETTERS), "weight": 9, "slant": len(SLANTS), "width": len(WIDTHS)}
COLUMNS = ("family", "font", "weight", "slant", "width", "serif")

Arrays = Mapping[str, np.ndarray]
Stamp = tuple[tuple[str, int, int], ...]


def rendered(folder: str | Path | None = None) -> tuple[Arrays, Notes]:
    """The images and what is known of them, of the fonts below a folder, or of those that are there; and what was left out.

    Args:
        folder: where fonts are looked for; unless given the folders in LATENT_EXPLORER_FONTS, or those of the system.

    Returns:
        images `(N, S, S)`, labels and split `(N,)`, classes `(L,)`, and the columns `(N,)` by name.

    Raises:
        ValueError: for a folder that is not there, and for fonts of fewer than two families.
    """
    folders = font_folders(folder)
    return _rendered(tuple((str(file), *_stamp(file)) for file in font_files(folders)))


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=2)  # seconds for some hundred fonts, and every page asks
def _rendered(files: Stamp) -> tuple[Arrays, Notes]:
    faces, reasons = all_faces([Path(file) for file, *_ in files])
    images, faces = _drawn(faces, reasons)
    families = sorted({face.family for face in faces})
    if len(families) < 2:
        raise ValueError(_too_few(len(files), families, reasons))
    notes = Notes()
    notes.say(f"{counted(len(faces), 'font')} of {counted(len(families), 'family', 'families')}")
    if reasons:
        notes.say(left_out(reasons))
    tests = tested(families)
    notes.say(
        f"{counted(len(tests), 'family is', 'families are')} kept for testing: none of their fonts is trained on"
    )
    return _arrays(images, faces, tests), notes


def _drawn(faces: list[Face], reasons: list[str]) -> tuple[np.ndarray, list[Face]]:
    """The letters `(M, L, S, S)` of the faces that are kept, and these; to `reasons` why others are not."""
    found: list[tuple[np.ndarray, Face]] = []
    for face in faces:
        try:
            found.append((drawn(face.path, face.number), face))
        except Unfit as unfit:
            reasons.append(str(unfit))
    images = (
        np.stack([letters for letters, _ in found])
        if found
        else np.zeros((0, len(LETTERS), SIDE, SIDE), np.uint8)
    )
    kept = [face for _, face in found]
    for which, reason in ((readable, "unlike letters"), (distinct, "like another font")):
        told = which(images) if len(kept) else np.zeros(0, bool)
        reasons += [reason] * int((~told).sum())
        images, kept = images[told], [face for face, keep in zip(kept, told, strict=True) if keep]
    return images, kept


def _too_few(files: int, families: list[str], reasons: list[str]) -> str:
    there = (
        f"the {counted(files, 'font file')} found hold letters of {'one family' if families else 'no family'}"
        if files
        else "no fonts are found"
    )
    why = f" ({left_out(reasons)})" if reasons else ""
    return (
        f"{there}{why}, and glyphs need two families at least: install some (Debian: apt install fonts-lato fonts-open-sans "
        f"fonts-urw-base35), or name a folder of {' and '.join(ENDINGS[:2])} files by {PREFIX}FOLDER or {FONTS_VARIABLE}"
    )


def tested(families: Sequence[str]) -> set[str]:
    """The families that are kept for testing: a fifth, one at least, those whose names have the least hashes.

    >>> sorted(tested(["Cabin", "Lato", "Karla", "Inter", "Go"]))
    ['Lato']
    """
    order = sorted(families, key=lambda family: hashlib.sha256(family.encode()).digest())
    return set(order[: max(1, round(TEST_SHARE * len(order)))])


def _arrays(images: np.ndarray, faces: list[Face], tests: set[str]) -> Arrays:
    columns = {
        "family": [face.family for face in faces],
        "font": _unique([face.path.stem for face in faces]),
        "weight": [face.weight for face in faces],
        "slant": [SLANTS[face.slanted] for face in faces],
        "width": [face.width for face in faces],
        "serif": [face.serif for face in faces],
        "split": [TEST if face.family in tests else TRAIN for face in faces],
    }
    return {
        "images": images.reshape(-1, SIDE, SIDE),
        "labels": np.tile(np.arange(len(LETTERS)), len(faces)),
        "classes": np.array(LETTERS),
        **{name: np.repeat(np.array(column), len(LETTERS)) for name, column in columns.items()},
    }


def _unique(names: list[str]) -> list[str]:
    """Names that occur again get a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return found


def keep_glyphs(folder: str | Path, target: str | Path) -> None:
    """Renders the fonts below a folder into a file, which `glyphs` is read from where it lies in LATENT_EXPLORER_DATA as glyphs.npz.

    Raises ValueError as `rendered` does.
    """
    arrays, _ = rendered(folder)
    part = Path(f"{target}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    os.replace(part, target)


def kept_file() -> Path | None:
    """glyphs.npz in the folder LATENT_EXPLORER_DATA, where it is there."""
    given = os.environ.get(DATA_VARIABLE)
    file = Path(given) / FILE if given else None
    return file if file and file.is_file() else None


@lru_cache(maxsize=2)
def _read(file: str, _stamped: tuple[int, int]) -> tuple[Arrays, Notes]:
    arrays = read_plain(Path(file))
    needed = ("images", "labels", "split", *COLUMNS)
    if missing := [name for name in needed if name not in arrays]:
        raise ValueError(
            f"{Path(file).name} holds no {missing[0]}: make it anew by vae_core.data.glyphs.keep_glyphs"
        )
    if tuple(map(str, arrays.get("classes", ()))) != LETTERS or arrays["images"].shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f"{Path(file).name} holds other images: make it anew by vae_core.data.glyphs.keep_glyphs"
        )
    notes = Notes()
    fonts, families = (len(np.unique(arrays[name])) for name in ("font", "family"))
    notes.say(
        f"{counted(fonts, 'font')} of {counted(families, 'family', 'families')}, as they were kept in {FILE}"
    )
    return arrays, notes


def _source(folder: str | None) -> tuple[Arrays, Notes]:
    """A folder that is given, by hand or in the environment, before the kept file, and that before the fonts of the system."""
    file = None if folder or os.environ.get(FONTS_VARIABLE) else kept_file()
    return rendered(folder) if file is None else _read(str(file), _stamp(file))


def _part(arrays: Arrays, split: str) -> Data:
    """A split: training rows in a fixed shuffled order, test rows font by font."""
    rows = np.flatnonzero(arrays["split"] == split)
    rows = rows[shuffled(len(rows)).numpy()] if split == TRAIN else rows
    columns = {name: arrays[name][rows] for name in COLUMNS}
    factors = (
        arrays["labels"][rows],
        columns["weight"] // 100 - 1,
        columns["slant"] == SLANTS[1],
        columns["width"] - WIDTHS[0],
    )
    return Data(
        NAME,
        split,
        torch.from_numpy(arrays["images"][rows])[:, None],
        torch.from_numpy(arrays["labels"][rows]).long(),
        LETTERS,
        torch.from_numpy(np.stack(factors, 1).astype(np.int64)),
        factor_names=tuple(FACTORS),
        columns=columns,
        places=rows,
    )


def glyphs(folder: str | None = None) -> Dataset:
    """The data set of the fonts below a folder, or of those that are there, read at once. Raises ValueError as `rendered` does."""
    arrays, notes = _source(folder)
    parts = {split: _part(arrays, split) for split in (TRAIN, TEST)}
    origin = Origin({split: fingerprint(part.images, part.labels) for split, part in parts.items()})
    made = {split: part._with(origin=origin) for split, part in parts.items()}
    return replace(GLYPHS, load=lambda split, limit: made[split].head(limit), origin=origin, notes=notes)


def is_glyphs(what: str) -> bool:
    """Whether this names the glyphs: `glyphs`, or `glyphs:FOLDER`, those of the fonts below a folder."""
    return what == NAME or what.startswith(PREFIX)


def glyphs_of(what: str) -> Dataset:
    """The data set of `glyphs` or `glyphs:FOLDER`. Raises ValueError as `rendered` does."""
    if what == PREFIX:
        raise ValueError(
            f"no folder is named: give {PREFIX}FOLDER, a folder of {' or '.join(ENDINGS[:2])} files"
        )
    return glyphs(what.removeprefix(PREFIX) if what.startswith(PREFIX) else None)


GLYPHS = Dataset(
    Signature(Image(1, SIDE, SIDE), LETTERS),
    lambda split, limit: glyphs().load(split, limit),
    "32x32 capital letters in the fonts that are there (glyphs:FOLDER for those of a folder), rendered here, test families unseen, offline",
    tuple(FACTORS),
    name=NAME,
)
