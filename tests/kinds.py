"""Kinds of data that people bring: no class, one class, many classes, few images."""

import pytest
import torch

from vae_core.data import DATASETS, Data, Dataset


def bars(split: str, n: int, classes: int, name: str = "kind") -> Data:
    """Images of 8 x 8 with one bright pixel, whose place goes with the class, or with nothing where there is none."""
    generator = torch.Generator().manual_seed(len(split))
    number = torch.arange(n) % max(classes, 16)
    images = torch.randint(0, 60, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
    images[torch.arange(n), 0, number // 8 % 8, number % 8] = 255
    labels = number % max(classes, 1)
    return Data(name, split, images, labels, tuple(f"class {c}" for c in range(classes)))


def offered(patch: pytest.MonkeyPatch, name: str, train: Data, test: Data) -> None:
    """These splits as the data set of that name."""
    parts = {"train": train, "test": test}
    patch.setitem(DATASETS, name, Dataset(train.signature, lambda split, limit: parts[split], "of a test"))
