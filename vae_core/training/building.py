"""What a training is built of: model and objective as one module, its optimiser, held-out images, stages, an exact fit."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..data import Data
from ..data.notes import counted
from ..distributions import Sampler
from ..labels import has_label
from ..model import Model
from ..models import Declaration, Solver, check_told
from ..names import IMAGE, LABEL
from ..objectives import M2, OBJECTIVES, Declared, Loss, Objective
from .options import LABELLED_SHARE, Options
from .schedule import Schedule


class Step(nn.Module):
    """Model and objective as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, model: Model, objective: Objective):
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: dict[str, Tensor], draw: Sampler) -> Loss:
        return self.objective(self.model, batch, draw)


def divided(data: Data, held_out: int) -> tuple[Data, Data]:
    """Training and held-out images; the order is shuffled by the loader, so the tail is a fair sample. Raises ValueError where none is left to train on."""
    if held_out and held_out >= len(data):
        raise ValueError(
            f"{held_out:,} {data.kind.many} to validate on leave none of {len(data):,} to train on: give a smaller --validation"
        )
    kept = len(data) - held_out
    return data.rows(slice(0, kept)), data.rows(slice(kept, len(data)))


def objective_for(declaration: Declaration, model: Model, data: Data) -> Declared:
    """The usual objective of a model; where the class of some images only is known and the model can infer it, the one that sums it out."""
    if data.known is not None and not data.known.all() and LABEL in model.latents:
        return M2(labels=int(data.known.sum()))
    return OBJECTIVES[declaration.objective()]()


def told(data: Data, model: Model, objective: Declared, seed: int, held_out: bool = False) -> Data:
    """The data with the labels that a training is told: those that an objective asks for, of those that are known; all where no class is read.

    Raises ValueError where only some classes are known, and the objective needs all, and for a factor that the data cannot tell.
    """
    check_told(model, data.name, data.ranges)
    labels = objective.labelled()
    if labels is not None:
        return data if held_out else data.with_labels(labels, seed)
    if data.known is None or not len(data):
        return data
    reads = has_label(model) or getattr(objective, "adversary", 0)
    if reads and not data.known.all():
        ways = (
            f"give --labels {int(data.known.sum())}, by which the others are summed out"
            if LABEL in model.latents
            else "choose joint, which infers the others, or vae, which needs none"
        )
        raise ValueError(
            f"the class of {int(data.known.sum()):,} of {len(data):,} {data.kind.many} is known, and this objective needs all: {ways}, or leave the "
            "others out by --labelled-only"
        )
    return replace(data, known=None)


def check_batch(batch: int, rows: int, many: str, processes: int) -> None:
    """Raises ValueError for a batch that training rows, which are called `many`, or processes do not fit."""
    if batch % processes:
        raise ValueError(
            f"a batch of {batch} does not divide over {processes} processes: choose another --batch"
        )
    if rows < batch:
        raise ValueError(f"{rows} training {many} are fewer than a batch of {batch}: give a smaller --batch")


def scheduled(data: Data, options: Options, asked: int | None) -> tuple[Options, Schedule]:
    """Which rows each step sees. Where no batch was asked for and few classes are unknown, it is one that those rows fill.

    Raises ValueError for fewer of them than a batch takes.
    """
    schedule = Schedule(data, options.batch or 0)
    if not len(schedule) and asked is None:
        fitting = replace(options, batch=None).fitting(len(schedule.rest)).batch or 0
        options = replace(options, batch=max(LABELLED_SHARE, fitting))
        schedule = Schedule(data, options.batch or 0)
    if not len(schedule):
        raise ValueError(
            f"{counted(len(schedule.rest), data.kind.one)} without a label are too few for a batch of {options.batch}: "
            "give a smaller --batch or fewer --labels"
        )
    return options, schedule


def optimizer_of(step: Step, rate: float) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
    """Adam, and the parameters whose gradient is clipped: all but those that the objective trains by options of its own."""
    apart = step.objective.groups()  # type: ignore[operator]
    known = {id(parameter) for group in apart for parameter in group["params"]}
    parameters = [p for p in step.parameters() if id(p) not in known]
    groups = [{"params": parameters}, *apart]
    device = parameters[0].device
    if device.type == "cuda":  # a rate on the device, which a recorded step reads
        return parameters, torch.optim.Adam(
            groups, lr=torch.tensor(rate, device=device), fused=True, capturable=True
        )
    return parameters, torch.optim.Adam(groups, lr=rate, fused=True)


def stages_of(declaration: Declaration, options: Options) -> tuple[tuple[str, ...], ...]:
    """The stages to train one after the other; none where all is trained together."""
    if not options.stagewise:
        return ()
    stages = declaration.stages
    if not stages:
        raise ValueError("this model has no stages: leave out --stagewise")
    if (options.epochs or 0) < len(stages):
        raise ValueError(f"{len(stages)} stages need at least {len(stages)} epochs, got {options.epochs}")
    return stages


def solver_of(declaration: Declaration, model: Model, data: Data, seed: int) -> Solver | None:
    """What takes the place of gradient steps where a model has an exact fit."""
    return declaration.solver(model, lambda: (batch[IMAGE] for batch in data.batches(10_000, seed)))
