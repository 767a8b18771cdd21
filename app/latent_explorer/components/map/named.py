"""A selection that has a name: which items it holds, of which data, and the outline that was drawn, where it was one.

It is its items that count: an outline on a map that is made anew holds others. Shapes: N items of an atlas.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_explorer.components.map.selection import Selection
from vae_core.explore.direction import NEXT, PART, check_name

# Items that an atlas may have: what a link unpacks to is bounded by it.
MOST_ITEMS = 8_000_000


@dataclass(frozen=True)
class NamedSelection:
    """Items by number, in increasing order. data: the mark of the data that they are of."""

    name: str
    data: str
    items: tuple[int, ...]
    outline: str = ""

    def __post_init__(self) -> None:
        """Refuses what could not come back from a link or a file."""
        check_name(self.name)
        if not self.items or any(b <= a for a, b in zip((-1, *self.items), self.items, strict=False)):
            raise ValueError(f"the selection {self.name} needs numbers of items in increasing order")
        if self.items[-1] >= MOST_ITEMS or any(sign in self.data for sign in (PART, NEXT)):
            raise ValueError(f"the selection {self.name} is of no data that can be opened here")
        if self.outline:
            Selection.decode(self.outline)

    def encode(self) -> str:
        """As a text for a link: the items as bits, compressed."""
        bits = np.zeros(self.items[-1] + 1, dtype=bool)
        bits[list(self.items)] = True
        packed = base64.urlsafe_b64encode(zlib.compress(np.packbits(bits).tobytes(), 9)).decode().rstrip("=")
        return PART.join((self.name, self.data, packed, self.outline.replace(PART, ",")))

    @classmethod
    def decode(cls, text: str) -> "NamedSelection":
        """The selection of such a text. Raises ValueError with one sentence for any other."""
        parts = text.split(PART)
        if len(parts) != 4:
            raise ValueError(
                "a named selection in a link is a name, data, items and an outline, separated by '~'"
            )
        name, data, packed, outline = parts
        try:
            raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
            unpacker = zlib.decompressobj()
            bits = unpacker.decompress(raw, MOST_ITEMS // 8)
            if unpacker.unconsumed_tail:
                raise ValueError("too many")
        except (binascii.Error, ValueError, zlib.error):
            raise ValueError(f"the items of the selection {name[:40]} cannot be read") from None
        items = np.flatnonzero(np.unpackbits(np.frombuffer(bits, dtype=np.uint8)))
        return cls(name, data, tuple(items.tolist()), outline.replace(",", PART))

    def to_json(self) -> dict[str, Any]:
        """As JSON for a file."""
        return {"name": self.name, "data": self.data, "items": list(self.items), "outline": self.outline}

    @classmethod
    def from_json(cls, value: Any) -> "NamedSelection":
        """The selection of such JSON. Raises ValueError for any other."""
        try:
            items = tuple(int(item) for item in value["items"])
            name, data, outline = (str(value.get(key, "")) for key in ("name", "data", "outline"))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ValueError("a named selection in a file has a name, data and numbers of items") from None
        return cls(name, data, items, outline)
