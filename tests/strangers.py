"""Checkpoints that a stranger might give: small, hardly trained, with hostile or odd cards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_core import projections
from vae_core.checkpoints import load, save_atlas
from vae_core.data import Data, load_data
from vae_core.models import CDVAE
from vae_core.training import Options, train

# Markdown, HTML, formulas, icons and addresses, as a link or a card may hold them.
HOSTILE = (
    '[sign in](http://evil.test)![i](http://evil.test/i.png)<img src="http://evil.test/j.png"><b>b</b> $x^2$ :red[r] '
    ":material/home: :smile: `c` **d** www.evil.test http://evil.test/a me@evil.test &amp; %{x} <a href='http://evil.test'>a</a> -> _e_"
)


def small(folder: Path, data: Data | None = None, declaration: CDVAE | None = None) -> Path:
    """A CDVAE of 200 images of the digits, trained for an epoch, with principal axes for maps."""
    data = data or load_data("digits").head(200)
    train(
        declaration or CDVAE(unlabelled=3, nets="mlp-256"),
        data,
        Options(epochs=1, batch=20, device="cpu"),
        folder,
    )
    found = load(folder)
    flat = projections.umap
    try:
        projections.umap = first_two  # type: ignore[assignment]
        save_atlas(folder, projections.make_atlas(found.model, data))
    finally:
        projections.umap = flat
    return folder


def first_two(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    return np.pad(codes, ((0, 0), (0, 1)))[:, :2].astype(np.float32)  # of one dimension, a line


def card_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text())


def rewritten(folder: Path, card: Any) -> Path:
    (folder / "card.json").write_text(card if isinstance(card, str) else json.dumps(card))
    return folder


def measured(
    card: dict[str, Any], command: str = "latent-explorer evaluate it", name: str = ""
) -> dict[str, Any]:
    """The card with numbers."""
    number = {"value": 1.5, "se": 0.1, "n": 10}
    names = [
        "distortion",
        "rate_z_l",
        "negative_elbo",
        "sample_accuracy",
        "judge_accuracy",
        *([name] if name else []),
    ]
    return {
        **card,
        "metrics": dict.fromkeys(names, number),
        "evaluation": {"command": command, "split": "test", "data": "digits", "seed": 0},
    }


def portrait(count: int = 40) -> Data:
    """Images of 12 x 6 pixels of two classes, one of them with a space in its name."""
    labels = torch.arange(count) % 2
    images = torch.zeros(count, 1, 12, 6, dtype=torch.uint8)
    images[labels == 0, :, :4] = 200
    images[labels == 1, :, 8:] = 255
    return Data("portraits", "train", images, labels, ("Ankle boot", "T-shirt/top or something long"))


def with_classes(folder: Path, name: Callable[[int], str]) -> None:
    """Other names of the classes, in card and atlas."""
    card = card_of(folder)
    card["data"]["classes"] = [name(number) for number in range(len(card["data"]["classes"]))]
    rewritten(folder, card)
    with np.load(folder / "atlas.npz") as file:
        arrays = dict(file)
    np.savez(
        folder / "atlas.npz", allow_pickle=False, **{**arrays, "classes": np.array(card["data"]["classes"])}
    )


def hostile(folder: Path) -> Path:
    """Every text of the card is hostile, the names of the classes and of a number, too."""
    with_classes(folder, lambda number: f"{HOSTILE}{number}")
    card = measured(card_of(folder), HOSTILE, HOSTILE)
    cost = {"seconds": 1.0, "processes": 1, "threads": 1, "device": HOSTILE}
    data = {**card["data"], "name": HOSTILE}
    evaluation = {**card["evaluation"], "split": HOSTILE, "data": HOSTILE}
    objective = {**card["objective"], "beta": {HOSTILE: 1.0}}
    told = {"cost": cost, "data": data, "evaluation": evaluation, "objective": objective}
    return rewritten(folder, {**card, **told, "title": HOSTILE, "purpose": HOSTILE})


def collapsed(folder: Path, block: str) -> Path:
    """Every posterior mean of the block is the same, as after a collapse."""
    with np.load(folder / "atlas.npz") as file:
        arrays = dict(file)
    arrays[f"mean.{block}"] = np.zeros_like(arrays[f"mean.{block}"])
    np.savez(folder / "atlas.npz", allow_pickle=False, **arrays)
    return folder
