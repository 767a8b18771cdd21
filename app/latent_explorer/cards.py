"""What pages read of a card, checked in one place: a card is a file that anybody may have written."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from vae_core.checkpoints import CheckpointError
from vae_core.objectives import declare

Check = Callable[[Any], bool]


def number(value: Any) -> bool:
    """A finite number that a float holds, and no truth value."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < math.inf
        and _held(value)
    )


def _held(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def text(value: Any) -> bool:
    """A string that can be sent to a browser: half of a pair of surrogates is none."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def some(check: Check) -> Check:
    return lambda value: value is None or check(value)


def each(check: Check, length: int | None = None) -> Check:
    return lambda value: isinstance(value, list) and length in (None, len(value)) and all(map(check, value))


def table(check: Check) -> Check:
    """An object with values of a kind, by name."""
    return lambda value: (
        isinstance(value, dict) and all(text(key) and check(part) for key, part in value.items())
    )


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] = {}) -> Check:
    """An object that has these fields and may have those; others are nobody's business."""

    def checked(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(name in value and check(value[name]) for name, check in required.items())
            and all(check(value[name]) for name, check in optional.items() if name in value)
        )

    return checked


def objective(value: Any) -> bool:
    """An objective that can be declared, and so be told."""
    try:
        made = {**value}
        declare(made.pop("name"), made)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return False
    return True


NUMBERS = fields({"value": number, "se": number, "n": count})

FIELDS: dict[str, Check] = {
    "model": fields(
        {"name": text, "arguments": table(lambda value: not isinstance(value, str) or text(value))}
    ),
    "data": fields({"name": text, "shape": each(count, 3), "classes": each(text), "images": count}),
    "objective": objective,
    "training": fields(
        {"batch": lambda value: count(value) and value > 0, "learning_rate": number, "seed": number}
    ),
    "epochs_done": count,
}
MAY_LACK: dict[str, tuple[Check, Any]] = {
    "cost": (
        lambda cost: (
            cost == {}
            or fields({"seconds": number, "processes": count, "threads": count, "device": text})(cost)
        ),
        {},
    ),
    "found": (table(lambda value: isinstance(value, bool) or number(value)), {}),
    "metrics": (table(NUMBERS), {}),
    "evaluations": (
        table(fields({"names": each(text)}, dict.fromkeys(("command", "split", "data"), text))),
        {},
    ),
    "evaluation": (some(fields({"command": text, "split": text, "data": text})), None),
    "factors": (some(lambda factors: _matrices(factors)), None),
}


def _matrices(factors: Any) -> bool:
    """What each dimension has to do with each factor: matrices `(D, F)` with the names of both."""
    if not fields({"dimensions": each(text), "factors": each(text), "n": count})(factors):
        return False
    matrix = each(each(number, len(factors["factors"])), len(factors["dimensions"]))
    return (
        matrix(factors["information"]) and some(matrix)(factors.get("importance"))
        if "information" in factors
        else True
    )


def checked(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card with every field that pages read, of the kind that they expect. Raises CheckpointError with one sentence."""
    whole = {**card}
    for name, check in FIELDS.items():
        if name not in whole:
            raise CheckpointError(_damaged(f"lacks {name}"))
        if not check(whole[name]):
            raise CheckpointError(_damaged(f"says something unreadable of {name}"))
    for name, (check, default) in MAY_LACK.items():
        whole[name] = whole.get(name, default)
        if not check(whole[name]):
            raise CheckpointError(_damaged(f"says something unreadable of {name}"))
    return whole


def _damaged(what: str) -> str:
    return f"its card.json {what}: restore it, or train again"
