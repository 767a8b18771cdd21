"""The evaluations that a card holds: which command measured which number, and how new numbers join the old ones.

A card's `metrics` are `{name: {"value", "se", "n"}}`. Its `evaluations` are `{group: Evaluation}`, one for each group of numbers that were
measured together. An older card has one `evaluation` of all its numbers instead, which is read as a group without a name.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Required, TypedDict

Card = Mapping[str, Any]
Number = Mapping[str, float]

# What measuring writes into a card, and training leaves alone.
MEASURED = ("metrics", "evaluations", "evaluation", "factors", "frontier", "atlas")


class Evaluation(TypedDict, total=False):
    """What measured the numbers called `names`. `weights` is the fingerprint of the weights then; `limit` is None for all images."""

    names: Required[list[str]]
    data: str
    split: str
    seed: int
    limit: int | None
    command: str
    versions: dict[str, str]
    weights: str


def evaluations(card: Card) -> dict[str, Evaluation]:
    """What measured each group of a card's numbers, in the order of the card.

    >>> evaluations({"metrics": {"mig": {}}, "evaluation": {"command": "evaluate it"}})
    {'': {'names': ['mig'], 'command': 'evaluate it'}}
    """
    if "evaluations" in card:
        return dict(card["evaluations"])
    whole = card.get("evaluation")
    return {"": {"names": list(card.get("metrics", {})), **whole}} if whole else {}  # type: ignore[typeddict-item]


def evaluation_of(card: Card, number: str) -> Evaluation | None:
    """What measured this number; None where the card does not say."""
    return next((found for found in evaluations(card).values() if number in found["names"]), None)


def commands(card: Card, numbers: Iterable[str]) -> list[str]:
    """The commands that measured these numbers, each once.

    >>> one, other = {"names": ["a", "b"], "command": "first"}, {"names": ["c"], "command": "second"}
    >>> commands({"evaluations": {"one": one, "other": other}}, ["a", "c", "b"])
    ['first', 'second']
    """
    found = [evaluation_of(card, number) for number in numbers]
    return list(dict.fromkeys(how["command"] for how in found if how and "command" in how))


def images(card: Card, numbers: Iterable[str]) -> str:
    """The images that these numbers were measured on, in words.

    >>> images({"evaluations": {"one": {"names": ["a"], "data": "digits", "split": "test"}}}, ["a"])
    'the test images of digits'
    """
    found = [evaluation_of(card, number) for number in numbers]
    words = dict.fromkeys(
        f"the {how['split']} images of {how['data']}"
        for how in found
        if how and "split" in how and "data" in how
    )
    return " and ".join(words) or "images that the card does not name"


def merged(
    card: Card, group: str, numbers: Mapping[str, Number], how: Evaluation, tables: Mapping[str, Any]
) -> dict[str, Any]:
    """The card with a group measured anew: its numbers replace all that it gave before, and those of every other group stay.

    `tables` are the group's tables of factors, which replace the same tables of the card.
    """
    earlier = evaluations(card)
    gone = set(earlier.get(group, {}).get("names", [])) - set(numbers)
    metrics = {name: number for name, number in card["metrics"].items() if name not in gone}
    others = {
        other: {**found, "names": [name for name in found["names"] if name not in numbers]}
        for other, found in earlier.items()
        if other != group
    }
    told = {name: found for name, found in {**others, group: how}.items() if found["names"]}
    factors = {"factors": _with_tables(card.get("factors"), tables)} if tables else {}
    return {
        **{key: value for key, value in card.items() if key != "evaluation"},
        "metrics": {**metrics, **numbers},
        **factors,
        "evaluations": told,
    }


def _with_tables(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of both where they are about the same dimensions and factors, else the new ones; `n` counts the images of `information`."""
    if old is None or any(old.get(key) != new[key] for key in ("dimensions", "factors")):
        return dict(new)
    counted = new if "information" in new else old
    return {**old, **new, "n": counted["n"]}
