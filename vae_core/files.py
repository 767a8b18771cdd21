"""Files that somebody else may have put there: plain ones alone are opened, and no more is read of them than is expected.

A pipe that nobody writes to would be waited for, and a device read, for ever.
"""

import errno
import math
import os
import stat
from pathlib import Path
from typing import BinaryIO

Place = Path | str


def check_plain(path: Place, most: int | None = None) -> None:
    """Raises OSError for what is no plain file, or one of more than `most` bytes; FileNotFoundError where there is nothing.

    Args:
        path: the file, or a link to it.
        most: bytes that it may have; any number unless given.

    Example:
        >>> check_plain(os.devnull)
        Traceback (most recent call last):
        OSError: [Errno 22] it is no plain file: '/dev/null'
    """
    _check(os.stat(path), path, most)


def opened(path: Place, most: int | None = None) -> BinaryIO:
    """A plain file, open for reading. Raises OSError as `check_plain` does.

    Args:
        path: the file, or a link to it.
        most: likewise.

    Returns:
        The file.

    Example:
        >>> with opened(__file__) as file:
        ...     file.read(3)
        b'\"\"\"'
    """
    check_plain(path, most)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (who asks closes it)
    try:
        _check(os.fstat(file.fileno()), path, most)  # it may have been replaced since
    except BaseException:
        file.close()
        raise
    return file


def read_bytes(path: Place, most: int) -> bytes:
    """What a plain file holds, of at most so many bytes. Raises OSError as `check_plain` does.

    Args:
        path: the file, or a link to it.
        most: bytes that it may have.

    Returns:
        All of it.

    Example:
        >>> read_bytes(__file__, most=2)
        Traceback (most recent call last):
        OSError: [Errno 27] it has ... bytes, and at most 2 are read: ...
    """
    with opened(path, most) as file:
        return file.read(most)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(found: os.stat_result, path: Place, most: int | None) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    if most is not None and found.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {found.st_size:,} bytes, and at most {most:,} are read", str(path)
        )


def at_least(size: float, unit: float) -> str:
    """A size in a unit, rounded up to a tenth: what is more than a bound is not said to be as much.

    Args:
        size: in bytes.
        unit: bytes that one of the unit has.

    Returns:
        The number.

    Example:
        >>> at_least(10_000_001, 1e6), at_least(2.5e9, 1e9)
        ('10.1', '2.5')
    """
    return f"{math.ceil(round(10 * size / unit, 6)) / 10:,.1f}"


def reason(error: BaseException) -> str:
    """What an error says, short and on one line: some readers put a file's own bytes into it.

    Args:
        error: of reading a file.

    Returns:
        What is wrong with the file, without its path; the kind of error where it says nothing.

    Example:
        >>> reason(ValueError("a\\nb" * 200))[:8], reason(FileNotFoundError(2, "No such file", "/a")), reason(KeyError())
        ('a ba ba ', 'No such file', 'KeyError')
    """
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in told[:1000]).split())
    return (line if len(line) <= 200 else f"{line[:200]}…") or type(error).__name__
