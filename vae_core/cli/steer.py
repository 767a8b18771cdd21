"""The command steer: a running training is asked to pause, go on, make one step, stop, or change a number."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..checkpoints.changes import number
from ..runs import Status, alive, read_status, write_order
from .console import OUT
from .plugged import Plugged

# Seconds that an answer is waited for: a step of a large model takes some.
PATIENCE = 30


@dataclass(frozen=True)
class Steer(Plugged):
    """Steer a running training: `latent-explorer steer RUN pause`, and go, step, stop or `set beta=2`; without more, say where it stands."""

    folder: tyro.conf.Positional[Path]
    """Folder of the training."""
    order: tyro.conf.Positional[Literal["show", "pause", "go", "step", "stop", "set"]] = "show"
    """show: where it stands and what can be set; pause; go: go on; step: one batch, and pause; stop: end it, what was saved is kept; set: change
    numbers."""
    what: tyro.conf.Positional[tuple[str, ...]] = ()
    """What to set: beta=2, beta.z_l=2 (of one block), learning_rate=1e-4, ..."""

    def run(self) -> int:
        status = read_status(self.folder)
        if self.order == "show":
            if status is None:
                raise ValueError(
                    f"nothing is known of a training in {self.folder}: give the folder that `latent-explorer train` writes to"
                )
            return show(status)
        if bool(self.what) != (self.order == "set"):
            raise ValueError("say what to set, for example `set beta=2`; only set takes more words")
        if status is None or not status.live or not alive(self.folder):
            raise ValueError(
                f"no training runs in {self.folder} that could be steered: start one, or go on with `latent-explorer resume`"
            )
        for name, value in settings(self.what) if self.order == "set" else [("", None)]:
            sent = write_order(self.folder, self.order, name, value)
            if said := self._answer(sent):
                raise ValueError(said)
        return show(read_status(self.folder) or status)

    def _answer(self, sent: str) -> str:
        """What is said to an order. Raises ValueError where nothing comes."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status = read_status(self.folder)
            if status is not None and (said := status.answer(sent)) is not None:
                return said
            if status is None or not status.live:
                raise ValueError(f"the training in {self.folder} ended before it was told")
            time.sleep(0.05)
        raise ValueError(
            f"the training in {self.folder} does not answer: it may be in a long step; look again by `show`"
        )


def settings(words: Sequence[str]) -> list[tuple[str, float | dict[str, float]]]:
    """What to set. Raises ValueError for what is none, and for what is said twice.

    >>> settings(["beta.z_l=2", "beta.z_u=1"])
    [('beta', {'z_l': 2.0}), ('beta', {'z_u': 1.0})]
    >>> settings(["beta=2", "beta=3"])
    Traceback (most recent call last):
    ValueError: beta is set twice: say it once
    """
    names = [word.partition("=")[0].replace("-", "_") for word in words]
    if more := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{more[0]} is set twice: say it once")
    return list(map(setting, words))


def setting(word: str) -> tuple[str, float | dict[str, float]]:
    """A word of the command line as what to set.

    >>> setting("beta=2"), setting("beta.z_l=0.5"), setting("class-weight=3")
    (('beta', 2.0), ('beta', {'z_l': 0.5}), ('class_weight', 3.0))
    >>> setting("beta")
    Traceback (most recent call last):
    ValueError: 'beta' is nothing to set: write it as beta=2, or beta.z=2 for one block
    """
    name, equals, told = word.partition("=")
    try:
        value = float(told)
    except ValueError:
        value = None
    if not (name and equals) or value is None:
        raise ValueError(f"{word[:40]!r} is nothing to set: write it as beta=2, or beta.z=2 for one block")
    name, dot, block = name.partition(".")
    name = name.replace("-", "_")
    return (name, {block: value}) if dot else (name, value)


def show(status: Status) -> int:
    """Where a training stands, in lines."""
    rate = f", {status.steps_a_second:,.0f} a second" if status.steps_a_second else ""
    left = f", about {duration(status.left)} left" if status.left is not None else ""
    lines = [
        f"{status.state}: step {status.step:,} of {status.steps:,} (epoch {status.epoch} of {status.epochs}){rate}{left}"
    ]
    lines += [status.said] if status.said else []
    lines += [f"  {name:18} {number(value)}" for name, value in status.values.items()]
    lines += [f"  {change.says}" for change in status.changes]
    for line in lines:
        OUT.print(line, markup=False, soft_wrap=True)
    return 0


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(12.3), duration(125), duration(7300)
    ('12 s', '2 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
