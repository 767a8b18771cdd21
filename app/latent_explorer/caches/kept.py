"""How long what is derived from a checkpoint is kept: by its folder, the times its files were written, and its betas."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import streamlit as st

from latent_explorer.caches.sizes import Account, size_of
from vae_core import Checkpoint
from vae_core.checkpoints import ATLAS, CARD, WEIGHTS

F = TypeVar("F", bound=Callable[..., Any])


# Checkpoints that are kept open, and of how many positions of the sliders what has a row for each item of an atlas: 70,000 items
# are about 15 MB.
MOST_OPEN, MOST_LARGE = 32, 32

Stamps = tuple[tuple[int, int], ...]


def stamps(folder: Path) -> Stamps:
    """When its card, weights and atlas were written, and how long they are: what is cached of a checkpoint is read again when that changes."""
    return tuple(_stamp(os.path.join(folder, file)) for file in (CARD, WEIGHTS, ATLAS))


def _stamp(file: str) -> tuple[int, int]:
    try:
        status = os.stat(file)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def identity(checkpoint: Checkpoint) -> tuple[str, Stamps, str]:
    return str(checkpoint.folder), stamps(checkpoint.folder), repr(checkpoint.betas)


_derived: list[Any] = []


def kept(most: int, by: Callable[[Checkpoint], Any] = identity) -> Callable[[F], F]:
    """A cache of what is derived from checkpoints, at so many positions of the sliders."""

    def decorate(function: F) -> F:
        @wraps(function)
        def counted(*given: Any, **named: Any) -> Any:
            found = function(*given, **named)
            _account.add(size_of(found))
            return found

        made = st.cache_resource(show_spinner=False, hash_funcs={Checkpoint: by}, max_entries=most)(counted)
        _derived.append(made)
        return cast(F, made)

    return decorate


def forget_derived() -> None:
    """Let go of all that was derived from any checkpoint."""
    _account.reset()
    for cache in _derived:
        cache.clear()


# Bytes of all that is derived, and of the checkpoints themselves.
MOST_DERIVED, MOST_CHECKPOINTS = 10**9, 2 * 10**9

_account = Account(MOST_DERIVED, lambda: forget_derived())


by_identity = kept(128)  # small things: a number or a picture for each dimension or class
by_identity_few = kept(MOST_LARGE)  # what has a row for each item of an atlas
