"""One trial, start to end, as a process of its own: it goes on from its last epoch, is tried again where it fails, and is never repeated."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..checkpoints.folder import CARD
from ..runs import alive
from .folder import DONE, FAILED, LOG, TRIAL, read_json, write_json

MODULE = "vae_core.cli"
MOST_SAID = 300
POLL = 0.5  # seconds


class Task(NamedTuple):
    """What a worker is given: plain words, so that it can be sent to another machine.

    Attributes:
        folder: of the trial, which every machine sees.
        words: the command of the trial, without its folder.
        measures: groups of numbers to measure afterwards.
        tries: how often it is tried in all.

    Example:
        >>> Task("runs/s/seed-0", ("train", "vae"), ("elbo",), 3).training(resume=True)[-4:]
        ['vae', '--out', 'runs/s/seed-0', '--resume']
    """

    folder: str
    words: tuple[str, ...]
    measures: tuple[str, ...]
    tries: int

    def training(self, resume: bool) -> list[str]:
        """The command that trains."""
        return [
            sys.executable,
            "-m",
            MODULE,
            *self.words,
            "--out",
            self.folder,
            *(["--resume"] if resume else []),
        ]

    def measuring(self) -> list[str]:
        """The command that measures."""
        data = list(_after(self.words, "--data"))
        return [
            sys.executable,
            "-m",
            MODULE,
            "evaluate",
            self.folder,
            *data,
            "--metrics",
            *self.measures,
            "--write",
        ]


def _after(words: Sequence[str], option: str) -> Sequence[str]:
    """An option and its value, where it is given."""
    for place, word in enumerate(words):
        if word == option:
            return words[place : place + 2]
        if word.startswith(f"{option}="):
            return [word]
    return []


class Stop(threading.Event):
    """Set where a sweep is to end: what trains is asked to stop, keeps its epoch, and is no failure."""


def work(task: Task, environment: Mapping[str, str] | None = None, stop: Stop | None = None) -> str:
    """Train and measure a trial, unless that is done.

    Args:
        task: the trial.
        environment: variables of its processes, beside those of this one.
        stop: set from elsewhere, ends it.

    Returns:
        Where it stands then: "done", "failed", or "waiting" where it was stopped.
    """
    folder = Path(task.folder)
    folder.mkdir(parents=True, exist_ok=True)
    told = read_json(folder / TRIAL)
    if isinstance(told, dict) and told.get("state") == DONE:
        return DONE
    while alive(folder):  # a training whose driver has died
        if stop and stop.wait(POLL):
            return "waiting"
        time.sleep(POLL)
    said = ""
    for attempt in range(1, task.tries + 1):
        code, said = _run(task.training((folder / CARD).exists()), folder, environment, stop)
        if code == 0 and task.measures:
            code, said = _run(task.measuring(), folder, environment, stop)
        if stop and stop.is_set():
            return "waiting"
        if code == 0:
            write_json(folder / TRIAL, {"state": DONE, "tries": attempt})
            return DONE
        if code == 2:  # bad usage fails every time
            break
    write_json(folder / TRIAL, {"state": FAILED, "tries": task.tries, "said": said})
    return FAILED


def _run(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None, stop: Stop | None
) -> tuple[int, str]:
    """Run a command to its end; its exit code, and the last line of what it said."""
    with open(folder / LOG, "ab") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
        )
        while (code := process.poll()) is None:
            if stop and stop.is_set():
                process.terminate()  # which keeps the epoch
                return process.wait(), ""
            time.sleep(0.05)
    lines = (folder / LOG).read_bytes()[-4000:].decode(errors="replace").strip().splitlines()
    killed = f"its process was ended by signal {-code}" if code < 0 else ""
    return code, (killed or (lines[-1] if lines else ""))[:MOST_SAID]
