"""The commands that make something of a checkpoint's folder: atlas, pack."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..checkpoints import load, pack, save_atlas
from ..data import load_data
from ..training import pick_device
from .commands import check_named
from .console import OUT, status


@dataclass(frozen=True)
class MakeAtlas:
    """Encode and project the test set of a checkpoint anew, or all its images, for the maps of the app."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    split: Literal["train", "test", "all"] = "test"
    """Which images become items: of all, the training images come first. UMAP of 70,000 takes minutes for each map."""
    device: str = "auto"

    def run(self) -> int:
        write_atlas(self.folder, self.device, self.split)
        return 0


@dataclass(frozen=True)
class Pack:
    """Copy a checkpoint to keep, its weights in half precision; then make its atlas and measure it anew."""

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


def write_atlas(folder: Path, device: str, split: str = "test") -> None:
    from ..projections import make_atlas

    checkpoint = load(folder, pick_device(device))
    with status() as report:
        name = checkpoint.card.data.name
        report(f"loading the images of {name}, {split}")
        data = load_data(name, split)
        training = (
            0 if split == "test" else len(data) - (len(load_data(name, "test")) if split == "all" else 0)
        )
        made = make_atlas(checkpoint.model, data, report=report, training=training)
        save_atlas(checkpoint.folder, made, checkpoint.weights)
