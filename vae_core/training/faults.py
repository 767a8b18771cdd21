"""What is said of an error that ends a command or a training: one sentence on what is wrong, and what to do."""

import errno

from ..plugins import blamed
from .meter import TrainingError

# Set, it shows where a fault of the program is.
TRACEBACK = "LATENT_EXPLORER_TRACEBACK"


def remedy(error: OSError) -> str:
    """What to do where a file could not be written.

    >>> remedy(OSError(errno.ENOSPC, "")), remedy(OSError(errno.EROFS, ""))
    ('make room', 'make the folder one that you may write to')
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "make room"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "make the folder one that you may write to"
    return "see to the disk"


def fault(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit code: 2 for what the user can mend, 1 for a fault of a program.

    >>> fault(RuntimeError("CUDA out of memory"))
    ('there is not enough memory (CUDA out of memory): choose a smaller model, batch or limit', 2)
    """
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, ValueError | TrainingError):
        return " ".join(str(error).split()), 2
    if isinstance(error, OSError):
        if error.filename:
            return f"{error.filename}: {error.strerror}", 2
        return (f"{error.strerror}: {remedy(error)}" if error.strerror else reason), 2
    if isinstance(error, MemoryError) or "memory" in reason:
        return (
            f"there is not enough memory ({reason or 'none is left'}): choose a smaller model, batch or limit",
            2,
        )
    whose = blamed(error) if isinstance(error, Exception) else None
    of, more = (whose.spoken, "") if whose is not None else ("the program", ", and report it")
    return (
        f"this is a fault of {of} ({type(error).__name__}: {reason}): set {TRACEBACK}=1 to see where{more}",
        1,
    )
