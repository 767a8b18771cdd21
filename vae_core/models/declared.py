"""What a declaration of a model is, and what it has to know of its data."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from torch import Tensor

from ..fields import check_choices
from ..kinds import Image, Kind, Table
from ..model import Model
from ..priors import FLOWS


class Signature(NamedTuple):
    """What a model has to know of its data.

    Attributes:
        kind: what an observation is.
        classes: the names of the classes; none for data without.

    Example:
        >>> Signature(Image(1, 28, 28), ("zero", "one")).shape
        (1, 28, 28)
    """

    kind: Kind
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an observation: (C, H, W) of an image, (F,) of a row."""
        return self.kind.shape


# One exact improvement of a model's weights, in place; it returns the loss after it, mean nats an image.
Solver = Callable[[], float]


class Declaration(ABC):
    """A model's arguments, the fields of a dataclass, and how to build it from them.

    Raises:
        ValueError: for arguments that make no model.

    Example:
        >>> from vae_core.models import VAE
        >>> declaration: Declaration = VAE(latent=2)
        >>> declaration.build(Signature(Image(1, 4, 4), ())).latents, declaration.objective()
        (['z'], 'elbo')
    """

    in_words: ClassVar[str] = ""
    """What it is, in a few words for people; its name in the registry unless given."""

    stages: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The variables of each stage, where a model can be trained stage by stage."""

    def __post_init__(self):
        check_choices(self)

    @abstractmethod
    def build(self, data: Signature) -> Model: ...

    def settled(self, kind: Kind) -> Self:
        """The declaration with what it leaves to the kind of the data. Raises ValueError where it makes no model of that kind."""
        return self

    def beside(self, folder: Path) -> Self:
        """The declaration with what lies in the folder of its checkpoint beside the weights. Raises ValueError where that cannot be read."""
        return self

    def solver(self, model: Model, images: Callable[[], Iterable[Tensor]]) -> Solver | None:
        """What an epoch does instead of gradient steps where the model has an exact fit, given all training images in parts; None elsewhere."""
        return None

    def objective(self) -> str:
        """The objective that it is trained by unless another is chosen."""
        return "elbo"


@dataclass(frozen=True, kw_only=True)
class Flowing:
    """What models with a flow among their priors are told of it.

    Example:
        >>> from vae_core.models import VAE
        >>> VAE(prior="flow", flow_width=64).flow("flow")
        {'width': 64}
    """

    flow_transforms: int | None = None
    """Couplings of a flow prior, 4 unless given."""
    flow_width: int | None = None
    """Units of both hidden layers of each coupling's net, 128 unless given."""

    def flow(self, *priors: str) -> dict[str, int]:
        """What is said of a flow, where one of the named priors is one. Raises ValueError where none is, and for what makes no net."""
        told = {"transforms": self.flow_transforms, "width": self.flow_width}
        given = {name: value for name, value in told.items() if value is not None}
        if given and not set(priors) & FLOWS:
            raise ValueError(
                f"--flow-{next(iter(given))} is of a flow prior, and this prior is {' and '.join(priors)}: leave it out, or choose "
                f"{' or '.join(sorted(FLOWS))}"
            )
        positive(**{f"flow {name}": value for name, value in given.items()})
        return given


# No block, mixture or layer is larger.
MOST = 65_536


def positive(**dimensions: int | None) -> None:
    """Refuses numbers of dimensions that make no model.

    Args:
        dimensions: by name; None is not looked at.

    Raises:
        ValueError: naming the first that is not from 1 to 65,536.

    Example:
        >>> positive(latent=0)
        Traceback (most recent call last):
        ValueError: latent must be between 1 and 65536, got 0
    """
    for name, value in dimensions.items():
        if value is not None and not 1 <= value <= MOST:
            raise ValueError(f"{name} must be between 1 and {MOST}, got {value}")


def need_images(data: Signature, what: str) -> Image:
    """The kind of the data. Raises ValueError where it is not images."""
    if not isinstance(data.kind, Image):
        raise ValueError(f"{what} needs images, and the data is a {data.kind.name}: choose another")
    return data.kind


def need_types(table: Table, what: str, types: Sequence[str]) -> None:
    """Raises ValueError naming the first feature of another type."""
    for name, found in zip(table.names, table.types, strict=True):
        if found not in types:
            raise ValueError(
                f"{what} is of features that are {' or '.join(types)}, and {name!r} is {found}: choose another, or give "
                "the types of the columns"
            )


def need_classes(data: Signature, what: str) -> None:
    """Refuses data without classes.

    Args:
        data: the signature.
        what: needs them, in words.

    Raises:
        ValueError: where there are none.

    Example:
        >>> need_classes(Signature(Image(1, 8, 8), ()), "a CDVAE")
        Traceback (most recent call last):
        ValueError: a CDVAE needs data with classes: choose a labelled data set, or the model vae
    """
    if not data.classes:
        raise ValueError(f"{what} needs data with classes: choose a labelled data set, or the model vae")
