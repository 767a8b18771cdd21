"""The command frontier: a multi-rate checkpoint measured over its betas."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from ..checkpoints import Anchor, Card, Checkpoint, Point, load, load_card, save_card, versions
from ..metrics import evaluation_of, measure_frontier
from ..multirate import at, beta_grid, rates_of
from ..training import pick_device
from .commands import own_data, source_name
from .console import ERRORS, OUT, status
from .plugged import Plugged

# More points than anybody waits for.
MOST_POINTS = 1000


@dataclass(frozen=True)
class MeasureFrontier(Plugged):
    """Measure a multi-rate checkpoint over its betas, and write the frontier into its card."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    anchors: tuple[Path, ...] = ()
    """Checkpoints to compare with, of the same data and blocks, each trained for one beta of each block."""
    data: str | None = None
    """The folder or file that the model was trained from, where it was."""
    rungs: int | None = None
    """How many betas for each block, in equal steps of log beta; 9 for one block and 5 for two unless given."""
    limit: int | None = None
    """Measure on this many test images, drawn by the seed; on all unless given."""
    seed: int = 0
    """Seed of everything random."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""

    def run(self) -> int:
        checkpoint = load(self.folder, pick_device(self.device))
        rates = rates_of(checkpoint.model)
        if not rates:
            raise ValueError(f"{self.folder} answers to one beta only: train a model with --rates")
        rungs = (9 if len(rates) == 1 else 5) if self.rungs is None else self.rungs
        if rungs < 2 or rungs ** len(rates) > MOST_POINTS:
            raise ValueError(
                f"a frontier needs at least 2 betas for each block and at most {MOST_POINTS} points in all, got --rungs {rungs}"
            )
        # All that can be wrong with an anchor is found before hours of measuring, and the card is written once, at the end.
        others = [load(folder, pick_device(self.device)) for folder in self.anchors]
        anchors = [(other.model, _betas_of(other, checkpoint)) for other in others]
        with status() as report:
            dataset = own_data(checkpoint, self.data, report)
            evaluation = evaluation_of(checkpoint, dataset, limit=self.limit, seed=self.seed, report=report)
            points, measured = measure_frontier(evaluation, beta_grid(checkpoint.model, rungs), anchors)
        named = [
            replace(anchor, name=other.name, command=other.card.command, epochs=other.card.epochs_done)
            for anchor, other in zip(measured, others, strict=True)
        ]
        how = {
            "command": self._command(checkpoint, rungs, others),
            "split": "test",
            "data": evaluation.data.name,
            "seed": self.seed,
            "limit": self.limit,
            "versions": versions(),
            "weights": checkpoint.weights,
        }
        card = load_card(checkpoint.folder)
        save_card(checkpoint.folder, card.with_frontier(points, named, how, _anchors_stay(card, checkpoint)))
        for point in [*points, *named]:
            OUT.print(_frontier_line(point), soft_wrap=True)
        return 0

    def _command(self, checkpoint: Checkpoint, rungs: int, others: Sequence[Checkpoint]) -> str:
        words = [
            "latent-explorer",
            "frontier",
            checkpoint.name,
            "--rungs",
            str(rungs),
            "--seed",
            str(self.seed),
        ]
        words += ["--data", source_name(self.data)] if self.data else []
        words += ["--limit", str(self.limit)] if self.limit else []
        words += ["--anchors", *(other.name for other in others)] if others else []
        return shlex.join(words)


def _anchors_stay(card: Card, checkpoint: Checkpoint) -> bool:
    """Whether the anchors that a card holds were measured beside these weights; where they go, that is said."""
    try:
        held = card.frontier
    except ValueError:
        ERRORS.print(
            "the frontier in the card is damaged: name its anchors in --anchors to measure them again",
            soft_wrap=True,
        )
        return False
    if held is None or held.weights in ("", checkpoint.weights):
        return held is not None
    if held.anchors:
        ERRORS.print(
            "the anchors were measured beside older weights and are left out: name them in --anchors to measure them again",
            soft_wrap=True,
        )
    return False


def _betas_of(other: Checkpoint, beside: Checkpoint) -> dict[str, float]:
    """The betas that a checkpoint was trained for. Raises ValueError where it is nothing to be compared with."""
    betas = getattr(other.card.objective, "beta", None)
    if (
        not isinstance(betas, dict)
        or any(change.name == "beta" for change in other.card.changes)
        or set(betas) != set(rates_of(beside.model))
        or other.card.data != beside.card.data
    ):
        raise ValueError(
            f"{other.folder} was not trained for one beta on the same data and blocks: leave it out of --anchors"
        )
    at(beside.model, betas)  # raises where the multi-rate model does not know them
    return betas


def _frontier_line(point: Point) -> str:
    betas = ", ".join(f"beta({block}) = {beta:g}" for block, beta in point.betas.items())
    numbers = "  ".join(
        f"{name} {number.value:.4g}"
        for name, number in point.numbers.items()
        if name == "distortion" or name.startswith("rate_") or name.endswith("accuracy")
    )
    gap = f"  gap {point.gap.value:+.2f} ± {point.gap.se:.2f}" if isinstance(point, Anchor) else ""
    return f"{betas}: {numbers}{gap}"
