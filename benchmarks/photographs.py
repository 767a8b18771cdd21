"""What a VAE of this size keeps of photographs: `python -m benchmarks.photographs $LATENT_EXPLORER_DATA/cifar10-images`.

A folder of photographs by class, in `train` and `test` (here 5,000 and 1,000 of CIFAR-10, 32 x 32 in colour): a convolutional VAE beside PPCA of as many
latents, both with a Gaussian likelihood whose scale is learned. On the test images: bits for each 8-bit value, the class read from the means by
logistic regression, and the share of their variance that is kept, by spatial frequency. Of samples: their power beside that of photographs.
A picture of the three rows lies in docs/photographs.png.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vae_core import evaluate
from vae_core.checkpoints import Checkpoint
from vae_core.data import Dataset, open_data
from vae_core.models import PPCA, VAE, Declaration
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "photographs.json"
PICTURE = Path(__file__).parents[1] / "docs" / "photographs.png"
LATENTS, SHOWN, TILE = 128, 10, 96
MODELS: dict[str, Declaration] = {
    "VAE, conv-64": VAE(latent=LATENTS, nets="conv-64", likelihood="gaussian"),
    "PPCA": PPCA(latent=LATENTS),
}
# Cycles across the image, from the first to before the last; half the width is the finest that there is.
BANDS = {"1 to 2": (1, 3), "3 to 4": (3, 5), "5 to 8": (5, 9), "9 to 16": (9, 17)}
NUMBERS = ("bits_per_dimension", "negative_elbo", "active_units_z", "probe_z_logistic_mean")


def power(images: Tensor) -> dict[str, float]:
    """The mean power of grey images `(N, C, H, W)` in each band of spatial frequencies."""
    spectrum = torch.fft.fft2(images.mean(1)).abs().square().mean(0)
    across = [torch.fft.fftfreq(side, 1 / side) for side in spectrum.shape]
    radius = (across[0][:, None].square() + across[1].square()).sqrt().round()
    return {
        name: spectrum[(low <= radius) & (radius < high)].sum().item() for name, (low, high) in BANDS.items()
    }


def measured(checkpoint: Checkpoint, photographs: Dataset) -> tuple[dict[str, Any], list[Tensor]]:
    numbers = evaluate(checkpoint, photographs, metrics=["elbo", "active", "probes"])
    images = photographs.test.images[:].float() / 255
    out = torch.from_numpy(checkpoint.reconstruct(photographs.test.images[:]))
    samples = torch.from_numpy(checkpoint.sample(len(images)))
    whole, left, drawn = power(images - images.mean(0)), power(images - out), power(samples - samples.mean(0))
    found = {
        name: [round(numbers[name].value, 4), round(numbers[name].se, 4)]
        for name in NUMBERS
        if name in numbers
    }
    kept = {band: round(1 - left[band] / whole[band], 4) for band in BANDS}
    return {
        **found,
        "kept": kept,
        "power_of_samples": {band: round(drawn[band] / whole[band], 4) for band in BANDS},
    }, [images, out, samples]


def drawn(rows: list[Tensor]) -> Image.Image:
    """Rows of images below each other, large enough to be looked at."""
    sheet = torch.cat([torch.cat(list(row[:SHOWN]), -1) for row in rows], -2).clamp(0, 1)
    picture = Image.fromarray((sheet.permute(1, 2, 0) * 255).round().byte().numpy().astype(np.uint8))
    return picture.resize((SHOWN * TILE, len(rows) * TILE), Image.Resampling.NEAREST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=60)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    source = open_data(asked.folder)
    photographs, rows = source.split("train"), []
    for name, declared in MODELS.items():
        options = Options(epochs=asked.epochs, batch=128, learning_rate=1e-3, validation=500, patience=8)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = train(declared, photographs, options, Path(folder) / "run")
            numbers, shown = measured(checkpoint, source)
        epochs = checkpoint.card.epochs_done if isinstance(declared, VAE) else None
        rows.append(
            {"model": name, "latents": LATENTS, "images": len(photographs), "epochs": epochs, **numbers}
        )
        print(json.dumps(rows[-1]), flush=True)
        if isinstance(declared, VAE):
            drawn(shown).save(PICTURE, optimize=True)
    RESULTS.write_text(json.dumps({"test": len(source.test), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
