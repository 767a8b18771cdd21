"""The command train, one subcommand a model."""

import contextlib
import shlex
import sys
from dataclasses import dataclass, field, fields
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro

from ..data import Dataset
from ..models import MODELS, Declaration
from ..training import Estimate, Fork, Options, collapsed, estimate, train
from .commands import check_named, without_path
from .console import OUT, leads, training_progress
from .flags import Source, check_apart, model_flags, options_of, prose, sound, training_flags
from .folders import write_atlas
from .plugged import Plugged
from .sources import opened
from .steer import duration
from .tensorboard import events

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
    """Data set: digits, sprites, rooms, glyphs (glyphs:FOLDER: of these fonts), mnist, one of torchvision's (fashion-mnist, cifar10, ...),
    hf:owner/name, a folder of images by class, or a file (.npz, .npy, IDX). `latent-explorer data WHAT` shows what is understood of it."""
    source: Annotated[tyro.conf.OmitArgPrefixes[Source], tyro.conf.arg(help="How to open it.")] = field(  # type: ignore[valid-type]
        default_factory=Source
    )
    resume: bool = False
    """Go on with the checkpoint in --out."""
    atlas: bool = True
    """Make the atlas at the end, for the maps of the app (seconds for 10,000 images)."""
    watch: bool = True
    """Let pages and `latent-explorer steer` watch and steer it: frames and status in the folder watch of --out, at less than 15 % of the time."""
    tensorboard: bool = False
    """Write event files for TensorBoard into the folder tensorboard of --out (extra tensorboard)."""
    estimate: bool = False
    """Make a few steps, say how long the training will take, and leave it at that."""

    def check(self) -> tuple[Declaration, Options]:
        """The model and how to train it. Raises ValueError, one sentence, for what does not go together."""
        check_named(self.out)
        declaration = self.model.declaration()  # type: ignore[attr-defined]
        return declaration, options_of(self.training, declaration)

    def run(self) -> int:
        declaration, options = self.check()
        dataset = opened(self.data, self.source)
        if self.estimate:
            return tell_estimate(estimate(declaration, dataset.split("train", options.limit), options))
        command = "latent-explorer " + shlex.join(without_path(sys.argv[1:]))
        return trained(
            declaration,
            dataset,
            options,
            self.out,
            command,
            self.data,
            self.atlas,
            self.watch,
            self.resume,
            tensorboard=self.tensorboard,
        )


def trained(
    declaration: Declaration,
    dataset: Dataset,
    options: Options,
    out: Path,
    command: str,
    data: str | None,
    atlas: bool,
    watch: bool,
    resume: bool = False,
    fork: Fork | None = None,
    tensorboard: bool = False,
) -> int:
    """Train, make the atlas, and say what came of it."""
    with contextlib.ExitStack() as stack:
        report = stack.enter_context(training_progress())
        if tensorboard and leads():
            report = stack.enter_context(events(out / "tensorboard", report))
        checkpoint = train(
            declaration,
            dataset.split("train", options.limit),
            options,
            out,
            resume=resume,
            command=command,
            report=report,
            watch=watch,
            fork=fork,
        )
    if not leads():
        return 0
    if atlas:
        write_atlas(out, options.device, what=dataset)
    cost = checkpoint.card.cost
    taken = f" in {cost.seconds:.0f} s" if cost else ""
    OUT.print(
        f"{checkpoint.card.epochs_done} epochs{taken}: {out}; "
        f"measure it with `latent-explorer evaluate {shlex.quote(str(out))}{_again(data)}`",
        soft_wrap=True,
    )
    for sentence in collapsed(checkpoint.card.active_dimensions):
        OUT.print(sentence, soft_wrap=True)
    return 0


def tell_estimate(found: Estimate) -> int:
    OUT.print(
        f"about {duration(found.seconds)}: {found.steps:,} steps in {found.epochs} epochs, {found.steps_a_second:,.0f} a second on {found.device}",
        soft_wrap=True,
    )
    return 0


def _again(what: str | None) -> str:
    """How the data is named once more where a card cannot say where it is."""
    return f" --data {shlex.quote(what)}" if what and Path(what).exists() else ""


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
