"""Arrays of an .npz that lie in it as they are, mapped where they lie."""

import zipfile
from pathlib import Path

import numpy as np


def mapped_arrays(path: Path, archive: zipfile.ZipFile, least: int) -> dict[str, np.ndarray]:
    """The arrays of more than `least` bytes that are not compressed, by name; those of objects are left out.

    What is compressed has to be read whole. Raises ValueError and OSError for a damaged file, as numpy does.
    """
    arrays: dict[str, np.ndarray] = {}
    with path.open("rb") as file:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size <= least:
                continue
            # Before its data stand 30 bytes, the last four of which say how long a name and what else come between.
            file.seek(info.header_offset + 26)
            name, more = (int.from_bytes(file.read(2), "little") for _ in range(2))
            file.seek(name + more, 1)
            version = np.lib.format.read_magic(file)
            head = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = head(file)
            if not dtype.hasobject:
                order = "F" if fortran else "C"
                held = np.memmap(path, dtype, "r", file.tell(), shape, order)
                arrays[info.filename.removesuffix(".npy")] = held
    return arrays
