"""Missing labels summed out: M2 (Kingma et al., 2014).

Shapes: B examples, K classes.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Draw, diagonal_normal, rsample
from ..fields import WhileTraining
from ..model import Model
from ..names import LABEL
from .declared import Declared, Setting, Trained
from .parts import Beta, Loss, Objective, Weighting, above_zero, betas_for, not_negative, parts_of
from .weighted import Weighted, of_betas


class SemiSupervised(Objective):
    """mean_l[-L(x, y)] + mean_u[-U(x)] + lambda mean_l[-log q(y|x)], nats: M2, the missing label summed out.

    L(x, y) is the bound of a model with the class in both nets; U(x) = sum_y q(y|x) (L(x, y) - log q(y|x))
    <= log p(x), with equality to logsumexp_y L(x, y) at the best q. A row of zeros under `y` is a missing
    label.

    Args:
        beta: weight of the rate in L, one number or one for each block.
        classifier_weight: lambda.

    Raises:
        ValueError: for a beta that is not above 0, or a negative lambda.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Joint, Signature
        >>> model = Joint(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4), "y": torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])}
        >>> sorted(SemiSupervised()(model, batch).parts)
        ['classifier', 'distortion_x', 'distortion_y', 'rate_z', 'unlabelled']

    Source:
        Kingma, Rezende, Mohamed & Welling (2014), M2; docs/objectives.md, section 8.
    """

    def __init__(self, beta: Beta = 1.0, classifier_weight: float = 1.0):
        super().__init__()
        not_negative(classifier_weight=classifier_weight)
        self.weighting, self.classifier_weight = Weighted(beta), classifier_weight

    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss:
        known = batch[LABEL].sum(-1) > 0
        labelled, rest = ({name: value[rows] for name, value in batch.items()} for rows in (known, ~known))
        total, parts = torch.zeros((), device=known.device), {}
        if known.any():
            terms = model.terms(labelled, draw)
            score = -reduce(torch.add, terms.score.values()).mean()
            parts = {**parts_of(terms), "classifier": score.detach()}
            total = total + self.weighting(terms, labelled).mean() + self.classifier_weight * score
        if not known.all():
            unlabelled = -enumerated(model, rest, draw, self.weighting).mean()
            parts["unlabelled"] = unlabelled.detach()
            total = total + unlabelled
        return Loss(total, parts)


def enumerated(model: Model, batch: Env, draw: Draw = rsample, weighting: Weighting | None = None) -> Tensor:
    """U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)), in nats: the class summed out, exactly.

    Args:
        model: a model whose inference net has a classifier.
        batch: the observation, under "x"; a class in it is not looked at.
        draw: of the other latents.
        weighting: L is minus it; the bound itself unless given.

    Returns:
        One number an example, `(B,)`.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Joint, Signature
        >>> model = Joint(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> enumerated(model, {"x": torch.zeros(3, 1, 4, 4)}).shape
        torch.Size([3])

    Source:
        Kingma et al. (2014); docs/objectives.md, section 8 (label missing).
    """
    log_q, bounds = class_bounds(model, batch, draw, weighting)
    return (log_q.exp() * (bounds - log_q)).sum(-1)


def class_bounds(
    model: Model, batch: Env, draw: Draw, weighting: Weighting | None = None
) -> tuple[Tensor, Tensor]:
    """log q(c|x) and the bound L(x, c) for each class, in nats.

    Latents are Gaussian and drawn with the same noise for every class: each L keeps its expectation, their
    differences lose most of their variance.

    Args:
        model: a model whose inference net has a classifier.
        batch: the observation, under "x"; a class in it is not looked at.
        draw: of the other latents.
        weighting: L is minus it; the bound itself unless given.

    Returns:
        Both, `(B, K)` each.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Joint, Signature
        >>> model = Joint(latent=2).build(Signature(Image(1, 4, 4), ("zero", "one")))
        >>> log_q, bounds = class_bounds(model, {"x": torch.zeros(3, 1, 4, 4)}, rsample)
        >>> log_q.shape, bounds.shape
        (torch.Size([3, 2]), torch.Size([3, 2]))

    Source:
        docs/objectives.md, section 8.
    """
    given = {name: value for name, value in batch.items() if name != LABEL}
    features = model.infer(given, only=[name for name in model.q if name not in model.latents]).env
    log_q = model.q[LABEL](features).logits  # type: ignore[union-attr]
    size, classes = log_q.shape

    def shared(q: Any) -> Tensor:
        """One draw of noise an example for all its classes, so that the noise does not hide how their bounds differ."""
        one = diagonal_normal(torch.zeros_like(q.mean[::classes]), torch.ones_like(q.mean[::classes]))
        return q.mean + q.stddev * draw(one).repeat_interleave(classes, 0)

    repeated = {name: value.repeat_interleave(classes, 0) for name, value in features.items()}
    inferred = model.infer(
        {**repeated, LABEL: torch.eye(classes, device=log_q.device).repeat(size, 1)}, shared
    )
    terms = model.terms(
        repeated, shared, inferred
    )  # the class is in `inferred` alone: its score was had once
    bounds = terms.elbo if weighting is None else -weighting(terms, batch)
    return log_q, bounds.view(size, classes)


@dataclass(frozen=True, kw_only=True)
class M2(Declared):
    """The bound where only some labels are known, the missing ones summed out (Kingma et al., 2014).

    Raises:
        ValueError: for labels or a beta that are not above 0, or a negative weight; from `build`, for a
            model without a classifier.

    Example:
        >>> from types import SimpleNamespace
        >>> M2(labels=1000).says(SimpleNamespace(found={}, rates=None))
        'β = 1 · 1,000 labelled images'

    Source:
        Kingma, Rezende, Mohamed & Welling (2014), M2; docs/objectives.md, section 8.
    """

    labels: int
    """Number of labelled images (an eighth of each batch is drawn from them)."""
    beta: Annotated[Beta, WhileTraining(0.01, 100.0)] = 1.0
    """Weight of the rate: one number, or one for each latent block."""
    classifier_weight: Annotated[float, WhileTraining(0.0, 100.0)] = 1.0
    """lambda of the classifier: lambda * CE(q(y|x), y)."""

    def __post_init__(self):
        above_zero(labels=self.labels)
        SemiSupervised(self.beta, self.classifier_weight)

    def build(self, setting: Setting) -> SemiSupervised:
        if LABEL not in setting.model.latents:
            raise ValueError(
                "missing labels need a model with a classifier: choose joint, or leave out --labels"
            )
        betas_for(self.beta, setting.model)
        return SemiSupervised(self.beta, self.classifier_weight)

    def lend(self, objective: Objective, setting: Setting) -> None:
        assert isinstance(objective, SemiSupervised)
        objective.weighting.beta, objective.classifier_weight = self.beta, self.classifier_weight

    def labelled(self) -> int:
        return self.labels

    def says(self, card: Trained) -> str:
        return " · ".join([*of_betas(self.beta), f"{self.labels:,} labelled images"])
