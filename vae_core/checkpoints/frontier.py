"""The rate-distortion frontier that a card holds: what `latent-explorer frontier` measured of a multi-rate checkpoint.

Shapes: R rungs, D dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .atlas import corners

Point = Mapping[str, Any]


@dataclass(frozen=True)
class Frontier:
    """`points`, one a rung of betas; `anchors`, models trained for one beta each; and the command that measured them."""

    points: tuple[Point, ...]
    anchors: tuple[Point, ...]
    command: str
    about: str

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Frontier | None":
        """What the card holds; None where nothing was measured. Raises ValueError for what is no frontier."""
        found = card.get("frontier")
        if not found:
            return None
        try:
            for point in (*found["points"], *found["anchors"]):
                _ = (
                    objective(point),
                    rate_error(point),
                    point["distortion"]["se"],
                    [sum(kl) for kl in point["kl"].values()],
                )
            about = f"{found['points'][0]['distortion']['n']:,} {found['split']} images of {found['data']}"
            return cls(tuple(found["points"]), tuple(found["anchors"]), found["command"], about)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"its frontier is damaged ({error!r})") from None

    @property
    def blocks(self) -> list[str]:
        """The blocks that have a rate."""
        return list(self.points[0]["betas"])

    @property
    def gaps_by(self) -> list[str]:
        """The commands that measured the anchors, each once."""
        return list(dict.fromkeys(anchor.get("measured", self.command) for anchor in self.anchors))

    @property
    def betas(self) -> dict[str, np.ndarray]:
        """The betas of each block at each rung, `(R,)`."""
        return {block: np.array([point["betas"][block] for point in self.points]) for block in self.blocks}

    def at(self, betas: Mapping[str, float]) -> dict[str, float]:
        """Every measured number at these betas, and `rate`, the sum over blocks; between rungs interpolated linearly in log beta."""
        near = [(self.points[rung], share) for rung, share in corners(self.betas, betas)]
        names = [
            name for name, value in near[0][0].items() if isinstance(value, Mapping) and "value" in value
        ]
        found = {name: sum(share * point[name]["value"] for point, share in near) for name in names}
        return {**found, "rate": sum(found[f"rate_{block}"] for block in self.blocks)}

    def columns(self) -> dict[str, np.ndarray]:
        """What was measured as columns `(R,)`: betas, every number and its standard error; and `kl_<block>` `(R, D)`, nats."""
        first = self.points[0]
        names = [name for name, value in first.items() if isinstance(value, Mapping) and "value" in value]
        numbers = {
            f"{name}{ending}": np.array([point[name][part] for point in self.points])
            for name in names
            for ending, part in (("", "value"), ("_se", "se"))
        }
        betas = {f"beta_{block}": values for block, values in self.betas.items()}
        kl = {f"kl_{block}": np.array([point["kl"][block] for point in self.points]) for block in first["kl"]}
        return {**betas, **numbers, **kl}

    def line(self, block: str, betas: Mapping[str, float]) -> list[Point]:
        """The points along the betas of one block, the other blocks at the rung nearest to `betas`."""
        rest = {
            name: _nearest(np.unique(self.betas[name]), betas[name]) for name in self.blocks if name != block
        }
        return [
            point for point in self.points if all(point["betas"][name] == beta for name, beta in rest.items())
        ]


def merged(card: Mapping[str, Any], found: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
    """The card with a frontier `found` as `how` says, beside the anchors that it held: each anchor keeps the command that measured it.

    One that was measured again is replaced. The gap of an anchor is that to the weights it was measured beside, so where `how` names
    other weights than the card's frontier, the older anchors go (`outdated`).
    """
    old = card.get("frontier") or {}
    again = {anchor["name"] for anchor in found["anchors"]}
    kept = [
        {"measured": old["command"], **anchor}
        for anchor in old.get("anchors", [])
        if not outdated(card, how) and anchor.get("name") not in again
    ]
    new = [{**anchor, "measured": how["command"]} for anchor in found["anchors"]]
    return {**card, "frontier": {**how, **found, "anchors": [*kept, *new]}}


def outdated(card: Mapping[str, Any], how: Mapping[str, Any]) -> bool:
    """Whether the card's frontier is one of other weights; a frontier that does not say of which is taken to fit."""
    old = card.get("frontier") or {}
    return old.get("weights", how["weights"]) != how["weights"]


def _nearest(rungs: np.ndarray, beta: float) -> float:
    return float(rungs[np.abs(np.log(rungs / beta)).argmin()])


def rate(point: Point) -> float:
    """The rates of all blocks together, nats."""
    return sum(point[f"rate_{block}"]["value"] for block in point["betas"])


def rate_error(point: Point) -> float:
    """The most that the standard error of `rate` can be, nats: the blocks' errors added, whatever their correlation. Exact for one block."""
    return sum(point[f"rate_{block}"]["se"] for block in point["betas"])


def objective(point: Point) -> float:
    """D + sum of beta R at the point's own betas, nats."""
    return point["distortion"]["value"] + sum(
        beta * point[f"rate_{block}"]["value"] for block, beta in point["betas"].items()
    )
