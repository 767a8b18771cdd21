"""scikit-learn's digits."""

from functools import cache
from typing import Any

import torch
from torch import Tensor

from ..kinds import Image
from ..models import Signature
from .fingerprint import KNOWN
from .source import Data, Dataset, Origin, shuffled


def _digits(split: str, limit: int | None) -> Data:
    """scikit-learn's 8x8 digits (1,797 images of 43 people): 1,350 to train, 447 to test."""
    images, labels = _all()
    data = Data("digits", split, images, labels, tuple("0123456789"))
    order = shuffled(len(data))
    return data.rows(order[:1350] if split == "train" else order[1350:])


@cache
def _all() -> tuple[Tensor, Tensor]:
    """Images and labels, read once: `rows` copies them."""
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    images = torch.from_numpy(found.images * (255 / 16)).round().to(torch.uint8)[:, None]
    return images, torch.from_numpy(found.target).long()


DIGITS = Dataset(
    Signature(Image(1, 8, 8), tuple("0123456789")),
    _digits,
    "8x8 digits of scikit-learn, offline, 1,797 images",
    name="digits",
    origin=Origin(KNOWN["digits"].fingerprints),
)
