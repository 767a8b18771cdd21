"""The commands that make something of a checkpoint's folder: atlas, pack."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from ..checkpoints import load, pack, save_atlas
from ..data import Dataset, joined
from ..metrics.registry import of_known_class
from ..training import pick_device
from .commands import check_named, own_data
from .console import OUT, status


@dataclass(frozen=True)
class MakeAtlas:
    """Encode and project the test set of a checkpoint anew, or all its images, for the maps of the app."""

    folder: tyro.conf.Positional[Path]
    """Folder of the checkpoint."""
    split: Literal["train", "test", "all"] = "test"
    """Which images become items: of all, the training images come first. UMAP of 70,000 takes minutes for each map."""
    data: str | None = None
    """The folder or file that the model was trained from, where it was."""
    device: str = "auto"

    def run(self) -> int:
        write_atlas(self.folder, self.device, self.split, self.data)
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


def write_atlas(folder: Path, device: str, split: str = "test", what: str | Dataset | None = None) -> None:
    from ..projections import make_atlas

    checkpoint = load(folder, pick_device(device))
    with status() as report:
        report(f"loading {checkpoint.card.data.name}, {split}")
        dataset = own_data(checkpoint, what, report)
        parts = {"all": ("train", "test")}.get(split, (split,))
        shown = {part: of_known_class(dataset.split(part), report) for part in parts}
        data = joined(*shown.values()) if len(shown) > 1 else shown[split]
        training = len(shown["train"]) if "train" in shown else 0
        made = make_atlas(checkpoint.model, data, report=report, training=training)
        save_atlas(checkpoint.folder, made, checkpoint.weights)
