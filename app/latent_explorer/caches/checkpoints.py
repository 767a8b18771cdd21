"""The checkpoints that are offered, and each of them opened once for all visitors.

A cache is keyed by the checkpoint's name and the time its files were written, so that a model trained again is read again.
"""

import itertools
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from latent_explorer import MODELS_VARIABLE, OPENS_VARIABLE, RUNS_VARIABLE
from latent_explorer.caches.kept import (
    MOST_CHECKPOINTS,
    MOST_OPEN,
    Stamps,
    by_identity_few,
    forget_derived,
    stamps,
)
from latent_explorer.caches.sizes import Account, size_of
from latent_explorer.text import plain, said
from vae_core import Checkpoint, bundled, load
from vae_core.checkpoints import ATLAS, found_in, name_of, sendable
from vae_core.data import local_data
from vae_core.projections import plain_atlas

# The bundled checkpoint that a visitor sees first, unless another is asked for.
OPENS_ON = "mr-cdvae-mnist"


def offered() -> dict[str, Path]:
    """The checkpoints to choose from, the one that the app opens on first: those of the folder given to `latent-explorer app`, and the
    bundled ones."""
    ours = bundled()
    folders, asked = _all(ours), os.environ.get(OPENS_VARIABLE)
    mine = (name for name, folder in folders.items() if asked and place(folder) == place(Path(asked)))
    first = next(mine, OPENS_ON)
    order = sorted(folders, key=lambda name: (name != first, name in ours))
    return {name: folders[name] for name in order}


def _all(ours: Mapping[str, Path]) -> dict[str, Path]:
    """The bundled checkpoints, those of the folder, and the runs; one that has the name of a bundled one is told apart by its folder's."""
    folders = dict(ours)
    known = set(map(place, ours.values()))
    for variable in (MODELS_VARIABLE, RUNS_VARIABLE):  # often the same folder
        given = os.environ.get(variable)
        for name, other in (found_in(Path(given)) if given else {}).items():
            if place(other) not in known and sendable(name):
                folders[_apart(name, other, folders)] = other
                known.add(place(other))
    return folders


def place(folder: Path) -> Any:
    """What a folder has in common with every link to it. A run of a page asks of each some twenty times: a path that is resolved costs more."""
    try:
        status = folder.stat()
    except OSError:  # it has gone since
        return folder
    return status.st_dev, status.st_ino


def _apart(name: str, folder: Path, taken: Collection[str]) -> str:
    """The name, or one that is not taken yet."""
    if name not in taken:
        return name
    home = f"{name} ({folder.resolve().parent.name})"
    names = itertools.chain([home], (f"{home} {number}" for number in itertools.count(2)))
    return next(free for free in names if free not in taken)


def twin(name: str) -> str:
    """What is said of a checkpoint whose folder has the name of a bundled one, or of that one; nothing of others."""
    there = offered()
    own = name_of(there[name])
    alike = [other for other, folder in there.items() if name_of(folder) == own]
    if len(alike) < 2:
        return ""
    return f"{len(alike)} models are called {plain(own)}: {plain(own)} is bundled, {plain(', '.join(alike[1:]))} yours."


def why(name: str, error: Exception) -> str:
    """Why a checkpoint cannot be opened, as markdown and without the paths of this server."""
    return plain(said(error, offered()[name]), 1000)


def checkpoint(name: str) -> Checkpoint:
    """The named checkpoint, one frozen object for all visitors. Raises CheckpointError for a damaged one.

    It is read again when one of its files has been written since.
    """
    folder = offered()[name]
    written = stamps(folder)
    if (before := _last.get(folder)) not in (None, written):
        _forget(name, folder, before or ())
    _last[folder] = written
    return _checkpoint(name, str(folder), written)


_last: dict[Path, Stamps] = {}  # when the files of each folder were written that were read last


def _forget(name: str, folder: Path, written: Stamps) -> None:
    """Let go of what was kept of a checkpoint that has been made anew since, and with it of what was derived from others: that is
    made again in a moment, and a training rewrites its card many times."""
    _checkpoint.clear(name, str(folder), written)
    forget_derived()


@st.cache_resource(show_spinner="Opening the model …", max_entries=MOST_OPEN)
def _checkpoint(name: str, folder: str, written: Stamps) -> Checkpoint:
    opened = replace(load(folder), known_as=name)
    if _is_run(Path(folder)) and not (Path(folder) / ATLAS).exists():
        _map_for_now(opened)
    _account.add(size_of(opened.model) + size_of([opened.atlas_grid, opened.card.json]))
    _ = opened.atlas  # read now: the pages need it, and a damaged one must be reported here
    return opened


_account = Account(MOST_CHECKPOINTS, lambda: _checkpoint.clear())


def _is_run(folder: Path) -> bool:
    home = os.environ.get(RUNS_VARIABLE)
    return bool(home) and folder.resolve().parent == Path(home or "").resolve()


def _map_for_now(checkpoint: Checkpoint) -> None:
    """What was trained a moment ago is placed by its principal axes, until its atlas is made."""
    data = local_data(checkpoint.card.data)
    if data is not None:
        checkpoint.__dict__["atlas_grid"] = plain_atlas(checkpoint.model, data)


def at_betas(checkpoint: Checkpoint, betas: Mapping[str, float]) -> Checkpoint:
    """A multi-rate checkpoint at these betas, one object for all visitors. Raises ValueError for betas that it does not know."""
    return _at_betas(checkpoint, tuple(betas.items())) if betas else checkpoint


def current() -> Checkpoint:
    """The checkpoint that the sidebar has chosen for this run, at the betas chosen there."""
    return at_betas(checkpoint(st.session_state["checkpoint"]), st.session_state["betas"])


@by_identity_few
def _at_betas(checkpoint: Checkpoint, betas: tuple[tuple[str, float], ...]) -> Checkpoint:
    return checkpoint.at(dict(betas))
