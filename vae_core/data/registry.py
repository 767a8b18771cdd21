"""The data sets by name, and how one is loaded."""

from .digits import DIGITS
from .mnist import MNIST
from .source import Data, Dataset
from .sprites import SPRITES

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
    return DATASETS[name].split(split, limit)
