"""Data sets as uint8 tensors in memory, and the registry `DATASETS`.

Shapes: N images, C H W, B a batch, K classes. Training images, and all of digits and sprites, come in a fixed shuffled order, so that any
leading part is a fair sample. The test images of MNIST keep the order of their file, since links and atlases number them by it, and are
not alike in their halves: whoever measures a part takes a `subset`.
"""

import copy
import os
from collections import Counter
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
from .priors import one_hot
from .readings import BINARY, Reading

DATA_VARIABLE = "LATENT_EXPLORER_DATA"
SPLITS = ("train", "test", "all")


@dataclass(frozen=True)
class Data:
    """Images `(N, C, H, W)` uint8, labels `(N,)` int64, class names, and factors `(N, F)` where they are known.

    Data without classes has `classes=()` and labels of 0. reading: what a batch makes of the images, which is what the likelihood
    scores (`scored_by`). known: which labels a batch tells, `(N,)` bool, where that is not all of them. factor_names: of the columns
    of factors. Raises ValueError, one sentence on what to give instead, for images or labels that are anything else.
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    factors: Tensor | None = None
    reading: Reading = BINARY
    known: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self):
        _check_images(self.images)
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "labels", _checked_labels(self.labels, self.classes, len(self.images)))
        _check_parts(self)

    def _with(self, **parts: Any) -> "Data":
        """The same but for some fields. A part of what was checked is not checked again, and may be empty."""
        other = copy.copy(self)
        other.__dict__.update(parts)
        return other

    def __len__(self) -> int:
        return len(self.images)

    @property
    def signature(self) -> Signature:
        _, channels, height, width = self.images.shape
        return Signature((channels, height, width), self.classes)

    def to(self, device: torch.device | str) -> "Data":
        known = None if self.known is None else self.known.to(device)
        return self._with(images=self.images.to(device), labels=self.labels.to(device), known=known)

    def rows(self, index: Tensor | slice) -> "Data":
        """A part of the data set, in the order of `index`."""
        factors, known = (None if part is None else part[index] for part in (self.factors, self.known))
        return self._with(images=self.images[index], labels=self.labels[index], factors=factors, known=known)

    def head(self, limit: int | None) -> "Data":
        """The first `limit` images: of a training split a random part, since that is shuffled; to measure a part, take a `subset`."""
        return self if limit is None else self.rows(slice(limit))

    def subset(self, limit: int | None, seed: int) -> "Data":
        """`limit` images chosen at random by the seed, all of them where there are no more. Raises ValueError for a limit below 1."""
        if limit is not None and limit < 1:
            raise ValueError(f"the limit must be at least 1, got {limit}")
        return self if limit is None or limit >= len(self) else self.rows(_shuffled(len(self), seed)[:limit])

    def scored_by(self, model: Model) -> "Data":
        """The same data with the values that the model's likelihood scores. Raises ValueError for a model without images."""
        likelihood = dict(model.p).get(IMAGE)
        if not isinstance(likelihood, Likelihood):
            raise ValueError("the model has no likelihood of images, so there is nothing to score")
        return self._with(reading=likelihood.reading)

    def drawn(self, seed: int = 0) -> Tensor:
        """All images as batches hold them, `(N, C, H, W)`, the noise of their pixels from `seed`."""
        return self.reading.of(self.images, Sampler.seeded(seed))

    @property
    def known_labels(self) -> Tensor:
        """The labels that batches tell."""
        return self.labels if self.known is None else self.labels[self.known]

    def with_labels(self, count: int, seed: int = 0) -> "Data":
        """The same data with `count` labels known, as many of each class. Raises ValueError for a count that cannot be had."""
        if not self.classes:
            raise ValueError(
                f"{self.name} has no classes, so there are no labels to tell: leave out --labels"
            )
        each = count // len(self.classes)
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
        return self._with(known=known.to(self.labels.device))

    def batch(self, index: Tensor | slice, sampler: Sampler) -> dict[str, Tensor]:
        """`{"x": what the likelihood scores, "y": one-hot classes}`; noise is fresh. An unknown label is a row of zeros."""
        labels = one_hot(self.labels[index], len(self.classes))
        if self.known is not None:
            labels = labels * self.known[index][:, None]
        return {IMAGE: self.reading.of(self.images[index], sampler), LABEL: labels}

    def batches(self, size: int, seed: int = 0) -> Iterator[dict[str, Tensor]]:
        """All images in order, each drawn once by noise from `seed`: what every evaluation sees."""
        sampler = Sampler.seeded(seed)
        for start in range(0, len(self), size):
            yield self.batch(slice(start, start + size), sampler)


def _check_images(images: Any) -> None:
    if not isinstance(images, Tensor):
        raise ValueError(f"images are {_kind(images)}: give a tensor, for example torch.from_numpy(images)")
    shape = " x ".join(map(str, images.shape))
    if images.dim() != 4:
        example = ": for grey images that is images[:, None]" if images.dim() == 3 else ""
        raise ValueError(f"images are {shape}: give images x channels x height x width{example}")
    if not images.numel():
        raise ValueError(f"there are no images: {shape} holds none")
    if images.shape[3] in (1, 3, 4) and images.shape[1] > 4:
        raise ValueError(f"images are {shape}, channels last: give them first, images.permute(0, 3, 1, 2)")
    if images.dtype != torch.uint8:
        raise ValueError(_other_values(images))


def _other_values(images: Tensor) -> str:
    """What images that are not uint8 are, and how they become so."""
    name, wanted = _dtype(images), "give uint8 from 0 to 255"
    if images.dtype == torch.bool:
        return f"images are bool: {wanted}, for example 255 * images.to(torch.uint8)"
    if images.is_complex():
        return f"images are {name}, which are no grey values: {wanted}, for example of images.abs()"
    values = images if images.is_floating_point() else images.long()
    if bad := int((~values.isfinite()).sum()):
        return (
            f"images are {name} and {bad:,} of their {images.numel():,} values are NaN or infinite: mend these images or "
            f"leave them out, then {wanted}"
        )
    low, high = (end.item() for end in values.aminmax())
    return f"images are {name} from {low:g} to {high:g}: {wanted}, {_as_bytes(low, high, values.is_floating_point())}"


def _as_bytes(low: float, high: float, real: bool) -> str:
    """The expression that turns values of this range into bytes."""
    rounded = ").round().to(torch.uint8)"
    if low >= 0 and high <= 1:
        return f"for example (255 * images{rounded}"
    if real and low >= -1 and high <= 1:
        return f"for example (127.5 * (images + 1){rounded}"
    if low >= 0 and high <= 255:
        return "for example images.round().to(torch.uint8)" if real else "for example images.to(torch.uint8)"
    if low >= 0:
        return f"for example (images.double() * (255 / {high:.10g}){rounded}"
    about = " (were they standardised?)" if real else ""
    return (
        f"by undoing what was done to them{about}, or stretched over their range: "
        f"(255 * (images.double() + {-low:.6g}) / {high - low or 1:.6g}).clamp(0, 255).round().to(torch.uint8)"
    )


def _checked_labels(labels: Any, classes: tuple[str, ...], images: int) -> Tensor:
    """The labels as int64. Raises ValueError for what is not one number from 0 to K - 1 for each image."""
    if not isinstance(labels, Tensor):
        raise ValueError(
            f"labels are {_kind(labels)}: give a tensor, without classes torch.zeros(len(images), dtype=torch.int64)"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are {_dtype(labels)}: give integers, for example labels.long()")
    if labels.dim() != 1:
        shape = " x ".join(map(str, labels.shape)) or "one number"
        example = ", for example labels.argmax(1)" if labels.dim() == 2 else ""
        raise ValueError(f"labels are {shape}: give one number for each image{example}")
    _equally_many("labels", labels, images)
    _check_names(classes)
    labels = labels.long()
    low, high = (int(end) for end in labels.aminmax())
    if low >= 0 and high < max(len(classes), 1):
        return labels
    run = f"labels run from {low} to {high}"
    if not classes:
        raise ValueError(f"{run} and there are no classes: name the classes, or give labels of 0")
    if low < 0:
        raise ValueError(
            f"{run}: classes are numbered from 0; say in `known` which labels are known, and give the others any class"
        )
    if low == 1 and high == len(classes):
        raise ValueError(f"{run}, they begin at 1 and have to begin at 0: give labels - 1")
    raise ValueError(
        f"{run} and there are {len(classes)} classes, numbered 0 to {len(classes) - 1}: name all classes, or number them anew"
    )


def _check_names(classes: tuple[str, ...]) -> None:
    if others := [name for name in classes if not isinstance(name, str)]:
        raise ValueError(f"class names are text, not {_kind(others[0])}: give tuple(map(str, classes))")
    if more := [name for name, count in Counter(classes).items() if count > 1]:
        raise ValueError(f"{len(more)} class names stand twice, among them {more[0]!r}: name each class once")


def _check_parts(data: Data) -> None:
    """Factors and known labels, where there are some."""
    if data.factors is not None:
        _equally_many("factors", data.factors, len(data))
        if data.factors.dim() != 2 or data.factors.is_floating_point():
            raise ValueError(
                f"factors are {_dtype(data.factors)} of {data.factors.dim()} dimensions: give integers (N, F)"
            )
        if data.factor_names and len(data.factor_names) != data.factors.shape[1]:
            raise ValueError(
                f"{len(data.factor_names)} factor names for {data.factors.shape[1]} factors: give one for each column"
            )
    if data.known is not None:
        _equally_many("known", data.known, len(data))
        if data.known.dtype != torch.bool:
            raise ValueError(f"known is {_dtype(data.known)}: give bool, for example known.bool()")


def _equally_many(what: str, values: Tensor, images: int) -> None:
    if len(values) != images:
        raise ValueError(
            f"{what} are of {len(values):,} images and there are {images:,}: give one for each image"
        )


def _kind(value: Any) -> str:
    """What something is that is no tensor: None, list, numpy.ndarray."""
    if value is None:
        return "None"
    return f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")


def _dtype(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")


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
            f"MNIST is not available ({error}): set {DATA_VARIABLE} to a folder that holds MNIST/raw, or go online"
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
        Signature(Image(1, 8, 8), tuple("0123456789")),
        _digits,
        "8x8 digits of scikit-learn, offline, 1,797 images",
    ),
    "sprites": Dataset(
        Signature(Image(1, sprites.SIDE, sprites.SIDE), sprites.SHAPES),
        _sprites,
        "64x64 sprites rendered here, factors shape, scale, orientation, x, y, offline",
        tuple(sprites.FACTORS),
    ),
    "mnist": Dataset(
        Signature(Image(1, 28, 28), tuple("0123456789")),
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
