"""What the models of images have in common: a likelihood of the pixels (`LIKELIHOODS`), and nets."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from ..conditionals import (
    BernoulliPixels,
    CategoricalPixels,
    ContinuousBernoulliPixels,
    DiagonalGaussian,
    Feature,
    GaussianPixels,
    Likelihood,
    OptimalGaussianPixels,
)
from ..model import Model
from ..multirate import Gated, GatedHead, Rates, rate_name
from ..names import IMAGE
from ..nets import Shape, preset
from .declared import Declaration, Signature

LikelihoodName = Literal[
    "bernoulli",
    "continuous-bernoulli",
    "gaussian",
    "gaussian-pixel",
    "gaussian-optimal",
    "gaussian-fixed",
    "categorical",
]


@dataclass(frozen=True, kw_only=True)
class OfImages(Declaration):
    """What the models of images have in common: a likelihood of the pixels, and nets."""

    likelihood: LikelihoodName = "bernoulli"
    """p(image | latents): bernoulli (pixels binarised), continuous-bernoulli, gaussian (gamma learned), gaussian-pixel (one
    learned gamma for each pixel), gaussian-optimal (sigma-VAE), gaussian-fixed (--gamma), categorical (--levels)."""
    gamma: float | None = None
    """Standard deviation of a pixel: fixed, or where a learned one begins (0.3 unless given)."""
    levels: int | None = None
    """Grey levels of a categorical likelihood, 256 unless given."""
    nets: str = "mlp-400"
    """Preset of nets: mlp-256, mlp-256x2, mlp-400, mlp-512x2, mlp-200x2-tanh, conv-32, conv-64, conv-32-64, res-32-64."""

    def __post_init__(self):
        if self.likelihood not in LIKELIHOODS:
            raise ValueError(
                f"no likelihood is called {self.likelihood!r}: choose one of {', '.join(LIKELIHOODS)}"
            )
        if self.gamma is not None and self.likelihood not in ("gaussian", "gaussian-pixel", "gaussian-fixed"):
            raise ValueError(f"the likelihood {self.likelihood} has no gamma to be given: leave it out")
        if self.likelihood == "gaussian-fixed" and self.gamma is None:
            raise ValueError("the likelihood gaussian-fixed needs its gamma: give --gamma, for example 0.1")
        if self.levels is not None and self.likelihood != "categorical":
            raise ValueError(f"the likelihood {self.likelihood} has no levels: leave them out")
        if self.levels is not None and not 2 <= self.levels <= 256:
            raise ValueError(f"grey levels must be between 2 and 256, got {self.levels}")

    @abstractmethod
    def build(self, data: Signature) -> Model: ...

    def image(self, inputs: int, shape: Shape, *given: str) -> Likelihood:
        """p(image | given): the decoder from `inputs` numbers, and the chosen likelihood on it."""
        return LIKELIHOODS[self.likelihood](preset(self.nets).decoder, inputs, shape, given, self)

    def rated_image(self, rates: Rates, inputs: int, shape: Shape, *given: str) -> Likelihood:
        """The same with a decoder that answers to rates."""

        def decoder(inputs: int, shape: Shape) -> nn.Module:
            return Gated(preset(self.nets).decoder(inputs, shape), rates, latents=inputs)  # type: ignore[arg-type]

        return LIKELIHOODS[self.likelihood](decoder, inputs, shape, (*given, *rates.names), self)

    def rated_trunk(self, rates: Rates, shape: Shape) -> Feature:
        """Features of an image that answer to rates."""
        return Feature(Gated(preset(self.nets).trunk(shape), rates), IMAGE, *rates.names)  # type: ignore[arg-type]

    def rated_posterior(self, rates: Rates, block: str, dimensions: int) -> DiagonalGaussian:
        """q(block | features), which moves with its own rate."""
        head = nn.Linear(preset(self.nets).width, 2 * dimensions)
        return DiagonalGaussian(GatedHead(head, rates.only(block)), "h", rate_name(block))

    def encoder(self, shape: Shape, dimensions: int) -> nn.Module:
        """A net from an image to mean and log scale of `dimensions` latents."""
        nets = preset(self.nets)
        return nn.Sequential(nets.trunk(shape), nn.Linear(nets.width, 2 * dimensions))


Decoder = Callable[[int, Shape], nn.Module]


LikelihoodMaker = Callable[[Decoder, int, Shape, tuple[str, ...], OfImages], Likelihood]


def _plain(kind: Callable[..., Likelihood]) -> LikelihoodMaker:
    return lambda decoder, inputs, shape, given, options: kind(decoder(inputs, shape), *given)


def _gaussian(of_pixels: bool = False, learned: bool = True) -> LikelihoodMaker:
    def make(
        decoder: Decoder, inputs: int, shape: Shape, given: tuple[str, ...], options: OfImages
    ) -> Likelihood:
        gamma = torch.full(shape if of_pixels else (), 0.3 if options.gamma is None else options.gamma)
        return GaussianPixels(decoder(inputs, shape), *given, gamma=gamma, learned=learned)

    return make


def _categorical(
    decoder: Decoder, inputs: int, shape: Shape, given: tuple[str, ...], options: OfImages
) -> Likelihood:
    levels, (channels, height, width) = options.levels or 256, shape
    return CategoricalPixels(decoder(inputs, (channels * levels, height, width)), *given, levels=levels)


# The likelihoods by name: from a decoder, the number of its inputs, the shape of an image, the parents and the declaration.
LIKELIHOODS: dict[str, LikelihoodMaker] = {
    "bernoulli": _plain(BernoulliPixels),
    "continuous-bernoulli": _plain(ContinuousBernoulliPixels),
    "gaussian": _gaussian(),
    "gaussian-pixel": _gaussian(of_pixels=True),
    "gaussian-optimal": _plain(OptimalGaussianPixels),
    "gaussian-fixed": _gaussian(learned=False),
    "categorical": _categorical,
}


def keep_rates(declaration: "OfImages", prior: str) -> None:
    """The range `rates` of a declaration as two numbers, whatever JSON or a caller made of it. Raises ValueError for one that makes no model."""
    rates = getattr(declaration, "rates", None)
    if rates is None:
        return
    if len(rates) != 2:
        raise ValueError(f"rates are the lowest and the highest beta, such as 0.1 10; got {rates}")
    if prior == "vamp":
        raise ValueError(
            "the posteriors of a multi-rate model move with beta, and a vamp prior with them: choose another prior"
        )
    low, high = map(float, rates)
    object.__setattr__(declaration, "rates", Rates((low, high)).exposed)
