"""Font files: where they lie, what their tables say of them, and which of them hold the letters A to Z.

What is read where: the family from the `name` table (typographic family, else family), without words of weight, width and slant at its end;
weight from `OS/2` usWeightClass; width from usWidthClass; slant from `post` italicAngle and the italic and oblique bits of fsSelection;
serifs from PANOSE of a Latin text font, else from sFamilyClass, else unknown. Files say what their makers wrote there.
"""

import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from .notes import counted, name_of

FONTS_VARIABLE = "LATENT_EXPLORER_FONTS"
COLLECTIONS = (".ttc", ".otc")
ENDINGS = (".ttf", ".otf", *COLLECTIONS)
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WIDTHS = range(1, 10)

# Where systems keep their fonts: Linux, a person's own, macOS, Windows.
PLACES = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)

# What a family's name may end in that is no part of it.
_STYLES = re.compile(
    r"(?:[ -]+(?:thin|hairline|(?:extra|ultra|semi|demi)?[ -]?(?:light|bold|condensed|expanded)|book|regular|roman|medium|black|heavy|fat|"
    r"italic|oblique|slanted|narrow|extended|wide|compressed|cond|ital|bd|lt))+$",
    re.IGNORECASE,
)
_COLOURED = ("COLR", "CBDT", "sbix", "SVG ")
_PICTORIAL, _TEXT = 5, 2  # PANOSE's bFamilyType
_SYMBOLIC = 12  # class of sFamilyClass
_SERIFED, _SANS = (1, 2, 3, 4, 5, 7), (8,)


class Face(NamedTuple):
    """A face of a font file, and what its tables say of it.

    Attributes:
        path: of its file.
        number: of the face in the file.
        family: the name of its family.
        weight: from 100, thin, to 900, black, in hundreds.
        width: from 1, ultra-condensed, to 9, ultra-expanded.
        slanted: whether it is italic or oblique.
        serif: serif, sans or unknown.

    Example:
        >>> Face(Path("a.ttf"), 0, "Lato", 700, 5, False, "sans").weight
        700
    """

    path: Path
    number: int
    family: str
    weight: int
    width: int
    slanted: bool
    serif: str


class Unfit(ValueError):
    """A face that gives no letters; the text says why, as a count of faces has it."""


def font_folders(given: str | Path | None = None) -> list[Path]:
    """The folders that fonts are looked for in: the given one, or those in LATENT_EXPLORER_FONTS, or those of the system.

    Raises ValueError for a given one that is not there.
    """
    asked = (
        [str(given)]
        if given
        else [part for part in os.environ.get(FONTS_VARIABLE, "").split(os.pathsep) if part]
    )
    found = [Path(place).expanduser() for place in asked or PLACES]
    if asked and (missing := [path for path in found if not path.is_dir()]):
        raise ValueError(
            f"there is no folder {name_of(missing[0])} of fonts: give one that holds .ttf or .otf files"
        )
    return [path for path in found if path.is_dir()]


def font_files(folders: list[Path]) -> list[Path]:
    """The font files below some folders, in the order of their names."""
    files = {
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix.lower() in ENDINGS and file.is_file()
    }
    return sorted(files, key=lambda file: (file.name, str(file)))


def faces_of(path: Path) -> list["Face | Unfit"]:
    """Each face of a file, or why it gives no letters."""
    from fontTools.ttLib import TTCollection, TTFont

    logging.getLogger("fontTools").setLevel(
        logging.CRITICAL
    )  # what is odd in a table is not the reader's business
    try:
        with path.open("rb") as file:
            if path.suffix.lower() in COLLECTIONS:
                return [
                    _face_or_why(font, path, number)
                    for number, font in enumerate(TTCollection(file, lazy=True))
                ]
            return [_face_or_why(TTFont(file, lazy=True), path, 0)]
    except Exception:  # fontTools raises whatever comes of a damaged file
        return [Unfit("cannot be read")]


def _face_or_why(font: Any, path: Path, number: int) -> "Face | Unfit":
    try:
        return _face(font, path, number)
    except Unfit as unfit:
        return unfit
    except Exception:
        return Unfit("cannot be read")


def _face(font: Any, path: Path, number: int) -> Face:
    if any(table in font for table in _COLOURED):
        raise Unfit("in colour")
    os2 = font["OS/2"]
    panose, family_class = os2.panose, os2.sFamilyClass >> 8
    if panose.bFamilyType == _PICTORIAL or family_class == _SYMBOLIC:
        raise Unfit("of symbols")
    if not _has_letters(font):
        raise Unfit("without the letters A to Z")
    return Face(
        path,
        number,
        _family(font),
        min(max(round(os2.usWeightClass / 100), 1), 9) * 100,
        min(max(os2.usWidthClass, WIDTHS[0]), WIDTHS[-1]),
        font["post"].italicAngle != 0 or bool(os2.fsSelection & (1 | 1 << 9)),
        _serif(panose, family_class),
    )


def _has_letters(font: Any) -> bool:
    """Whether a Unicode table maps A to Z, each to a glyph of its own."""
    # Names of glyphs are not asked for: to read them takes most of the time.
    font.setGlyphOrder([f"g{number}" for number in range(font["maxp"].numGlyphs)])
    table = font.getBestCmap() or {}
    return len({table.get(ord(letter), "g0") for letter in LETTERS} - {"g0"}) == len(LETTERS)


def _family(font: Any) -> str:
    """Of the typographic family where it is told. Raises Unfit for a face without a name."""
    name = " ".join((font["name"].getBestFamilyName() or "").split())
    if not name:
        raise Unfit("without a name")
    return _STYLES.sub("", name) or name


def _serif(panose: Any, family_class: int) -> str:
    if panose.bFamilyType == _TEXT and 2 <= panose.bSerifStyle <= 15:
        return "serif" if panose.bSerifStyle <= 10 else "sans"
    if family_class in _SERIFED:
        return "serif"
    return "sans" if family_class in _SANS else "unknown"


def all_faces(files: list[Path]) -> tuple[list[Face], list[str]]:
    """The faces of some files that hold the letters, a copy of a file left out; and why the others are none, a reason for each."""
    faces: list[Face] = []
    reasons: list[str] = []
    seen: set[bytes] = set()
    for path in files:
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            reasons.append("cannot be read")
            continue
        if digest in seen:
            reasons.append("the same as another")
            continue
        seen.add(digest)
        for found in faces_of(path):
            if isinstance(found, Face):
                faces.append(found)
            else:
                reasons.append(str(found))
    return faces, reasons


def left_out(reasons: list[str]) -> str:
    """How many faces were left out, and why.

    >>> left_out(["in colour", "of symbols", "in colour"])
    '3 fonts left out: 2 in colour, 1 of symbols'
    """
    each = sorted({(reason, reasons.count(reason)) for reason in reasons}, key=lambda one: (-one[1], one[0]))
    return f"{counted(len(reasons), 'font')} left out: " + ", ".join(
        f"{number:,} {reason}" for reason, number in each
    )
