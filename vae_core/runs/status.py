"""Where a training stands: `watch/status.json`, and the lock that its process holds for as long as it lives."""

import errno
import json
import os
import time
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from ..checkpoints.changes import Change
from ..checkpoints.folder import CARD, atomic
from ..checkpoints.typed import read
from ..files import read_bytes
from .frames import WATCH

STATUS, STEP, LOCK = "status.json", "step.json", "training.lock"
# The states in which a process trains.
LIVE = ("measuring", "running", "paused", "finishing")
State = Literal["measuring", "running", "paused", "finishing", "finished", "stopped", "failed"]

# Bytes of a status, or of a step in detail.
MOST_BYTES = 32_000_000

# Somebody who looks whether a lock is held holds it for a moment.
PATIENCE = 1.0


@dataclass(frozen=True)
class Answer:
    """What came of an order.

    Attributes:
        id: of the order.
        said: nothing where it was done, else one sentence.

    Example:
        >>> Answer("1", "beta must be above 0, got -1.0").said
        'beta must be above 0, got -1.0'
    """

    id: str
    said: str = ""


@dataclass(frozen=True)
class Status:
    """Where a training stands.

    Attributes:
        state: measuring (the first moments), running, paused, finishing (counting at the end), finished, stopped (by somebody), failed.
        said: a sentence where it stopped or failed, or where watching it had to end.
        start: when it began, seconds since 1970, as in the header of its frames.
        time: when this was written.
        pid: of its process.
        host: the machine that it runs on.
        command: what made it.
        model: the name of the model.
        data: the name of the data.
        step: steps done.
        steps: how many there are in all.
        epoch: the present epoch, from 1 on.
        epochs: how many there are in all.
        saved: epochs in the checkpoint.
        seconds: of training since this start, without pauses.
        steps_a_second: over the last moments; 0 while nothing is known.
        left: seconds to the end at that rate; None while nothing is known.
        values: what can be changed while it trains, and its present value: a number, or one for each block.
        limits: the lowest and the highest value of each.
        changes: what was changed, in order.
        answers: to the last orders.
        frames: how many there are.
        every: seconds between frames.
        cost: the share of the time that watching takes.

    Example:
        >>> Status(state="running", start=0.0, time=1.0, step=50, steps=1000).step
        50
    """

    state: State
    start: float
    time: float
    said: str = ""
    pid: int = 0
    host: str = ""
    command: str = ""
    model: str = ""
    data: str = ""
    step: int = 0
    steps: int = 0
    epoch: int = 1
    epochs: int = 0
    saved: int = 0
    seconds: float = 0.0
    steps_a_second: float = 0.0
    left: float | None = None
    values: dict[str, float | dict[str, float]] = field(default_factory=dict)
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    answers: tuple[Answer, ...] = ()
    frames: int = 0
    every: float = 0.0
    cost: float = 0.0

    @property
    def live(self) -> bool:
        return self.state in LIVE

    def answer(self, order: str) -> str | None:
        """What was said to an order; None as long as it has no answer."""
        return next((each.said for each in self.answers if each.id == order), None)


def read_status(folder: Path) -> Status | None:
    """Where the training in a folder stands; None where it was not watched, or says it in a way that is damaged.

    A process that is gone without a word (killed, or its machine restarted) has failed.

    Args:
        folder: of the run.

    Returns:
        The status.

    Example:
        >>> read_status(Path("nowhere")) is None
        True
    """
    status = _written(folder)
    if status is None or not status.live or alive(folder):
        return status
    status = _written(folder)  # its last words, where it ended just now
    if status is not None and status.live:
        said = f"the training ended without a word at step {status.step:,} (killed, or its machine restarted); {what_is_kept(max(status.saved, _epochs(folder)))}"
        return replace(status, state="failed", said=said, left=None)
    return status


def _epochs(folder: Path) -> int:
    """How many epochs the checkpoint holds, which may have been written after the last word."""
    try:
        found = json.loads(read_bytes(folder / CARD, MOST_BYTES))["epochs_done"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return 0
    return found if isinstance(found, int) else 0


def what_is_kept(epochs: int) -> str:
    """What is left of a training that has ended early, and what to do.

    >>> what_is_kept(0), what_is_kept(3)
    ('no epoch was finished: begin anew', 'epoch 3 is kept: go on with --resume')
    """
    return f"epoch {epochs} is kept: go on with --resume" if epochs else "no epoch was finished: begin anew"


def _written(folder: Path) -> Status | None:
    try:
        return read(Status, json.loads(read_bytes(folder / WATCH / STATUS, MOST_BYTES)), "")
    except (OSError, ValueError, RecursionError):
        return None


def read_step(folder: Path) -> dict[str, Any] | None:
    """One batch in detail, as the order "step" leaves it; None where there is none.

    Args:
        folder: of the run.

    Returns:
        step, epoch; parts (the loss's terms); gradients (the norm of each layer's, before clipping); rows (the batch's images, as
        indices into the training images); codes (the posterior means of the first rows, by block, after the step); pictures (of the
        same rows, as base64 of bytes `(n, H, W, C)`, H W C the header's).

    Example:
        >>> read_step(Path("nowhere")) is None
        True
    """
    try:
        found = json.loads(read_bytes(folder / WATCH / STEP, MOST_BYTES), parse_constant=lambda name: None)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write_json(folder: Path, name: str, what: Any) -> None:
    """Writes a dataclass or an object into `watch/`, replaced atomically.

    Args:
        folder: of the run.
        name: of the file.
        what: to write.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_json(Path(folder), STATUS, Status(state="finished", start=0.0, time=1.0, step=7))
        ...     read_status(Path(folder)).step
        7
    """
    told = asdict(what) if is_dataclass(what) and not isinstance(what, type) else what
    path, text = folder / WATCH / name, json.dumps(told).encode()
    try:
        with atomic(path, durable=False) as file:
            file.write(text)
    except OSError as error:
        if error.errno not in NO_ROOM or not _over(path, text):
            raise


NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def _over(path: Path, text: bytes) -> bool:
    """Write into the place that a file has already: on a full disk, the last words of a training are that it is full."""
    try:
        with open(path, "r+b", buffering=0) as file:
            return file.write(text.ljust(os.fstat(file.fileno()).st_size)) >= len(text)
    except OSError:
        return False


class Lock:
    """The right to train in a folder, which one process has at a time; the system takes it back when the process ends in any way.

    Args:
        folder: of the run.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Lock(Path(folder)):
        ...         alive(Path(folder))
        ...     alive(Path(folder))
        True
        False
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._lock = folder, FileLock(folder / LOCK, thread_local=False)

    def acquire(self) -> bool:
        """Whether it is ours now."""
        try:
            self._lock.acquire(timeout=PATIENCE)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> "Lock":
        if not self.acquire():
            raise ValueError(
                f"a training runs in {self.folder} already: wait until it ends, stop it (`latent-explorer steer`), or choose another folder"
            )
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


def alive(folder: Path) -> bool:
    """Whether a process trains in a folder.

    Args:
        folder: of the run.

    Returns:
        True or False; of a folder that only others may write to, whether something was said in the last ten seconds.

    Example:
        >>> alive(Path("nowhere"))
        False
    """
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return _said_lately(folder)
    lock.release()
    return False


def _said_lately(folder: Path) -> bool:
    try:
        return time.time() - (folder / WATCH / STATUS).stat().st_mtime < 10
    except OSError:
        return False


def found_runs(folder: Path) -> dict[str, Path]:
    """The runs in a folder of runs, by name, the newest first: what was watched, or has a checkpoint that can be resumed.

    Args:
        folder: of runs.

    Returns:
        Their folders.

    Example:
        >>> found_runs(Path("nowhere"))
        {}
    """
    marks = [*folder.glob(f"*/{WATCH}/{STATUS}"), *folder.glob(f"*/{CARD}")]
    runs = {mark.parent.parent if mark.name == STATUS else mark.parent: mark for mark in marks}

    def age(run: Path) -> float:
        try:
            return -runs[run].stat().st_mtime
        except OSError:
            return 0.0

    return {run.name: run for run in sorted(runs, key=age)}
