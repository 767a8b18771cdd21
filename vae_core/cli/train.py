"""The command train, one subcommand a model."""

import re
import shlex
import sys
from dataclasses import dataclass, field
from functools import reduce
from inspect import cleandoc
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from ..models import MODELS, Declaration
from ..training import collapsed, train
from .commands import check_named, without_path
from .console import OUT, leads, training_progress
from .flags import Flags, Source, options_of
from .folders import write_atlas
from .sources import opened

M = TypeVar("M", bound=Declaration)


@dataclass(frozen=True)
class Train(Generic[M]):
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae --separation 8 --beta z_l 1 z_u 1`."""

    out: Path
    """Folder to write the checkpoint to; it can be loaded at any moment."""
    model: tyro.conf.OmitArgPrefixes[M]
    training: Annotated[tyro.conf.OmitArgPrefixes[Flags], tyro.conf.arg(help="How to train.")] = field(  # type: ignore[valid-type]
        default_factory=Flags
    )
    data: str = "mnist"
    """Data set: digits, sprites, mnist, one of torchvision's (fashion-mnist, cifar10, ...), hf:owner/name, a folder of images by class, or a
    file (.npz, .npy, IDX). `latent-explorer data WHAT` shows what is understood of it."""
    source: Annotated[tyro.conf.OmitArgPrefixes[Source], tyro.conf.arg(help="How to open it.")] = field(  # type: ignore[valid-type]
        default_factory=Source
    )
    resume: bool = False
    """Go on with the checkpoint in --out."""
    atlas: bool = True
    """Make the atlas at the end, for the maps of the app (two minutes for 10,000 images)."""

    def run(self) -> int:
        check_named(self.out)
        options = options_of(self.training, self.model)
        dataset = opened(self.data, self.source)
        data = dataset.split("train", options.limit)
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        with training_progress() as report:
            checkpoint = train(
                self.model,
                data,
                options,
                self.out,
                resume=self.resume,
                command=command,
                report=report,
            )
        if self.atlas and leads():
            write_atlas(self.out, options.device, what=dataset)
        if leads():
            cost = checkpoint.card.cost
            taken = f" in {cost.seconds:.0f} s" if cost else ""
            OUT.print(
                f"{checkpoint.card.epochs_done} epochs{taken}: {self.out}; "
                f"measure it with `latent-explorer evaluate {shlex.quote(str(self.out))}{_again(self.data)}`",
                soft_wrap=True,
            )
            for sentence in collapsed(checkpoint.card.active_dimensions):
                OUT.print(sentence, soft_wrap=True)
        return 0


def _again(what: str) -> str:
    """How the data is named once more where a card cannot say where it is."""
    return f" --data {shlex.quote(what)}" if Path(what).exists() else ""


def _prose(kind: Any) -> str:
    """What a model's docstring says before its sections, which are for those who program."""
    return re.split(r"\n\n(?:Args|Attributes|Raises|Example|Source):\n", cleandoc(kind.__doc__ or ""))[0]


# One subcommand for each model of the registry.
TrainCommand: Any = reduce(
    or_,
    (
        Annotated[Train[kind], tyro.conf.subcommand(name, description=_prose(kind))]  # type: ignore[valid-type]
        for name, kind in MODELS.items()
    ),
)


@dataclass(frozen=True)
class TrainAny:
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae`."""

    what: tyro.conf.OmitSubcommandPrefixes[tyro.conf.OmitArgPrefixes[TrainCommand]]  # type: ignore[valid-type]
    """Which model."""

    def run(self) -> int:
        return self.what.run()
