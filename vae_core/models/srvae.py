"""The two-stage SRVAE (Gatopoulos et al., 2020): a coarse image first, then the detail it leaves open."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import nn

from ..conditionals import Conditional, DiagonalGaussian, Feature, Likelihood
from ..distributions import MIXTURE_DIVERGENCES
from ..fields import OneOf
from ..likelihoods import GaussianPixels
from ..model import Model
from ..names import COARSE, IMAGE
from ..nets import NETS, Joined, Shape, dense, preset
from ..priors import LABELLED, UNLABELLED, labelled_prior, unlabelled_prior
from .declared import Declaration, Flowing, Signature, need_classes, need_images, positive


@dataclass(frozen=True, kw_only=True)
class SRVAE(Declaration, Flowing):
    """Two stages, u -> coarse -> z -> x: a coarse image first, then the detail it leaves open (Gatopoulos et al., 2020).

    p(u) p(coarse|u) p(z|coarse, u) p(x|coarse, z) with coarse the average-pooled image, q(u|coarse) q(z|x),
    and Gaussian pixels whose gammas are learned. The bound is one on log p(x, coarse), not on log p(x):
    coarse is continuous.

    Raises:
        ValueError: from `build`, for data that is not images, sides that do not divide by `pool`, or a
            labelled prior without classes.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = SRVAE(coarse_latent=2, latent=3).build(Signature(Image(1, 8, 8), ()))
        >>> model.latents, model.observed, model.sizes
        (['u', 'z'], ['coarse', 'x'], {'u': 2, 'z': 3})

    Source:
        Gatopoulos, Stol & Tomczak (2020), arXiv 2006.05218; docs/objectives.md, section 9.
    """

    in_words = "coarse first, then detail"

    coarse_latent: int = 8
    """Dimensions of u."""
    latent: int = 16
    """Dimensions of z."""
    pool: int = 4
    """Side of the squares that are averaged to one coarse pixel."""
    prior: Annotated[str, OneOf(UNLABELLED, LABELLED, but=("vamp",))] = "normal"
    """p(u), or p(u|y) where it reads the class."""
    components: int | None = None
    """Components of p(u): 10 of a mixture, 3 a class of a class-mixture unless given."""
    divergence: Annotated[str, OneOf(MIXTURE_DIVERGENCES)] = "monte-carlo"
    """KL(q(u|coarse) || p(u)) of a mixture: an unbiased estimate, a tight bound, or a bound that collapses it."""
    gamma: float = 0.3
    """Where both learned standard deviations of a pixel begin."""
    nets: Annotated[str, OneOf(NETS)] = "mlp-400"
    """Preset of nets."""

    # The variables of each stage, for training one after the other.
    stages: ClassVar = (("u", COARSE), ("h", "z", IMAGE))

    def build(self, data: Signature) -> Model:
        positive(
            coarse_latent=self.coarse_latent, latent=self.latent, pool=self.pool, components=self.components
        )
        nets, small = preset(self.nets), preset("mlp-256")
        image = need_images(data, "an SRVAE").shape
        shape = self._coarse_shape(image)
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
                IMAGE: self._pixels(nets.decoder(sides + z, image), COARSE, "z"),
            },
            q={
                COARSE: Feature(nn.AvgPool2d(self.pool), IMAGE),
                "u": DiagonalGaussian(
                    nn.Sequential(small.trunk(shape), nn.Linear(small.width, 2 * u)), COARSE
                ),
                "h": Feature(nets.trunk(image), IMAGE),
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
        flow = self.flow(self.prior)
        if self.prior in LABELLED:
            need_classes(data, "a labelled prior")
            return labelled_prior(
                self.prior, len(data.classes), self.coarse_latent, self.components, flow=flow
            )
        return unlabelled_prior(
            self.prior, self.coarse_latent, self.components, divergence=self.divergence, flow=flow
        )
