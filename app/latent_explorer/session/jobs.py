"""A command of `latent-explorer` that runs beside the server: what it says, what it printed, and an end at any time."""

import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from typing import IO

from latent_explorer.text import command

MOST_AT_ONCE = 2  # of all visitors together: measuring takes a core
COMMAND = (sys.executable, "-m", "vae_core.cli")

_running: set[int] = set()
_guard = threading.Lock()


class Busy(RuntimeError):
    """As many commands run as this server lets run."""


class Job:
    """A running or ended command. It ends with the session that started it.

    Raises Busy where too many run. `line` is the last that it said, `output` what it printed, once it has ended well.
    """

    def __init__(self, arguments: Sequence[str]):
        self.arguments = list(arguments)
        self.command = command("latent-explorer", *arguments)
        self.line, self.cancelled, self.started = "starting", False, time.monotonic()
        self._ended: float | None = None
        self._printed = ""
        printed = tempfile.TemporaryFile("w+")  # noqa: SIM115  (the thread closes it)
        with _guard:
            if len(_running) >= MOST_AT_ONCE:
                printed.close()
                raise Busy(f"this server runs {MOST_AT_ONCE} measurements already: wait until one ends")
            self._process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.PIPE,
                text=True,
            )
            _running.add(self._process.pid)
        # The thread holds the process and not the job: a job that nobody looks at any more ends.
        self._reader = threading.Thread(
            target=_follow, args=(self._process, printed, weakref.ref(self)), daemon=True
        )
        self._reader.start()
        weakref.finalize(self, _stop, self._process)

    @property
    def running(self) -> bool:
        return self._reader.is_alive()

    @property
    def failed(self) -> bool:
        return not self.running and self._process.returncode != 0 and not self.cancelled

    @property
    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self.started

    @property
    def output(self) -> str | None:
        """What it printed, None unless it has ended by itself: with code 1 it has measured all but what it complains of."""
        if self.running or self._process.returncode not in (0, 1):
            return None
        return self._printed or None

    def cancel(self) -> None:
        self.cancelled = True
        _stop(self._process)
        self._reader.join(5)

    def said(self, line: str) -> None:
        self.line = line

    def ended(self, printed: str) -> None:
        self._ended, self._printed = time.monotonic(), printed


def _follow(process: subprocess.Popen, printed: IO[str], job: "weakref.ref[Job]") -> None:
    """Pass on every line until the process ends, and what it printed."""
    assert process.stderr is not None
    with process.stderr as lines, printed:
        for line in lines:
            if (owner := job()) and line.strip():
                owner.said(line.strip())
            del owner
        process.wait()
        with _guard:
            _running.discard(process.pid)
        printed.seek(0)
        if owner := job():
            owner.ended(printed.read())


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
