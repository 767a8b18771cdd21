"""Whether a model's class probabilities are frequencies: of 100 images it gives 90 %, are 90 of that class?

Shapes: N images, K classes, M bins.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..estimates import share_error
from .base import Estimate, Evaluation, bootstrap
from .classes import class_scores

BINS = 15


class Reliability(NamedTuple):
    """A reliability curve over M bins of confidence, `(M,)` each: images in it, their mean confidence and share of right answers.

    Bin m holds confidences in (m / M, (m + 1) / M]; the last two are NaN where it is empty.
    """

    count: Tensor
    confidence: Tensor
    accuracy: Tensor

    @property
    def spread(self) -> Tensor:
        """Standard error of the accuracy in each bin, `(M,)`."""
        return share_error(self.accuracy * self.count, self.count)

    @property
    def error(self) -> float:
        """ECE = sum_m n_m / N |accuracy_m - confidence_m|."""
        gaps = (self.accuracy - self.confidence).abs().nan_to_num(0)
        return (self.count / self.count.sum() * gaps).sum().item()


def calibration(evaluation: Evaluation) -> dict[str, Estimate]:
    """bayes_ece, bayes_nll of q(c|x) = softmax_c(ELBO(x, c) + log pi_c), pi uniform; classifier_ece, classifier_nll of the model's
    q(y|x), where it has one.

    nll: mean -log q(true class | x), nats. ece: expected calibration error over 15 equal bins of the confidence max_c q(c|x) (Guo et
    al., 2017; `reliability`): it cannot be negative, so that chance adds to it, up to about 0.4 sqrt(15 / N). Its
    standard error is a bootstrap over images. Nothing for a model without a class, or data of one.
    """
    numbers, generator = {}, torch.Generator().manual_seed(evaluation.seed)
    for name, log_q in class_log_probabilities(evaluation).items():
        labels = evaluation.data.labels.cpu()
        numbers[f"{name}_ece"] = calibration_error(*confidence_and_right(log_q, labels), generator)
        numbers[f"{name}_nll"] = Estimate.mean(F.nll_loss(log_q, labels, reduction="none"))
    return numbers


def calibration_error(confidence: Tensor, right: Tensor, generator: torch.Generator) -> Estimate:
    """ECE of confidences and whether they are right, `(N,)` each, with a bootstrap error over images."""
    n = len(right)
    spread = bootstrap(lambda rows: reliability(confidence[rows], right[rows]).error, n, generator)
    return Estimate(reliability(confidence, right).error, spread, n)


def class_log_probabilities(evaluation: Evaluation) -> dict[str, Tensor]:
    """log q(c|x) by the bound (`bayes`), and of its classifier (`classifier`), `(N, K)` each."""
    return {
        name: scores.cpu().double().log_softmax(-1) for name, scores in evaluation.once(class_scores).items()
    }


def confidence_and_right(log_q: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """max_c q(c|x) and whether that class is right, `(N,)` each."""
    confidence, guess = log_q.max(-1)
    return confidence.exp(), (guess == labels).to(confidence)


def reliability(confidence: Tensor, right: Tensor, bins: int = BINS) -> Reliability:
    """Images by confidence, in equal bins: `confidence` in [0, 1] and `right`, 0 or 1, `(N,)` each.

    >>> reliability(torch.tensor([0.9, 0.9, 0.4, 0.6]), torch.tensor([1.0, 0.0, 0.0, 1.0]), bins=2).accuracy.tolist()
    [0.0, 0.6666666865348816]
    """
    index = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)
    member = F.one_hot(index, bins).to(confidence)
    count = member.sum(0)
    return Reliability(count, confidence @ member / count, right @ member / count)
