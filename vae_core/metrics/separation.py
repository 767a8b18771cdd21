"""How far apart the classes lie in a block: their priors in the generative net, and the posteriors of their images.

Shapes: N images, D dimensions of a block, K classes, S draws. Divergences in nats.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..distributions import Draw, is_diagonal_normal
from ..explore import priors_by_class
from ..model import Model
from .base import RESAMPLES, Estimate, Evaluation

PRIOR_DRAWS = 10_000
POSTERIORS = 2000  # a distance for each pair of them
MOST_WORK = 3e8  # of one comparison of all pairs of classes, K^2 D^3: about two seconds
AT_ONCE = 4_000_000  # numbers of a density of all classes at draws of all classes
NEAREST = 10


class Overlap(NamedTuple):
    """Divergences between the classes' Gaussians, `(K, K)` each: KL(row || column), and Bhattacharyya's distance."""

    kl: Tensor
    bhattacharyya: Tensor


def prior_separation(evaluation: Evaluation) -> dict[str, Estimate]:
    """prior_kl_<block>, prior_bhattacharyya_<block>: least of a labelled block over pairs of classes (`overlap`); prior_bayes_error_<block>
    = 1 - E max_c p(c|z), z ~ p(z|c), classes in equal numbers: how often Bayes' rule on the prior's own draws must be wrong.

    The divergences are closed forms of diagonal Gaussians: no error, n pairs; nothing where the classes are mixtures. The Bayes error
    is a Monte-Carlo mean over 10,000 draws, as many of each class; an error far below 1 in 10,000 is still estimated, since what is
    averaged is a probability. Nothing for blocks whose prior does not read the class, or reads other latents as well, or of one class.
    """
    numbers = {}
    if not evaluation.tells_apart("separation of the class priors"):
        return {}
    for block in evaluation.blocks:
        priors = priors_by_class(evaluation.model, block)
        if priors is None or not priors.batch_shape:
            continue
        if (divergences := prior_overlap(evaluation.model, block)) is not None:
            pairs = evaluation.classes * (evaluation.classes - 1)
            for name, matrix in divergences._asdict().items():
                numbers[f"prior_{name}_{block}"] = Estimate(_least(matrix).item(), 0.0, pairs)
        rounds = max(2, PRIOR_DRAWS // evaluation.classes)
        wrong = bayes_errors(priors, rounds, evaluation.sampler(11))
        numbers[f"prior_bayes_error_{block}"] = Estimate.mean(wrong)._replace(n=rounds * evaluation.classes)
    return numbers


@torch.no_grad()
def bayes_errors(priors: Distribution, rounds: int, draw: Draw) -> Tensor:
    """1 - max_c p(c|z), pi uniform, at a draw of each of K densities, mean over these: `(S,)` for S rounds, independent."""
    z = draw(priors.expand((rounds, *priors.batch_shape)))  # type: ignore[arg-type]
    some = z.split(max(1, AT_ONCE // (z[0].numel() * z.shape[1])))
    return torch.cat(
        [(1 - priors.log_prob(part[..., None, :]).softmax(-1).amax(-1)).mean(-1) for part in some]
    )


def prior_overlap(model: Model, block: str, classes: Sequence[int] | None = None) -> Overlap | None:
    """Divergences between the class priors p(z | c) of a block, or those of some classes, sums over its dimensions of those of `overlap`;
    None where these are no Gaussians of the class alone."""
    priors = priors_by_class(model, block, classes)
    if priors is None or not (is_diagonal_normal(priors) and priors.batch_shape):
        return None
    mean, variance = priors.mean.cpu().double(), priors.variance.cpu().double()
    rows = []
    for m, own in zip(
        mean, variance, strict=True
    ):  # one class against all: numbers for all pairs and dimensions would not fit
        square, middle = (mean - m).square(), (own + variance) / 2
        kl = 0.5 * (own / variance + square / variance - 1 + (variance / own).log())
        distance = square / (8 * middle) + 0.5 * (middle.log() - (own * variance).log() / 2)
        rows.append((kl.sum(-1), distance.sum(-1)))
    return Overlap(*(torch.stack(column) for column in zip(*rows, strict=True)))


def comparable(classes: int, dimensions: int) -> bool:
    """Whether all pairs of K classes in D dimensions can be compared in seconds: 40 in 40, 128 in 26, but not 128 in 128."""
    return classes**2 * dimensions**3 <= MOST_WORK


def posterior_overlap(means: Tensor, scales: Tensor, labels: Tensor, classes: int) -> Overlap:
    """Divergences between the classes' aggregate posteriors, taken for the Gaussians of their moments; NaN for a class without images.

    The aggregate of N(mu_n, diag s_n^2) over a class has mean E mu and covariance Cov(mu) + diag E s^2; `(N, D)` each, labels `(N,)`.
    """
    middles, spreads = [], []
    for c in range(classes):
        mu, s = (part[labels == c].cpu().double() for part in (means, scales))
        centred = mu - mu.mean(0)
        middles.append(mu.mean(0))
        spreads.append(centred.mT @ centred / len(mu) + s.square().mean(0).diag())
    return overlap(torch.stack(middles), torch.stack(spreads))


def overlap(mean: Tensor, covariance: Tensor) -> Overlap:
    """Between N(m_c, C_c), `(K, D)` and `(K, D, D)`, with d = m_c' - m_c and C = (C_c + C_c') / 2:

    KL = 1/2 (tr(C_c'^-1 C_c) + d^T C_c'^-1 d - D + log |C_c'| - log |C_c|),
    Bhattacharyya = 1/8 d^T C^-1 d + 1/2 (log |C| - 1/2 log |C_c| - 1/2 log |C_c'|), -log of the integral of the root of their product.

    >>> far = overlap(torch.tensor([[0.0], [2.0]]), torch.ones(2, 1, 1))
    >>> far.kl.tolist(), far.bhattacharyya.tolist()
    ([[0.0, 2.0], [2.0, 0.0]], [[0.0, 0.5], [0.5, 0.0]])
    """
    volume = torch.logdet(covariance)
    inverse = torch.linalg.inv(covariance)
    rows = []
    for c in range(
        len(mean)
    ):  # one class against all: K^2 matrices at once would not fit for a hundred of them
        d = (mean - mean[c])[..., None]
        trace = torch.einsum("jab,ba->j", inverse, covariance[c])
        kl = 0.5 * (trace + _form(d, inverse) - mean.shape[-1] + volume - volume[c])
        middle = (covariance + covariance[c]) / 2
        distance = _form(d, torch.linalg.inv(middle)) / 8
        rows.append((kl, distance + 0.5 * (torch.logdet(middle) - (volume + volume[c]) / 2)))
    return Overlap(*(torch.stack(column) for column in zip(*rows, strict=True)))


def _form(d: Tensor, matrix: Tensor) -> Tensor:
    """d^T M d, `(K,)`, of d `(K, D, 1)` and M `(K, D, D)`."""
    return (d.mT @ matrix @ d)[..., 0, 0]


def posterior_separation(evaluation: Evaluation) -> dict[str, Estimate]:
    """silhouette_<block>_<sample|mean> and neighbours_<block>_<sample|mean>, of draws and of means of the posteriors; where there are
    none, of the codes alone, as means.

    posterior_kl_<block>, posterior_bhattacharyya_<block>: least over pairs of classes of `posterior_overlap`, of all images, with bootstrap errors.
    silhouette: mean of (b - a) / max(a, b), a the mean distance to the other images of the same class, b the least mean distance to
    the images of another (Rousseeuw, 1987): 1 for tight classes far apart, 0 where they overlap, below where they are mixed up.
    neighbours: mean share of the 10 nearest images that are of the same class. Euclidean distances in the block, among 2,000
    images of the split, chosen by the seed. The standard errors take the images for independent, which they are but for the pairs they share.
    Nothing for fewer than two classes; no divergences of codes alone, whose spread within a class may be next to none along some
    directions, and none of so many in so many dimensions that their pairs would take minutes (`comparable`).
    """
    if not evaluation.tells_apart("separation of the classes' encodings"):
        return {}
    generator = torch.Generator().manual_seed(evaluation.seed)
    rows = torch.randperm(len(evaluation.data), generator=generator)[:POSTERIORS]
    numbers, labels = dict[str, Estimate](), evaluation.data.labels.cpu()[rows]
    kinds: dict[str, Mapping[str, Tensor]] = {"mean": evaluation.encoded.means}
    if not evaluation.model.no_posterior:
        numbers |= _least_overlaps(evaluation, generator)
        kinds["sample"] = evaluation.encoded.samples
    for block in evaluation.blocks:
        for kind, codes in kinds.items():
            places = codes[block].cpu()[rows].double()
            distance = torch.cdist(places, places)
            shares = same_class_neighbours(distance, labels)
            numbers[f"silhouette_{block}_{kind}"] = Estimate.mean(
                silhouettes(distance, labels, evaluation.classes)
            )
            numbers[f"neighbours_{block}_{kind}"] = Estimate.mean(shares)
    return numbers


def _least_overlaps(evaluation: Evaluation, generator: torch.Generator) -> dict[str, Estimate]:
    """The least divergences between the classes of each block, each with the error of which images there are."""
    numbers, n, labels = {}, len(evaluation.data), evaluation.data.labels.cpu()
    resamples = [torch.arange(n), *(torch.randint(n, (n,), generator=generator) for _ in range(RESAMPLES))]
    for block in evaluation.blocks:
        if not comparable(evaluation.classes, evaluation.encoded.means[block].shape[1]):
            evaluation.report(f"no divergences of the classes in {block}: there are too many pairs")
            continue
        means, scales = (part[block].cpu() for part in (evaluation.encoded.means, evaluation.encoded.scales))
        each = [
            posterior_overlap(means[rows], scales[rows], labels[rows], evaluation.classes)
            for rows in resamples
        ]
        for name in Overlap._fields:
            least = torch.stack([_least(getattr(divergences, name)) for divergences in each])
            if least.isfinite().all():
                numbers[f"posterior_{name}_{block}"] = Estimate(least[0].item(), least[1:].std().item(), n)
    return numbers


def _least(matrix: Tensor) -> Tensor:
    """Of what a matrix `(K, K)` says of two different classes, the least; infinite where it says nothing."""
    return matrix.clone().fill_diagonal_(torch.inf).nan_to_num(nan=torch.inf, posinf=torch.inf).min()


def silhouettes(distance: Tensor, labels: Tensor, classes: int) -> Tensor:
    """(b - a) / max(a, b) of each item, `(N,)`, from distances `(N, N)`; 0 for the only one of its class.

    >>> places, labels = torch.tensor([[0.0], [1.0], [10.0], [11.0]]), torch.tensor([0, 0, 1, 1])
    >>> silhouettes(torch.cdist(places, places), labels, 2)[0].item()  # 1 from its own, 10.5 from the others
    0.9047619104385376
    """
    member = torch.nn.functional.one_hot(labels, classes).to(distance)
    total, count = distance @ member, member.sum(0)
    own = member.bool()
    others = (count[labels] - 1).clamp(min=1)
    a = total[own] / others
    b = (total / count).masked_fill(own | (count == 0), torch.inf).amin(-1)
    score = (b - a) / torch.maximum(a, b).clamp(min=1e-12)
    return torch.where((count[labels] > 1) & b.isfinite(), score, 0.0)


def same_class_neighbours(distance: Tensor, labels: Tensor) -> Tensor:
    """Share of the 10 nearest other items that have an item's label, `(N,)`, from distances `(N, N)`."""
    apart = distance.clone().fill_diagonal_(torch.inf)
    nearest = apart.topk(min(NEAREST, len(labels) - 1), largest=False).indices
    return (labels[nearest] == labels[:, None]).double().mean(-1)
