"""The rate-distortion frontier that a card holds: what `latent-explorer frontier` measured of a multi-rate checkpoint.

Shapes: R points of the grid of betas, D dimensions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..estimates import Estimate
from .grid import corners, nearest
from .typed import entries, read


class Gap(NamedTuple):
    """How much more a multi-rate model's objective is than that of a model trained for one beta.

    Attributes:
        value: the difference, in nats.
        se: its standard error, in nats.
        n: images that it was measured on.
        share: the difference over the other model's objective.

    Example:
        >>> Gap(value=1.5, se=0.1, n=10_000, share=0.015).share
        0.015
    """

    value: float
    se: float
    n: int
    share: float


@dataclass(frozen=True)
class Point:
    """What was measured at some betas.

    Attributes:
        betas: the beta of each block.
        numbers: the distortion, the rate of each block and more.
        kl: the KL of each dimension of a block, in nats.

    Example:
        >>> numbers = {"distortion": Estimate(90.0, 0.3, 1000), "rate_z": Estimate(20.0, 0.1, 1000)}
        >>> point = Point({"z": 2.0}, numbers, {"z": (12.0, 8.0)})
        >>> point.rate, point.objective  # R, and D + beta R
        (20.0, 130.0)
    """

    betas: dict[str, float]
    numbers: dict[str, Estimate]
    kl: dict[str, tuple[float, ...]]

    @property
    def distortion(self) -> Estimate:
        return self.numbers["distortion"]

    @property
    def rate(self) -> float:
        """The rates of all blocks together, nats."""
        return sum(self.numbers[f"rate_{block}"].value for block in self.betas)

    @property
    def rate_error(self) -> float:
        """The most that the standard error of `rate` can be, nats: the blocks' errors added, whatever their correlation. Exact for one
        block."""
        return sum(self.numbers[f"rate_{block}"].se for block in self.betas)

    @property
    def objective(self) -> float:
        """D + sum of beta R at the point's own betas, nats."""
        rates = sum(beta * self.numbers[f"rate_{block}"].value for block, beta in self.betas.items())
        return self.distortion.value + rates

    def json(self) -> dict[str, Any]:
        """As a card has it."""
        numbers = {name: number._asdict() for name, number in self.numbers.items()}
        return {"betas": self.betas, **numbers, "kl": {name: list(kl) for name, kl in self.kl.items()}}


@dataclass(frozen=True)
class Anchor(Point):
    """A model trained for one beta of each block: its own point, and how far the multi-rate model is from it there.

    Attributes:
        gap: the multi-rate model's objective minus its own.
        name: what it is called.
        command: what trained it.
        epochs: how many.
        measured: what measured it.

    Example:
        >>> numbers = {"distortion": Estimate(90.0, 0.3, 1000), "rate_z": Estimate(20.0, 0.1, 1000)}
        >>> anchor = Anchor({"z": 2.0}, numbers, {"z": (12.0, 8.0)}, Gap(1.5, 0.1, 1000, 0.012), name="beta 2")
        >>> anchor.objective, anchor.gap.value
        (130.0, 1.5)
    """

    gap: Gap
    name: str = ""
    command: str = ""
    epochs: int | None = None
    measured: str = ""

    def json(self) -> dict[str, Any]:
        told = {"name": self.name, "command": self.command, "epochs": self.epochs, "measured": self.measured}
        return {**super().json(), "gap": self.gap._asdict(), **told}


@dataclass(frozen=True)
class Frontier:
    """What was measured over the betas of a multi-rate model.

    Attributes:
        points: one for each point of the grid of betas.
        anchors: models trained for one beta each.
        command: what measured it.
        split: the split that it was measured on.
        data: the name of the data.
        weights: the fingerprint of the weights then.

    Example:
        >>> def point(beta: float, distortion: float, rate: float) -> Point:
        ...     numbers = {"distortion": Estimate(distortion, 0.3, 1000), "rate_z": Estimate(rate, 0.1, 1000)}
        ...     return Point({"z": beta}, numbers, {"z": (rate,)})
        >>> frontier = Frontier((point(1.0, 80.0, 30.0), point(100.0, 160.0, 2.0)), (), "", "test", "mnist")
        >>> frontier.at({"z": 10.0})
        {'distortion': 120.0, 'rate_z': 16.0, 'rate': 16.0}

    Source:
        Alemi et al. (2018), rate and distortion; docs/objectives.md, section 6 (every price at once).
    """

    points: tuple[Point, ...]
    anchors: tuple[Anchor, ...]
    command: str
    split: str
    data: str
    weights: str = ""

    @classmethod
    def of(cls, told: Any) -> "Frontier | None":
        """The frontier that an entry of a card is; None where nothing was measured. Raises ValueError for what is none."""
        if not told:
            return None
        try:
            whole = entries(told, "frontier")
            texts = {name: read(str, whole.get(name), name) for name in ("command", "split", "data")}
            points, anchors = (
                read(tuple[dict[str, Any], ...], whole.get(name), name) for name in ("points", "anchors")
            )
            frontier = cls(
                tuple(_point(point, f"points[{i}]") for i, point in enumerate(points)),
                tuple(_anchor(anchor, f"anchors[{i}]") for i, anchor in enumerate(anchors)),
                **texts,
                weights=read(str, whole.get("weights", ""), "weights"),
            )
        except ValueError as error:
            raise ValueError(f"its frontier is damaged ({error})") from None
        frontier._check()
        return frontier

    def _check(self) -> None:
        """Raises ValueError where not every point has what the first has."""
        if not self.points:
            raise ValueError("its frontier is damaged (it has no points)")
        kinds = {
            (frozenset(p.betas), frozenset(p.numbers), frozenset((b, len(kl)) for b, kl in p.kl.items()))
            for p in self.points
        }
        blocks = set(self.points[0].betas)
        if len(kinds) > 1 or any(set(anchor.betas) != blocks for anchor in self.anchors):
            raise ValueError("its frontier is damaged (its points are not of one kind)")

    @property
    def about(self) -> str:
        """The images that it was measured on, in words."""
        return f"{self.points[0].distortion.n:,} {self.split} images of {self.data}"

    @property
    def blocks(self) -> list[str]:
        """The blocks that have a rate."""
        return list(self.points[0].betas)

    @property
    def gaps_by(self) -> list[str]:
        """The commands that measured the anchors, each once."""
        return list(dict.fromkeys(anchor.measured or self.command for anchor in self.anchors))

    @property
    def betas(self) -> dict[str, np.ndarray]:
        """The betas of each block at each point, `(R,)`."""
        return {block: np.array([point.betas[block] for point in self.points]) for block in self.blocks}

    def near(self, betas: Mapping[str, float]) -> list[tuple[Point, float]]:
        """The points round these betas with their shares, which add up to 1: one alone where it was measured there."""
        return [(self.points[place], share) for place, share in corners(self.betas, betas)]

    def at(self, betas: Mapping[str, float]) -> dict[str, float]:
        """Every measured number at these betas, and `rate`, the sum over blocks; between points interpolated linearly in log beta."""
        near = self.near(betas)
        numbers = {
            name: sum(share * point.numbers[name].value for point, share in near)
            for name in near[0][0].numbers
        }
        return {**numbers, "rate": sum(numbers[f"rate_{block}"] for block in self.blocks)}

    def columns(self) -> dict[str, np.ndarray]:
        """What was measured as columns `(R,)`: betas, every number and its standard error; and `kl_<block>` `(R, D)`, nats."""
        first = self.points[0]
        numbers = {
            f"{name}{ending}": np.array([getattr(point.numbers[name], part) for point in self.points])
            for name in first.numbers
            for ending, part in (("", "value"), ("_se", "se"))
        }
        betas = {f"beta_{block}": values for block, values in self.betas.items()}
        kl = {f"kl_{block}": np.array([point.kl[block] for point in self.points]) for block in first.kl}
        return {**betas, **numbers, **kl}

    def line(self, block: str, betas: Mapping[str, float]) -> list[Point]:
        """The points along the betas of one block, the other blocks at the beta of the grid nearest to `betas`."""
        rest = {
            name: nearest(np.unique(self.betas[name]), betas[name]) for name in self.blocks if name != block
        }
        return [
            point for point in self.points if all(point.betas[name] == beta for name, beta in rest.items())
        ]


def _point(told: dict[str, Any], field: str) -> Point:
    """Raises ValueError for a point without betas above 0, the distortion, or the rate, active units or KL of a block."""
    numbers = {
        name: read(Estimate, value, f"{field}.{name}")
        for name, value in told.items()
        if isinstance(value, Mapping) and "value" in value and name != "gap"
    }
    betas = read(dict[str, float], told.get("betas"), f"{field}.betas")
    kl = read(dict[str, tuple[float, ...]], told.get("kl"), f"{field}.kl")
    needed = ["distortion", *(f"{name}_{block}" for block in betas for name in ("rate", "active_units"))]
    lacking = [name for name in needed if name not in numbers]
    lacking += [f"kl of {block}" for block in betas if block not in kl]
    if not betas or min(betas.values()) <= 0 or lacking:
        raise ValueError(f"{field} lacks {lacking[0] if lacking else 'betas above 0'}")
    return Point(betas, numbers, kl)


def _anchor(told: dict[str, Any], field: str) -> Anchor:
    point = _point(told, field)
    more = {
        name: read(str, told.get(name, ""), f"{field}.{name}") for name in ("name", "command", "measured")
    }
    return Anchor(
        point.betas,
        point.numbers,
        point.kl,
        read(Gap, told.get("gap"), f"{field}.gap"),
        epochs=read(int | None, told.get("epochs"), f"{field}.epochs"),
        **more,
    )


def merged(
    card: Mapping[str, Any],
    points: Sequence[Point],
    anchors: Sequence[Anchor],
    how: Mapping[str, Any],
    keep: bool,
) -> dict[str, Any]:
    """The JSON of a card with a frontier measured as `how` says, beside the anchors that it held if `keep`: each keeps the
    command that measured it, and one that was measured again is replaced."""
    again = {anchor.name for anchor in anchors}
    old = card.get("frontier") or {}
    others = [
        {"measured": old["command"], **anchor}
        for anchor in (old["anchors"] if keep else [])
        if anchor.get("name") not in again
    ]
    new = [{**anchor.json(), "measured": how["command"]} for anchor in anchors]
    return {
        **card,
        "frontier": {**how, "points": [point.json() for point in points], "anchors": [*others, *new]},
    }
