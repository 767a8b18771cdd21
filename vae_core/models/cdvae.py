"""The CDVAE (Almudevar et al., arXiv 2401.09180): labelled latents beside unlabelled ones."""

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import nn

from ..conditionals import DiagonalGaussian, Feature
from ..fields import FIRST, OneOf
from ..model import Model
from ..multirate import Rates
from ..names import IMAGE
from ..nets import preset
from ..priors import LABELLED, LAYOUTS, UNLABELLED, labelled_prior, unlabelled_prior
from .declared import Flowing, Signature, need_classes, positive
from .observations import OfObservations, keep_rates, pseudo_shape


@dataclass(frozen=True, kw_only=True)
class CDVAE(OfObservations, Flowing):
    """Labelled latents z_l under p(z_l|y), unlabelled z_u under p(z_u), p(x|z_l, z_u) any likelihood.

    log p(x|y) >= E_q log p(x|z_l, z_u) - KL(q(z_l|x) || p(z_l|y)) - KL(q(z_u|x) || p(z_u)). The encoder
    sees x only: q(z_l|x) q(z_u|x) on one trunk.

    Raises:
        ValueError: for an unknown prior, a separation of a learned one, or rates that are no range; from
            `build`, for data without classes.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = CDVAE().build(Signature(Image(1, 8, 8), ("zero", "one")))
        >>> model.labelled, model.unlabelled, model.sizes
        (['z_l'], ['z_u'], {'z_l': 2, 'z_u': 16})

    Source:
        Almudevar et al., arXiv 2401.09180; docs/objectives.md, section 7.
    """

    in_words = "class and style apart"

    prior: Annotated[str, OneOf(LABELLED)] = "prototypes"
    """p(z_l|y): fixed prototypes with unit variance, Gaussians with learned means and scales, a learned mixture for each
    class, or a normalising flow that is told the class (zuko)."""
    separation: float | None = None
    """s, the distance of each prototype from the origin: 8 unless given; not for a learned prior."""
    layout: Annotated[str, OneOf(LAYOUTS)] = "axes"
    """Where the prototypes lie: on scaled axes, on a regular simplex, or in random directions as in the original."""
    components: int | None = None
    """Components a class of a class-mixture, 3 unless given."""
    labelled: Annotated[int | None, FIRST] = None
    """Dimensions of z_l; as many as classes unless given."""
    unlabelled: int = 16
    """Dimensions of z_u."""
    unlabelled_prior: Annotated[str, OneOf(UNLABELLED)] = "normal"
    """p(z_u): N(0, I), a learned mixture of Gaussians, the mixture of the posteriors of learned pseudo-inputs, or a normalising flow (zuko)."""
    unlabelled_components: int | None = None
    """Components of p(z_u): 10 of a mixture, 500 of a vamp unless given."""
    rates: tuple[float, float] | None = None
    """Multi-rate: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on betas beyond both ends by a
    factor of 1.5); each block has a beta of its own."""
    labelled_rates: tuple[float, float] | None = None
    """The range of beta of z_l, where it is another than that of z_u."""
    gates: Literal["closing", "opening"] = "closing"
    """What the gate of a latent dimension of a multi-rate model may do: close for good where the dimension does not pay (closing, exact for
    linear models), or always open again (opening)."""

    def __post_init__(self):
        super().__post_init__()
        keep_rates(self, self.unlabelled_prior, "rates", "labelled_rates")
        if self.labelled_rates is not None and self.rates is None:
            raise ValueError("labelled rates are those of z_l beside the rates of z_u: give --rates too")
        if self.prior != "prototypes" and self.separation is not None:
            raise ValueError("a learned class prior has no separation: leave it out, or choose prototypes")
        if self.prior == "prototypes" and self.separation is None:
            object.__setattr__(self, "separation", 8.0)

    def objective(self) -> str:
        return "elbo" if self.rates is None else "multi-rate"

    def build(self, data: Signature) -> Model:
        positive(labelled=self.labelled, unlabelled=self.unlabelled)
        need_classes(data, "a CDVAE")
        flow = self.flow(self.prior, self.unlabelled_prior)
        labelled = len(data.classes) if self.labelled is None else self.labelled
        both = labelled + self.unlabelled
        if self.rates is None:
            nets = preset(self.nets)
            h = Feature(self.trunk(data), IMAGE)
            z_l = DiagonalGaussian(nn.Linear(nets.width, 2 * labelled), "h")
            z_u = DiagonalGaussian(nn.Linear(nets.width, 2 * self.unlabelled), "h")
            x = self.observation(both, data, "z_l", "z_u")
        else:
            rates = Rates({"z_l": self.labelled_rates or self.rates, "z_u": self.rates})
            h = self.rated_trunk(rates, data)
            z_l = self.rated_posterior(rates, "z_l", labelled)
            z_u = self.rated_posterior(rates, "z_u", self.unlabelled)
            x = self.rated_observation(rates, both, data, "z_l", "z_u")
        return self.assembled(
            data,
            p={
                "z_l": labelled_prior(
                    self.prior,
                    len(data.classes),
                    labelled,
                    self.components,
                    separation=self.separation,
                    layout=self.layout,
                    flow=flow,
                ),
                "z_u": unlabelled_prior(
                    self.unlabelled_prior,
                    self.unlabelled,
                    self.unlabelled_components,
                    encoder={"h": h, "z_u": z_u},
                    shape=pseudo_shape(self.unlabelled_prior, data),
                    flow=flow,
                ),
                IMAGE: x,
            },
            q={"h": h, "z_l": z_l, "z_u": z_u},
        )
