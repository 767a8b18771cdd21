"""Missing labels summed out: M2 (Kingma et al., 2014).

Shapes: B examples, K classes.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from ..conditionals import Env
from ..distributions import Draw, diagonal_normal, rsample
from ..model import Model
from ..names import LABEL
from .declared import Declared, Setting, Trained
from .parts import Beta, Loss, Objective, Weighting, above_zero, not_negative, parts_of
from .weighted import Weighted, of_betas


class SemiSupervised(Objective):
    """mean_l[-L(x, y)] + mean_u[-U(x)] + lambda mean_l[-log q(y|x)]: the M2 of Kingma et al. (2014), the missing label summed out.

    L(x, y) is the bound of a model with the class in both nets; U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)) <= log p(x), with equality
    to logsumexp_y L(x, y) at the best q. A row of zeros under `y` is a missing label.
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
    """U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)), `(B,)` nats: the class summed out, exactly.

    L is minus `weighting(terms)`, the negative bound unless given.
    """
    log_q, bounds = class_bounds(model, batch, draw, weighting)
    return (log_q.exp() * (bounds - log_q)).sum(-1)


def class_bounds(
    model: Model, batch: Env, draw: Draw, weighting: Weighting | None = None
) -> tuple[Tensor, Tensor]:
    """log q(c|x) and L(x, c) for each class, `(B, K)` each, of a model whose inference net has a classifier.

    Latents are Gaussian and drawn with the same noise for every class: each L keeps its expectation, their differences
    lose most of their variance.
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
    """The bound where only some labels are known, the missing ones summed out (Kingma et al., 2014)."""

    labels: int
    """Number of labelled images (an eighth of each batch is drawn from them)."""
    beta: Beta = 1.0
    """Weight of the rate: one number, or one for each latent block."""
    classifier_weight: float = 1.0
    """lambda of the classifier: lambda * CE(q(y|x), y)."""

    def __post_init__(self):
        above_zero(labels=self.labels)
        SemiSupervised(self.beta, self.classifier_weight)

    def build(self, setting: Setting) -> SemiSupervised:
        if LABEL not in setting.model.latents:
            raise ValueError(
                "missing labels need a model with a classifier: choose joint, or leave out --labels"
            )
        return SemiSupervised(self.beta, self.classifier_weight)

    def labelled(self) -> int:
        return self.labels

    def says(self, card: Trained) -> str:
        return " · ".join([*of_betas(self.beta), f"{self.labels:,} labelled images"])
