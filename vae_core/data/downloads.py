"""Data sets that torchvision downloads, whole or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from .raw import Report

PARTIAL, LOCK = ".partial", ".downloads.lock"
# What torchvision says of a file that has another hash than the one that it knows.
DAMAGED = "File not found or corrupted"


def downloaded(
    make: Callable[..., Any], root: Path, report: Report = lambda line: None, **options: Any
) -> Any:
    """torchvision's `make(root, **options)`, whose files are downloaded where `root` does not hold them.

    They come into a folder of their own and move to `root` once they are all there and can be read, so that an interrupted download leaves
    nothing that is later taken for the whole. torchvision shows the progress.

    Raises:
        RuntimeError: where they cannot be had, or are not what they are to be; and whatever else `make` raises.

    Example:
        >>> import tempfile
        >>> def make(root, download): return "made" if download or (root / "there").exists() else 1 / 0
        >>> try:
        ...     downloaded(make, Path(tempfile.mkdtemp()))
        ... except ZeroDivisionError:
        ...     print("nothing was downloaded, so there is nothing to read")
        nothing was downloaded, so there is nothing to read
    """
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / LOCK):
        try:
            return make(root, download=False, **options)
        except Exception:  # each set says in its own way that its files are not there, or broken
            report(f"downloading to {root}")
        partial = root / PARTIAL
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        try:
            partial.mkdir()
            make(partial, download=True, **options)
            _move(partial, root)
        except Exception as error:
            raise RuntimeError(_reason(error)) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return make(root, download=False, **options)


def _move(source: Path, target: Path) -> None:
    """The files of one folder into another, where they take the place of those of their name."""
    for path in source.iterdir():
        if path.is_dir() and (target / path.name).is_dir():
            _move(path, target / path.name)
        else:
            os.replace(path, target / path.name)


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return (
        "what was downloaded is damaged or not what it is to be, and is thrown away"
        if DAMAGED in words
        else words
    )
