"""What is said of a source while it is opened."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..kinds import Image, Kind


@dataclass
class Notes:
    """Sentences: what was done (`said`), and what may be wrong (`doubts`), each with what to do about it; `kind` is what they are about."""

    said: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    kind: type[Kind] = Image

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def doubt(self, sentence: str) -> None:
        self.doubts.append(sentence)

    def __iter__(self) -> Iterator[str]:
        yield from self.said
        yield from self.doubts


def counted(number: int, what: str, many: str | None = None) -> str:
    """A number of things, in words.

    >>> counted(1, "image"), counted(1200, "image"), counted(2, "class", "classes")
    ('1 image', '1,200 images', '2 classes')
    """
    return f"{number:,} {what if number == 1 else many or f'{what}s'}"


def listed(names: list[str], most: int = 5) -> str:
    """The first few of many names.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def name_of(path: str | Path) -> str:
    """The last name of a path as it is typed: a link keeps its own, and a dot stands for the folder that one is in.

    >>> name_of("scans/left/"), name_of("scans/../photos")
    ('left', 'photos')
    """
    return os.path.basename(os.path.abspath(os.path.expanduser(path)))
