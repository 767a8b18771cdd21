"""The commands that make something of a checkpoint's folder: atlas, export, pack."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..checkpoints import Card, load, load_card, located, pack, save_atlas, save_card
from ..data import Dataset, joined
from ..interchange import export_onnx
from ..metrics.registry import of_known_class
from ..training import pick_device
from .commands import check_named, own_data
from .console import OUT, status
from .plugged import Plugged


@dataclass(frozen=True)
class MakeAtlas(Plugged):
    """Make the atlas of a checkpoint: encodings and maps of its test images, or of all, for the app."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    split: Literal["train", "test", "all"] = "test"
    """Which images to show; of all, the training images come first. A map of 70,000 takes a minute or two; of more than 100,000 see --most."""
    data: str | None = None
    """The folder or file that the model was trained from, where it was."""
    most: int | None = None
    """Of more items than this UMAP places so many, drawn by a seed, and the others are placed beside their neighbours; unless given, of
    more than 100,000 it places 50,000."""
    umap_learn: bool = False
    """Lay the maps out by umap-learn, the reference, which compiles for about a minute first."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""

    def run(self) -> int:
        write_atlas(self.folder, self.device, self.split, self.data, self.most, self.umap_learn)
        return 0


@dataclass(frozen=True)
class Describe(Plugged):
    """Give a checkpoint a plain title and one line of what it is for, which the app shows; they are written into its card."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    title: str | None = None
    """A few words, such as "Digits: class and style apart"; an empty one takes it away."""
    purpose: str | None = None
    """One line of what it is for; an empty one takes it away."""

    def run(self) -> int:
        said = {"title": (self.title, MOST_TITLE), "purpose": (self.purpose, MOST_PURPOSE)}
        given = {name: _line(name, text, most) for name, (text, most) in said.items() if text is not None}
        if not given:
            raise ValueError("say what to write: add --title or --purpose")
        folder = located(self.folder)
        card = load_card(folder)
        json = {**card.json, **given}
        save_card(folder, Card.of({name: value for name, value in json.items() if value or name not in said}))
        return 0


# Characters of a title and of a purpose: what a card of the gallery has room for.
MOST_TITLE, MOST_PURPOSE = 60, 160


def _line(name: str, text: str, most: int) -> str:
    """One line without space around it. Raises ValueError for one that is too long."""
    line = " ".join(text.split())
    if len(line) > most:
        raise ValueError(f"the {name} has {len(line)} characters: give at most {most}")
    return line


@dataclass(frozen=True)
class Export(Plugged):
    """Write encoder, decoder and priors of a checkpoint as ONNX, for other programs: `latent-explorer export vae-mnist --onnx`."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    onnx: bool = False
    """As ONNX, with a JSON that says what each graph takes and gives."""
    out: Path | None = None
    """Folder to write to; the name of the checkpoint and -onnx unless given."""

    def run(self) -> int:
        if not self.onnx:
            raise ValueError("say what to write: add --onnx")
        if self.out is not None:
            check_named(self.out)
        checkpoint = load(self.folder)
        for path in export_onnx(checkpoint, self.out or Path(f"{checkpoint.name}-onnx")):
            OUT.print(str(path), markup=False, soft_wrap=True)
        return 0


@dataclass(frozen=True)
class Pack(Plugged):
    """Copy a checkpoint with weights of half precision, without its atlas and numbers: they would not be true any more."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    out: tyro.conf.Positional[Path]
    """Folder of the copy."""
    half: bool = True
    """Round the weights to float16."""

    def run(self) -> int:
        check_named(self.out)
        pack(self.folder, self.out, self.half)
        out = shlex.quote(str(self.out))
        OUT.print(
            f"next: `latent-explorer atlas {out}` and `latent-explorer evaluate {out} --write`",
            soft_wrap=True,
        )
        return 0


def write_atlas(
    folder: Path,
    device: str,
    split: str = "test",
    what: str | Dataset | None = None,
    most: int | None = None,
    by_umap_learn: bool = False,
) -> None:
    from ..projections import make_atlas, umap_learn

    checkpoint = load(folder, pick_device(device))
    with status() as report:
        report(f"loading {checkpoint.card.data.name}, {split}")
        dataset = own_data(checkpoint, what, report)
        split = "all" if dataset.whole else split
        parts = ("train", "test") if split == "all" and not dataset.whole else (split,)
        shown = {part: of_known_class(dataset.split(part), report, checkpoint.model) for part in parts}
        data = joined(*shown.values()) if len(shown) > 1 else shown[split]
        training = len(shown["train"]) if "train" in shown else 0
        made = make_atlas(
            checkpoint.model,
            data,
            report=report,
            training=training,
            most=most,
            lay_out=umap_learn if by_umap_learn else None,
        )
        save_atlas(checkpoint.folder, made, checkpoint.weights)
