"""Embeddings alone: codes of somebody's encoder, without a net. The code of an item is what is observed of it.

Shapes: B examples, D dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..conditionals import LOG_SCALE_RANGE, Conditional, Env, Given, Likelihood
from ..distributions import diagonal_normal
from ..kinds import Embedding
from ..model import Model
from ..names import IMAGE
from ..priors import Constant
from ..readings import AS_STORED
from .declared import Declaration, Signature, positive

BLOCK = "z"

FITTED = "the prior is the Gaussian that was fitted to the embeddings"
FITTED_CLASSES = "class means and Gaussians were fitted to the embeddings"


@dataclass(frozen=True, kw_only=True)
class Embeddings(Declaration):
    """Codes without nets: x = z. A Gaussian that was fitted to them stands in for p(z), one of each class for p(z | class).

    Attributes:
        latent: D.
        fitted_classes: whether Gaussians of the classes were fitted.

    Raises:
        ValueError: for a number of dimensions that is none.

    Example:
        >>> from vae_core.kinds import Embedding
        >>> rows = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
        >>> kind = Embedding.of(rows, ("z[0]", "z[1]"), ("real", "real"))
        >>> model = Embeddings(latent=2).build(Signature(kind, ()))
        >>> model.infer({"x": rows}).posteriors["z"].mean.tolist(), model.no_decoder
        ([[0.0, 1.0], [2.0, 3.0]], 'embeddings alone have no decoder, so nothing can be decoded')
    """

    in_words = "embeddings"

    latent: int
    fitted_classes: bool = False

    def __post_init__(self):
        positive(latent=self.latent)

    def build(self, data: Signature) -> Model:
        if not isinstance(data.kind, Embedding) or data.kind.size != self.latent:
            raise ValueError(
                f"embeddings of {self.latent} numbers are not of {data.kind.size} {data.kind.numbers}"
            )
        prior: Conditional = Constant(self.latent, stands_in=FITTED)
        if self.fitted_classes:
            prior = Constant(self.latent, 1, len(data.classes), FITTED_CLASSES, prior)
        return Model({BLOCK: prior, IMAGE: Undecoded(BLOCK)}, {BLOCK: Given(AsItIs(), IMAGE)})


class AsItIs(nn.Module):
    """A code `(B, D)` as mean and least log scale `(B, 2 D)`."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.full_like(x, LOG_SCALE_RANGE[0])], -1)


class Undecoded(Likelihood):
    """N(x; z, I), which stands where a decoder would: it is not looked at."""

    stands_in = "embeddings alone have no decoder, so nothing can be decoded"
    no_decoder = stands_in
    reading = AS_STORED

    def __init__(self, *given: str):
        super().__init__(nn.Identity(), *given)

    def forward(self, env: Env) -> Distribution:
        loc = self.output(env)
        return diagonal_normal(loc, torch.ones_like(loc))
