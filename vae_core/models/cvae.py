"""The conditional VAE (Sohn et al., 2015): encoder and decoder are told the class."""

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import nn

from ..conditionals import DiagonalGaussian, Feature
from ..fields import OneOf
from ..model import Model
from ..multirate import Rates
from ..names import IMAGE, LABEL
from ..nets import Joined, dense, preset
from ..priors import LABELLED, UNLABELLED, either_prior
from .declared import Flowing, Signature, need_classes, positive
from .observations import OfObservations, keep_rates


@dataclass(frozen=True, kw_only=True)
class CVAE(OfObservations, Flowing):
    """Conditional VAE, p(x|z, y) with q(z|x, y), and p(z) or p(z|y) (Kingma et al., 2014; Sohn, Lee & Yan, 2015).

    log p(x|y) >= E_q log p(x|z, y) - KL(q(z|x, y) || p(z)), or || p(z|y)). Both nets are told the class, so
    that z need not say it: the same z under another y is another class in the same style. Nothing forbids
    z to say it all the same.

    Raises:
        ValueError: from `build`, for data without classes, or a number of dimensions or components that
            makes no model; for rates that are no range.

    Example:
        >>> from vae_core.kinds import Image
        >>> model = CVAE(latent=2).build(Signature(Image(1, 8, 8), ("zero", "one")))
        >>> model.latents, model.encoder_reads, model.decoder_reads
        (['z'], ['x', 'y'], ['z', 'y'])

    Source:
        Sohn, Lee & Yan (2015); Kingma, Rezende, Mohamed & Welling (2014); docs/objectives.md, section 8.
    """

    in_words = "VAE that is told the class"

    latent: int = 16
    """Dimensions of z."""
    prior: Annotated[str, OneOf(UNLABELLED, LABELLED, but=("vamp",))] = "normal"
    """p(z): N(0, I), a learned mixture or a normalising flow (zuko), the same for every class; or p(z|y): prototypes, class (a learned
    Gaussian for each), class-mixture or class-flow."""
    components: int | None = None
    """Components of the prior: 10 of a mixture, 3 a class of a class-mixture unless given."""

    rates: tuple[float, float] | None = None
    """Multi-rate: lowest and highest beta that one set of weights answers to, such as 0.1 10 (trained on betas beyond both ends by a
    factor of 1.5). What the class says costs no rate, and no gate closes on it."""
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
        need_classes(data, "a conditional VAE")
        classes, width = len(data.classes), preset(self.nets).width
        inputs = self.latent + classes
        if self.rates is None:
            h = Feature(self.trunk(data), IMAGE)
            z = DiagonalGaussian(self.head_given_class(classes, self.latent), "h", LABEL, classes=classes)
            x = self.observation(inputs, data, "z", LABEL)
        else:
            rates = Rates({"z": self.rates})
            h = self.rated_trunk(rates, data)
            layers = Joined(*dense(width + classes, [width], nn.SiLU))
            z = self.rated_from(rates, width, self.latent, "h", LABEL, layers=layers, classes=classes)
            x = self.rated_observation(rates, inputs, data, "z", LABEL, told=classes)
        prior = either_prior(self.prior, classes, self.latent, self.components, flow=flow)
        return self.assembled(data, p={"z": prior, IMAGE: x}, q={"h": h, "z": z})
