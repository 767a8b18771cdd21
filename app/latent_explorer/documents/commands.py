"""The commands that put a checkpoint on paper or on a hub."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tyro

from latent_explorer.documents import model_card
from latent_explorer.documents.report import GENERATOR, report
from vae_core import load
from vae_core.checkpoints import atomic, files_of, pushed
from vae_core.cli.console import OUT, status
from vae_core.cli.plugged import Plugged


@dataclass(frozen=True)
class Report(Plugged):
    """Write a report of a checkpoint, one HTML page with pictures, maps, frontier, numbers with errors and commands, for a supplement."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint, the name of a bundled one, or hf://user/name."""
    out: Path | None = None
    """The file to write; the name of the checkpoint and -report.html unless given. A report that is there is replaced, nothing else is."""

    def run(self) -> int:
        checkpoint = load(self.folder)
        out = self.out or Path(f"{checkpoint.name}-report.html")
        check_out(out)
        with status() as say:
            say("decoding pictures")
            page = report(checkpoint, date.today())
        with atomic(out) as file:
            file.write(page.encode())
        OUT.print(str(out), markup=False, soft_wrap=True)
        return 0


def check_out(out: Path) -> None:
    """Raises ValueError, one sentence, for a file that is there and no report, and for what is no page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{out} is no page: give a name that ends in .html; a browser prints it as PDF")
    if out.is_dir() or (out.exists() and GENERATOR.encode() not in out.read_bytes()[:4096]):
        raise ValueError(f"{out} is there and no report of a model: give another file by --out")


@dataclass(frozen=True)
class Push(Plugged):
    """Put a checkpoint on a hub of models: `latent-explorer push runs/mine user/name --licence mit`, and others open hf://user/name."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint, or the name of a bundled one."""
    repository: tyro.conf.Positional[str]
    """Where to, user/name; it is made where it is not there."""
    licence: str = ""
    """Under which licence others may use the model, as the hub names it: mit, apache-2.0, cc-by-4.0, other."""
    private: bool = False
    """A repository that is made is seen by its owner alone."""
    message: str = "A checkpoint of Latent Explorer"
    """Of the commit."""

    def run(self) -> int:
        model_card.check_licence(self.licence)
        checkpoint = load(self.folder)
        repository = self.repository.removeprefix("hf://")
        files: dict[str, Path | bytes] = {**files_of(checkpoint.folder)}
        with status() as say:
            say("decoding a picture")
            picture = model_card.picture(checkpoint)
            own = checkpoint.folder / model_card.README
            text = own.read_bytes() if own.exists() else None
            files[model_card.README] = (
                text or model_card.model_card(checkpoint, repository, self.licence).encode()
            )
            if picture is not None:
                files[model_card.PICTURE] = picture
            say(f"sending {len(files)} files")
            written = pushed(repository, files, self.message, self.private)
        OUT.print(
            f"{written}\nopen it with `latent-explorer app --models hf://{repository}`",
            markup=False,
            soft_wrap=True,
        )
        return 0
