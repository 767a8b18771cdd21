"""What both components need: their source text, and one binary envelope for numbers and pixels."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_FOLDER = Path(__file__).parent
_ALIGNMENT = 8  # typed arrays in JavaScript must start at a multiple of their element size
_DTYPES = {"uint8", "uint16", "uint32"}


def javascript(*names: str) -> str:
    """Return the ES module of a component: the files of these names, one after the other, with the helpers of ``shared.js`` in front.

    Streamlit takes a component's JavaScript as one text, which therefore cannot import a neighbour.
    """
    return _with_shared(names, "js")


def stylesheet(*names: str) -> str:
    """Return the style sheet of a component, with that of ``shared.css`` in front."""
    return _with_shared(names, "css")


def _with_shared(names: tuple[str, ...], extension: str) -> str:
    return "\n".join(
        (_FOLDER / f"{name}.{extension}").read_text(encoding="utf-8") for name in ("shared", *names)
    )


def pack(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """Pack a JSON header and unsigned integer arrays into bytes, the inverse of ``unpack`` in ``shared.js``.

    Streamlit hands a ``bytes`` payload to the browser as it is, but only when it is the whole payload; inside
    a dictionary it would have to be text. Equal input gives equal bytes, so that Streamlit need not send them
    again.
    """
    for array in arrays:
        if array.dtype.name not in _DTYPES:
            raise TypeError(f"cannot pack an array of {array.dtype}, only {', '.join(sorted(_DTYPES))}")
    layout = [[array.dtype.name, array.size] for array in arrays]
    head = json.dumps({**header, "arrays": layout}, separators=(",", ":")).encode()
    head += b" " * (-(4 + len(head)) % _ALIGNMENT)
    parts = [len(head).to_bytes(4, "little"), head]
    for array in arrays:
        body = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts += [body, bytes(-len(body) % _ALIGNMENT)]
    return b"".join(parts)
