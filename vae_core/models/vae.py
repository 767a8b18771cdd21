"""The VAE (Kingma & Welling, 2014), for one beta or for all of them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from ..conditionals import DiagonalGaussian
from ..fields import OneOf
from ..model import Model
from ..multirate import Rates
from ..names import IMAGE
from ..nets import NETS
from ..priors import UNLABELLED, unlabelled_prior
from .declared import Flowing, Signature, positive
from .observations import OfObservations, keep_rates, pseudo_shape


@dataclass(frozen=True, kw_only=True)
class VAE(OfObservations, Flowing):
    """p(z) normal, mixture, vamp or flow, p(x|z) any likelihood, q(z|x) diagonal Gaussian (Kingma & Welling, 2014).

    log p(x) >= E_q log p(x|z) - KL(q(z|x) || p(z)).

    Raises:
        ValueError: for rates that are no range, or of a vamp prior; from `build`, for a number of
            dimensions or components that makes no model.

    Example:
        >>> from vae_core.kinds import Image
        >>> VAE(latent=2).build(Signature(Image(1, 8, 8), ())).sizes
        {'z': 2}

    Source:
        Kingma & Welling (2014); docs/objectives.md, sections 2 and 4.
    """

    in_words = "VAE"

    latent: int = 16
    """Dimensions of z."""
    prior: Annotated[str, OneOf(UNLABELLED)] = "normal"
    """p(z): N(0, I), a learned mixture of Gaussians, the mixture of the posteriors of learned pseudo-inputs, or a normalising flow (zuko)."""
    components: int | None = None
    """Components of the prior: 10 of a mixture, 500 of a vamp unless given."""
    nets: Annotated[str, OneOf(NETS)] = "mlp-256"
    """Preset of nets."""
    rates: tuple[float, float] | None = None
    """Multi-rate: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on betas beyond both ends by a
    factor of 1.5); each block has a beta of its own."""
    gates: Literal["closing", "opening"] = "closing"
    """What the gate of a latent dimension of a multi-rate model may do: close for good where the dimension does not pay (closing, exact for
    linear models), or always open again (opening)."""

    def __post_init__(self):
        super().__post_init__()
        keep_rates(self, self.prior)

    def objective(self) -> str:
        return "elbo" if self.rates is None else "multi-rate"

    def build(self, data: Signature) -> Model:
        positive(latent=self.latent, components=self.components)
        flow = self.flow(self.prior)
        if self.rates is not None:
            rates = Rates({"z": self.rates})
            return self.assembled(
                data,
                p={
                    "z": unlabelled_prior(self.prior, self.latent, self.components, flow=flow),
                    IMAGE: self.rated_observation(rates, self.latent, data, "z"),
                },
                q={
                    "h": self.rated_trunk(rates, data),
                    "z": self.rated_posterior(rates, "z", self.latent),
                },
            )
        posterior = DiagonalGaussian(self.encoder(data, self.latent), IMAGE)
        prior = unlabelled_prior(
            self.prior,
            self.latent,
            self.components,
            encoder={"z": posterior},
            shape=pseudo_shape(self.prior, data),
            flow=flow,
        )
        x = self.observation(self.latent, data, "z")
        return self.assembled(data, p={"z": prior, IMAGE: x}, q={"z": posterior})
