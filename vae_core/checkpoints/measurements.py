"""What measured the numbers of a card, by which command, and how new numbers join the old ones.

A card's `metrics` are `{name: {"value", "se", "n"}}`. Its `evaluations` are `{group: Measurement}`, one for each group of numbers that were
measured together. An older card has one `evaluation` of all its numbers instead, which is read as a group without a name.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..estimates import Estimate
from .typed import entries


@dataclass(frozen=True)
class Measurement:
    """What measured some numbers of a card.

    Attributes:
        names: the numbers' names.
        data: the name of the data.
        split: of the data.
        seed: of all noise.
        limit: how many images; None for all of them.
        command: what measured them.
        versions: of what computed.
        weights: the fingerprint of the weights then.

    Example:
        >>> Measurement(("negative_elbo",), data="mnist", split="test", seed=0).limit is None
        True
    """

    names: tuple[str, ...]
    data: str = ""
    split: str = ""
    seed: int | None = None
    limit: int | None = None
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    weights: str = ""


@dataclass(frozen=True)
class Factors:
    """What each dimension has to do with each known factor: tables `(D, F)`.

    Attributes:
        dimensions: the names of the dimensions.
        factors: the names of the factors.
        n: images.
        information: I(z_j; f) / H(f).
        importance: of the dimension for the factor to boosted trees.

    Raises:
        ValueError: for a table of another size.

    Example:
        >>> Factors(("z[0]", "z[1]"), ("shape",), n=1000, information=((0.9,), (0.1,))).information[0]
        (0.9,)
    """

    dimensions: tuple[str, ...]
    factors: tuple[str, ...]
    n: int
    information: tuple[tuple[float, ...], ...] | None = None
    importance: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self):
        size = [len(self.factors)] * len(self.dimensions)
        for name in ("information", "importance"):
            table = getattr(self, name)
            if table is not None and [len(row) for row in table] != size:
                raise ValueError(
                    f"{name} is not a table of {len(size)} dimensions and {len(self.factors)} factors"
                )


def recorded(card: Mapping[str, Any]) -> dict[str, Any]:
    """The records of what measured each group of the numbers of a card, as its JSON has them, in its order. Raises ValueError for a
    record that is no object.

    >>> recorded({"metrics": {"mig": {}}, "evaluation": {"command": "evaluate it"}})
    {'': {'names': ['mig'], 'command': 'evaluate it'}}
    """
    if "evaluations" in card:
        return entries(card["evaluations"], "evaluations")
    whole = card.get("evaluation")
    named = {"names": list(card.get("metrics", {}))}
    return {} if whole is None else {"": {**named, **entries(whole, "evaluation")}}


def merged(
    card: Mapping[str, Any],
    group: str,
    numbers: Mapping[str, Estimate],
    how: Measurement,
    tables: Mapping[str, Any],
) -> dict[str, Any]:
    """The JSON of a card with a group measured anew: its numbers replace all that it gave before, and those of every other group stay.

    `tables` are the group's tables of factors, which replace the same tables of the card.
    """
    earlier = recorded(card)
    gone = set(earlier.get(group, {}).get("names", [])) - set(numbers)
    metrics = {name: number for name, number in card.get("metrics", {}).items() if name not in gone}
    others = {
        other: {**record, "names": [name for name in record["names"] if name not in numbers]}
        for other, record in earlier.items()
        if other != group
    }
    records = {**others, group: {**asdict(how), "names": list(how.names)}}
    factors = {"factors": _with_tables(card.get("factors"), tables)} if tables else {}
    return {
        **{key: value for key, value in card.items() if key != "evaluation"},
        "metrics": {**metrics, **{name: number._asdict() for name, number in numbers.items()}},
        **factors,
        "evaluations": {name: record for name, record in records.items() if record["names"]},
    }


def _with_tables(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of both where they are about the same dimensions and factors, else the new ones; `n` counts the images of `information`."""
    if old is None or any(old.get(key) != new[key] for key in ("dimensions", "factors")):
        return dict(new)
    counted = new if "information" in new else old
    return {**old, **new, "n": counted["n"]}
