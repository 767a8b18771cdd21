"""Which cases of a grid the default run tries; the others are slow."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest


def covering(*axes: Sequence[Any]) -> list[Any]:
    """Every combination of values of some axes. The default run tries as few as have every value of every axis.

    An axis of several parameters has tuples of them.
    """
    tried = {tuple(k % len(axis) for axis in axes) for k in range(max(map(len, axes)))}
    return [
        case(*(axis[i] for axis, i in zip(axes, places, strict=True)), slow=places not in tried)
        for places in product(*(range(len(axis)) for axis in axes))
    ]


def first(cases: Sequence[Any], count: int = 1) -> list[Any]:
    """Cases, of which the default run tries the first few."""
    return [case(values, slow=i >= count) for i, values in enumerate(cases)]


def case(*values: Any, slow: bool) -> Any:
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    return pytest.param(*flat, marks=[pytest.mark.slow] if slow else [])
