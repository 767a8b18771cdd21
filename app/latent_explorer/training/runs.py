"""The folder where runs live: those that a page has asked for, and those of a shell. All that is known of a run stands in its folder."""

import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from latent_explorer import RUNS_VARIABLE
from latent_explorer.text import place
from vae_core.checkpoints import load_card
from vae_core.checkpoints.folder import CARD, CheckpointError
from vae_core.files import opened, read_bytes
from vae_core.runs import LIVE, Status, alive, found_runs, read_status, write_json

WATCH, ASKED, THEN, LOG = "watch", "asked.json", "then.json", "log.txt"

# What a page has asked for and no process has taken up.
QUEUED, STARTING = "queued", "starting"
ENDED = "ended"  # a process that ended before it said anything

MOST_LOG = 4000  # bytes at the end of what a process has said
MOST_BYTES = 1_000_000  # of a file of ours

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ ()-]{0,63}")


@dataclass(frozen=True)
class Run:
    """A run by its name. `asked` is what a page asked for (`keeper.ask`), empty where it is a shell's."""

    name: str
    folder: Path
    status: Status | None
    asked: Mapping[str, Any]

    @property
    def state(self) -> str:
        """Where it stands: as `Status.state`, or queued, starting, failed where it never trained; trained where nobody watched."""
        told = self.asked.get("state")
        if told in (QUEUED, STARTING) and not self._has_begun:
            return str(told)
        if told == ENDED and not self._has_begun:
            return "failed"
        return self.status.state if self.status else "trained"

    @property
    def said(self) -> str:
        """A sentence on why it stopped or failed."""
        if self.state == "failed" and not self._has_begun:
            return last_words(self.folder) or "its process ended before it began"
        if self.state in (QUEUED, STARTING):
            return ""  # what it said last is of another start
        return self.status.said if self.status else ""

    @property
    def live(self) -> bool:
        return self.state in LIVE or self.state == STARTING

    @property
    def trains(self) -> bool:
        """Whether its process is there."""
        return alive(self.folder)

    @property
    def has_checkpoint(self) -> bool:
        return (self.folder / CARD).exists() and self.epochs > 0

    @property
    def epochs(self) -> int:
        """How many epochs its checkpoint holds."""
        try:
            return load_card(self.folder).epochs_done
        except CheckpointError:
            return 0

    @property
    def _has_begun(self) -> bool:
        """Whether the process that was asked for has said something."""
        return self.status is not None and self.status.start >= float(self.asked.get("at", 0.0))


def home() -> Path | None:
    """The folder of runs; None where this server has none."""
    given = os.environ.get(RUNS_VARIABLE)
    return Path(given) if given else None


def everyone() -> dict[str, Run]:
    """All runs by name, the newest first."""
    folder = home()
    if folder is None:
        return {}
    asked = {path.parent.parent.name: path.parent.parent for path in folder.glob(f"*/{WATCH}/{ASKED}")}
    found = {name: run_at(each) for name, each in {**asked, **found_runs(folder)}.items()}
    return dict(sorted(found.items(), key=lambda pair: -_age(pair[1])))


def _age(run: Run) -> float:
    return max(run.status.start if run.status else 0.0, float(run.asked.get("at", 0.0)))


def run_at(folder: Path) -> Run:
    asked = read_json(folder, ASKED)
    return Run(folder.name, folder, read_status(folder), asked if _is_ours(asked) else {})


def named(name: str) -> Run:
    """The run of that name. Raises ValueError where there is none."""
    folder = home()
    if folder is None or not _NAME.fullmatch(name) or not (folder / name).is_dir():
        raise ValueError(f"no run is called {name[:80]!r}: it may have been renamed or deleted")
    return run_at(folder / name)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A file of ours in the folder of a run; empty where it is not there, or is damaged."""
    try:
        found = json.loads(read_bytes(folder / WATCH / name, MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def last_words(folder: Path) -> str:
    """The last line that its process wrote."""
    try:
        with opened(folder / WATCH / LOG) as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - MOST_LOG))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].removeprefix("latent-explorer: ").strip() if lines else ""


# ---- names


def spoken(name: str) -> str:
    """The folder of a run as a command would name it."""
    folder = home()
    return f"runs/{name}" if folder is None else place(folder / name)


def free_name(start: str) -> str:
    """The name, or with a number behind it one that is not taken.

    >>> free_name("vae-digits")
    'vae-digits'
    """
    folder = home()
    names = itertools.chain([start], (f"{start}-{number}" for number in itertools.count(2)))
    return next(name for name in names if folder is None or not (folder / name).exists())


def refused_name(name: str) -> str:
    """Why a new run cannot have this name, one sentence; empty where it can.

    >>> refused_name("../x")
    'a run is called by letters, digits, spaces, hyphens, points and brackets, and begins with a letter or digit; at most 64 of them'
    """
    folder = home()
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        return "a run is called by letters, digits, spaces, hyphens, points and brackets, and begins with a letter or digit; at most 64 of them"
    if folder is not None and (folder / name).exists():
        return f"{name} is there already: choose another name"
    return ""


# ---- what one does with a whole run


class Gone(NamedTuple):
    """What came of it: one sentence on why nothing was changed; empty where it was done."""

    refused: str = ""


def rename(run: Run, name: str) -> Gone:
    """Give a run that does not train another name."""
    if run.trains:
        return Gone(f"{run.name} is training: stop it first")
    if wrong := refused_name(name):
        return Gone(wrong)
    return _done(lambda: run.folder.rename(run.folder.with_name(name)))


def delete(run: Run) -> Gone:
    """Remove the folder of a run that does not train, with all that it holds."""
    if run.trains:
        return Gone(f"{run.name} is training: stop it first")
    if run.folder.is_symlink() or run.folder.parent.resolve() != (home() or Path()).resolve():
        return Gone(f"{run.name} lies elsewhere: remove it there")
    return _done(lambda: shutil.rmtree(run.folder))


def _done(act: Any) -> Gone:
    try:
        act()
    except OSError as error:
        return Gone(f"it could not be changed: {error.strerror or error}")
    return Gone()


def write(folder: Path, name: str, what: Mapping[str, Any]) -> None:
    """Write a file of ours into `watch/`, replaced atomically; what is asked for is sealed, since a command comes of it."""
    (folder / WATCH).mkdir(parents=True, exist_ok=True)
    sealed = {SEAL: _seal(what)} if name == ASKED else {}
    write_json(folder, name, {**what, **sealed})


# ---- whose word it is: a folder from elsewhere may hold a command that nobody here has asked for

SEAL, KEY = "seal", ".key"


def _seal(asked: Mapping[str, Any]) -> str:
    """A mark over what a command is made of, that only this folder of runs can make."""
    told = json.dumps([asked.get("words"), asked.get("source"), asked.get("asked")])
    return hmac.new(_key(), told.encode(), hashlib.sha256).hexdigest()


def _is_ours(asked: Mapping[str, Any]) -> bool:
    if not asked or home() is None:
        return False
    try:
        return hmac.compare_digest(str(asked.get(SEAL, "")).encode(), _seal(asked).encode())
    except OSError:
        return False


def _key() -> bytes:
    """A secret beside the runs, made when it is first needed; only its owner reads it. Raises OSError where it cannot be had."""
    folder = home()
    assert folder is not None
    path = folder / KEY
    try:
        with open(path, "xb", opener=lambda place, flags: os.open(place, flags, 0o600)) as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    for _ in range(100):  # another process may be writing it
        if found := path.read_bytes():
            return found
        time.sleep(0.01)
    raise OSError(f"{KEY} is empty: delete it")
