"""Small fonts, built here: the repository holds none."""

from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def bars(number: int, thick: int, slope: int = 0) -> Any:
    """A glyph of a bar for each binary digit of a number that is 1, each 700 units high; digit 5 stands always."""
    pen = TTGlyphPen(None)
    for place in range(6):
        if place < 5 and not (number >> place) & 1:
            continue
        left = 160 * place
        corners = [(left, 0), (left + slope, 700), (left + slope + thick, 700), (left + thick, 0)]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


def build(
    path: Path,
    family: str,
    *,
    letters: str = LETTERS,
    thick: int = 60,
    slope: int = 0,
    weight: int = 400,
    width: int = 5,
    panose: tuple[int, int] = (0, 0),
    coloured: bool = False,
) -> Path:
    """A TrueType font whose letters are patterns of bars."""
    names = [".notdef", *(f"glyph{number}" for number in range(len(letters)))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    glyphs = {name: bars(number, thick, slope) for number, name in enumerate(names)}
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=weight, usWidthClass=width)
    said: Any = builder.font["OS/2"]
    said.panose.bFamilyType, said.panose.bSerifStyle = panose
    builder.setupPost(italicAngle=-12 if slope else 0)
    if coloured:
        builder.setupCOLR({names[1]: [(names[2], 0)]})
        builder.setupCPAL([[(1.0, 0.0, 0.0, 1.0)]])
    builder.save(path)
    return path
