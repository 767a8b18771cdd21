"""How well a model knows its classes: the class by its bound, and what an independent judge says of its images.

Shapes: B examples, K classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data import Data
from ..explore import decode, prior_codes
from ..kinds import Image
from ..labels import class_log_joint, has_label, uniform_log_prior
from ..models.observations import entered
from ..names import IMAGE, LABEL
from ..nets import preset
from ..priors import one_hot
from .base import Bench, Estimate, gather

JUDGE_STEPS = 1500
JUDGE_BATCH = 128
SAMPLES = 10_000
CLASS_DRAWS = 10


def bayes_accuracy(bench: Bench) -> dict[str, Estimate]:
    """bayes_accuracy: share of images whose class is argmax_c ELBO(x, c), pi uniform: the class by the bound.

    Its softmax is Bayes' rule where the bounds are tight, or as loose for every class, and an approximation elsewhere.

    classifier_accuracy: the same for argmax_c q(c|x), where the model has a classifier. ..._balanced_accuracy: the mean over classes of
    either, where one class has more than twice the training images of another. Nothing for a model without a class, or data of one.
    """
    labels, found = bench.data.labels.to(bench.device), {}
    for name, scores in bench.once(class_scores).items():
        found |= accuracies(bench, name, (scores.argmax(-1) == labels).float())
    return found


def accuracies(bench: Bench, name: str, right: Tensor) -> dict[str, Estimate]:
    """The accuracy of what is right or not for each image of the split `(N,)`, 0 or 1; and where classes are of uneven size, the balanced
    one, which always naming the largest does not make high."""
    found = {f"{name}_accuracy": Estimate.share(right)}
    counts = bench.train.labels.bincount(minlength=bench.classes)
    if counts.max() > 2 * counts.min():
        found[f"{name}_balanced_accuracy"] = Estimate.balanced(right, bench.data.labels)
    return found


@torch.no_grad()
def class_scores(bench: Bench) -> dict[str, Tensor]:
    """Logits of q(c|x) for each image of the split, `(N, K)`: `bayes`, ELBO(x, c), pi uniform, and `classifier` where there is one.

    Where a posterior reads the class, ELBO(x, c) is the mean of 10 draws: one draw's noise would hide the difference of classes.
    Nothing for a model without a class, or data of one.
    """
    if not (has_label(bench.model) and bench.tells_apart("accuracy of the model's classes")):
        return {}
    log_prior, draw = uniform_log_prior(bench.classes, bench.device), bench.sampler(7)
    draws = CLASS_DRAWS if any(LABEL in net.given for net in bench.model.q.values()) else 1
    found: list[dict[str, Tensor]] = []
    for batch in bench.data.to(bench.device).batches(1000, bench.seed):
        inferred = bench.model.infer({IMAGE: batch[IMAGE]})
        bounds = [class_log_joint(bench.model, inferred, log_prior, draw) for _ in range(draws)]
        scores = {"bayes": torch.stack(bounds).mean(0)}
        if LABEL in inferred.posteriors:
            scores["classifier"] = inferred.posteriors[LABEL].logits  # type: ignore[attr-defined]
        found.append(scores)
    return gather(found)


def judged(bench: Bench) -> dict[str, Estimate]:
    """judge_accuracy, sample_accuracy, swap_accuracy: an independent classifier's verdict on the model's images.

    The judge is trained here on the grey training images, and judge_accuracy is its own share of right answers on the
    grey images of the split. sample_accuracy: 10,000 draws of the prior, classes in equal numbers, decoded to their mean:
    the share judged to be of the class asked for. That is how typical they are, not how diverse: one good image for each
    class would score 1. swap_accuracy: for each image of the split the blocks that do not read the class keep their
    posterior mean, the others take the prior's mean for a random *other* class: the share judged to be of that class,
    whatever of the style was kept. Nothing for a model that takes no class, or data of one.
    """
    if not (has_label(bench.model) and bench.tells_apart("judge of samples and swaps")):
        return {}
    bench.report("training the judge on the training images")
    judge = Judge(bench.train, bench.seed)
    return {
        **accuracies(bench, "judge", judge.right(_grey(bench.data), bench.data.labels.to(bench.device))),
        "sample_accuracy": Estimate.share(samples_right(bench, judge)),
        **swaps_right(bench, judge),
    }


@torch.no_grad()
def samples_right(bench: Bench, judge: "Judge") -> Tensor:
    """Which of 10,000 draws of the prior the judge takes for the class asked for, 0 or 1."""
    draw, right = bench.sampler(6), []
    for labels in (torch.arange(SAMPLES, device=bench.device) % bench.classes).split(1000):
        codes = prior_codes(bench.model, {LABEL: one_hot(labels, bench.classes)}, draw=draw)
        right.append(judge.right(decode(bench.model, codes), labels))
    return torch.cat(right)


@torch.no_grad()
def swaps_right(bench: Bench, judge: "Judge") -> dict[str, Estimate]:
    """swap_accuracy, or nothing where no block is kept."""
    encoded, right = bench.encoded, []
    kept = bench.model.unlabelled
    if not kept:
        return {}
    generator = torch.Generator().manual_seed(bench.seed)
    shift = torch.randint(1, bench.classes, (len(encoded.labels),), generator=generator).to(bench.device)
    wanted = (encoded.labels + shift) % bench.classes
    for rows in torch.arange(len(wanted), device=bench.device).split(1000):
        fixed = {name: encoded.means[name][rows] for name in kept}
        codes = prior_codes(bench.model, {**fixed, LABEL: one_hot(wanted[rows], bench.classes)})
        right.append(judge.right(decode(bench.model, codes), wanted[rows]))
    return {"swap_accuracy": Estimate.share(torch.cat(right))}


class Judge:
    """A small convolutional classifier of grey images, trained for 1,500 batches of 128 (an MLP where sides are odd)."""

    def __init__(self, train: Data, seed: int):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.net = _classifier(train).to(train.images.device)
            self._fit(train)

    def _fit(self, data: Data) -> None:
        optimizer = torch.optim.Adam(self.net.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=JUDGE_STEPS)
        images = data.images
        for _ in range(JUDGE_STEPS):
            rows = torch.randint(len(data), (JUDGE_BATCH,), device=images.device)
            loss = F.cross_entropy(self.net(data.kind.shown(images[rows])), data.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        self.net.eval()

    @torch.no_grad()
    def right(self, images: Tensor, labels: Tensor) -> Tensor:
        """1 where the judge says `labels`, `(B,)`."""
        return torch.cat(
            [
                (self.net(x).argmax(-1) == y).float()
                for x, y in zip(images.split(1000), labels.split(1000), strict=True)
            ]
        )


def _classifier(data: Data) -> nn.Module:
    shape = data.kind.shape
    try:
        nets = preset("conv-32" if isinstance(data.kind, Image) else "mlp-256")
        trunk = nets.trunk(shape)
    except ValueError:
        nets = preset("mlp-256")
        trunk = nets.trunk(shape)
    return nn.Sequential(entered(data.kind, trunk), nn.Dropout(0.3), nn.Linear(nets.width, len(data.classes)))


def _grey(data: Data) -> Tensor:
    return data.kind.shown(data.images)
