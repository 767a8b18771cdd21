"""Examples that are asked for by number, class, words or a comparison, and the order in which one goes from one to the next.

Shapes: N items.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from latent_explorer.caches import by_item, colourings, sources
from vae_core import Checkpoint

NUMBER, WRONG, LEAST, FAR = (
    "by number",
    "wrong class first",
    "least ELBO first",
    "far from its prior first",
)
_OF = {LEAST: by_item.ELBO, FAR: by_item.PRIOR}

# Of all items those that an order brings first are shown, and no more.
MOST = 100

LONGEST = 100  # characters of what is asked
_COMPARISON = re.compile(r"\s*(?P<name>[^<>=]+?)\s*(?P<sign><=|>=|<|>|=)\s*(?P<value>[^<>=]+?)\s*")
_SIGNS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


class Found(NamedTuple):
    """Items in the order in which they are gone through, `(n,)`, by how many it was cut to what an order brings first, and what is said of
    the ones that an order has a number of."""

    items: np.ndarray
    of: int
    why: Mapping[int, str]


def orders(checkpoint: Checkpoint) -> list[str]:
    """The orders that a model and its atlas have."""
    numbers = by_item.offered(checkpoint)
    wrong = [WRONG] if by_item.reads_classes(checkpoint) else []
    return [NUMBER, *wrong, *(order for order, name in _OF.items() if name in numbers)]


def found(checkpoint: Checkpoint, text: str, order: str) -> Found | None:
    """What is asked for; None where nothing is. Raises ValueError with one sentence for what cannot be understood."""
    text = text.strip()
    if not text and order == NUMBER:
        return None
    first, members = _asked(checkpoint, text) if text else (None, np.ones(len(checkpoint.atlas), dtype=bool))
    items, why = _ordered(checkpoint, members, order)
    if first is not None and order == NUMBER:  # what was asked for by its number comes first
        items = np.concatenate([[first], items[items != first]])
    count = len(items)
    return Found(items if text or order == WRONG else items[:MOST], count, why)


def _ordered(checkpoint: Checkpoint, members: np.ndarray, order: str) -> tuple[np.ndarray, dict[int, str]]:
    if order == WRONG:
        return _wrong(checkpoint, members)
    items = np.flatnonzero(members)
    if order not in _OF:
        return items, {}
    name = _OF[order]
    values = by_item.values(checkpoint, name)
    items = items[np.isfinite(values[items])]
    items = items[np.argsort(values[items], kind="stable")]
    middle = float(np.nanmedian(values))
    return items, {
        int(item): f"{name} {values[item]:.1f} nats, where half have less than {middle:.1f}".replace("-", "−")
        for item in items[: 10 * MOST]
    }


def _wrong(checkpoint: Checkpoint, members: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
    """Items in which another class is read than their own, the surest first."""
    read, atlas = by_item.read(checkpoint), checkpoint.atlas
    if read is None:
        return np.empty(0, dtype=np.intp), {}
    is_wrong = (read.classes != atlas.labels[read.items]) & members[read.items]
    order = np.argsort(-read.probable[is_wrong], kind="stable")
    items, classes, probable = (part[is_wrong][order] for part in read)
    why = {
        int(item): f"read as {atlas.classes[c]}, probability {p:.2f}"
        for item, c, p in zip(items, classes, probable, strict=True)
    }
    return items, why


def _asked(checkpoint: Checkpoint, text: str) -> tuple[int | None, np.ndarray]:
    """The item of that number, where it is one, and all that fit, `(N,)`."""
    atlas, members = checkpoint.atlas, np.zeros(len(checkpoint.atlas), dtype=bool)
    if comparison := _COMPARISON.fullmatch(text):
        return None, _compared(checkpoint, **comparison.groupdict())
    numbers = text.removeprefix("#").replace(",", " ").split()
    number = None
    if numbers and all(word.isascii() and word.isdecimal() and len(word) <= 12 for word in numbers):
        there = [int(word) for word in numbers if int(word) < len(atlas)]
        members[there] = True
        number = there[0] if there else None
    if not text.startswith("#"):
        members |= _named(checkpoint, text)
    if not members.any():
        raise ValueError(
            f"No {checkpoint.kind.one} fits that. Give a number from 0 to {len(atlas) - 1:,}, "
            f"{_examples(checkpoint)}"
        )
    return number, members


def _named(checkpoint: Checkpoint, text: str) -> np.ndarray:
    """Items of classes with that name, or else with that in their names; and those with that in a column of words."""
    atlas = checkpoint.atlas
    wanted = text.casefold().removeprefix("class ").strip()
    names = [name.casefold() for name in atlas.classes]
    same = [c for c, name in enumerate(names) if name == wanted]
    some = same or [c for c, name in enumerate(names) if wanted in name and not wanted.isdecimal()]
    members = np.isin(atlas.labels, some) if some else np.zeros(len(atlas), dtype=bool)
    for column in colourings.worded(checkpoint).values():
        members |= np.char.find(np.char.lower(column.astype(str)), wanted) >= 0
    return members


def _compared(checkpoint: Checkpoint, name: str, sign: str, value: str) -> np.ndarray:
    """Items by a comparison of a number or a word that each has."""
    numbered = {
        each.casefold(): each for each in [*by_item.offered(checkpoint), *colourings.numbered(checkpoint)]
    }
    worded = {each.casefold(): column for each, column in colourings.worded(checkpoint).items()}
    asked = name.casefold()
    if asked in numbered:
        values = numbers(checkpoint, numbered[asked])
        try:
            bound = float(value.replace("−", "-"))
        except ValueError:
            raise ValueError(f"{name} is a number, and “{value}” is none.") from None
        return np.isclose(values, bound) if sign == "=" else _SIGNS[sign](values, bound)
    if asked == "class" and sign == "=":
        return _named(checkpoint, f"class {value}")
    if asked in worded and sign == "=":
        return np.char.lower(worded[asked].astype(str)) == value.casefold()
    raise ValueError(f"There is no number called “{name}” here. Give one of: {', '.join(numbered.values())}.")


def numbers(checkpoint: Checkpoint, name: str) -> np.ndarray:
    """A number that each item has, `(N,)`: one of the model's, or of the data's."""
    if name in by_item.offered(checkpoint):
        return by_item.values(checkpoint, name)
    return colourings.numbers(checkpoint, name)


def _examples(checkpoint: Checkpoint) -> str:
    """What else can be asked for."""
    classes = checkpoint.atlas.classes
    of_class = f"a class such as {classes[0]}, " if classes else ""
    name = [*colourings.numbered(checkpoint), *by_item.offered(checkpoint)][0]
    words = (
        ", or words of a column" if sources.originals(checkpoint) and colourings.worded(checkpoint) else ""
    )
    return f"{of_class}or a comparison such as {name} < 0{words}."
