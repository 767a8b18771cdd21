"""What the commands write on: numbers on standard output; progress and sentences on standard error."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from rich import progress as bars
from rich.console import Console

from ..training import Progress, Report

ERRORS = Console(stderr=True, highlight=False)
OUT = Console(highlight=False)


def complain(sentence: str, code: int) -> int:
    ERRORS.print(f"latent-explorer: {' '.join(sentence.split())}", markup=False, soft_wrap=True)
    return code


def leads() -> bool:
    """Whether this is the process that writes and speaks: the only one, or rank 0 under torchrun."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def status() -> Iterator[Any]:
    """A spinner with the current line on a terminal; plain lines on standard error elsewhere."""
    if not ERRORS.is_terminal:
        yield lambda line: ERRORS.print(line, markup=False)
        return
    with ERRORS.status("starting") as status:
        yield status.update


@contextlib.contextmanager
def training_progress() -> Iterator[Report]:
    """A bar with the time left on a terminal, and a line of numbers an epoch everywhere."""
    if not leads():
        yield lambda progress: None
        return
    columns = (
        bars.TextColumn("epoch {task.fields[epoch]}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("steps"),
        bars.TimeElapsedColumn(),
        bars.TextColumn("left"),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[terms]}"),
    )
    with bars.Progress(*columns, console=ERRORS, disable=not ERRORS.is_terminal) as bar:
        task = bar.add_task("", total=None, epoch=1, terms="")

        def report(at: Progress) -> None:
            terms = "  ".join(f"{name} {value:.2f}" for name, value in at.parts.items())
            bar.update(task, completed=at.step, total=at.steps, epoch=at.epoch, terms=terms)
            if at.ends_epoch:
                held_out = "" if at.validation is None else f"  validation {at.validation:.2f}"
                ERRORS.print(f"epoch {at.epoch}: {terms}{held_out}", markup=False, soft_wrap=True)

        yield report
