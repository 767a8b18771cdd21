"""A grid of options as a command line says it, and its trials."""

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MOST_TRIALS = 10_000
MOST_NAME = 60

_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")

Grid = Mapping[str, Sequence[str]]
"""The values of each option, as words of a command line."""


class Trial(NamedTuple):
    """One training of a grid.

    Attributes:
        name: of its folder.
        options: the value of each option.

    Example:
        >>> Trial("seed-0", {"seed": "0"}).words
        ['--seed', '0']
    """

    name: str
    options: dict[str, str]

    @property
    def words(self) -> list[str]:
        """The options as a command line has them."""
        return [word for option, value in self.options.items() for word in (f"--{option}", *value.split())]


def parsed(told: Sequence[str]) -> dict[str, list[str]]:
    """The grid that a command line tells.

    Args:
        told: `option=value,value` or `option=first..last` for each option; a value of several words has spaces.

    Returns:
        The values of each option.

    Raises:
        ValueError: one sentence, for what is no such thing, an option or a value twice, or too many trials.

    Example:
        >>> parsed(["beta=0.5,1", "seed=0..2", "nets=conv-32"])
        {'beta': ['0.5', '1'], 'seed': ['0', '1', '2'], 'nets': ['conv-32']}
    """
    grid: dict[str, list[str]] = {}
    for word in told:
        option, equals, values = word.partition("=")
        option = option.removeprefix("--").replace("_", "-")
        if not equals or not _OPTION.fullmatch(option):
            raise ValueError(f"{word!r} is no part of a grid: give one such as beta=0.5,1,2 or seed=0..4")
        if option in grid:
            raise ValueError(f"the grid has {option} twice: give all its values at once")
        grid[option] = _values(option, values)
    if not grid:
        raise ValueError("the grid is empty: add --grid beta=0.5,1,2 seed=0..4")
    count = 1
    for each in grid.values():
        count *= len(each)
    if count > MOST_TRIALS:
        raise ValueError(
            f"the grid has {count:,} trials, and at most {MOST_TRIALS:,} are run: give fewer values"
        )
    return grid


def _values(option: str, told: str) -> list[str]:
    found: list[str] = []
    for part in (each.strip() for each in told.split(",")):
        if not part:
            raise ValueError(f"{option} has an empty value in the grid: give one such as {option}=1,2")
        ends = _RANGE.fullmatch(part)
        if ends and abs(int(ends[2]) - int(ends[1])) > MOST_TRIALS:
            raise ValueError(f"{option}={part} has more than {MOST_TRIALS:,} values: give fewer")
        first, last = (int(ends[1]), int(ends[2])) if ends else (0, 0)
        found += [str(k) for k in range(first, last + 1)] if ends else [" ".join(part.split())]
        if ends and last < first:
            raise ValueError(f"{option}={part} runs backwards: give the lesser number first")
    if len(set(found)) < len(found):
        raise ValueError(f"the grid has a value of {option} twice: give each once")
    return found


def trials(grid: Grid) -> list[Trial]:
    """Every combination, the last option running fastest.

    Args:
        grid: the values of each option.

    Returns:
        The trials; the folder of each says its options.

    Example:
        >>> [trial.name for trial in trials({"beta": ["0.5", "z_l 2"], "seed": ["0"]})]
        ['beta-0.5_seed-0', 'beta-z_l-2_seed-0']
    """
    made = [Trial(_name(options), options) for options in _combined(grid)]
    names = [trial.name for trial in made]
    return [
        trial._replace(name=_short(trial.name, trial.options)) if names.count(trial.name) > 1 else trial
        for trial in made
    ]


def _combined(grid: Grid) -> list[dict[str, str]]:
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _name(options: Mapping[str, str]) -> str:
    plain = "_".join(re.sub(r"[^A-Za-z0-9._-]+", "-", f"{key}-{value}") for key, value in options.items())
    return plain if len(plain) <= MOST_NAME else _short(plain, options)


def _short(name: str, options: Mapping[str, str]) -> str:
    """A name with what tells it from those that begin alike."""
    told = hashlib.blake2s(repr(sorted(options.items())).encode(), digest_size=4).hexdigest()
    return f"{name[: MOST_NAME - 9]}-{told}"
