"""How much a file or folder is once it is open, told from its head: small files may hold more than a machine has room for.

Everything raises ValueError, one sentence, for more than `most` bytes.
"""

import contextlib
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.data import idx
from vae_core.files import at_least

# What begins the entry of each file in the directory of an archive.
ENTRY = b"PK\x01\x02"
# A table's first line ends within so many bytes, and names at most so many columns.
LINE, COLUMNS = 2**21, 100_000
MOST_FILES = 500_000  # of a folder
MOST_LINKS, DEEPEST = 10_000, 30  # of an HDF5 file: groups and arrays in it, and how deep


def check(path: Path, most: int) -> None:
    """Raises ValueError for what would be too large."""
    if (size := sum(map(idx.size_of, idx.files(path).values()))) > most:  # they may be packed
        raise too_large(path, size, most)
    measure = {
        ".npz": _of_archive,
        ".parquet": _of_parquet,
        ".h5ad": _of_annotated,
        ".csv": _of_text,
        ".tsv": _of_text,
    }.get(path.suffix.lower(), _of_file)
    (_of_folder if path.is_dir() else measure)(path, most)


def too_large(path: Path, count: float, most: int) -> ValueError:
    return ValueError(
        f"{path.name or path} is {at_least(count, 1e9)} GB, and this page opens {most / 1e9:g} GB at most: open a part of it, "
        "or look at it by `latent-explorer data` in a shell"
    )


def _of_file(path: Path, most: int) -> None:
    if path.is_file() and (size := path.stat().st_size) > most:
        raise too_large(path, size, most)


def _of_folder(path: Path, most: int) -> None:
    size = files = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):  # a link that leads nowhere
                size += os.stat(os.path.join(folder, name)).st_size
        files += len(names)
        if size > most or files > MOST_FILES:
            raise ValueError(
                f"{path.name or path} holds more than {most / 1e9:g} GB or {MOST_FILES:,} files, which is all that this page opens: give a part of it, "
                "or look at it by `latent-explorer data` in a shell"
            )


def _of_archive(path: Path, most: int) -> None:
    """Of arrays that may be packed: what the archive's directory says, beyond which nothing is unpacked."""
    _of_file(path, most)
    check_entries(path, 10_000)
    try:
        with zipfile.ZipFile(path) as held:
            size = sum(entry.file_size for entry in held.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return  # whoever reads it says so
    if size > most:
        raise too_large(path, size, most)


def check_entries(path: Path, most: int) -> None:
    """Raises ValueError for an archive of more files than `most`, before anything reads its directory."""
    count = 0
    with path.open("rb") as file:
        rest = b""
        while block := file.read(2**22):
            count += (rest + block).count(ENTRY)
            rest = block[-(len(ENTRY) - 1) :]
            if count > most:
                raise ValueError(f"{path.name} holds more than {most:,} files: give a part of them.")


def _of_parquet(path: Path, most: int) -> None:
    """A value may stand for millions of equal ones: rows are counted in steps that cannot be large themselves."""
    _of_file(path, most)
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as held:
            head = held.metadata
            if head.num_columns > COLUMNS:
                raise ValueError(f"{path.name} has more than {COLUMNS:,} columns: give a part of them")
            if (least := head.num_rows * head.num_columns) > most:
                raise too_large(path, least, most)
            columns = [
                head.row_group(group).column(column)
                for group in range(head.num_row_groups)
                for column in range(head.num_columns)
            ]
            texts = [one.total_uncompressed_size for one in columns if one.physical_type == "BYTE_ARRAY"]
            rows = max(1, most // max([1, *texts]) // max(1, head.num_columns))
            size = 0
            for batch in held.iter_batches(batch_size=min(rows, 65_536)):
                size += batch.nbytes
                if size > most:
                    raise too_large(path, size, most)
    except (pyarrow.ArrowException, OSError):
        return  # whoever reads it says so


def _of_annotated(path: Path, most: int) -> None:
    """All that an AnnData file holds, its matrix as floats of four bytes, empty places too. What leads to other files is refused."""
    _of_file(path, most)
    try:
        import h5py
    except ImportError:
        return  # whoever reads it says so
    try:
        with h5py.File(path, "r") as held:
            if (size := max(_of_arrays(held, path.name), _of_matrix(held))) > most:
                raise too_large(path, size, most)
    except (KeyError, OSError, TypeError, AttributeError, RuntimeError, SystemError):
        raise ValueError(f"{path.name} cannot be read: save it anew by anndata") from None


def _of_arrays(held: Any, name: str) -> int:
    """Bytes of all arrays of an HDF5 file. Raises ValueError for one that lies in another file."""
    import h5py

    size, count = 0, 0

    def leads_away(place: str, link: Any) -> bool | None:
        """Count an array; True, which ends the visit (an error may not pass through it), for what is not in the file, and for what would
        take minutes to look through."""
        nonlocal size, count
        count += 1 if place.count("/") < DEEPEST else MOST_LINKS
        if count > MOST_LINKS:
            return True
        if isinstance(link, h5py.ExternalLink):
            return True
        # a soft link leads to what is counted where it lies
        one = held.get(place) if isinstance(link, h5py.HardLink) else None
        if not isinstance(one, h5py.Dataset):
            return None
        size += math.prod(one.shape or ()) * one.dtype.itemsize
        return bool(one.external or one.is_virtual) or None

    leads = held.visititems_links(leads_away)
    if count > MOST_LINKS:
        raise ValueError(
            f"{name} holds more than {MOST_LINKS:,} groups and arrays, or hides them too deep: save it anew by anndata"
        )
    if leads:
        raise ValueError(f"{name} holds a link to another file: save it anew, with all that it holds in it")
    return size


def _of_matrix(held: Any) -> int:
    """Bytes of the matrix of an AnnData file as floats of four bytes."""
    if "X" not in held:
        return 0
    shape = held["X"].shape if hasattr(held["X"], "shape") else held["X"].attrs["shape"]
    if not all(isinstance(side, int | np.integer) and side >= 0 for side in shape):
        raise TypeError("a shape is of whole numbers")
    return 4 * math.prod(map(int, shape))


def _of_text(path: Path, most: int) -> None:
    _of_file(path, most)
    with path.open("rb") as file:
        line = file.readline(LINE)
    if len(line) == LINE or max(map(line.count, (b",", b";", b"\t", b"|"))) > COLUMNS:
        raise ValueError(f"the first line of {path.name} names more than {COLUMNS:,} columns: is it a table?")
