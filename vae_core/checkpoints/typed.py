"""What a file of anybody's says, as values of declared kinds: each field is checked once, and named where it is of another kind."""

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ..names import sendable

# Whole numbers up to here are exact wherever a card is read, also in a browser.
MOST = 2**53


def read(kind: Any, value: Any, field: str) -> Any:
    """A value that `json` has read, as one of `kind`: str, int (a count), float, bool, Any, a `Literal`, a dataclass or named tuple of such
    (an object with its fields, and others that are left alone), `dict[str, kind]` or a mapping, `tuple[kind, ...]` or `tuple[kind, kind]`
    (a list), or a union of such.

    Raises ValueError that names the field and what it should be. Text is such as can be sent to a browser, numbers are finite.

    >>> read(tuple[int, ...], [1, 28, 28], "shape")
    (1, 28, 28)
    >>> read(dict[str, float], {"beta": "high"}, "found")
    Traceback (most recent call last):
    ValueError: found.beta is "high" instead of a finite number
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None and NoneType in parts else read(_of_union(parts, value), value, field)
    if origin is Literal:
        _check(value in parts, value, field, f"one of {', '.join(map(str, parts))}")
        return value
    if origin is tuple:
        _check(isinstance(value, list | tuple), value, field, "a list")
        _check(parts[-1] is ... or len(value) == len(parts), value, field, f"a list of {len(parts)}")
        return tuple(read(parts[0], item, f"{field}[{i}]") for i, item in enumerate(value))
    if origin in (dict, Mapping):
        return {key: read(parts[1], item, below(field, key)) for key, item in entries(value, field).items()}
    if kind in PLAIN:
        words, fits = PLAIN[kind]
        _check(fits(value), value, field, words)
        return value
    parts = read_fields(kind, value, field)
    try:
        return kind(**parts)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None


def _of_union(kinds: tuple[Any, ...], value: Any) -> Any:
    """The one of several kinds that a value is to be read as: the object among them for an object, else the first."""
    objects = [kind for kind in kinds if get_origin(kind) in (dict, Mapping)]
    return objects[0] if objects and isinstance(value, Mapping) else kinds[0]


def read_fields(kind: Any, value: Any, field: str, skip: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass or named tuple that an object has, but for some. Raises ValueError for one that is missing, or of
    another kind."""
    given, parts = entries(value, field), {}
    for name, (part, required) in fields_of(kind).items():
        if name in skip:
            continue
        if name in given:
            parts[name] = read(part, given[name], below(field, name))
        elif required:
            raise ValueError(f"{field or 'it'} lacks {name}")
    return parts


def entries(value: Any, field: str) -> dict[str, Any]:
    """An object. Raises ValueError for anything else."""
    _check(isinstance(value, Mapping), value, field, "an object")
    for key in value:
        _check(sendable(key), key, f"a name in {field or 'it'}", "text")
    return value


def below(field: str, name: str) -> str:
    """The name of a field of a field.

    >>> below("metrics", "mig"), below("metrics", "<b>")
    ('metrics.mig', 'metrics."<b>"')
    """
    told = name if re.fullmatch(r"[\w ()-]{1,60}", name) else shown(name)
    return f"{field}.{told}" if field else told


def finite(value: Any) -> bool:
    """Whether it is a finite number that a float holds; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def shown(value: Any) -> str:
    """A value as a sentence can say it.

    >>> shown([1, 2]), shown("a" * 50)
    ('a list', '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…')
    """
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    text = json.dumps(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 40 else f"{text[:40]}…"


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST


def _anything(value: Any) -> bool:
    """Whatever JSON holds, its texts such as can be sent."""
    if isinstance(value, Mapping):
        return all(sendable(key) and _anything(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_anything, value))
    return not isinstance(value, str) or sendable(value)


PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text", sendable),
    int: ("a whole number from 0 on", _count),
    float: ("a finite number", finite),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    Any: ("text that can be shown", _anything),
}


def _check(fits: bool, value: Any, field: str, words: str) -> None:
    if not fits:
        raise ValueError(f"{field or 'it'} is {shown(value)} instead of {words}")


@cache
def fields_of(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The kind of each field of a dataclass or named tuple, and whether it must be there."""
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        defaults = {
            part.name: part.default is not MISSING or part.default_factory is not MISSING
            for part in fields(kind)
        }
    else:
        defaults = {name: name in kind._field_defaults for name in kind._fields}
    return {name: (hints[name], not has) for name, has in defaults.items()}
