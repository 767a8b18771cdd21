"""The numbers of a card as rows for people, in the order of the registry, with what measured them."""

import math
import re
from typing import NamedTuple

from vae_core.checkpoints import Card
from vae_core.metrics import HEADLINES, NUMBERS, number

UNNAMED = "other numbers"


class Row(NamedTuple):
    """A number: what it is called, its value with its standard error and unit, and of how many observations."""

    title: str
    told: str
    n: str


class Group(NamedTuple):
    """Numbers that were measured together, and the command that did."""

    name: str
    rows: list[Row]
    command: str
    about: str


def row(card: Card, name: str) -> Row:
    """A number of a card."""
    value, error, n = card.metrics[name]
    known = number(name)
    error = error if error is not None and math.isfinite(error) and error > 0 else None
    told = known.told(value, error) if math.isfinite(value) else "not a number"
    return Row(known.title, told, f"{n:,}")


def headlines(card: Card) -> list[Row]:
    """Those that stand for the whole card; where it has none of them, all."""
    return [row(card, name) for name in HEADLINES if name in card.metrics] or [
        row(card, name) for name in sorted(card.metrics)
    ]


def groups(card: Card) -> list[Group]:
    """All numbers, by what measured them.

    >>> from vae_core.checkpoints import load_card
    >>> [(group.name, len(group.rows)) for group in groups(load_card("vae-digits-plane"))][:2]
    [('elbo', 3), ('importance', 3)]
    """
    order = {name: place for place, name in enumerate(_ordered(card))}
    found, left = [], set(card.metrics)
    for name, how in card.measurements.items():
        mine = sorted(left & set(how.names), key=order.__getitem__)
        left -= set(mine)
        if mine:
            parts = [f"{how.split} {card.data.signature.kind.many} of {how.data}" if how.data else ""]
            parts.append("" if how.seed is None else f"seed {how.seed}")
            about = ", ".join(filter(None, parts))
            found.append(Group(name or UNNAMED, [row(card, each) for each in mine], how.command, about))
    if left:
        rest = sorted(left, key=order.__getitem__)
        found.append(Group(UNNAMED, [row(card, each) for each in rest], "", ""))
    return found


def _ordered(card: Card) -> list[str]:
    """The numbers of a card as the registry orders them: those of one pattern side by side."""

    def place(name: str) -> tuple[int, str]:
        known = (k for k, pattern in enumerate(NUMBERS) if re.fullmatch(pattern, name))
        return next(known, len(NUMBERS)), name

    return sorted(card.metrics, key=place)
