"""Data sets as uint8 tensors in memory, and the registry `DATASETS`.

Shapes: N images, C H W, B a batch, K classes. Training images, and all of digits and sprites, come in a fixed shuffled order, so that any
leading part is a fair sample. The test images of MNIST keep the order of their file, since links and atlases number them by it, and are
not alike in their halves: whoever measures a part takes a `subset`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import sprites
from .conditionals import Likelihood
from .distributions import Sampler
from .model import Model
from .models import Signature
from .names import IMAGE, LABEL
from .pixels import BINARY, Pixels
from .priors import one_hot

DATA_VARIABLE = "LATENT_EXPLORER_DATA"
SPLITS = ("train", "test", "all")


@dataclass(frozen=True)
class Data:
    """Images `(N, C, H, W)` uint8, labels `(N,)` int64, class names, and factors `(N, F)` where they are known.

    pixels: what a batch makes of the images, which is what the likelihood scores (`scored_by`). known: which labels a batch
    tells, `(N,)` bool, where that is not all of them. factor_names: of the columns of factors.
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    factors: Tensor | None = None
    pixels: Pixels = BINARY
    known: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def signature(self) -> Signature:
        _, channels, height, width = self.images.shape
        return Signature((channels, height, width), self.classes)

    def to(self, device: torch.device | str) -> "Data":
        known = None if self.known is None else self.known.to(device)
        return replace(self, images=self.images.to(device), labels=self.labels.to(device), known=known)

    def rows(self, index: Tensor | slice) -> "Data":
        """A part of the data set, in the order of `index`."""
        factors, known = (None if part is None else part[index] for part in (self.factors, self.known))
        return replace(
            self, images=self.images[index], labels=self.labels[index], factors=factors, known=known
        )

    def head(self, limit: int | None) -> "Data":
        """The first `limit` images: of a training split a random part, since that is shuffled; to measure a part, take a `subset`."""
        return self if limit is None else self.rows(slice(limit))

    def subset(self, limit: int | None, seed: int) -> "Data":
        """`limit` images chosen at random by the seed, all of them where there are no more. Raises ValueError for a limit below 1."""
        if limit is not None and limit < 1:
            raise ValueError(f"the limit must be at least 1, got {limit}")
        return self if limit is None or limit >= len(self) else self.rows(_shuffled(len(self), seed)[:limit])

    def scored_by(self, model: Model) -> "Data":
        """The same data with the pixels that the model's likelihood scores. Raises ValueError for a model without images."""
        likelihood = dict(model.p).get(IMAGE)
        if not isinstance(likelihood, Likelihood):
            raise ValueError("the model has no likelihood of images, so there is nothing to score")
        return replace(self, pixels=likelihood.pixels)

    def drawn(self, seed: int = 0) -> Tensor:
        """All images as batches hold them, `(N, C, H, W)`, the noise of their pixels from `seed`."""
        return self.pixels.of(self.images, Sampler.seeded(seed))

    @property
    def known_labels(self) -> Tensor:
        """The labels that batches tell."""
        return self.labels if self.known is None else self.labels[self.known]

    def with_labels(self, count: int, seed: int = 0) -> "Data":
        """The same data with `count` labels known, as many of each class. Raises ValueError for a count that cannot be had."""
        each = count // len(self.classes) if self.classes else 0
        if count < 1 or each * len(self.classes) != count:
            raise ValueError(f"{count} labels do not spread evenly over {len(self.classes)} classes")
        known = torch.zeros(len(self), dtype=torch.bool)
        order = _shuffled(len(self), seed)
        for c in range(len(self.classes)):
            found = order[self.labels.cpu()[order] == c]
            if len(found) < each:
                raise ValueError(
                    f"class {self.classes[c]} has {len(found)} images, fewer than {each}: ask for fewer labels"
                )
            known[found[:each]] = True
        return replace(self, known=known.to(self.labels.device))

    def batch(self, index: Tensor | slice, sampler: Sampler) -> dict[str, Tensor]:
        """`{"x": what the likelihood scores, "y": one-hot classes}`; noise is fresh. An unknown label is a row of zeros."""
        labels = one_hot(self.labels[index], len(self.classes))
        if self.known is not None:
            labels = labels * self.known[index][:, None]
        return {IMAGE: self.pixels.of(self.images[index], sampler), LABEL: labels}

    def batches(self, size: int, seed: int = 0) -> Iterator[dict[str, Tensor]]:
        """All images in order, each drawn once by noise from `seed`: what every evaluation sees."""
        sampler = Sampler.seeded(seed)
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size), sampler)


def _shuffled(n: int, seed: int = 0) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def _digits(split: str, limit: int | None) -> Data:
    """scikit-learn's 8x8 digits (1,797 images of 43 people): 1,350 to train, 447 to test."""
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    images = torch.from_numpy(found.images * (255 / 16)).round().to(torch.uint8)[:, None]
    data = Data("digits", split, images, torch.from_numpy(found.target).long(), tuple("0123456789"))
    order = _shuffled(len(data))
    return data.rows(order[:1350] if split == "train" else order[1350:])


def _sprites(split: str, limit: int | None) -> Data:
    """A fixed random part of the sprites' grid: 50,000 images to train, 10,000 others to test; the class is the shape."""
    order = _shuffled(sprites.grid_size())
    index = order[:50_000] if split == "train" else order[50_000:60_000]
    factors = sprites.factors_of(index[:limit])  # rendering takes its time: no more than is asked for
    images = torch.cat([sprites.render(part) for part in factors.split(2_000)])
    names = tuple(sprites.FACTORS)
    return Data("sprites", split, images, factors[:, 0], sprites.SHAPES, factors, factor_names=names)


def _mnist(split: str, limit: int | None) -> Data:
    """MNIST (LeCun et al., 1998): 60,000 images to train, 10,000 to test, in the files that torchvision keeps, or downloads."""
    root, download = _mnist_folder()
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
            f"MNIST could not be had ({error}): set {DATA_VARIABLE} to a folder that holds MNIST/raw, or go online"
        ) from None
    data = Data("mnist", split, pixels[:, None], classes.long(), tuple("0123456789"))
    return data.rows(_shuffled(len(data))) if split == "train" else data


def _idx(path: Path) -> Tensor:
    """Bytes in LeCun's IDX format: two zeros, 8 for bytes, the number of dimensions, each of them in four bytes, and the bytes."""
    data = path.read_bytes()
    sizes = np.frombuffer(data, ">u4", data[3], offset=4).astype(int).tolist()
    return torch.from_numpy(np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes).copy())


def _mnist_folder() -> tuple[Path, bool]:
    """Where MNIST lies, and whether torchvision may have to download it there (it shows its own progress)."""
    given = os.environ.get(DATA_VARIABLE)
    if given and (Path(given) / "MNIST" / "raw").is_dir():
        return Path(given), False
    return Path.home() / ".cache" / "latent-explorer", True


@dataclass(frozen=True)
class Dataset:
    """A data set by name: its signature (known without loading it), and how to load a split, or at least `limit` images of it."""

    signature: Signature
    load: Callable[[str, int | None], Data]
    about: str
    factors: tuple[str, ...] = ()
    """What its images were made of, where that is known."""


DATASETS: dict[str, Dataset] = {
    "digits": Dataset(
        Signature((1, 8, 8), tuple("0123456789")),
        _digits,
        "8x8 digits of scikit-learn, offline, 1,797 images",
    ),
    "sprites": Dataset(
        Signature((1, sprites.SIDE, sprites.SIDE), sprites.SHAPES),
        _sprites,
        "64x64 sprites rendered here, factors shape, scale, orientation, x, y, offline",
        tuple(sprites.FACTORS),
    ),
    "mnist": Dataset(
        Signature((1, 28, 28), tuple("0123456789")),
        _mnist,
        "28x28 digits, 70,000 images, through torchvision",
    ),
}


def load_data(name: str, split: str = "train", limit: int | None = None) -> Data:
    """The named split, or the first `limit` images of it; "all" are the training images and then the test images.

    Raises ValueError for an unknown name, split or limit.

    >>> load_data("digits", "test").images.shape
    torch.Size([447, 1, 8, 8])
    """
    if name not in DATASETS:
        raise ValueError(f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}")
    if split not in SPLITS:
        raise ValueError(f"no split is called {split!r}: choose {', '.join(SPLITS)}")
    if limit is not None and limit < 1:
        raise ValueError(f"the limit must be at least 1, got {limit}")
    if split == "all":
        return joined(*(load_data(name, part) for part in ("train", "test"))).head(limit)
    return DATASETS[name].load(split, limit).head(limit)


def joined(first: Data, second: Data) -> Data:
    """The images of two splits of a data set, one after the other."""
    factors = (
        None
        if first.factors is None or second.factors is None
        else torch.cat([first.factors, second.factors])
    )
    return replace(
        first,
        split="all",
        images=torch.cat([first.images, second.images]),
        labels=torch.cat([first.labels, second.labels]),
        factors=factors,
    )


def local_data(name: str, split: str = "test") -> Data | None:
    """The named split if it is at hand without a download, else None: for showing originals beside reconstructions."""
    if name == "mnist" and _mnist_folder()[1]:
        return None
    try:
        return load_data(name, split)
    except ValueError:
        return None
