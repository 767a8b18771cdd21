"""How many bytes are kept in the caches of the server, which are let go of when they come to more than they may."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch

from vae_core.checkpoints.atlas import Kept

DEPTH = 6  # of what lies within each other


def size_of(value: Any, depth: int = DEPTH) -> int:
    """The bytes of the arrays, tensors and texts within a value; arrays that lie in a file take none.

    >>> size_of({"a": np.zeros(10), "b": (b"12", torch.zeros(3))})
    94
    """
    if isinstance(value, np.ndarray):
        return 0 if isinstance(value, np.memmap) else value.nbytes
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, torch.nn.Module):
        return sum(map(size_of, value.state_dict().values()))
    if isinstance(value, Kept):
        return value.most_bytes
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if not depth:
        return 0
    return sum(size_of(part, depth - 1) for part in _within(value))


def _within(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return []


class Account:
    """Bytes that some caches hold together: when they come to more than `most`, everything is let go of, and made again when it is asked for."""

    def __init__(self, most: int, let_go: Callable[[], None]):
        self._most, self._let_go, self._held, self._guard = most, let_go, 0, threading.Lock()

    def add(self, size: int) -> None:
        """So many bytes more are kept."""
        with self._guard:
            self._held += size
            if self._held <= self._most:
                return
            self._held = size
        self._let_go()

    def reset(self) -> None:
        with self._guard:
            self._held = 0
