"""What keeps the class in a block or out of it: the class term, the classifier's score, an adversary.

Shapes: B examples, D dimensions, K classes.
"""

from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..conditionals import Env
from ..labels import class_log_joint, has_label, uniform_log_prior
from ..model import Inferred, Model, Terms
from ..names import LABEL
from .parts import Regulariser, free_priors


class ClassTerm(Regulariser):
    """CE(softmax_c(log pi_c + ELBO(x, c)), y), `(B,)` nats, of the class by the bound, pi uniform.

    A term without a parameter of its own, which makes the encoder say what the class prior means.

    Args:
        weight: alpha, its factor in the loss.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4), "y": torch.eye(2)[[0, 1, 0]]}
        >>> inferred = model.infer(batch)
        >>> ClassTerm(1.0)(model, batch, inferred, model.terms(batch, inferred=inferred)).shape
        torch.Size([3])

    Source:
        docs/objectives.md, section 7 (class term).
    """

    name = "class"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        y = batch[LABEL]
        log_joint = class_log_joint(model, inferred, uniform_log_prior(y.shape[-1], y.device))
        return F.cross_entropy(log_joint, y, reduction="none")


class ClassifierTerm(Regulariser):
    """-log q(y|x), `(B,)` nats, of a model that has a classifier in its inference net.

    Args:
        weight: lambda, its factor in the loss.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Joint, Signature
        >>> model = Joint(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4), "y": torch.eye(2)[[0, 1, 0]]}
        >>> inferred = model.infer(batch)
        >>> ClassifierTerm(1.0)(model, batch, inferred, model.terms(batch, inferred=inferred)).shape
        torch.Size([3])

    Source:
        Kingma et al. (2014); docs/objectives.md, section 8 (the loss).
    """

    name = "classifier"

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        return -reduce(torch.add, terms.score.values())


class Adversary(Regulariser):
    """CE(g(z), y), `(B,)` nats, of an adversary g that reads the class from a block which should not tell it.

    g descends the cross-entropy while the encoder ascends `weight` times it, by a reversed gradient. g
    reads the draw and the posterior's mean: what a probe on means would find is taken out as well. With
    reads = "posterior" a second net reads mean and log scale together, where the class may hide.

    Args:
        weight: of the reversed gradient.
        block: name of the latent block.
        dimensions: its dimensions, D.
        classes: K.
        hidden: units in each of g's two hidden layers.
        rate: its own learning rate, held for the whole training, of an Adam with momentum 0.5; it is trained with the model's unless given.
        reads: "draws" or "posterior".

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4), "y": torch.eye(2)[[0, 1, 0]]}
        >>> inferred = model.infer(batch)
        >>> adversary = Adversary(1.0, "z_u", dimensions=2, classes=2)
        >>> adversary(model, batch, inferred, model.terms(batch, inferred=inferred)).shape
        torch.Size([3])

    Source:
        Ganin et al. (2016), the reversed gradient; docs/objectives.md, section 7 (adversary).
    """

    name = "adversary"

    def __init__(
        self,
        weight: float,
        block: str,
        dimensions: int,
        classes: int,
        hidden: int = 128,
        rate: float | None = None,
        reads: str = "draws",
    ):
        super().__init__(1.0)
        self.strength, self.block = weight, block
        self.net = _classifier(dimensions, hidden, classes)
        self.whole = _classifier(2 * dimensions, hidden, classes) if reads == "posterior" else None
        self.adam = {} if rate is None else {"lr": rate, "betas": (0.5, 0.9)}

    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        q = inferred.posteriors[self.block]
        guesses = [*self.net(self._reversed(torch.stack([inferred.env[self.block], q.mean])))]
        if self.whole is not None:
            guesses.append(self.whole(self._reversed(torch.cat([q.mean, q.stddev.log()], -1))))
        errors = [F.cross_entropy(guess, batch[LABEL], reduction="none") for guess in guesses]
        return torch.stack(errors).mean(0)

    def _reversed(self, codes: Tensor) -> Any:
        return _Reversed.apply(codes, self.strength)


def _classifier(dimensions: int, hidden: int, classes: int) -> nn.Module:
    return nn.Sequential(
        *(layer for width in (dimensions, hidden) for layer in (nn.Linear(width, hidden), nn.ReLU())),
        nn.Linear(hidden, classes),
    )


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return -ctx.strength * gradients[0], None


def adversaries(model: Model, weight: float, classes: int, **options: Any) -> list[Regulariser]:
    """One adversary for each block that no class conditions.

    Args:
        model: the model.
        weight: of the reversed gradient.
        classes: K.
        options: of each `Adversary`.

    Returns:
        The regularisers.

    Raises:
        ValueError: for a model without a class, or without such a block.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import CDVAE, Signature
        >>> model = CDVAE(unlabelled=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> [adversary.block for adversary in adversaries(model, 1.0, classes=2)]
        ['z_u']
    """
    priors = free_priors(model)
    if not (has_label(model) and priors):
        raise ValueError("an adversary needs a model with a class and an unlabelled block: leave it out")
    return [Adversary(weight, name, p.event_shape[0], classes, **options) for name, p in priors.items()]
