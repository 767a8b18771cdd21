"""The models, each declared in a few lines, and the registry `MODELS`.

A declaration is a dataclass: its fields are the model's arguments, the options of the command line and what a card
records; `build` assembles the two nets for data of a given signature.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, Protocol

from torch import nn

from .conditionals import BernoulliPixels, Conditional, DiagonalGaussian, Feature
from .model import Model
from .names import IMAGE, LABEL
from .nets import Shape, preset
from .priors import ClassGaussians, Prototypes, StandardNormal


class Signature(NamedTuple):
    """What a model has to know of its data: the shape of an image (C, H, W) and the names of the classes."""

    shape: Shape
    classes: tuple[str, ...]


class Declaration(Protocol):
    """A model's arguments and how to build it from them. Raises ValueError for arguments that make no model."""

    def build(self, data: Signature) -> Model: ...


def _positive(**dimensions: int | None) -> None:
    for name, value in dimensions.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


@dataclass(frozen=True)
class VAE:
    """p(z) = N(0, I), p(x|z) Bernoulli, q(z|x) diagonal Gaussian (Kingma & Welling, 2014)."""

    latent: int = 16
    """Dimensions of z."""
    nets: str = "mlp-256"
    """Preset of nets: mlp-256, mlp-400, mlp-512x2, conv-32, conv-64."""

    def build(self, data: Signature) -> Model:
        _positive(latent=self.latent)
        nets = preset(self.nets)
        encoder = nn.Sequential(nets.trunk(data.shape), nn.Linear(nets.width, 2 * self.latent))
        return Model(
            p={
                "z": StandardNormal(self.latent),
                IMAGE: BernoulliPixels(nets.decoder(self.latent, data.shape), "z"),
            },
            q={"z": DiagonalGaussian(encoder, IMAGE)},
        )


@dataclass(frozen=True)
class CDVAE:
    """Labelled latents z_l under p(z_l|y), unlabelled z_u under N(0, I), p(x|z_l, z_u) Bernoulli.

    The encoder sees x only: q(z_l|x) q(z_u|x) on one trunk (Almudevar et al., arXiv 2401.09180).
    """

    prior: Literal["prototypes", "class"] = "prototypes"
    """p(z_l|y): fixed prototypes s e_y with unit variance, or Gaussians with learned means and scales."""
    separation: float | None = None
    """s, the distance of each prototype from the origin: 8 unless given; not for a learned prior."""
    labelled: int | None = None
    """Dimensions of z_l; as many as classes unless given."""
    unlabelled: int = 16
    """Dimensions of z_u."""
    nets: str = "mlp-400"
    """Preset of nets: mlp-256, mlp-400, mlp-512x2, conv-32, conv-64."""

    def __post_init__(self):
        if self.prior not in ("prototypes", "class"):
            raise ValueError(f"no prior of z_l is called {self.prior!r}: choose prototypes or class")
        if self.prior == "class" and self.separation is not None:
            raise ValueError("a learned class prior has no separation: leave it out, or choose prototypes")
        if self.prior == "prototypes" and self.separation is None:
            object.__setattr__(self, "separation", 8.0)

    def build(self, data: Signature) -> Model:
        _positive(labelled=self.labelled, unlabelled=self.unlabelled)
        if not data.classes:
            raise ValueError("a CDVAE needs data with classes: choose a labelled data set, or the model vae")
        labelled = len(data.classes) if self.labelled is None else self.labelled
        nets = preset(self.nets)
        return Model(
            p={
                "z_l": self._class_prior(len(data.classes), labelled),
                "z_u": StandardNormal(self.unlabelled),
                IMAGE: BernoulliPixels(nets.decoder(labelled + self.unlabelled, data.shape), "z_l", "z_u"),
            },
            q={
                "h": Feature(nets.trunk(data.shape), IMAGE),
                "z_l": DiagonalGaussian(nn.Linear(nets.width, 2 * labelled), "h"),
                "z_u": DiagonalGaussian(nn.Linear(nets.width, 2 * self.unlabelled), "h"),
            },
        )

    def _class_prior(self, classes: int, dimensions: int) -> Conditional:
        if self.separation is not None:
            return Prototypes(classes, dimensions, self.separation, given=LABEL)
        return ClassGaussians(classes, dimensions, given=LABEL)


# The models by name. A line here is all that the command line, the cards and the tests need.
MODELS: dict[str, Callable[..., Declaration]] = {"cdvae": CDVAE, "vae": VAE}


def declare(name: str, arguments: dict[str, Any]) -> Declaration:
    """The declaration of that name with those arguments. Raises ValueError for a name or an argument that is unknown."""
    if name not in MODELS:
        raise ValueError(f"no model is called {name!r}: this version knows {', '.join(MODELS)}")
    try:
        return MODELS[name](**arguments)
    except TypeError as error:
        raise ValueError(f"the model {name} does not take these arguments: {error}") from None


def described(declaration: Declaration) -> dict[str, Any]:
    """Name and arguments, as a card records them."""
    name = next(name for name, kind in MODELS.items() if kind is type(declaration))
    return {"name": name, "arguments": asdict(declaration)}  # type: ignore[call-overload]
