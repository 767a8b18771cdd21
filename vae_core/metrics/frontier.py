"""What a multi-rate model does over its range of betas, and how far it is from models trained for one beta.

Shapes: N images, D dimensions of a block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from ..checkpoints import Anchor, Gap, Point
from ..explore.bound import dimension_shares
from ..labels import has_label
from ..model import Model
from ..multirate import at
from .base import Estimate, Evaluation
from .classes import bayes_accuracy, samples_judged
from .evidence import active, terms_by_image
from .oracle import OracleClassifier, oracle_of

Betas = Mapping[str, float]


def measure_frontier(
    evaluation: Evaluation, betas: Sequence[Betas], anchors: Sequence[tuple[Model, Betas]] = ()
) -> tuple[list[Point], list[Anchor]]:
    """The rate-distortion frontier of a multi-rate model, beside models trained for one beta each. Noise is the same everywhere.

    A point has distortion, the rate of each block, active units and, where the model takes a class, its
    accuracies, each a value with standard error and n; and `kl`, nats of each dimension. An anchor has its
    `gap` as well: D + sum of beta R of the multi-rate model there minus its own, nats, paired by image.

    Args:
        evaluation: of the model at no beta.
        betas: a beta of each block, for each point.
        anchors: models that were trained for their betas alone, with those.

    Returns:
        A point for each of the betas, and an anchor for each of those models.

    Raises:
        ValueError: for a block or a beta that the model does not know.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2, rates=(0.5, 2.0)).build(Signature(Image(1, 4, 4), ()))
        >>> points, anchors = measure_frontier(Evaluation(model, data, train=data), [{"z": 0.5}, {"z": 2.0}])
        >>> [point.betas for point in points], points[0].distortion.n, anchors
        ([{'z': 0.5}, {'z': 2.0}], 10, [])

    Source:
        Alemi et al. (2018), rate and distortion; docs/objectives.md, section 6 (every price at once).
    """
    oracle = None
    if has_label(evaluation.model) and evaluation.classes > 1:
        oracle = oracle_of(evaluation)
    points = [_point(_at(evaluation, at_betas), at_betas, oracle) for at_betas in betas]
    return points, [_anchor(evaluation, other, at_betas, oracle) for other, at_betas in anchors]


def _anchor(evaluation: Evaluation, other: Model, betas: Betas, oracle: OracleClassifier | None) -> Anchor:
    alone = _point(replace(evaluation, model=other), betas, oracle)
    return Anchor(alone.betas, alone.numbers, alone.kl, _gap(evaluation, other, betas))


def _gap(evaluation: Evaluation, other: Model, betas: Betas) -> Gap:
    ours, theirs = (
        _weighed(terms_by_image(b), betas) for b in (_at(evaluation, betas), replace(evaluation, model=other))
    )
    return Gap(*Estimate.mean(ours - theirs), share=(ours.mean() / theirs.mean() - 1).item())


def _at(evaluation: Evaluation, betas: Betas) -> Evaluation:
    return replace(evaluation, model=at(evaluation.model, betas))


def _point(evaluation: Evaluation, betas: Betas, oracle: OracleClassifier | None) -> Point:
    evaluation.report(
        "measuring at " + ", ".join(f"beta({block}) = {beta:g}" for block, beta in betas.items())
    )
    numbers = {name: Estimate.mean(values) for name, values in terms_by_image(evaluation).items()}
    numbers |= active(evaluation) | bayes_accuracy(evaluation)
    if oracle is not None:
        numbers["sample_accuracy"] = Estimate.share(samples_judged(evaluation, oracle)[0])
    return Point(
        dict(betas), numbers, {name: tuple(kl.tolist()) for name, kl in dimensions(evaluation).items()}
    )


def _weighed(terms: Mapping[str, Tensor], betas: Betas) -> Tensor:
    return terms["distortion"] + reduce(
        torch.add, (beta * terms[f"rate_{block}"] for block, beta in betas.items())
    )


@torch.no_grad()
def dimensions(evaluation: Evaluation) -> dict[str, Tensor]:
    """KL(q_j || p_j) of each dimension of each block, mean over the split, `(D,)` nats; blocks whose KL does not divide are left out."""
    sums: dict[str, Tensor] = {}
    draw = evaluation.sampler(14)
    for batch in evaluation.data.to(evaluation.device).batches(1000, evaluation.seed):
        posteriors, env = evaluation.model.infer(batch, draw)
        for name in evaluation.blocks:
            kl = dimension_shares(evaluation.model, name, posteriors[name], env)
            if kl is not None:
                sums[name] = sums.get(name, 0.0) + kl.sum(0)
    return {name: total / len(evaluation.data) for name, total in sums.items()}
