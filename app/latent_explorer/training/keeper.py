"""The processes of trainings: each the shell's command in a session of its own, so that it outlives pages and the server; one at a time, the
others wait in a queue, which stands in their folders. What follows a training (atlas, evaluation) is a process of its own, too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from latent_explorer.training import runs, uploads
from latent_explorer.training.runs import ASKED, ENDED, LOG, QUEUED, STARTING, THEN, WATCH, Run
from vae_core.data import SOURCES_VARIABLE

COMMAND = (sys.executable, "-m", "vae_core.cli")
FOLLOWING = (sys.executable, "-m", "latent_explorer.training.following")
THEN_LOCK = "then.lock"

EVERY = 0.5  # seconds between two looks
STARTS_WITHIN = 90.0  # a process that has said nothing for so many seconds has not begun

_guard = threading.Lock()


def ask(name: str, words: Sequence[str], source: str = "", now: bool = False) -> Run:
    """Ask for a training: it begins at once where none runs or `now` is said, else when its turn comes.

    Args:
        name: of the run, which becomes its folder's.
        words: of the command, without where it writes.
        source: the file or folder of the data, where it is one.
        now: beside others.

    Raises:
        ValueError: one sentence, for a name that cannot be had, or a folder that cannot be written.
    """
    home = runs.home()
    if home is None:
        raise ValueError("this server has no folder of runs")
    if wrong := runs.refused_name(name):
        raise ValueError(wrong)
    folder = home / name
    try:
        folder.mkdir(parents=True)  # whoever makes it has the name: two pages may ask for it at once
    except FileExistsError:
        raise ValueError(f"{name} is there already: choose another name") from None
    except OSError as error:
        raise ValueError(f"{name} could not be written: {error.strerror or error}") from None
    try:
        _write(
            folder,
            {"words": list(words), "source": source, "at": time.time(), "state": QUEUED, "then": True},
        )
    except ValueError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    turn(now=folder if now else None)
    return runs.run_at(folder)


def again(run: Run) -> None:
    """Ask that a run goes on from its last epoch, by what its card says. Raises ValueError where there is none, or it goes on already."""
    if not run.has_checkpoint:
        raise ValueError(f"{run.name} has no finished epoch: begin anew")
    source = str(run.asked.get("source") or "")
    words = ["resume", str(run.folder), *(["--data", source] if source else [])]
    told = {"words": words, "source": source, "at": time.time(), "state": QUEUED, "then": True}
    with _guard:
        now = runs.run_at(run.folder)
        if now.live or now.state == QUEUED:  # another page has asked for it
            raise ValueError(f"{run.name} goes on already")
        _write(run.folder, told | {"asked": run.asked.get("asked", run.asked.get("words", []))})
    turn()


def withdraw(run: Run) -> None:
    """Take a run that waits out of the queue; what was never begun leaves nothing behind."""
    with _guard:
        if runs.run_at(run.folder).state != QUEUED:
            return
        (run.folder / WATCH / ASKED).unlink(missing_ok=True)
    if run.status is None and not run.has_checkpoint:
        runs.delete(run)
        uploads.sweep()


def _write(folder: Path, asked: Mapping[str, Any]) -> None:
    try:
        runs.write(folder, ASKED, asked)
    except OSError as error:
        raise ValueError(f"{folder.name} could not be written: {error.strerror or error}") from None


# ---- whose turn it is


def turn(now: Path | None = None) -> None:
    """Begin what waits: one training where none runs, one that is to begin now, and what follows those that have ended."""
    with _guard:
        there = list(runs.everyone().values())
        for run in there:
            _look_after(run)
        waiting = sorted((run for run in there if run.state == QUEUED), key=lambda run: run.asked["at"])
        for run in waiting:
            if run.folder == now:
                _start(run)
        if waiting and not any(run.live or run.trains for run in there):
            _start(waiting[0])
        _follow(there)


def _start(run: Run) -> None:
    told = list(run.asked["words"])
    words = [*COMMAND, *told, *([] if told[:1] == ["resume"] else ["--out", str(run.folder)]), "--no-atlas"]
    _remember(run.asked.get("source"))
    try:
        process = _spawned(words, run.folder / WATCH / LOG)
    except OSError as error:
        (run.folder / WATCH / LOG).write_text(f"it could not be started: {error.strerror}")
        runs.write(run.folder, ASKED, {**run.asked, "state": ENDED})
        return
    if (before := _children.get(run.folder)) is not None:  # which has said its last word, and is about to go
        _leaving.append(before)
    _children[run.folder] = process
    runs.write(run.folder, ASKED, {**run.asked, "state": STARTING, "at": time.time()})


def _spawned(words: Sequence[str], log: Path) -> subprocess.Popen:
    with open(log, "ab") as said:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )


def _look_after(run: Run) -> None:
    """Notice the end of a process, and that of one that never began."""
    _leaving[:] = [each for each in _leaving if each.poll() is None]
    child = _children.get(run.folder)
    if child is not None and child.poll() is not None:
        del _children[run.folder]
    late = child is None and time.time() - float(run.asked.get("at", 0)) > STARTS_WITHIN
    if (
        run.state == STARTING
        and not run.trains
        and (late or (child is not None and child.poll() is not None))
    ):
        runs.write(run.folder, ASKED, {**run.asked, "state": ENDED})


_children: dict[Path, subprocess.Popen] = {}
_leaving: list[subprocess.Popen] = []


def _remember(source: object) -> None:
    """A file or folder that a model was trained from is where its images are shown from."""
    if not isinstance(source, str) or not source or not Path(source).exists():
        return
    there = [part for part in os.environ.get(SOURCES_VARIABLE, "").split(os.pathsep) if part]
    if source not in there:
        os.environ[SOURCES_VARIABLE] = os.pathsep.join([*there, source])


# ---- what follows a training


def _follow(there: Sequence[Run]) -> None:
    if any(is_following(run) for run in there):
        return
    for run in there:
        if run.asked.get("then") is True and run.state == "finished" and not run.trains:
            _begin_following(run)
            return


def follow(run: Run) -> None:
    """Make the atlas of a run, and measure it, in a process of its own, unless one does."""
    with _guard:
        if not is_following(run):
            _begin_following(run)


def _begin_following(run: Run) -> None:
    runs.write(run.folder, ASKED, {**run.asked, "then": False})
    runs.write(run.folder, THEN, {"doing": "starting", "line": "", "done": []})
    _remember(run.asked.get("source"))
    words = [*FOLLOWING, str(run.folder), *filter(None, [str(run.asked.get("source") or "")])]
    if (before := _following.get(run.folder)) is not None:
        _leaving.append(before)
    _following[run.folder] = _spawned(words, run.folder / WATCH / LOG)


_following: dict[Path, subprocess.Popen] = {}


def is_following(run: Run) -> bool:
    """Whether a process makes its atlas or measures it."""
    child = _following.get(run.folder)
    if child is not None and child.poll() is None:
        return True
    path = run.folder / WATCH / THEN_LOCK
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def cancel(run: Run) -> None:
    """End what follows a training; what it has made stays."""
    told, child = runs.read_json(run.folder, THEN), _following.get(run.folder)
    pid = told.get("pid", child.pid if child is not None else None)
    if not is_following(run) or not isinstance(pid, int) or pid <= 1:
        return
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)
    if "pid" not in told:  # it had not come so far as to say so itself
        runs.write(run.folder, THEN, {**told, "doing": "", "cancelled": True})


# ---- the thread that looks


@cache
def keep() -> threading.Thread:
    """Look after runs for as long as the server lives."""
    uploads.sweep()
    for run in runs.everyone().values():
        _remember(run.asked.get("source"))
    thread = threading.Thread(target=_look, daemon=True, name="keeper of trainings")
    thread.start()
    return thread


def _look() -> None:
    while True:
        with contextlib.suppress(Exception):  # a folder that somebody removes under us
            turn()
        time.sleep(EVERY)
