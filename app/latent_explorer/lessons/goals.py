"""What a step asks for: conditions on facts of the app's state, written as data. Nothing is evaluated."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from latent_explorer.lessons.front import Value

Fact = str | float | bool | Sequence[str] | None

YES, NO = ("yes", "true"), ("no", "false")
_BOUND = re.compile(r"(<=|>=|<|>)\s*(\S+)")
_RANGE = re.compile(r"(\S+)\s+to\s+(\S+)")
HOW = 'write a value, not another, [one, another], yes, no, "> 2", "<= 2" or 1 to 2'


@dataclass(frozen=True)
class Condition:
    """A fact, and what holds of it: one of some texts, a range of numbers, or that there is one at all.

    >>> near = Condition.of("beta_z", Value(1, text=">= 4"))
    >>> near.holds(4.0), near.holds(3.9), near.holds(None)
    (True, False, False)
    """

    fact: str
    line: int
    any_of: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    present: bool | None = None
    none_of: str = ""

    @classmethod
    def of(cls, fact: str, value: Value) -> "Condition":
        """As it is written. Raises ValueError with one sentence for what is no condition."""
        if value.texts:
            texts = tuple(part.text or "" for part in value.texts)
            if all(texts):
                return cls(fact, value.line, any_of=texts)
        text = (value.text or "").strip()
        if not text:
            raise ValueError(f"the goal “{fact}” says nothing: {HOW}")
        if text.lower() in YES + NO:
            return cls(fact, value.line, present=text.lower() in YES)
        if text.startswith("not "):
            return cls(fact, value.line, none_of=text.removeprefix("not ").strip())
        if bound := _BOUND.fullmatch(text):
            sign, number = bound[1], _number(fact, bound[2])
            if sign[0] == ">":
                return cls(fact, value.line, low=number, open_low=sign == ">")
            return cls(fact, value.line, high=number, open_high=sign == "<")
        if between := _RANGE.fullmatch(text):
            low, high = (_number(fact, part) for part in between.groups())
            if low > high:
                raise ValueError(
                    f"the goal “{fact}” is {text}, which no number is: write the smaller one first"
                )
            return cls(fact, value.line, low=low, high=high)
        return cls(fact, value.line, any_of=(text,))

    def renamed(self, now: Callable[[str], str]) -> "Condition":
        """The same of names that others took the place of."""
        return replace(self, any_of=tuple(map(now, self.any_of)), none_of=now(self.none_of))

    def holds(self, value: Fact) -> bool:
        """Whether it holds of what the fact is; of what is not there only a `no` does."""
        if self.present is not None:
            return _there(value) is self.present
        if self.none_of:
            return value is not None and not _equal(value, self.none_of)
        if self.any_of:
            values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            return any(_equal(each, text) for each in values for text in self.any_of)
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = _read(value) if isinstance(value, str) else math.nan
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


def _number(fact: str, text: str) -> float:
    value = _read(text)
    if math.isnan(value):
        raise ValueError(f"the goal “{fact}” compares with “{text[:60]}”, which is no number: {HOW}")
    return value


def _read(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _there(value: Fact) -> bool:
    """Whether there is something: no zero, no empty text."""
    return bool(value)


def _equal(value: Fact, text: str) -> bool:
    if value is None or isinstance(value, bool):
        return False
    return str(value) == text or (not math.isnan(_read(text)) and _read(str(value)) == _read(text))


@dataclass(frozen=True)
class Goal:
    """All of some conditions."""

    conditions: tuple[Condition, ...]

    def done(self, fact: Callable[[str], Fact]) -> bool:
        """Whether all hold; a fact is asked for only where those before it hold."""
        return all(condition.holds(fact(condition.fact)) for condition in self.conditions)
