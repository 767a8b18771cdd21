"""The data sets by name, and how one is loaded."""

from ..plugins import Registry
from .digits import DIGITS
from .glyphs import GLYPHS
from .mnist import MNIST
from .rooms import ROOMS
from .source import Data, Dataset
from .sprites import SPRITES

# The data sets by name. A line here, or `DATASETS.register` elsewhere, is all that the command line, the pages and the tests need.
DATASETS: Registry[Dataset] = Registry(
    "data set",
    "latent_explorer.data",
    {"digits": DIGITS, "sprites": SPRITES, "rooms": ROOMS, "glyphs": GLYPHS, "mnist": MNIST},
    lambda thing: isinstance(thing, Dataset),
    "a Dataset",
)


def load_data(name: str, split: str = "train", limit: int | None = None) -> Data:
    """A split of a data set by name.

    Args:
        name: a name of `DATASETS`.
        split: "train", "test", or "all": the training images and then the test images.
        limit: the first so many images of it only.

    Returns:
        The split.

    Raises:
        ValueError: for an unknown name, split or limit.

    Example:
        >>> load_data("digits", "test").images.shape
        torch.Size([447, 1, 8, 8])
    """
    if name not in DATASETS:
        raise ValueError(f"no data set is called {name!r}: choose one of {', '.join(DATASETS)}")
    return DATASETS[name].split(split, limit)
