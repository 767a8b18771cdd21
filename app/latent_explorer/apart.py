"""Files that visitors give are read in a process of their own: one that takes too long, or too much memory, is ended, and nobody else waits for it."""

import json
import os
import subprocess
import sys
from typing import Any


class TooMuch(RuntimeError):
    """The process was ended, by its bound of time or of memory."""


def answered(main: str, request: bytes, seconds: float, most: int, folder: str) -> tuple[Any, bytes]:
    """What a process says of a request that it reads from its standard input.

    Args:
        main: the module whose function `main` reads standard input, and writes a line of JSON and then bytes.
        request: what it reads.
        seconds: that it may take, as the clock goes and of the processor.
        most: bytes of memory.
        folder: for its temporary files, which the caller removes.

    Raises TooMuch, and OSError where no process can begin.
    """
    # Whoever drags a handle meanwhile goes first, and goes before the imports too, which take longest.
    program = f"from {__name__} import bound; bound({seconds}, {most}); from {main} import main; main()"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TMPDIR": folder,
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=request,
            capture_output=True,
            timeout=seconds,
            env=environment,
        )
        head, _, rest = done.stdout.partition(b"\n")
        return json.loads(head), rest
    except (subprocess.TimeoutExpired, ValueError):
        raise TooMuch from None


def bound(seconds: float, most: int) -> None:
    """Give way to others, and end beyond so many seconds or bytes. What files a process has mapped does not count."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        import resource
    except ImportError:  # a system without such bounds has that of time
        return
    for what, limit in ((resource.RLIMIT_DATA, most), (resource.RLIMIT_CPU, max(1, round(seconds)))):
        resource.setrlimit(what, (limit, limit))
