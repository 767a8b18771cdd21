"""The commands `latent-explorer lesson new` and `lesson check`."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from latent_explorer import MODELS_VARIABLE
from latent_explorer.lessons import shelf
from latent_explorer.lessons.lesson import NAME
from vae_core.checkpoints import found_in
from vae_core.cli.console import ERRORS, OUT

TEMPLATE = Path(__file__).with_name("template.md")


@dataclass(frozen=True)
class New:
    """Write a lesson to begin with: every part of one, each with a comment, which `lesson check` accepts."""

    name: Annotated[str, tyro.conf.Positional]
    """The lesson's name in links and the file's: small letters, digits and hyphens."""
    out: Path = Path()
    """The folder to write it to."""

    def run(self) -> int:
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"“{self.name}” is no name for a lesson: use small letters, digits and hyphens, for example two-clouds"
            )
        if not self.out.is_dir():
            raise ValueError(f"there is no folder {self.out}: give one that exists by --out")
        path = self.out / f"{self.name}.md"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(TEMPLATE.read_text(encoding="utf-8"))
        except FileExistsError:
            raise ValueError(f"{path} exists: choose another name") from None
        ERRORS.print(
            f"Wrote {path}. Change it, check it with `latent-explorer lesson check {path}`, and open it with `latent-explorer app --lessons {self.out}`.",
            markup=False,
            soft_wrap=True,
        )
        return 0


@dataclass(frozen=True)
class Check:
    """Say everything that is wrong with a lesson, or with those of a folder, each with its line."""

    path: Annotated[Path, tyro.conf.Positional]
    """A lesson, or a folder of lessons."""
    models: Path | None = None
    """The folder of checkpoints that the lessons use beside the bundled ones, as in `latent-explorer app`."""
    links: bool = True
    """Also open each step's page, to see that its link restores what it says: some seconds a step."""

    def run(self) -> int:
        if self.models and not found_in(self.models):
            raise ValueError(
                f"{self.models} holds no checkpoint: give the folder that `latent-explorer app` is given"
            )
        if not self.path.exists():
            raise ValueError(f"there is no file or folder {self.path}: give a lesson, or a folder of lessons")
        files = shelf.files(self.path) if self.path.is_dir() else [self.path]
        if not files:
            raise ValueError(
                f"{self.path} holds no lesson: write one with `latent-explorer lesson new NAME --out {self.path}`"
            )
        if self.models:
            os.environ[MODELS_VARIABLE] = str(self.models.resolve())
        return 2 if any([_checked(file, self.links) for file in files]) else 0  # noqa: C419 (all of them are checked)


@contextmanager
def _quiet() -> Iterator[None]:
    """Streamlit logs that no server runs."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _checked(file: Path, restoring: bool) -> bool:
    """Say what is wrong with a lesson; whether there was something."""
    with _quiet():
        from latent_explorer.lessons.check import mistakes_of  # a second or two, for this command alone

        found = mistakes_of(file, restoring)
    for mistake in found:
        ERRORS.print(f"{file}:{mistake.line}: {mistake.sentence}", markup=False, soft_wrap=True)
    if not found:
        OUT.print(f"{file}: nothing is wrong", markup=False, soft_wrap=True)
    return bool(found)


@dataclass(frozen=True)
class LessonCommand:
    """Write a lesson to begin with, or check lessons."""

    what: tyro.conf.OmitSubcommandPrefixes[
        Annotated[New, tyro.conf.subcommand("new")] | Annotated[Check, tyro.conf.subcommand("check")]
    ]

    def run(self) -> int:
        return self.what.run()
