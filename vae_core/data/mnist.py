"""MNIST."""

import os
from pathlib import Path

import torch

from ..kinds import Image
from ..models import Signature
from . import idx
from .downloads import downloaded
from .fingerprint import KNOWN, fingerprint, recognised, same
from .source import Data, Dataset, Origin, shuffled

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

            downloaded(MNIST, root)
        pixels, classes = (torch.from_numpy(idx.read_file(path)) for path in (images, labels))
    except (RuntimeError, OSError, ValueError) as error:
        raise ValueError(
            f"MNIST is not available ({error}): set {DATA_VARIABLE} to a folder that holds MNIST/raw, or go online"
        ) from None
    data = Data("mnist", split, pixels[:, None], classes.long(), tuple("0123456789"))
    data = data.rows(shuffled(len(data))) if split == "train" else data
    _check(data)
    return data


def _check(data: Data) -> None:
    """Raises ValueError for files that hold other images: Fashion-MNIST, KMNIST and others come in files of the same names."""
    own = {data.split: fingerprint(data.images, data.labels)}
    if not same(own, KNOWN["mnist"].fingerprints):
        what = recognised(own)
        raise ValueError(
            f"the files in MNIST/raw hold {f'the images of {what}' if what else 'other images'}, not MNIST's: put MNIST's there, or name their folder "
            "by --data"
        )


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
    name="mnist",
    origin=Origin(KNOWN["mnist"].fingerprints),
)
