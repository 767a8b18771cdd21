"""What a training tells while it runs: the means of its terms, and the first one that is not finite."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from .devices import Group


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message is one sentence that says what to do.

    Example:
        >>> meter = Meter(Group())
        >>> meter.add({"loss": torch.tensor(float("nan"))})
        >>> meter.check(step=1)
        Traceback (most recent call last):
        vae_core.training.meter.TrainingError: training stopped: the term loss is not finite at step 1; the checkpoint of the last epoch is kept; try a smaller --learning-rate or --clip
    """


class Progress(NamedTuple):
    """Where training stands.

    Attributes:
        epoch: from 1 on.
        step: how many steps are done.
        steps: how many there are in all.
        parts: means of the terms, in nats, since the last report, or over the epoch in the report that ends
            it.
        ends_epoch: whether it ends an epoch.
        validation: the mean loss of the held-out images there, in nats.

    Example:
        >>> Progress(epoch=1, step=50, steps=1000, parts={"loss": 180.5}).ends_epoch
        False
    """

    epoch: int
    step: int
    steps: int
    parts: dict[str, float]
    ends_epoch: bool = False
    validation: float | None = None


Report = Callable[[Progress], None]


def not_finite(what: str, step: int) -> str:
    return (
        f"training stopped: the {what} is not finite at step {step}; the checkpoint of the last epoch is kept; "
        "try a smaller --learning-rate or --clip"
    )


class Meter:
    """Means of the terms, kept on the device until somebody looks; finds the first that is not finite."""

    def __init__(self, group: Group):
        self.group = group
        self.pending: list[dict[str, Tensor]] = []
        self.total: dict[str, float] = {}
        self.count: dict[str, int] = {}

    def add(self, parts: dict[str, Tensor]) -> None:
        self.pending.append(parts)

    def check(self, step: int) -> dict[str, float]:
        """Means since the last check. Raises TrainingError naming the first step and term that is not finite."""
        # The total last: its first bad term is the one to name. A term that came while training is in the later ones alone.
        names = sorted((name for name in self.pending[0] if name in self.pending[-1]), key="loss".__eq__)
        table = torch.stack([torch.stack([parts[name] for name in names]) for parts in self.pending])
        if self.group.size > 1:
            dist.all_reduce(table)
            table /= self.group.size
        if not table.isfinite().all():
            row, column = (~table.isfinite()).nonzero()[0].tolist()
            raise TrainingError(not_finite(f"term {names[column]}", step - len(table) + row + 1))
        sums = dict(zip(names, table.sum(0).tolist(), strict=True))
        means = {name: value / len(table) for name, value in sums.items()}
        for name, value in sums.items():
            self.total[name] = self.total.get(name, 0.0) + value
            self.count[name] = self.count.get(name, 0) + len(table)
        self.pending = []
        return means

    def means(self) -> dict[str, float]:
        return {name: value / self.count[name] for name, value in self.total.items()}
