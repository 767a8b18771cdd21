"""How well a model knows its classes: the class by its bound, and what an independent classifier, the oracle, says of its images.

Shapes: B examples, K classes.
"""

import torch
from torch import Tensor

from ..data import Data
from ..explore import decode, prior_codes
from ..labels import before_the_class, class_log_joint, has_label, uniform_log_prior
from ..names import LABEL
from ..priors import one_hot
from .base import Estimate, Evaluation, gather
from .oracle import SAMPLES, OracleClassifier, oracle_of
from .samples import diversity

CLASS_DRAWS = 10


def bayes_accuracy(evaluation: Evaluation) -> dict[str, Estimate]:
    """bayes_accuracy: share of images whose class is argmax_c ELBO(x, c), pi uniform: the class by the bound.

    Its softmax is Bayes' rule where the bounds are tight, or as loose for every class, and an approximation elsewhere.

    classifier_accuracy: the same for argmax_c q(c|x), where the model has a classifier. ..._balanced_accuracy: the mean over classes of
    either, where one class has more than twice the training images of another. Nothing for a model without a class, or data of one.
    """
    labels, numbers = evaluation.data.labels.to(evaluation.device), {}
    for name, scores in evaluation.once(class_scores).items():
        numbers |= accuracies(evaluation, name, (scores.argmax(-1) == labels).float())
    return numbers


def accuracies(evaluation: Evaluation, name: str, right: Tensor) -> dict[str, Estimate]:
    """The accuracy of what is right or not for each image of the split `(N,)`, 0 or 1; and where classes are of uneven size, the balanced
    one, which always naming the largest does not make high."""
    numbers = {f"{name}_accuracy": Estimate.share(right)}
    counts = evaluation.train.labels.bincount(minlength=evaluation.classes)
    if counts.max() > 2 * counts.min():
        numbers[f"{name}_balanced_accuracy"] = Estimate.balanced(right, evaluation.data.labels)
    return numbers


@torch.no_grad()
def class_scores(evaluation: Evaluation) -> dict[str, Tensor]:
    """Logits of q(c|x) for each image of the split, `(N, K)`: `bayes`, ELBO(x, c), pi uniform, and `classifier` where there is one.

    Where a posterior reads the class, ELBO(x, c) is the mean of 10 draws: one draw's noise would hide the difference of classes.
    Nothing for a model without a class, or data of one.
    """
    if not (has_label(evaluation.model) and evaluation.tells_apart("accuracy of the model's classes")):
        return {}
    log_prior, draw = uniform_log_prior(evaluation.classes, evaluation.device), evaluation.sampler(7)
    draws = CLASS_DRAWS if evaluation.model.informed_by(LABEL) else 1
    batches: list[dict[str, Tensor]] = []
    for batch in evaluation.data.to(evaluation.device).batches(1000, evaluation.seed):
        inferred = before_the_class(evaluation.model, batch)
        bounds = [class_log_joint(evaluation.model, inferred, log_prior, draw) for _ in range(draws)]
        scores = {"bayes": torch.stack(bounds).mean(0)}
        if LABEL in inferred.posteriors:
            scores["classifier"] = inferred.posteriors[LABEL].logits  # type: ignore[attr-defined]
        batches.append(scores)
    return gather(batches)


def by_oracle(evaluation: Evaluation) -> dict[str, Estimate]:
    """judge_accuracy, sample_accuracy, swap_accuracy: an independent classifier's verdict on the model's images.

    The oracle classifier is trained on the grey training images, once for all models of the data (`oracle_of`), and judge_accuracy is its own share of right answers on the
    grey images of the split. sample_accuracy: 10,000 draws of the prior, classes in equal numbers, decoded to their mean:
    the share that it gives to the class asked for. That is how typical they are, not how diverse: one good image for each
    class would score 1. swap_accuracy: for each image of the split the blocks that hold the style (`Model.styles`) keep
    their posterior mean, the others take the prior's mean for a random *other* class: the share that it gives to that class,
    whatever of the style was kept. How diverse the samples are, by
    the oracle's features, say sample_coverage, sample_density, sample_frechet and judge_frechet (`diversity`). Nothing for a model that takes
    no class, or data of one.
    """
    if not (has_label(evaluation.model) and evaluation.tells_apart("oracle classifier of samples and swaps")):
        return {}
    oracle = oracle_of(evaluation)
    right, features = samples_judged(evaluation, oracle)
    return {
        **accuracies(
            evaluation,
            "judge",
            _right_of(oracle, evaluation.data),
        ),
        "sample_accuracy": Estimate.share(right),
        **diversity(
            features,
            *(oracle.features_of(part) for part in (evaluation.data, evaluation.train)),
            seed=evaluation.seed,
        ),
        **swaps_right(evaluation, oracle),
    }


@torch.no_grad()
def samples_judged(evaluation: Evaluation, oracle: OracleClassifier) -> tuple[Tensor, Tensor]:
    """Of 10,000 draws of the prior: which the oracle takes for the class asked for, 0 or 1, and its features of them, `(N, F)` on the CPU."""
    draw, right, features = evaluation.sampler(6), [], []
    for labels in (torch.arange(SAMPLES, device=evaluation.device) % evaluation.classes).split(1000):
        codes = prior_codes(evaluation.model, {LABEL: one_hot(labels, evaluation.classes)}, draw=draw)
        images = decode(evaluation.model, codes)
        right.append(oracle.right(images, labels))
        features.append(oracle.features(images))
    return torch.cat(right), torch.cat(features)


def swaps_right(evaluation: Evaluation, oracle: OracleClassifier) -> dict[str, Estimate]:
    """swap_accuracy, or nothing where no block is kept."""
    if not evaluation.model.styles:
        return {}
    images, wanted = evaluation.once(swapped)
    return {"swap_accuracy": Estimate.share(oracle.right(images.to(wanted.device), wanted))}


@torch.no_grad()
def swapped(evaluation: Evaluation) -> tuple[Tensor, Tensor]:
    """Each image of the split in a random other class, `(N, C, H, W)` on the CPU, and that class, `(N,)`: the blocks that hold the style keep their
    posterior mean, the others take the prior's mean."""
    encoded, images = evaluation.encoded, []
    generator = torch.Generator().manual_seed(evaluation.seed)
    shift = torch.randint(1, evaluation.classes, (len(encoded.labels),), generator=generator).to(
        evaluation.device
    )
    wanted = (encoded.labels + shift) % evaluation.classes
    for rows in torch.arange(len(wanted), device=evaluation.device).split(1000):
        fixed = {name: encoded.means[name][rows] for name in evaluation.model.styles}
        codes = prior_codes(evaluation.model, {**fixed, LABEL: one_hot(wanted[rows], evaluation.classes)})
        images.append(decode(evaluation.model, codes).cpu())
    return torch.cat(images), wanted


def _right_of(oracle: OracleClassifier, data: Data) -> Tensor:
    """Which images of some data the oracle names rightly, 0 or 1."""
    parts = zip(data.images.split(1000), data.labels.split(1000), strict=True)
    return torch.cat([oracle.right(data.kind.shown(stored), labels) for stored, labels in parts])
