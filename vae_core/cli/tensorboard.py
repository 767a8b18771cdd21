"""The numbers of a training as event files, which TensorBoard and its like show."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..training import Progress, Report

MISSING = (
    "--tensorboard needs tensorboardX: run `pip install 'latent-explorer[tensorboard]'`, or leave it out"
)


@contextlib.contextmanager
def events(folder: Path, report: Report) -> Iterator[Report]:
    """A report that writes event files into a folder as well: the terms of the loss by step, their means by epoch, and the loss of
    held-out images. Raises ValueError where the writer is not installed."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise ValueError(MISSING) from None
    with SummaryWriter(str(folder)) as writer:

        def both(at: Progress) -> None:
            report(at)
            kind = "epoch" if at.ends_epoch else "step"
            for name, value in at.parts.items():
                writer.add_scalar(f"{kind}/{name}", value, at.step)
            if at.validation is not None:
                writer.add_scalar("validation/loss", at.validation, at.step)
            writer.flush()

        yield both
