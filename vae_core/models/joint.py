"""The Joint VAE of image and class (Kingma et al., 2014, M2)."""

from dataclasses import dataclass
from typing import Annotated

from torch import nn

from ..conditionals import Classifier, DiagonalGaussian, Feature
from ..fields import OneOf
from ..model import Model
from ..names import IMAGE, LABEL
from ..nets import preset
from ..priors import LABELLED, UNLABELLED, ClassFrequencies, either_prior
from .declared import Flowing, Signature, need_classes, positive
from .observations import OfObservations


@dataclass(frozen=True, kw_only=True)
class Joint(OfObservations, Flowing):
    """Joint VAE of image and class: p(y) p(z) p(x|z, y), with q(z|x, y) and the classifier q(y|x) (Kingma et al., 2014, M2).

    log p(x, y) >= E_q log p(x|z, y) - KL(q(z|x, y) || p(z)) + log p(y). Where a label is missing, y is a
    latent like z.

    Raises:
        ValueError: from `build`, for data without classes, or a number of dimensions or components that
            makes no model.

    Example:
        >>> from vae_core.kinds import Image
        >>> Joint(latent=2).build(Signature(Image(1, 8, 8), ("zero", "one"))).latents
        ['y', 'z']

    Source:
        Kingma, Rezende, Mohamed & Welling (2014), M2; docs/objectives.md, section 8.
    """

    in_words = "image and class together"

    latent: int = 16
    """Dimensions of z."""
    prior: Annotated[str, OneOf(UNLABELLED, LABELLED, but=("vamp",))] = "normal"
    """p(z), or p(z|y) where it reads the class."""
    components: int | None = None
    """Components of the prior: 10 of a mixture, 3 a class of a class-mixture unless given."""

    def build(self, data: Signature) -> Model:
        positive(latent=self.latent, components=self.components)
        flow = self.flow(self.prior)
        need_classes(data, "a Joint VAE")
        nets, classes = preset(self.nets), len(data.classes)
        head = self.head_given_class(classes, self.latent)
        return self.assembled(
            data,
            p={
                LABEL: ClassFrequencies(classes),
                "z": either_prior(self.prior, classes, self.latent, self.components, flow=flow),
                IMAGE: self.observation(self.latent + classes, data, "z", LABEL),
            },
            q={
                LABEL: Classifier(
                    nn.Sequential(self.trunk(data), nn.Linear(nets.width, classes)),
                    IMAGE,
                    classes=classes,
                ),
                "h": Feature(self.trunk(data), IMAGE),
                "z": DiagonalGaussian(head, "h", LABEL),
            },
        )
