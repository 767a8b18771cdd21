"""The models, each declared in a few lines, and the registry `MODELS`.

A declaration is a dataclass: its fields are the model's arguments, the options of the command line and what a card
records; `build` assembles the two nets for data of a given signature.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from . import ppca
from .conditionals import (
    BernoulliPixels,
    CategoricalPixels,
    Classifier,
    Conditional,
    ContinuousBernoulliPixels,
    DiagonalGaussian,
    Feature,
    GaussianPixels,
    Likelihood,
    OptimalGaussianPixels,
)
from .model import Model
from .multirate import Gated, GatedHead, Rates, rate_name
from .names import COARSE, IMAGE, LABEL
from .nets import Joined, Shape, dense, preset
from .priors import LABELLED, ClassFrequencies, StandardNormal, labelled_prior, unlabelled_prior


class Signature(NamedTuple):
    """What a model has to know of its data: the shape of an image (C, H, W) and the names of the classes."""

    shape: Shape
    classes: tuple[str, ...]


class Declaration(Protocol):
    """A model's arguments and how to build it from them. Raises ValueError for arguments that make no model."""

    def build(self, data: Signature) -> Model: ...


# One exact improvement of a model's weights, in place; it returns the loss after it, mean nats an image.
Solver = Callable[[], float]


# No block, mixture or layer is larger.
MOST = 65_536


def _positive(**dimensions: int | None) -> None:
    for name, value in dimensions.items():
        if value is not None and not 1 <= value <= MOST:
            raise ValueError(f"{name} must be between 1 and {MOST}, got {value}")


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
class OfImages(ABC):
    """What the models of images have in common: a likelihood of the pixels, and nets."""

    likelihood: LikelihoodName = "bernoulli"
    """p(image | latents): bernoulli (pixels binarised), continuous-bernoulli, gaussian (gamma learned), gaussian-pixel (one
    learned gamma for each pixel), gaussian-optimal (sigma-VAE), gaussian-fixed (--gamma), categorical (--levels)."""
    gamma: float | None = None
    """Standard deviation of a pixel: fixed, or where a learned one begins (0.3 unless given)."""
    levels: int | None = None
    """Grey levels of a categorical likelihood, 256 unless given."""
    nets: str = "mlp-400"
    """Preset of nets: mlp-256, mlp-256x2, mlp-400, mlp-512x2, mlp-200x2-tanh, conv-32, conv-64, conv-32-64."""

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


@dataclass(frozen=True, kw_only=True)
class VAE(OfImages):
    """p(z) normal, mixture or vamp, p(x|z) any likelihood, q(z|x) diagonal Gaussian (Kingma & Welling, 2014)."""

    latent: int = 16
    """Dimensions of z."""
    prior: Literal["normal", "mixture", "vamp"] = "normal"
    """p(z): N(0, I), a learned mixture of Gaussians, or the mixture of the posteriors of learned pseudo-inputs."""
    components: int | None = None
    """Components of the prior: 10 of a mixture, 500 of a vamp unless given."""
    nets: str = "mlp-256"
    """Preset of nets: mlp-256, mlp-256x2, mlp-400, mlp-512x2, mlp-200x2-tanh, conv-32, conv-64, conv-32-64."""
    rates: tuple[float, float] | None = None
    """Multi-rate: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on betas beyond both ends by a
    factor of 1.5); each block has a beta of its own."""

    def __post_init__(self):
        super().__post_init__()
        _keep_rates(self, self.prior)

    def build(self, data: Signature) -> Model:
        _positive(latent=self.latent, components=self.components)
        if self.rates is not None:
            rates = Rates(self.rates, "z")
            return Model(
                p={
                    "z": unlabelled_prior(self.prior, self.latent, self.components),
                    IMAGE: self.rated_image(rates, self.latent, data.shape, "z"),
                },
                q={
                    "h": self.rated_trunk(rates, data.shape),
                    "z": self.rated_posterior(rates, "z", self.latent),
                },
            )
        posterior = DiagonalGaussian(self.encoder(data.shape, self.latent), IMAGE)
        prior = unlabelled_prior(
            self.prior, self.latent, self.components, encoder={"z": posterior}, shape=data.shape
        )
        return Model(p={"z": prior, IMAGE: self.image(self.latent, data.shape, "z")}, q={"z": posterior})


@dataclass(frozen=True, kw_only=True)
class CDVAE(OfImages):
    """Labelled latents z_l under p(z_l|y), unlabelled z_u under p(z_u), p(x|z_l, z_u) any likelihood.

    The encoder sees x only: q(z_l|x) q(z_u|x) on one trunk (Almudevar et al., arXiv 2401.09180).
    """

    prior: Literal["prototypes", "class", "class-mixture"] = "prototypes"
    """p(z_l|y): fixed prototypes with unit variance, Gaussians with learned means and scales, or a learned mixture for each class."""
    separation: float | None = None
    """s, the distance of each prototype from the origin: 8 unless given; not for a learned prior."""
    layout: Literal["axes", "simplex", "orthogonal"] = "axes"
    """Where the prototypes lie: on scaled axes, on a regular simplex, or in random directions as in the original."""
    components: int | None = None
    """Components a class of a class-mixture, 3 unless given."""
    labelled: int | None = None
    """Dimensions of z_l; as many as classes unless given."""
    unlabelled: int = 16
    """Dimensions of z_u."""
    unlabelled_prior: Literal["normal", "mixture", "vamp"] = "normal"
    """p(z_u): N(0, I), a learned mixture of Gaussians, or the mixture of the posteriors of learned pseudo-inputs."""
    unlabelled_components: int | None = None
    """Components of p(z_u): 10 of a mixture, 500 of a vamp unless given."""
    rates: tuple[float, float] | None = None
    """Multi-rate: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on betas beyond both ends by a
    factor of 1.5); each block has a beta of its own."""

    def __post_init__(self):
        super().__post_init__()
        _keep_rates(self, self.unlabelled_prior)
        if self.prior not in LABELLED:
            raise ValueError(f"no prior of z_l is called {self.prior!r}: choose one of {', '.join(LABELLED)}")
        if self.prior != "prototypes" and self.separation is not None:
            raise ValueError("a learned class prior has no separation: leave it out, or choose prototypes")
        if self.prior == "prototypes" and self.separation is None:
            object.__setattr__(self, "separation", 8.0)

    def build(self, data: Signature) -> Model:
        _positive(labelled=self.labelled, unlabelled=self.unlabelled)
        _need_classes(data, "a CDVAE")
        labelled = len(data.classes) if self.labelled is None else self.labelled
        both = labelled + self.unlabelled
        if self.rates is None:
            nets = preset(self.nets)
            h = Feature(nets.trunk(data.shape), IMAGE)
            z_l = DiagonalGaussian(nn.Linear(nets.width, 2 * labelled), "h")
            z_u = DiagonalGaussian(nn.Linear(nets.width, 2 * self.unlabelled), "h")
            image = self.image(both, data.shape, "z_l", "z_u")
        else:
            rates = Rates(self.rates, "z_l", "z_u")
            h = self.rated_trunk(rates, data.shape)
            z_l = self.rated_posterior(rates, "z_l", labelled)
            z_u = self.rated_posterior(rates, "z_u", self.unlabelled)
            image = self.rated_image(rates, both, data.shape, "z_l", "z_u")
        return Model(
            p={
                "z_l": labelled_prior(
                    self.prior,
                    len(data.classes),
                    labelled,
                    self.components,
                    separation=self.separation,
                    layout=self.layout,
                ),
                "z_u": unlabelled_prior(
                    self.unlabelled_prior,
                    self.unlabelled,
                    self.unlabelled_components,
                    encoder={"h": h, "z_u": z_u},
                    shape=data.shape,
                ),
                IMAGE: image,
            },
            q={"h": h, "z_l": z_l, "z_u": z_u},
        )


def _keep_rates(declaration: "VAE | CDVAE", prior: str) -> None:
    """The range as two numbers, whatever JSON or a caller made of it. Raises ValueError for one that makes no model."""
    if declaration.rates is None:
        return
    if len(declaration.rates) != 2:
        raise ValueError(
            f"rates are the lowest and the highest beta, such as 0.1 10; got {declaration.rates}"
        )
    if prior == "vamp":
        raise ValueError(
            "the posteriors of a multi-rate model move with beta, and a vamp prior with them: choose another prior"
        )
    low, high = map(float, declaration.rates)
    object.__setattr__(declaration, "rates", Rates((low, high)).exposed)


def _need_classes(data: Signature, what: str) -> None:
    if not data.classes:
        raise ValueError(f"{what} needs data with classes: choose a labelled data set, or the model vae")


@dataclass(frozen=True, kw_only=True)
class Joint(OfImages):
    """Joint VAE of image and class: p(y) p(z) p(x|z, y), with q(z|x, y) and the classifier q(y|x) (Kingma et al., 2014, M2).

    log p(x, y) >= E_q log p(x|z, y) - KL(q(z|x, y) || p(z)) + log p(y). Where a label is missing, y is a latent like z.
    """

    latent: int = 16
    """Dimensions of z."""
    prior: Literal["normal", "mixture", "prototypes", "class", "class-mixture"] = "normal"
    """p(z), or p(z|y) where it reads the class."""
    components: int | None = None
    """Components of the prior: 10 of a mixture, 3 a class of a class-mixture unless given."""

    def build(self, data: Signature) -> Model:
        _positive(latent=self.latent, components=self.components)
        _need_classes(data, "a Joint VAE")
        nets, classes = preset(self.nets), len(data.classes)
        head = Joined(
            *dense(nets.width + classes, [nets.width], nn.SiLU), nn.Linear(nets.width, 2 * self.latent)
        )
        return Model(
            p={
                LABEL: ClassFrequencies(classes),
                "z": self._prior(classes),
                IMAGE: self.image(self.latent + classes, data.shape, "z", LABEL),
            },
            q={
                LABEL: Classifier(
                    nn.Sequential(nets.trunk(data.shape), nn.Linear(nets.width, classes)), IMAGE
                ),
                "h": Feature(nets.trunk(data.shape), IMAGE),
                "z": DiagonalGaussian(head, "h", LABEL),
            },
        )

    def _prior(self, classes: int) -> Conditional:
        if self.prior in LABELLED:
            return labelled_prior(self.prior, classes, self.latent, self.components)
        return unlabelled_prior(self.prior, self.latent, self.components)


@dataclass(frozen=True, kw_only=True)
class SRVAE:
    """Two stages, u -> coarse -> z -> x: a coarse image first, then the detail it leaves open (Gatopoulos et al., 2020).

    p(u) p(coarse|u) p(z|coarse, u) p(x|coarse, z) with coarse the average-pooled image, q(u|coarse) q(z|x), and Gaussian
    pixels whose gammas are learned. The bound is one on log p(x, coarse), not on log p(x): coarse is continuous.
    """

    coarse_latent: int = 8
    """Dimensions of u."""
    latent: int = 16
    """Dimensions of z."""
    pool: int = 4
    """Side of the squares that are averaged to one coarse pixel."""
    prior: Literal["normal", "mixture", "prototypes", "class", "class-mixture"] = "normal"
    """p(u), or p(u|y): one labelled component a class."""
    components: int | None = None
    """Components of p(u): 10 of a mixture, 3 a class of a class-mixture unless given."""
    divergence: Literal["monte-carlo", "hershey-olsen", "convexity"] = "monte-carlo"
    """KL(q(u|coarse) || p(u)) of a mixture: an unbiased estimate, a tight bound, or a bound that collapses it."""
    gamma: float = 0.3
    """Where both learned standard deviations of a pixel begin."""
    nets: str = "mlp-400"
    """Preset of nets: mlp-256, mlp-256x2, mlp-400, mlp-512x2, mlp-200x2-tanh, conv-32, conv-64, conv-32-64."""

    # The variables of each stage, for training one after the other.
    stages: ClassVar = (("u", COARSE), ("h", "z", IMAGE))

    def build(self, data: Signature) -> Model:
        _positive(
            coarse_latent=self.coarse_latent, latent=self.latent, pool=self.pool, components=self.components
        )
        nets, small = preset(self.nets), preset("mlp-256")
        shape = self._coarse_shape(data.shape)
        sides, u, z = math.prod(shape), self.coarse_latent, self.latent
        return Model(
            p={
                "u": self._prior(data),
                COARSE: self._pixels(small.decoder(u, shape), "u"),
                "z": DiagonalGaussian(
                    Joined(*dense(sides + u, [small.width], nn.SiLU), nn.Linear(small.width, 2 * z)),
                    COARSE,
                    "u",
                ),
                IMAGE: self._pixels(nets.decoder(sides + z, data.shape), COARSE, "z"),
            },
            q={
                COARSE: Feature(nn.AvgPool2d(self.pool), IMAGE),
                "u": DiagonalGaussian(
                    nn.Sequential(small.trunk(shape), nn.Linear(small.width, 2 * u)), COARSE
                ),
                "h": Feature(nets.trunk(data.shape), IMAGE),
                "z": DiagonalGaussian(nn.Linear(nets.width, 2 * z), "h"),
            },
        )

    def _coarse_shape(self, shape: Shape) -> Shape:
        channels, height, width = shape
        if height % self.pool or width % self.pool:
            raise ValueError(
                f"images of {height} x {width} do not divide into squares of {self.pool}: give another --pool"
            )
        return channels, height // self.pool, width // self.pool

    def _pixels(self, decoder: nn.Module, *given: str) -> Likelihood:
        return GaussianPixels(decoder, *given, gamma=torch.tensor(self.gamma))

    def _prior(self, data: Signature) -> Conditional:
        if self.prior in LABELLED:
            _need_classes(data, "a labelled prior")
            return labelled_prior(self.prior, len(data.classes), self.coarse_latent, self.components)
        return unlabelled_prior(self.prior, self.coarse_latent, self.components, divergence=self.divergence)


@dataclass(frozen=True, kw_only=True)
class PPCA:
    """Probabilistic principal component analysis: x = W z + b + noise, the linear VAE (Tipping & Bishop, 1999).

    p(z) = N(0, I), p(x|z) = N(W z + b, s^2 I); in the principal basis the exact posterior is diagonal, so that
    the bound is the log-likelihood. Fitted in closed form, by EM, or like every other model by gradient.
    """

    latent: int = 16
    """Dimensions of z."""
    fit: Literal["closed-form", "em", "gradient"] = "closed-form"
    """closed-form (one epoch is enough), em (an epoch is an iteration), or gradient."""

    def build(self, data: Signature) -> Model:
        _positive(latent=self.latent)
        sides = math.prod(data.shape)
        if self.latent >= sides:
            raise ValueError(f"PPCA needs fewer latents than the {sides} pixels, got {self.latent}")
        decoder = Joined(nn.Linear(self.latent, sides), nn.Unflatten(1, data.shape))
        return Model(
            p={
                "z": StandardNormal(self.latent),
                IMAGE: GaussianPixels(decoder, "z", gamma=torch.tensor(0.3)),
            },
            q={"z": DiagonalGaussian(Joined(nn.Linear(sides, 2 * self.latent)), IMAGE)},
        )

    def solver(self, model: Model, images: Callable[[], Tensor]) -> Solver | None:
        """What an epoch does instead of gradient steps, given all training images; None where it is fitted by gradient."""
        if self.fit == "gradient":
            return None
        moments = ppca.Moments.of(images().flatten(1))

        def improve() -> float:
            old = _fit_of(model)
            new = (
                ppca.closed_form(moments, self.latent)
                if self.fit == "closed-form"
                else ppca.em_step(moments, old)
            )
            _write_fit(model, new)
            return -ppca.log_likelihood(moments, new)

        return improve


def _fit_of(model: Model) -> ppca.Fit:
    """The weights of a PPCA as they stand, in double precision and the principal basis."""
    likelihood: Any = model.p[IMAGE]
    linear = likelihood.net[0]
    weight, bias, gamma = (part.detach().double() for part in (linear.weight, linear.bias, likelihood.gamma))
    return ppca.Fit(ppca.principal(weight), bias, gamma.square())


@torch.no_grad()
def _write_fit(model: Model, fit: ppca.Fit) -> None:
    """Likelihood and exact posterior of a PPCA from a fit."""
    likelihood: Any = model.p[IMAGE]
    posterior: Any = model.q["z"]
    likelihood.net[0].weight.copy_(fit.weight)
    likelihood.net[0].bias.copy_(fit.bias)
    likelihood.set_gamma(fit.variance.sqrt().to(likelihood.raw))
    flat = torch.zeros_like(fit.gain)
    posterior.net[0].weight.copy_(torch.cat([fit.gain, flat]))
    posterior.net[0].bias.copy_(torch.cat([-fit.gain @ fit.bias, 0.5 * fit.posterior_variances.log()]))


# The models by name. A line here is all that the command line, the cards and the tests need.
MODELS: dict[str, Callable[..., Declaration]] = {
    "cdvae": CDVAE,
    "joint": Joint,
    "ppca": PPCA,
    "srvae": SRVAE,
    "vae": VAE,
}


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
    arguments = asdict(declaration)  # type: ignore[call-overload]
    return {
        "name": name,
        "arguments": {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()},
    }
