"""The model behind a live route: requests of many visitors are checked, gathered and decoded together by one frozen model a device."""

from .batcher import Batcher, give_way
from .decoder import Frozen, LiveDecoder
from .request import (
    MOST_CHARACTERS,
    MOST_ITEMS,
    MOST_ROWS,
    Answer,
    Asked,
    Picture,
    Request,
    Traversal,
    parsed,
)

__all__ = [
    "MOST_CHARACTERS",
    "MOST_ITEMS",
    "MOST_ROWS",
    "Answer",
    "Asked",
    "Batcher",
    "Frozen",
    "LiveDecoder",
    "Picture",
    "Request",
    "Traversal",
    "give_way",
    "parsed",
]
