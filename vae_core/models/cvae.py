"""The conditional VAE (Sohn et al., 2015): encoder and decoder are told the class."""

from dataclasses import dataclass
from typing import Annotated

from ..conditionals import DiagonalGaussian, Feature
from ..fields import OneOf
from ..model import Model
from ..names import IMAGE, LABEL
from ..priors import LABELLED, UNLABELLED, either_prior
from .declared import Flowing, Signature, need_classes, positive
from .observations import OfObservations


@dataclass(frozen=True, kw_only=True)
class CVAE(OfObservations, Flowing):
    """Conditional VAE, p(x|z, y) with q(z|x, y), and p(z) or p(z|y) (Kingma et al., 2014; Sohn, Lee & Yan, 2015).

    log p(x|y) >= E_q log p(x|z, y) - KL(q(z|x, y) || p(z)), or || p(z|y)). Both nets are told the class, so
    that z need not say it: the same z under another y is another class in the same style. Nothing forbids
    z to say it all the same.

    Raises:
        ValueError: from `build`, for data without classes, or a number of dimensions or components that
            makes no model.

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

    def build(self, data: Signature) -> Model:
        positive(latent=self.latent, components=self.components)
        flow = self.flow(self.prior)
        need_classes(data, "a conditional VAE")
        classes = len(data.classes)
        return self.assembled(
            data,
            p={
                "z": either_prior(self.prior, classes, self.latent, self.components, flow=flow),
                IMAGE: self.observation(self.latent + classes, data, "z", LABEL),
            },
            q={
                "h": Feature(self.trunk(data), IMAGE),
                "z": DiagonalGaussian(
                    self.head_given_class(classes, self.latent), "h", LABEL, classes=classes
                ),
            },
        )
