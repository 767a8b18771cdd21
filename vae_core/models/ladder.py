"""A hierarchy of two or three latent levels, each generated from the one above it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from torch import nn

from ..conditionals import Conditional, DiagonalGaussian, Feature
from ..fields import OneOf
from ..model import Model
from ..names import IMAGE
from ..nets import Joined, dense, preset
from ..priors import UNLABELLED, unlabelled_prior
from .declared import Flowing, Signature, positive
from .observations import OfObservations

# Units of the layer between two levels.
BETWEEN = 128


@dataclass(frozen=True, kw_only=True)
class Ladder(OfObservations, Flowing):
    """Two or three levels, z2 -> z1 -> x: p(z2) = N(0, I) or another, p(z1|z2) and p(x|z1), each level a block.

    log p(x) >= E_q log p(x|z1) - KL(q(z1) || p(z1|z2)) - KL(q(z2) || p(z2)). Bottom-up, q(z1|x) q(z2|z1), the
    KL of z1 is had at draws, since its prior reads what is inferred from z1; top-down, q(z2|x) q(z1|x, z2)
    (Sonderby et al., 2016, without their merging of both Gaussians), every KL given the level above is exact.

    Raises:
        ValueError: for other than two or three levels; from `build`, for a number of dimensions that makes no model.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = Ladder(latent=(3, 2)).build(Signature(Image(1, 8, 8), ()))
        >>> model.blocks, model.sizes, model.decoder_reads, model.below("z2")
        (['z1', 'z2'], {'z2': 2, 'z1': 3}, ['z1'], ['z1'])

    Source:
        Sonderby, Raiko, Maaloe, Sonderby & Winther (2016), arXiv 1602.02282; docs/objectives.md, section 10.
    """

    in_words = "levels of latents"

    latent: tuple[int, ...] = (16, 8)
    """Dimensions of the levels from the lowest, which the decoder reads, to the top: two or three numbers."""
    prior: Annotated[str, OneOf(UNLABELLED, but=("vamp",))] = "normal"
    """p of the top level: N(0, I), a learned mixture of Gaussians, or a normalising flow (zuko)."""
    components: int | None = None
    """Components of a mixture, 10 unless given."""
    inference: Literal["bottom-up", "top-down"] = "bottom-up"
    """q: each level from the one below it, or from the image and the level above it. Upper levels are used more with --beta-warmup."""

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "latent", tuple(self.latent))
        if len(self.latent) not in (2, 3):
            raise ValueError(
                f"a ladder has two or three levels: give --latent as many numbers, such as 16 8, got {len(self.latent)}"
            )

    def build(self, data: Signature) -> Model:
        positive(components=self.components)
        positive(**{f"level {number} of latent": size for number, size in enumerate(self.latent, 1)})
        names = [f"z{number}" for number in range(1, len(self.latent) + 1)]
        sizes = dict(zip(names, self.latent, strict=True))
        p: dict[str, Conditional] = {
            names[-1]: unlabelled_prior(
                self.prior, self.latent[-1], self.components, flow=self.flow(self.prior)
            )
        }
        for lower, upper in reversed(list(pairwise(names))):
            p[lower] = DiagonalGaussian(_between(sizes[upper], sizes[lower]), upper)
        p[IMAGE] = self.observation(sizes["z1"], data, "z1")
        return self.assembled(data, p, self._inference(data, sizes))

    def _inference(self, data: Signature, sizes: dict[str, int]) -> dict[str, Any]:
        names, width = list(sizes), preset(self.nets).width
        h = Feature(self.trunk(data), IMAGE)
        if self.inference == "bottom-up":
            upward = {
                upper: DiagonalGaussian(_between(sizes[lower], sizes[upper]), lower)
                for lower, upper in pairwise(names)
            }
            return {"h": h, "z1": DiagonalGaussian(nn.Linear(width, 2 * sizes["z1"]), "h"), **upward}
        top = names[-1]
        down = {
            lower: DiagonalGaussian(_between(width + sizes[upper], sizes[lower]), "h", upper)
            for lower, upper in reversed(list(pairwise(names)))
        }
        return {"h": h, top: DiagonalGaussian(nn.Linear(width, 2 * sizes[top]), "h"), **down}


def _between(inputs: int, outputs: int) -> nn.Module:
    """From one level, or features beside one, to mean and log scale of another."""
    return Joined(*dense(inputs, [BETWEEN], nn.SiLU), nn.Linear(BETWEEN, 2 * outputs))
