"""The command data: what is understood of a source, before anything trains."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from ..checkpoints.folder import atomic
from ..data import Dataset, Report, open_data, sheet
from ..kinds import Image
from .console import ERRORS, OUT, leads, status
from .flags import Source, opening_of
from .plugged import Plugged


@dataclass(frozen=True)
class ShowData(Plugged):
    """Say what is understood of a data set, folder or file: shape, values, classes, split, and what may be wrong with it."""

    what: tyro.conf.Positional[str]
    """digits, sprites, rooms, glyphs (glyphs:FOLDER: of these fonts), mnist, one of torchvision's (fashion-mnist, cifar10, ...),
    hf:owner/name, a folder of images by class, or a file
    (.npz, .npy, IDX, .csv, .tsv, .parquet, .h5ad)."""
    sheet: Path | None = None
    """Write a sheet of pictures, a row a class, to this PNG."""
    source: Annotated[tyro.conf.OmitArgPrefixes[Source], tyro.conf.arg(help="How to open it.")] = field(  # type: ignore[valid-type]
        default_factory=Source
    )

    def run(self) -> int:
        with status() as report:
            dataset = open_data(self.what, report=report, **opening_of(self.source))
            told = Report.of(dataset)
        for line in told.lines():
            OUT.print(line, markup=False, soft_wrap=True)
        if self.sheet is not None:
            with atomic(self.sheet) as file:
                sheet(dataset.train).save(file, "PNG")
            OUT.print(f"sheet        {self.sheet}", markup=False, soft_wrap=True)
        OUT.print(
            f"next         {first_training(self.what, self.source, told)}", markup=False, soft_wrap=True
        )
        return 0


def first_training(what: str, source: Any, told: Report) -> str:
    """A command that trains a first model of what was understood."""
    model = "cdvae" if len(told.classes) > 1 else "vae"
    command = ["latent-explorer", "train", model, "--data", what, *source_words(source)]
    if isinstance(told.kind, Image):
        command += ["--nets", "conv-32" if max(told.shape[1:]) > 16 else "mlp-256"]
        command += ["--likelihood", "gaussian-optimal"] if told.kind.channels == 3 else []
    return shlex.join([*command, "--out", "runs/first"])


def looking(what: str, source: Any) -> str:
    """The command that says what is understood of a source."""
    return shlex.join(["latent-explorer", "data", what, *source_words(source)])


def opened(what: str, source: Any) -> Dataset:
    """The data set, with what was said of it on standard error."""
    with status() as report:
        dataset = open_data(what, report=report, **opening_of(source))
    if leads():
        for sentence in dataset.notes.said:
            ERRORS.print(sentence, markup=False, soft_wrap=True)
        for sentence in dataset.notes.doubts:
            ERRORS.print(f"doubt: {sentence}", markup=False, soft_wrap=True)
    return dataset


def source_words(source: Any) -> list[str]:
    """The options of a source as they were given."""
    words, usual = [], Source()
    for name, value in vars(source).items():
        if value != getattr(usual, name):
            option = f"--{name.replace('_', '-')}"
            parts = [] if value is True else map(str, value) if isinstance(value, tuple) else [str(value)]
            words += [option, *parts]
    return words
