"""What a declaration of a model is, and what it has to know of its data."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from torch import Tensor

from ..model import Model
from ..nets import Shape


class Signature(NamedTuple):
    """What a model has to know of its data: the shape of an image (C, H, W) and the names of the classes."""

    shape: Shape
    classes: tuple[str, ...]


# One exact improvement of a model's weights, in place; it returns the loss after it, mean nats an image.
Solver = Callable[[], float]


class Declaration(ABC):
    """A model's arguments, the fields of a dataclass, and how to build it from them. Raises ValueError for some that make no model."""

    stages: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The variables of each stage, where a model can be trained stage by stage."""

    @abstractmethod
    def build(self, data: Signature) -> Model: ...

    def solver(self, model: Model, images: Callable[[], Tensor]) -> Solver | None:
        """What an epoch does instead of gradient steps where the model has an exact fit, given all training images; None elsewhere."""
        return None

    def objective(self) -> str:
        """The objective that it is trained by unless another is chosen."""
        return "elbo"


# No block, mixture or layer is larger.
MOST = 65_536


def positive(**dimensions: int | None) -> None:
    """Raises ValueError naming the first number that is there and out of 1 to `MOST`."""
    for name, value in dimensions.items():
        if value is not None and not 1 <= value <= MOST:
            raise ValueError(f"{name} must be between 1 and {MOST}, got {value}")


def need_classes(data: Signature, what: str) -> None:
    """Raises ValueError where the data have no classes."""
    if not data.classes:
        raise ValueError(f"{what} needs data with classes: choose a labelled data set, or the model vae")
