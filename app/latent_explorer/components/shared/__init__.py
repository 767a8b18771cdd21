"""What every component needs: how Streamlit is told of it, and one binary envelope for numbers and pixels."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from latent_explorer.text import cleaned
from vae_core.kinds import MOST_BARS, Image, Kind, Table

# Our name in the manifest, the pyproject.toml of the package, and so in the address of every module.
DISTRIBUTION = "latent-explorer"

ALIGNMENT = 8  # typed arrays in JavaScript must start at a multiple of their element size
_DTYPES = {"uint8", "uint16", "uint32"}


def kind_words(kind: Kind | None) -> dict[str, str]:
    """What a component calls an observation, the same with its article, and several: images unless a kind is given."""
    spoken = Image if kind is None else kind
    return {"one": spoken.one, "an": spoken.an, "many": spoken.many}


MOST_NAMES = 2000  # of features that a browser is told
LONGEST_NAME = 80


def feature_names(kind: Kind | None) -> dict[str, Any] | None:
    """The features of a table whose rows are drawn, and how: as bars or as cells. Nothing of images, and of tables with very many."""
    if not isinstance(kind, Table) or kind.size > MOST_NAMES:
        return None
    return {"names": [cleaned(name, LONGEST_NAME) for name in kind.names], "bars": kind.size <= MOST_BARS}


def served(folder: str) -> ComponentRenderer:
    """The component of a folder beside this one, whose `index.js` and `style.css` the browser loads by their addresses.

    It is made known to Streamlit when it is shown, not when this is imported: only a running server has read the manifest.
    """

    def shown(**arguments: Any) -> Any:
        renderer = component(f"{DISTRIBUTION}.{folder}", js=f"{folder}/index.js", css=f"{folder}/style.css")
        return renderer(**arguments)

    return shown


def pack(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """Pack a JSON header and unsigned integer arrays into bytes, the inverse of ``unpack`` in ``envelope.js``.

    Streamlit hands a ``bytes`` payload to the browser as it is, but only when it is the whole payload; inside
    a dictionary it would have to be text. Equal input gives equal bytes, so that Streamlit need not send them
    again.
    """
    for array in arrays:
        if array.dtype.name not in _DTYPES:
            raise TypeError(f"cannot pack an array of {array.dtype}, only {', '.join(sorted(_DTYPES))}")
    layout = [[array.dtype.name, array.size] for array in arrays]
    head = json.dumps({**header, "arrays": layout}, separators=(",", ":")).encode()
    head += b" " * (-(4 + len(head)) % ALIGNMENT)
    parts = [len(head).to_bytes(4, "little"), head]
    for array in arrays:
        body = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts += [body, bytes(-len(body) % ALIGNMENT)]
    return b"".join(parts)
