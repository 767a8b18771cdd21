"""Binary files of a site: the envelope of the app's components, compressed, since not every host compresses what it sends."""

import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np

from latent_explorer.components.shared import pack


def packed(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """An envelope as `loading.js` opens it; equal input gives equal bytes.

    >>> packed({"a": 1}, np.zeros(2, np.uint8))[:2].hex()  # which tells the browser that it is compressed
    '1f8b'
    """
    return compressed(pack(header, *arrays))


def compressed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def singles(values: np.ndarray) -> np.ndarray:
    """Numbers in single precision as the words that an envelope holds."""
    return np.ascontiguousarray(values, dtype="<f4").ravel().view(np.uint32)


def codes(values: np.ndarray) -> tuple[str, np.ndarray]:
    """Encodings as the words that an envelope holds, exactly: halves where halves hold them, else single precision.

    >>> codes(np.array([[0.5, 1.0]], np.float32))[0], codes(np.array([[0.1]], np.float32))[0]
    ('half', 'single')
    """
    with np.errstate(over="ignore"):
        halves = values.astype("<f2")
    if (halves.astype(np.float32) == values).all():
        return "half", np.ascontiguousarray(halves).ravel().view(np.uint16)
    return "single", singles(values)
