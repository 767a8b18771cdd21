"""A visitor's image is read in a process of its own."""

import json
import sys
import threading
from tempfile import TemporaryDirectory

import numpy as np

from latent_explorer import apart
from latent_explorer.user_image import images
from latent_explorer.user_image.images import Refused, Shape, UserImage

# Files that are read at once, of all visitors together; seconds that one may take, and that it may wait for its turn; and its memory.
MOST_AT_ONCE, SECONDS, PATIENCE, BYTES = 2, 15, 20, 1_500_000_000

_free = threading.BoundedSemaphore(MOST_AT_ONCE)


def read(data: bytes, shape: Shape) -> UserImage:
    """`images.read`, apart. Raises Refused as that does, and for a file that cannot be read in the time and memory that one has."""
    images.check_size(data)
    if not _free.acquire(timeout=PATIENCE):
        raise Refused("This server is reading images of others; give yours again in a moment.")
    try:
        told, values = _answered(json.dumps(shape).encode() + b"\n" + data)
    finally:
        _free.release()
    if "refused" in told:
        raise Refused(told["refused"])
    return UserImage(np.frombuffer(values, np.uint8).reshape(shape).copy(), tuple(told["notes"]))


def _answered(request: bytes) -> tuple[dict, bytes]:
    try:
        with TemporaryDirectory(prefix="latent-explorer-", ignore_cleanup_errors=True) as folder:
            return apart.answered(__name__, request, SECONDS, BYTES, folder)
    except apart.TooMuch:
        raise Refused(
            "The image takes more time or memory to read than a visitor's may; give a smaller one, or save it as a plain PNG."
        ) from None
    except OSError:
        raise Refused("This server has no room to read an image now; give it again in a moment.") from None


def main() -> None:
    """The process: a line with the shape and the file come in; a line of JSON, and the values, go out."""
    shape, data = sys.stdin.buffer.readline(), sys.stdin.buffer.read()
    try:
        image = images.read(data, tuple(json.loads(shape)))
        told, values = {"notes": image.notes}, image.values.tobytes()
    except Refused as error:
        told, values = {"refused": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + values)
