"""What follows a training, as a process: the atlas of its checkpoint, then an evaluation. `watch/then.json` says how far it is."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from latent_explorer.training import runs
from latent_explorer.training.keeper import COMMAND, THEN_LOCK
from latent_explorer.training.runs import THEN, WATCH

STEPS = {"atlas": ("atlas",), "evaluation": ("evaluate", "--write")}


class _Cancelled(Exception):
    pass


def main(arguments: Sequence[str]) -> int:
    """Make the atlas of the run in a folder, from data of that place where it is given, and measure it."""
    folder, *source = arguments
    lock = FileLock(Path(folder) / WATCH / THEN_LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return 1
    signal.signal(signal.SIGTERM, _stop)
    with lock:
        return _all(Path(folder), source)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Cancelled


def _all(folder: Path, source: Sequence[str]) -> int:
    told: dict[str, Any] = {"pid": os.getpid(), "done": [], "line": ""}
    try:
        for name, (command, *more) in STEPS.items():
            told["doing"] = name
            words = [*COMMAND, command, str(folder), *more, *(("--data", source[0]) if source else ())]
            if wrong := _step(folder, words, told):
                runs.write(folder, THEN, {**told, "doing": "", "failed": wrong})
                return 1
            told["done"] = [*told["done"], name]
    except _Cancelled:
        runs.write(folder, THEN, {**told, "doing": "", "cancelled": True})
        return 1
    runs.write(folder, THEN, {**told, "doing": "", "line": ""})
    return 0


def _step(folder: Path, words: Sequence[str], told: dict[str, Any]) -> str:
    """Run a command, passing on each line that it says; its last one where it fails."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, **quiet) as process:  # type: ignore[call-overload]
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.strip():
                    told["line"] = line.strip()[:500]
                    runs.write(folder, THEN, told)
        except _Cancelled:
            process.terminate()
            raise
    return "" if process.returncode == 0 else (told["line"] or "it failed without a word")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
