"""The numbers of a sweep over its options: mean and range over seeds, and the best."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..checkpoints import CheckpointError, load_card
from ..metrics import number
from .folder import DONE, Sweep
from .grid import Trial

SEED = "seed"


class Line(NamedTuple):
    """A number of the trials that have the same options but for the seed.

    Attributes:
        options: the value of each option.
        mean: over the trials.
        se: its standard error: over seeds where there are several, else that of the one measurement; None where nothing says it.
        low: the least.
        high: the greatest.
        trials: how many have the number.

    Example:
        >>> Line({"beta": "1"}, 90.0, 0.5, 89.5, 90.5, 2).mean
        90.0
    """

    options: dict[str, str]
    mean: float
    se: float | None
    low: float
    high: float
    trials: int


def varied(sweep: Sweep) -> list[str]:
    """The options that tell lines from each other: all but the seed.

    Args:
        sweep: the sweep.

    Returns:
        Their names, in the order of the grid.

    Example:
        >>> from pathlib import Path
        >>> varied(Sweep(Path("s"), ("train", "vae"), {"beta": ("1", "2"), "seed": ("0", "1")}))
        ['beta']
    """
    return [option for option in sweep.grid if option != SEED]


def measured(sweep: Sweep) -> set[str]:
    """The numbers that some trial has.

    Args:
        sweep: the sweep.

    Returns:
        Their names.

    Example:
        >>> from pathlib import Path
        >>> measured(Sweep(Path("nowhere"), ("train", "vae"), {"seed": ("0",)}))
        set()
    """
    found: set[str] = set()
    for trial in sweep.trials:
        try:
            found |= set(load_card(sweep.place(trial)).metrics) if sweep.state(trial)[0] == DONE else set()
        except CheckpointError:
            continue
    return found


def tabulated(sweep: Sweep, name: str) -> list[Line]:
    """A number of every combination of options, in the order of the grid.

    Args:
        sweep: the sweep.
        name: of the number, as cards have it.

    Returns:
        A line for each combination that has been measured.

    Example:
        >>> from pathlib import Path
        >>> tabulated(Sweep(Path("nowhere"), ("train", "vae"), {"seed": ("0",)}), "negative_elbo")
        []
    """
    found: dict[tuple[str, ...], list[tuple[float, float | None]]] = {}
    kept = varied(sweep)
    for trial in sweep.trials:
        if (measured := _measured(sweep, trial, name)) is not None:
            found.setdefault(tuple(trial.options[option] for option in kept), []).append(measured)
    return [_line(dict(zip(kept, values, strict=True)), numbers) for values, numbers in found.items()]


def _measured(sweep: Sweep, trial: Trial, name: str) -> tuple[float, float | None] | None:
    if sweep.state(trial)[0] != DONE:
        return None
    try:
        told = load_card(sweep.place(trial)).metrics.get(name)
    except CheckpointError:
        return None
    return None if told is None or not math.isfinite(told.value) else (told.value, told.se)


def _line(options: dict[str, str], numbers: Sequence[tuple[float, float | None]]) -> Line:
    values, n = [value for value, _ in numbers], len(numbers)
    mean = sum(values) / n
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n) if n > 1 else numbers[0][1]
    return Line(options, mean, spread, min(values), max(values), n)


def best(lines: Sequence[Line], name: str) -> Line | None:
    """The line whose mean is best.

    Args:
        lines: of a number.
        name: of that number.

    Returns:
        The line; None where the number has no better way, or there are no lines.

    Example:
        >>> lines = [Line({"beta": beta}, mean, 0.1, mean, mean, 1) for beta, mean in (("1", 90.0), ("2", 95.0))]
        >>> best(lines, "negative_elbo").options, best(lines, "rate_z")
        ({'beta': '1'}, None)
    """
    way = number(name).better
    if not lines or not way:
        return None
    return (max if way == "high" else min)(lines, key=lambda line: line.mean)
