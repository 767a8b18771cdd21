"""The command train, one subcommand a model."""

import shlex
import sys
from dataclasses import dataclass, field, fields
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from ..models import MODELS
from ..training import collapsed, train
from .commands import check_named, without_path
from .console import OUT, leads, training_progress
from .flags import Source, check_apart, model_flags, options_of, prose, sound, training_flags
from .folders import write_atlas
from .plugged import Plugged
from .sources import opened

M = TypeVar("M")
F = TypeVar("F")


@dataclass(frozen=True)
class Train(Plugged, Generic[M, F]):
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae --separation 8 --beta z_l 1 z_u 1`."""

    out: Path
    """Folder to write the checkpoint to; it can be loaded at any moment."""
    model: tyro.conf.OmitArgPrefixes[M]
    training: Annotated[tyro.conf.OmitArgPrefixes[F], tyro.conf.arg(help="How to train.")]
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
        declaration = self.model.declaration()  # type: ignore[attr-defined]
        options = options_of(self.training, declaration)
        dataset = opened(self.data, self.source)
        data = dataset.split("train", options.limit)
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        with training_progress() as report:
            checkpoint = train(
                declaration,
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


@dataclass(frozen=True)
class Chosen(Generic[M]):
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae`."""

    what: tyro.conf.OmitSubcommandPrefixes[tyro.conf.OmitArgPrefixes[M]]
    """Which model."""

    def run(self) -> int:
        return self.what.run()  # type: ignore[attr-defined]


def train_command() -> Any:
    """Train a model: `latent-explorer train cdvae --data mnist --out runs/cdvae`."""
    flags = training_flags()

    def of(name: str) -> Any:
        check_apart(MODELS[name], *(part.name for part in fields(flags)))  # type: ignore[arg-type]
        return Train[model_flags(name), flags]

    kinds = sound(MODELS, of)
    each = (
        Annotated[Train[model_flags(name), flags], tyro.conf.subcommand(name, description=prose(kind))]
        for name, kind in kinds.items()
    )
    return Chosen[reduce(or_, each)]
