"""The data sets by name, and how one is loaded."""

from dataclasses import replace

import torch

from .digits import DIGITS
from .mnist import MNIST, mnist_folder
from .source import Data, Dataset
from .sprites import SPRITES

SPLITS = ("train", "test", "all")

# The data sets by name. A line here is all that the command line, the pages and the tests need.
DATASETS: dict[str, Dataset] = {"digits": DIGITS, "sprites": SPRITES, "mnist": MNIST}


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
    if name == "mnist" and mnist_folder()[1]:
        return None
    try:
        return load_data(name, split)
    except ValueError:
        return None
