"""Numbers of a figure as files. Shapes: N codes, D dimensions."""

import csv as comma_separated
import io
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

Table = Mapping[str, np.ndarray]
"""Columns `(N,)` and blocks of columns `(N, D)` by name."""


def table(codes: Mapping[str, Tensor], **about: Sequence[int | str] | np.ndarray) -> Table:
    """Codes `(N, D)` of each latent behind columns `(N,)` that say what each row is."""
    return {
        **{name: np.asarray(values) for name, values in about.items()},
        **{name: code.cpu().numpy() for name, code in codes.items()},
    }


def csv(columns: Table) -> bytes:
    """A header, then one line for each row; dimension j of a block `z` is called z[j].

    >>> csv({"item": np.array([3]), "z": np.array([[0.5, -1.0]], dtype=np.float32)}).decode().splitlines()
    ['item,z[0],z[1]', '3,0.5,-1.0']
    """
    names, parts = [], []
    for name, values in columns.items():
        names += [name] if values.ndim == 1 else [f"{name}[{j}]" for j in range(values.shape[1])]
        parts.append(
            values.reshape(len(values), -1).astype(str)
        )  # the shortest text that gives the same float
    text = io.StringIO()
    comma_separated.writer(text, lineterminator="\n").writerows([names, *np.concatenate(parts, axis=1)])
    return text.getvalue().encode()


def npz(columns: Table) -> bytes:
    """The columns as arrays by name, compressed; `numpy.load` reads it without unpickling."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **columns)
    return buffer.getvalue()
