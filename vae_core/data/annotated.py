"""AnnData files, .h5ad: counts of the genes of cells, or embeddings of the cells.

Shapes: N cells.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ..files import reason
from .frames import check_names
from .notes import Notes, listed
from .raw import Opening, Raw
from .tables import CLASSES, CLUSTERS, class_column, plain, split_of, tells

# Names of columns of classes.
USUAL = (*CLASSES, "bulk_labels", "cell_ontology_class", *CLUSTERS)
# Layers that hold counts.
COUNTS = ("counts", "raw_counts", "spliced", "X_counts")
# The matrix of all genes that scanpy keeps beside X.
RAW = "raw"


def is_annotated(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".h5ad"


def of_genes(path: Path, opening: Opening) -> Raw:
    """An AnnData file: counts of genes, or what else its matrix holds."""
    held, notes = read_annotated(path), Notes()
    layer = _layer(held, opening, notes)
    names = list(map(str, held.raw.var_names if layer == RAW else held.var_names))
    if opening.columns and (missing := [name for name in opening.columns if name not in names]):
        raise ValueError(f"there is no gene {missing[0]!r} among {len(names):,}, such as {listed(names)}")
    check_names(names)
    label = class_column(held.obs, opening, USUAL, notes)
    matrix = _matrix(held, layer, opening, notes)
    if opening.columns:
        matrix, names = matrix[:, [names.index(name) for name in opening.columns]], list(opening.columns)
    about = (
        f"an AnnData file, {len(held):,} cells of {matrix.shape[1] if layer == RAW else held.n_vars:,} genes"
    )
    return _of_cells(path.name, about, held, matrix, tuple(names), label, notes)


def read_annotated(path: Path) -> Any:
    """The object of an AnnData file. Raises ValueError for a damaged one, and where anndata is not installed."""
    try:
        import anndata
    except ImportError:
        raise ValueError(
            f"{path.name} needs the package anndata: pip install 'latent-explorer[anndata]'"
        ) from None
    try:
        return anndata.read_h5ad(path)
    except Exception as error:  # h5py and anndata each raise their own kinds for a damaged file
        raise ValueError(f"{path.name} cannot be read ({reason(error)}): save it anew") from None


def of_obsm(path: Path, array: str | None, opening: Opening) -> Raw:
    """Embeddings of the cells of an AnnData file, one of its obsm. Raises ValueError where it is not said which, or is not there."""
    held, notes = read_annotated(path), Notes()
    if array is None and len(held.obsm) != 1:
        several = f"several obsm: say which by --array, of {listed(list(held.obsm), 8)}"
        raise ValueError(
            f"{path.name} has {several if len(held.obsm) else 'no obsm: give a file that holds the embeddings of its cells'}"
        )
    chosen = array or next(iter(held.obsm))
    if chosen not in held.obsm:
        raise ValueError(f"there is no obsm {chosen!r}: there are {listed(list(held.obsm), 8) or 'none'}")
    found = held.obsm[chosen]
    rows = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    label = class_column(held.obs, opening, USUAL, notes)
    about = f"{chosen} of an AnnData file, {len(held):,} cells"
    names = tuple(f"{chosen}[{i}]" for i in range(rows.shape[1])) if rows.ndim == 2 else None
    return _of_cells(path.name, about, held, rows, names, label, notes)


def _of_cells(
    name: str,
    about: str,
    held: Any,
    rows: np.ndarray,
    features: tuple[str, ...] | None,
    label: str | None,
    notes: Notes,
) -> Raw:
    """Rows of an AnnData object with what it knows of its cells."""
    split, rest = split_of(_frame(held.obs).drop(columns=[label] if label else []))
    return Raw(
        name,
        about,
        rows,
        None if label is None else plain(held.obs[label], is_class=True),
        split,
        columns={column: plain(rest[column]) for column in rest if tells(rest[column])},
        ordered=True,
        notes=notes,
        features=features,
    )


def _frame(found: Any) -> Any:
    """A DataFrame, which AnnData's own types hide."""
    return found


def _layer(held: Any, opening: Opening, notes: Notes) -> str:
    """The layer that is asked for, else one of counts, among them the matrix that scanpy keeps as `raw`, else X. Raises ValueError for others."""
    there = _layers(held)
    if opening.layer is not None and opening.layer not in there:
        raise ValueError(f"there is no layer {opening.layer!r}: there are {listed(list(there))}")
    if not there:
        raise ValueError(
            "the file holds no matrix of values: give one with X or with layers; embeddings of cells come in by `latent-explorer import --embeddings`"
        )
    usual = [name for name in COUNTS if name in there]
    raw = [RAW] if RAW in there and not _are_counts(there.get("X")) and _are_counts(there[RAW]) else []
    chosen = opening.layer or next(iter([*usual, *raw, *there]))
    others = [name for name in there if name != chosen]
    notes.say(
        f"the values are those of {chosen}"
        + (f" (--layer chooses another: {listed(others)})" if others else "")
    )
    return chosen


def _layers(held: Any) -> dict[str, Any]:
    """The matrices of a file by name: X, the layers, and `raw`, which has genes of its own."""
    raw = {} if held.raw is None or RAW in held.layers else {RAW: held.raw.X}
    found = {"X": held.X, **dict(held.layers), **raw}
    return {name: matrix for name, matrix in found.items() if matrix is not None}


def _are_counts(matrix: Any) -> bool:
    """Whether the first rows of a matrix are whole numbers."""
    return matrix is not None and not (_dense(matrix[:1000]) % 1).any()


def _dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float32)


def _matrix(held: Any, layer: str, opening: Opening, notes: Notes) -> np.ndarray:
    """The values of a layer, with a doubt where nobody asked for values that are no counts."""
    rows = _dense(_layers(held)[layer])
    if opening.layer is None and layer == "X" and (rows % 1).any():
        notes.doubt(
            "the values are no counts (they were normalised or transformed), so they are real features under a Gaussian; a file with a "
            "layer of counts is scored by a negative binomial"
        )
    return rows
