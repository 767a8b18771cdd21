"""A CDVAE with a labelled block for each of several factors: every factor a handle of its own."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..conditionals import Conditional, DiagonalGaussian, Env, Feature
from ..distributions import GaussianMixture, diagonal_normal
from ..model import Model
from ..names import FACTOR, IMAGE
from ..nets import preset
from ..priors import StandardNormal
from .declared import Signature, positive
from .observations import OfObservations

# The factors of the data set rooms.
ROOMS = "floor:10,wall:10,object:10,size:8,shape:4,turn:15"


class FactorValues(Conditional):
    """p(z_k | y_k) = N(m_y, s^2) in one dimension, and p(z_k), the mean of these over the values, where y_k is not told.

    The means of K values lie evenly on a line, with a variance of 1 over them; s is their distance over `separation`.

    Args:
        factor: the name of y_k, one-hot `(B, K)`.
        values: K.
        separation: how many s neighbouring values lie apart.

    Raises:
        ValueError: for a separation that is not above 0, or fewer than two values.

    Example:
        >>> prior = FactorValues("y_size", values=2, separation=4.0)
        >>> p = prior({"y_size": torch.eye(2)})
        >>> p.mean.tolist(), p.stddev.tolist()
        ([[-1.0], [1.0]], [[0.5], [0.5]])
        >>> prior({}).mean.item(), prior({}).variance.item()  # the mixture of both
        (0.0, 1.25)
    """

    means: Tensor
    scale: Tensor

    def __init__(self, factor: str, values: int, separation: float):
        super().__init__()
        if values < 2:
            raise ValueError(
                f"a factor has two values at least, and {factor.removeprefix(FACTOR)} has {values}: leave it out"
            )
        if not 0 < separation < math.inf:
            raise ValueError(f"the separation of values must be above 0, got {separation}")
        self.may_read = (factor,)
        step = math.sqrt(12 / (values**2 - 1))
        self.register_buffer("means", step * (torch.arange(values) - (values - 1) / 2)[:, None])
        self.register_buffer("scale", torch.tensor([step / separation]))

    def forward(self, env: Env) -> Distribution:
        if (told := env.get(self.may_read[0])) is not None:
            return diagonal_normal(told @ self.means, self.scale.expand(len(told), 1))
        weights = torch.zeros(len(self.means), device=self.means.device)
        return GaussianMixture.of(weights, diagonal_normal(self.means, self.scale.expand_as(self.means)))


@dataclass(frozen=True, kw_only=True)
class FactoredCDVAE(OfObservations):
    """A CDVAE with one labelled block a factor: z_k under p(z_k|y_k) for every factor k, and z_u under N(0, I) for the rest.

    log p(x|y_1..y_F) >= E_q log p(x|z_1..z_F, z_u) - sum_k KL(q(z_k|x) || p(z_k|y_k)) - KL(q(z_u|x) || p(z_u)).
    Each z_k has one dimension, whose values lie on a line in the order of the factor's. The encoder sees x only.
    Where a value is not told, p(z_k) is the mixture over the values.

    Raises:
        ValueError: for factors that are not spelt as name:values, separated by commas, or stand twice.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = FactoredCDVAE(factors="hue:10,size:8", unlabelled=2).build(Signature(Image(3, 8, 8), ()))
        >>> model.sizes
        {'z_hue': 1, 'z_size': 1, 'z_u': 2}

    Source:
        Almudevar et al., arXiv 2401.09180, for one label; docs/objectives.md, section 7 (several labels).
    """

    in_words = "one handle a factor"

    factors: str = ROOMS
    """The factors that are told, each with its number of values; those of rooms unless given."""
    separation: float = 5.0
    """Distance of neighbouring values in standard deviations of p(z_k|y_k)."""
    unlabelled: int = 4
    """Dimensions of z_u, for what the factors do not say; 0 for none."""

    def __post_init__(self):
        super().__post_init__()
        for name, values in spelt_factors(self.factors).items():
            FactorValues(FACTOR + name, values, self.separation)

    def build(self, data: Signature) -> Model:
        if self.unlabelled:
            positive(unlabelled=self.unlabelled)
        factors, width = spelt_factors(self.factors), preset(self.nets).width
        priors: dict[str, Conditional] = {
            f"z_{name}": FactorValues(FACTOR + name, values, self.separation)
            for name, values in factors.items()
        }
        sizes = dict.fromkeys(priors, 1)
        if self.unlabelled:
            priors["z_u"], sizes["z_u"] = StandardNormal(self.unlabelled), self.unlabelled
        heads = {name: DiagonalGaussian(nn.Linear(width, 2 * size), "h") for name, size in sizes.items()}
        x = self.observation(sum(sizes.values()), data, *priors)
        return self.assembled(
            data, p={**priors, IMAGE: x}, q={"h": Feature(self.trunk(data), IMAGE), **heads}
        )


def spelt_factors(text: str) -> dict[str, int]:
    """The number of values of each factor, by its name as variables are called.

    Args:
        text: name:values, separated by commas.

    Returns:
        The numbers, in that order.

    Raises:
        ValueError: for another spelling, or a name that stands twice.

    Example:
        >>> spelt_factors("floor hue:10, size:8")
        {'floor_hue': 10, 'size': 8}
        >>> spelt_factors("size")
        Traceback (most recent call last):
        ValueError: factors are spelt name:values, separated by commas, such as size:8,shape:4; got 'size'
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, values = part.rpartition(":")
        variable = variable_of(name)
        if not variable or not values.strip().isdecimal():
            raise ValueError(
                f"factors are spelt name:values, separated by commas, such as size:8,shape:4; got {part.strip()!r}"
            )
        if variable in found or variable == "u":
            raise ValueError(
                f"the factor {variable} stands twice, or is the name of another block: name each factor once"
            )
        found[variable] = int(values)
    return found


def variable_of(name: str) -> str:
    """The name of a factor as a variable is called.

    >>> variable_of(" floor hue ")
    'floor_hue'
    """
    return re.sub(r"\W+", "_", name.strip())


def told_factors(model: Model, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The column of each factor that the model may be told, and the number of its values, by the variable's name.

    Args:
        model: the model.
        names: of the data's factors.

    Returns:
        Those of them that the data knows.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = FactoredCDVAE(factors="hue:10,size:8").build(Signature(Image(3, 8, 8), ()))
        >>> told_factors(model, ("shape", "size"))
        {'y_size': (1, 8)}
    """
    columns = {FACTOR + variable_of(name): column for column, name in enumerate(names)}
    return {
        name: (columns[name], len(part.means))
        for part in model.p.values()
        if isinstance(part, FactorValues)
        for name in part.may_read
        if name in columns
    }


def check_told(model: Model, data: str, ranges: Mapping[str, tuple[int, int]]) -> None:
    """Refuse data that cannot tell the model its factors.

    Args:
        model: the model.
        data: the name of the data.
        ranges: the least and the greatest value of each factor that the data knows.

    Raises:
        ValueError: for a factor that the data lacks, or that has more values there than the model knows.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = FactoredCDVAE(factors="hue:10").build(Signature(Image(3, 8, 8), ()))
        >>> check_told(model, "own", {"hue": (0, 9), "size": (0, 3)})
        >>> check_told(model, "own", {"size": (0, 3)})
        Traceback (most recent call last):
        ValueError: own has no factor called hue; its factors are size: give others by --factors
    """
    wanted = {name for part in model.p.values() for name in part.may_read}
    if lacking := sorted(name.removeprefix(FACTOR) for name in wanted - set(told_factors(model, [*ranges]))):
        known = ", ".join(ranges) or "none that is named"
        raise ValueError(
            f"{data} has no factor called {lacking[0]}; its factors are {known}: give others by --factors"
        )
    check_values(model, data, ranges)


def check_values(model: Model, data: str, ranges: Mapping[str, tuple[int, int]]) -> None:
    """Refuses data whose factors have more values than the model knows, as `check_told` does of data that hold them.

    Args:
        model: the model.
        data: the name of the data.
        ranges: the least and the greatest value of each factor, by name, in the order of the data's columns.

    Raises:
        ValueError: for a factor with a value beyond those of its block.

    Example:
        >>> from vae_core.models import VAE, Signature
        >>> from vae_core.kinds import Image
        >>> check_values(VAE().build(Signature(Image(1, 8, 8), ())), "mine", {"size": (0, 9)})  # it is told no factor
    """
    names = list(ranges)
    for column, count in told_factors(model, names).values():
        least, greatest = ranges[names[column]]
        if not 0 <= least <= greatest < count:
            raise ValueError(
                f"{names[column]} runs from {least} to {greatest} in {data}, and the model knows values from 0 to {count - 1}: "
                f"give it {greatest + 1} values"
            )
