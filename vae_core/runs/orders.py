"""What a training is asked to do while it runs: lines of `watch/steer.jsonl`, appended by pages and by `latent-explorer steer`."""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ..checkpoints.typed import read
from .frames import WATCH

STEER = "steer.jsonl"
Do = Literal["pause", "go", "step", "stop", "set"]

# What is looked at of one line, and of what came since the last look.
MOST_LINE, MOST_BYTES = 4096, 2**16


@dataclass(frozen=True)
class Order:
    """What a training is asked to do.

    Attributes:
        id: by which it is answered.
        do: pause; go (on); step (make one, and pause); stop; or set a number.
        name: of the number.
        value: of the number, or one for each block.

    Raises:
        ValueError: for a name or value that does not belong to what is to be done.

    Example:
        >>> Order("1", "set", "beta", 2.0).value
        2.0
        >>> Order("2", "set")
        Traceback (most recent call last):
        ValueError: set needs a name and a value
    """

    id: str
    do: Do
    name: str = ""
    value: float | dict[str, float] | None = None

    def __post_init__(self):
        if len(self.id) > 64 or len(self.name) > 64:
            raise ValueError("a name of more than 64 letters")
        if self.do == "set" and (not self.name or self.value is None):
            raise ValueError("set needs a name and a value")


@dataclass(frozen=True)
class Refused:
    """A line that is no order.

    Attributes:
        id: that it gives, if it does.
        said: why, in one sentence.

    Example:
        >>> order_of(b"dance").id
        ''
    """

    id: str
    said: str


def write_order(
    folder: Path, do: Do, name: str = "", value: float | Mapping[str, float] | None = None
) -> str:
    """Asks the training in a folder to do something; `Status.answer` says what came of it.

    Args:
        folder: of the run.
        do: what to do.
        name: what to set.
        value: what to set it to.

    Returns:
        The order's id.

    Raises:
        ValueError: for what is no order.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sent = write_order(Path(folder), "set", "beta", 2.0)
        ...     (order,) = Orders(Path(folder)).new()
        >>> order.id == sent, order.name, order.value
        (True, 'beta', 2.0)
    """
    given = dict(value) if isinstance(value, Mapping) else value
    order = read(Order, {"id": uuid.uuid4().hex, "do": do, "name": name, "value": given}, "")
    (folder / WATCH).mkdir(parents=True, exist_ok=True)
    # A line that somebody left without an end stays one of its own.
    with open(folder / WATCH / STEER, "ab") as file:
        file.write(f"\n{json.dumps(asdict(order))}\n".encode())
    return order.id


class Orders:
    """The orders that came since the last look. To look costs an `os.stat` as long as nothing came.

    Args:
        folder: of the run.
        later: only those that are not there yet.

    Example:
        >>> Orders(Path("nowhere")).new()
        []
    """

    def __init__(self, folder: Path, later: bool = False):
        self.path = str(folder / WATCH / STEER)
        self.seen = self._size() if later else 0

    def _size(self) -> int:
        try:
            return os.stat(self.path).st_size
        except OSError:
            return 0

    def new(self) -> list[Order | Refused]:
        """Orders, and what was no order, in the order of their lines."""
        size = self._size()
        if size == self.seen:
            return []
        self.seen = min(self.seen, size)  # somebody emptied it
        try:
            with open(self.path, "rb") as file:
                file.seek(self.seen)
                told = file.read(MOST_BYTES)
        except OSError:
            return []
        end = told.rfind(b"\n") + 1
        if not end and len(told) < MOST_BYTES:
            return []  # a line that is still being written
        self.seen += end or len(told)
        return [order_of(line) for line in told[: end or None].split(b"\n") if line.strip()]


def order_of(line: bytes) -> Order | Refused:
    """A line as an order, or why it is none.

    >>> order_of(b'{"id": "7", "do": "dance"}').said
    'an order was not understood: do is "dance" instead of one of pause, go, step, stop, set'
    """
    told, whose = None, ""
    try:
        if len(line) > MOST_LINE:
            raise ValueError(f"a line of more than {MOST_LINE:,} bytes")
        told = json.loads(line)
        return read(Order, told, "")
    except (ValueError, RecursionError, TypeError) as error:
        if isinstance(told, dict) and isinstance(told.get("id"), str):
            whose = told["id"][:64]
        return Refused(whose, f"an order was not understood: {' '.join(str(error).split())[:200]}")
