"""A hierarchy of two or three latent levels, each generated from the one above it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from torch import nn

from ..conditionals import Conditional, DiagonalGaussian, Feature
from ..fields import OneOf
from ..model import Model
from ..multirate import Gated, Rates
from ..names import IMAGE
from ..nets import Joined, dense, preset
from ..priors import UNLABELLED, unlabelled_prior
from .declared import Flowing, Signature, positive
from .observations import OfObservations, keep_rates

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

    rates: tuple[float, float] | None = None
    """Multi-rate, for two levels and top-down inference: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on
    betas beyond both ends by a factor of 1.5); each level has a beta of its own."""
    gates: Literal["closing", "opening"] = "closing"
    """What the gate of a latent dimension of a multi-rate model may do: close for good where the dimension does not pay (closing, exact for
    linear models), or always open again (opening)."""

    def __post_init__(self):
        super().__post_init__()
        keep_rates(self, self.prior)
        object.__setattr__(self, "latent", tuple(self.latent))
        if len(self.latent) not in (2, 3):
            raise ValueError(
                f"a ladder has two or three levels: give --latent as many numbers, such as 16 8, got {len(self.latent)}"
            )
        if self.rates is not None:
            self._check_rates()

    def _check_rates(self) -> None:
        if len(self.latent) > 2:
            raise ValueError(
                "three levels have three betas, and maps and frontiers are made over two: give --latent two numbers, or leave out --rates"
            )
        if self.inference == "bottom-up":
            # With q(z2|z1), R1 falls without end as z2 repeats the draw of z1, and beta_1 R1 + beta_2 R2 with it where beta_1 > beta_2.
            raise ValueError(
                "bottom-up, the loss has no minimum where z2 costs less than z1, so there is no model of all betas: give --inference top-down"
            )

    def objective(self) -> str:
        return "elbo" if self.rates is None else "multi-rate"

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
        rates = None if self.rates is None else Rates(dict.fromkeys(names, self.rates))
        for lower, upper in reversed(list(pairwise(names))):
            p[lower] = self._generated(rates, sizes, lower, upper)
        if rates is None:
            p[IMAGE] = self.observation(sizes["z1"], data, "z1")
            return self.assembled(data, p, self._inference(data, sizes))
        p[IMAGE] = self.rated_observation(rates, sizes["z1"], data, "z1")
        return self.assembled(data, p, self._rated_inference(rates, data, sizes))

    def _generated(self, rates: Rates | None, sizes: dict[str, int], lower: str, upper: str) -> Conditional:
        """p(lower | upper)."""
        net = _between(sizes[upper], sizes[lower])
        if rates is None:
            return DiagonalGaussian(net, upper)
        gated = Gated(net, rates, latents=sizes[upper], gates=self.gates)
        return DiagonalGaussian(gated, upper, *rates.names)

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

    def _rated_inference(self, rates: Rates, data: Signature, sizes: dict[str, int]) -> dict[str, Any]:
        width, h = preset(self.nets).width, self.rated_trunk(rates, data)
        layers = Joined(*dense(width + sizes["z2"], [BETWEEN], nn.SiLU))
        return {
            "h": h,
            "z2": self.rated_from(rates, width, sizes["z2"], "h"),
            "z1": self.rated_from(rates, BETWEEN, sizes["z1"], "h", "z2", layers=layers),
        }


def _between(inputs: int, outputs: int) -> nn.Sequential:
    """From one level, or features beside one, to mean and log scale of another."""
    return Joined(*dense(inputs, [BETWEEN], nn.SiLU), nn.Linear(BETWEEN, 2 * outputs))
