"""How long a training will take, by some of its steps."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from ..data import Data
from ..distributions import Sampler
from ..models import Declaration
from .devices import Group, device_name, local_device, pick_device, reproducible
from .loop import Run
from .options import Options
from .state import keep


class Estimate(NamedTuple):
    """How long a training will take.

    Attributes:
        seconds: in all.
        steps: how many.
        epochs: how many.
        steps_a_second: while it steps.
        device: what computes.

    Example:
        >>> Estimate(seconds=20.0, steps=2000, epochs=20, steps_a_second=110.0, device="x86_64").steps
        2000
    """

    seconds: float
    steps: int
    epochs: int
    steps_a_second: float
    device: str


def estimate(declaration: Declaration, data: Data, options: Options, patience: float = 1.5) -> Estimate:
    """Make some steps of a training, one validation and one checkpoint, which are thrown away, and say how long the whole will take.

    Args:
        declaration: the model.
        data: the training observations.
        options: how to train.
        patience: seconds that the steps may take; at least three are made, after one that is not counted.

    Returns:
        The estimate; of a training that stops early, at most so long.

    Raises:
        ValueError: as `train` does.

    Example:
        >>> from vae_core.data import load_data
        >>> from vae_core.models import VAE
        >>> found = estimate(VAE(latent=2, nets="mlp-256"), load_data("digits"), Options(device="cpu"), patience=0.1)
        >>> found.steps, found.seconds > 0
        (2000, True)
    """
    device = pick_device(local_device(options.device))
    with reproducible(options.seed), tempfile.TemporaryDirectory() as folder:
        run = Run(declaration, data, options, Path(folder), device, Group(), "")
        run.prepare()
        each = (
            _timed(run.solve) if run.solve is not None else _seconds_a_step(run, patience) * len(run.schedule)
        )
        beside = _timed(lambda: keep(Path(folder), run.step, run.model, run.optimizer, run.card))
        beside += _timed(run.validate) if len(run.held_out) else 0.0
        whole = run.epochs * (each + beside)
        return Estimate(whole, run.steps, run.epochs, len(run.schedule) / each, device_name(device))


def _seconds_a_step(run: Run, patience: float) -> float:
    run.step.train()
    rows, sampler, times = run.schedule.epoch(), Sampler(), []
    while len(times) < 4 or sum(times) < patience:
        row = rows[len(times) % len(rows)]
        times.append(_timed(lambda row=row: run.update(run.batch_of(row, sampler), sampler)["loss"].item()))
    return sorted(times[1:])[len(times[1:]) // 2]


def _timed(what: object) -> float:
    began = time.perf_counter()
    what()  # type: ignore[operator]
    return time.perf_counter() - began
