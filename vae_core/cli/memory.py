"""Memory that a command keeps for itself between two tensors."""

import contextlib
import ctypes

# Of glibc's mallopt: how much free memory at the end of the heap is kept, and from which size on memory is asked of the system each time.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT, ALONE = 2**29, 2**25


def keep_freed() -> None:
    """Ask glibc to keep what tensors free, up to 512 MB, where it would give it back and have the system fill it with zeros again.

    A decoder's tensors are of the size that does so each time: 13 pages an image, a third of what decoding one takes. For commands that end
    when their work does; elsewhere than with glibc nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_THRESHOLD, ALONE)
        library.mallopt(TRIM_THRESHOLD, KEPT)
