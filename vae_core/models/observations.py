"""What the models of any observation have in common: a likelihood that fits its kind (`LIKELIHOODS`), and nets."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

import torch
from torch import Tensor, nn

from ..conditionals import Conditional, DiagonalGaussian, Feature, Likelihood
from ..fields import OneOf
from ..kinds import Image, Kind, Table
from ..likelihoods import (
    BernoulliFeatures,
    BernoulliPixels,
    CategoricalPixels,
    ContinuousBernoulliPixels,
    GaussianFeatures,
    GaussianPixels,
    Library,
    MixedFeatures,
    NegativeBinomialCounts,
    OptimalGaussianPixels,
    PoissonCounts,
    Total,
)
from ..model import Model
from ..multirate import GATES, Gated, GatedEncoder, GatedHead, Rates, checked_range, rate_name
from ..names import IMAGE, LIBRARY
from ..nets import NETS, Joined, Nets, Shape, dense, preset
from ..plugins import Registry
from .declared import Declaration, Signature, need_images, need_types

DecoderMaker = Callable[[int, Any], nn.Module]

# A likelihood of a decoder, the number of its inputs, the data's signature, the parents and the declaration; or its class, which is given
# the decoder's net and the parents.
LikelihoodMaker = Callable[..., Likelihood]


# The types of features that each likelihood of tables scores. A binary feature may be counted, or taken for a real one.
SCORED: dict[str, tuple[str, ...]] = {
    "gaussian": ("real", "binary"),
    "bernoulli": ("binary",),
    "poisson": ("count", "binary"),
    "negative-binomial": ("count", "binary"),
    "mixed": ("real", "count", "binary"),
}


def _of_table(kind: Callable[..., Likelihood]) -> LikelihoodMaker:
    return lambda decoder, inputs, data, given, options: kind(
        decoder(inputs, data.kind.shape), *given, table=data.kind
    )


def _gaussian(of_pixels: bool = False, learned: bool = True) -> LikelihoodMaker:
    def make(
        decoder: DecoderMaker, inputs: int, data: Signature, given: tuple[str, ...], options: "OfObservations"
    ) -> Likelihood:
        shape = data.kind.shape
        gamma = torch.full(shape if of_pixels else (), 0.3 if options.gamma is None else options.gamma)
        return GaussianPixels(decoder(inputs, shape), *given, gamma=gamma, learned=learned)

    return make


def _categorical(
    decoder: DecoderMaker, inputs: int, data: Signature, given: tuple[str, ...], options: "OfObservations"
) -> Likelihood:
    levels, (channels, height, width) = options.levels or 256, data.kind.shape
    return CategoricalPixels(decoder(inputs, (channels * levels, height, width)), *given, levels=levels)


def _negative_binomial(
    decoder: DecoderMaker, inputs: int, data: Signature, given: tuple[str, ...], options: "OfObservations"
) -> Likelihood:
    by_class = options.dispersion == "feature-class"
    if by_class and not data.classes:
        raise ValueError("--dispersion feature-class needs data with classes: leave it out")
    classes = len(data.classes) if by_class else 0
    return NegativeBinomialCounts(
        decoder(inputs, data.kind.shape), *given, features=data.kind.size, classes=classes
    )


def _registry(what: str, group: str, ours: dict[str, LikelihoodMaker]) -> Registry[LikelihoodMaker]:
    return Registry(what, group, ours, callable, "a Likelihood, or a function that makes one")


# The likelihoods by kind and name.
LIKELIHOODS: dict[type[Kind], Registry[LikelihoodMaker]] = {
    Image: _registry(
        "likelihood of images",
        "latent_explorer.likelihoods",
        {
            "bernoulli": BernoulliPixels,
            "continuous-bernoulli": ContinuousBernoulliPixels,
            "gaussian": _gaussian(),
            "gaussian-pixel": _gaussian(of_pixels=True),
            "gaussian-optimal": OptimalGaussianPixels,
            "gaussian-fixed": _gaussian(learned=False),
            "categorical": _categorical,
        },
    ),
    Table: _registry(
        "likelihood of tables",
        "latent_explorer.table_likelihoods",
        {
            "gaussian": _of_table(GaussianFeatures),
            "bernoulli": BernoulliFeatures,
            "poisson": PoissonCounts,
            "negative-binomial": _negative_binomial,
            "mixed": _of_table(MixedFeatures),
        },
    ),
}


@dataclass(frozen=True, kw_only=True)
class OfObservations(Declaration):
    """What the models of any observation have in common: a likelihood that fits its kind, and nets.

    Raises:
        ValueError: for an unknown likelihood, and for a gamma, levels or a dispersion that the likelihood
            has not, or that makes none.

    Example:
        >>> from vae_core.models import VAE
        >>> VAE().settled(Image(1, 28, 28)).likelihood
        'bernoulli'
        >>> VAE(likelihood="bernoulli", gamma=0.1)
        Traceback (most recent call last):
        ValueError: the likelihood bernoulli has no gamma to be given: leave it out
    """

    likelihood: Annotated[str | None, OneOf(*LIKELIHOODS.values())] = None
    """p(x | latents). Of images: bernoulli (pixels binarised; usual), continuous-bernoulli, gaussian (gamma learned), gaussian-pixel
    (one learned gamma for each pixel), gaussian-optimal (sigma-VAE), gaussian-fixed (--gamma), categorical (--levels). Of tables: gaussian
    (real features), bernoulli (binary), poisson or negative-binomial (counts), mixed; usual is what fits the columns."""
    gamma: float | None = None
    """Standard deviation of a pixel: fixed, or where a learned one begins (0.3 unless given)."""
    levels: int | None = None
    """Grey levels of a categorical likelihood, 256 unless given."""
    dispersion: Literal["feature", "feature-class"] | None = None
    """theta of a negative binomial: one for each feature (usual), or for each feature and class."""
    nets: Annotated[str, OneOf(NETS)] = "mlp-400"
    """Preset of nets."""

    def __post_init__(self):
        super().__post_init__()
        if self.gamma is not None and self.likelihood not in ("gaussian", "gaussian-pixel", "gaussian-fixed"):
            raise ValueError(f"the likelihood {self._spoken} has no gamma to be given: leave it out")
        if self.likelihood == "gaussian-fixed" and self.gamma is None:
            raise ValueError("the likelihood gaussian-fixed needs its gamma: give --gamma, for example 0.1")
        if self.levels is not None and self.likelihood != "categorical":
            raise ValueError(f"the likelihood {self._spoken} has no levels: leave them out")
        if self.levels is not None and not 2 <= self.levels <= 256:
            raise ValueError(f"grey levels must be between 2 and 256, got {self.levels}")
        if self.dispersion is not None and self.likelihood != "negative-binomial":
            raise ValueError(f"the likelihood {self._spoken} has no dispersion: leave it out")

    @property
    def _spoken(self) -> str:
        return self.likelihood or "that is usual"

    def settled(self, kind: Kind) -> Self:
        """The same with the usual likelihood of the kind, where none was chosen. Raises ValueError for one that does not score the kind."""
        chosen = self.likelihood or usual_likelihood(kind)
        fitting = LIKELIHOODS[type(kind)]
        if chosen not in fitting:
            raise ValueError(
                f"the likelihood {chosen} does not score the values of {'a table' if isinstance(kind, Table) else 'images'}: "
                f"choose one of {', '.join(fitting)}"
            )
        if isinstance(kind, Table):
            _check_table(chosen, kind, self.gamma)
        return replace(self, likelihood=chosen)

    @abstractmethod
    def build(self, data: Signature) -> Model: ...

    def assembled(self, data: Signature, p: Mapping[str, Conditional], q: Mapping[str, Any]) -> Model:
        """The model of these conditionals and what the likelihood needs beside them: the library size of counts."""
        if LIBRARY not in p[IMAGE].given:
            return Model(p, q)
        return Model({LIBRARY: Library(), **p}, {LIBRARY: Feature(Total(), IMAGE), **q})

    def observation(self, inputs: int, data: Signature, *given: str) -> Likelihood:
        """p(x | given): the decoder from `inputs` numbers, and the chosen likelihood on it."""
        return self._likelihood(preset(self.nets).decoder, inputs, data, given)

    def rated_observation(
        self, rates: Rates, inputs: int, data: Signature, *given: str, told: int = 0
    ) -> Likelihood:
        """The same with a decoder that answers to rates; the last `told` of its inputs are no latents."""

        def decoder(inputs: int, shape: Shape) -> nn.Module:
            net = preset(self.nets).decoder(inputs, shape)
            return Gated(net, rates, latents=inputs - told, gates=self._gates)  # type: ignore[arg-type]

        return self._likelihood(decoder, inputs, data, (*given, *rates.names))

    def _likelihood(
        self, decoder: DecoderMaker, inputs: int, data: Signature, given: tuple[str, ...]
    ) -> Likelihood:
        settled = self.settled(data.kind)
        assert settled.likelihood is not None
        maker = LIKELIHOODS[type(data.kind)][settled.likelihood]
        if isinstance(maker, type):
            return maker(decoder(inputs, data.kind.shape), *given)
        return maker(decoder, inputs, data, given, settled)

    def trunk(self, data: Signature) -> nn.Module:
        """Features of an observation."""
        return entered(data.kind, self._nets(data).trunk(data.kind.shape))

    def rated_trunk(self, rates: Rates, data: Signature) -> Feature:
        """Features of an observation that answer to rates."""
        gated: nn.Module = Gated(self._nets(data).trunk(data.kind.shape), rates)  # type: ignore[arg-type]
        return Feature(entered(data.kind, gated), IMAGE, *rates.names)

    def _nets(self, data: Signature) -> Nets:
        nets = preset(self.nets)
        if nets.spatial:
            need_images(data, f"the net {self.nets}")
        return nets

    def rated_posterior(self, rates: Rates, block: str, dimensions: int) -> DiagonalGaussian:
        """q(block | features), which moves with its own rate."""
        head = nn.Linear(preset(self.nets).width, 2 * dimensions)
        return DiagonalGaussian(GatedHead(head, rates.only(block), self._gates), "h", rate_name(block))

    def rated_from(
        self,
        rates: Rates,
        width: int,
        dimensions: int,
        *given: str,
        layers: nn.Sequential | None = None,
        classes: int = 0,
    ) -> DiagonalGaussian:
        """q(block | given), which moves with all rates: a head on features of this width, behind gated layers where there are some."""
        head = nn.Linear(width, 2 * dimensions)
        net = (
            GatedHead(head, rates, self._gates)
            if layers is None
            else GatedEncoder(layers, head, rates, self._gates)
        )
        return DiagonalGaussian(net, *given, *rates.names, classes=classes)

    @property
    def _gates(self) -> str:
        return getattr(self, "gates", "closing")

    def head_given_class(self, classes: int, dimensions: int) -> nn.Module:
        """From features and a class to mean and log scale of a block's q(block | features, y)."""
        width = preset(self.nets).width
        return Joined(*dense(width + classes, [width], nn.SiLU), nn.Linear(width, 2 * dimensions))

    def encoder(self, data: Signature, dimensions: int) -> nn.Module:
        """A net from an observation to mean and log scale of `dimensions` latents."""
        return nn.Sequential(self.trunk(data), nn.Linear(preset(self.nets).width, 2 * dimensions))


def entered(kind: Kind, net: nn.Module) -> nn.Module:
    """The net behind the layers with which encoders of this kind begin."""
    first = kind.entrance()
    return Entered(first, net) if first else net


class Entered(nn.Module):
    """A net whose first input passes some layers before it."""

    def __init__(self, first: Sequence[nn.Module], net: nn.Module):
        super().__init__()
        self.first, self.net = nn.Sequential(*first), net

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        return self.net(self.first(x), *others)


def usual_likelihood(kind: Kind) -> str:
    """What scores a kind unless another is chosen: bernoulli for images; for a table what fits its columns."""
    if not isinstance(kind, Table):
        return "bernoulli"
    fitting = {"real": "gaussian", "count": "negative-binomial", "binary": "bernoulli"}
    types = set(kind.types)
    return fitting[types.pop()] if len(types) == 1 else "mixed"


def _check_table(likelihood: str, table: Table, gamma: float | None) -> None:
    if gamma is not None:
        raise ValueError("the standard deviations of a table's features are learned: leave out --gamma")
    need_types(table, f"the likelihood {likelihood}", SCORED.get(likelihood, SCORED["mixed"]))


def keep_rates(declaration: "OfObservations", prior: str, *names: str) -> None:
    """The ranges of rates of a declaration as two numbers each, whatever JSON or a caller made of them. Raises ValueError for one that makes no
    model."""
    for name in names or ("rates",):
        rates = getattr(declaration, name, None)
        if rates is None:
            continue
        if len(rates) != 2:
            raise ValueError(f"rates are the lowest and the highest beta, such as 0.1 10; got {rates}")
        if prior == "vamp":
            raise ValueError(
                "the posteriors of a multi-rate model move with beta, and a vamp prior with them: choose another prior"
            )
        low, high = map(float, rates)
        object.__setattr__(declaration, name, checked_range(low, high))
    gates = getattr(declaration, "gates", "closing")
    if gates not in GATES:
        raise ValueError(f"no gates are called {gates!r}: choose one of {', '.join(GATES)}")
    if getattr(declaration, "rates", None) is None and gates != "closing":
        raise ValueError(
            "gates are of the latents of a multi-rate model: give --rates too, or leave them out"
        )


def pseudo_shape(prior: str, data: Signature) -> tuple[int, int, int]:
    """The shape of a VampPrior's pseudo-inputs. Raises ValueError for one of data that is not images."""
    return need_images(data, "a vamp prior").shape if prior == "vamp" else (1, 1, 1)
