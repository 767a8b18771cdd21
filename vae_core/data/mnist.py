"""MNIST."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..kinds import Image
from ..models import Signature
from .source import Data, Dataset, shuffled

DATA_VARIABLE = "LATENT_EXPLORER_DATA"

# Where what is downloaded is kept.
CACHE = Path.home() / ".cache" / "latent-explorer"


def _mnist(split: str, limit: int | None) -> Data:
    """MNIST (LeCun et al., 1998): 60,000 images to train, 10,000 to test, in the files that torchvision keeps, or downloads."""
    root, download = mnist_folder()
    start = root / "MNIST" / "raw" / ("train" if split == "train" else "t10k")
    images, labels = (Path(f"{start}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    try:
        if download and not (images.exists() and labels.exists()):
            # Seconds to import, which a page's first click is not to wait for.
            from torchvision.datasets import MNIST

            MNIST(root, download=True)
        pixels, classes = _idx(images), _idx(labels)
    except (RuntimeError, OSError, ValueError, IndexError) as error:
        raise ValueError(
            f"MNIST is not available ({error}): set {DATA_VARIABLE} to a folder that holds MNIST/raw, or go online"
        ) from None
    data = Data("mnist", split, pixels[:, None], classes.long(), tuple("0123456789"))
    return data.rows(shuffled(len(data))) if split == "train" else data


def _idx(path: Path) -> Tensor:
    """Bytes in LeCun's IDX format: two zeros, 8 for bytes, the number of dimensions, each of them in four bytes, and the bytes."""
    data = path.read_bytes()
    sizes = np.frombuffer(data, ">u4", data[3], offset=4).astype(int).tolist()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes).copy())


def mnist_folder() -> tuple[Path, bool]:
    """Where MNIST lies, and whether torchvision may have to download it there (it shows its own progress)."""
    given = os.environ.get(DATA_VARIABLE)
    if given and (Path(given) / "MNIST" / "raw").is_dir():
        return Path(given), False
    return CACHE, True


MNIST = Dataset(
    Signature(Image(1, 28, 28), tuple("0123456789")),
    _mnist,
    "28x28 digits, 70,000 images, through torchvision",
)
