"""How the dimensions of a representation go with the known factors of the data: MIG, modularity, SAP, DCI, FactorVAE and beta-VAE scores.

The definitions are those of disentanglement_lib (Locatello et al., 2019). The representation is the posterior means of all blocks, side
by side. Shapes: N images, D dimensions, F factors, V votes, L images a vote.
"""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data import Data
from .base import Bench, Estimate, bootstrap

BINS = 20
VOTES, TESTED_VOTES, VOTE_IMAGES = 10_000, 5_000, 64
ROUNDING = 1e-12  # nats: what sums of entropies leave of none
LEAST_SCALE = 0.05  # a dimension whose standard deviation is below has no say in the FactorVAE score
PARTS, PART_IMAGES = 5, 1000

Score = Callable[[Tensor, Tensor, Tensor, Tensor], list[float]]


class Representation(NamedTuple):
    """Codes `(N, D)` and factors `(N, F)`, integers from 0, with the names of the columns of both."""

    codes: Tensor
    factors: Tensor
    dimensions: list[str]
    names: list[str]


def represented(bench: Bench) -> Representation:
    """The `representation` of the split's images."""
    return representation({block: bench.encoded.means[block] for block in bench.blocks}, bench.data)


def representation(means: Mapping[str, Tensor], data: Data) -> Representation:
    """Posterior means of the blocks `(N, D)` of the data's images, side by side, and the factors that vary among these; on the CPU.

    Raises ValueError for data without known factors.
    """
    if data.factors is None:
        raise ValueError(f"the factors of {data.name} are not known: choose sprites")
    factors = data.factors.cpu()
    kept = varying(factors)
    names = data.factor_names or tuple(f"factor {f}" for f in range(len(kept)))
    return Representation(
        torch.cat([*means.values()], -1).cpu(),
        factors[:, kept],
        [f"{block}[{j}]" for block, mean in means.items() for j in range(mean.shape[1])],
        [name for name, keep in zip(names, kept.tolist(), strict=True) if keep],
    )


def varying(factors: Tensor) -> Tensor:
    """Which factors `(N, F)` take more than one value, `(F,)` bool."""
    return (factors != factors[0]).any(0)


def disentanglement(bench: Bench) -> dict[str, Estimate]:
    """mig, modularity, sap, factorvae_score, betavae_score of the posterior means, all in [0, 1], high where a dimension is a factor.

    mig: mean over factors f of (I(z_j1; f) - I(z_j2; f)) / H(f), j1 and j2 the dimensions that know most of f (`mig`; Chen et al., 2018).
    modularity: how far each dimension knows one factor alone (`modularity`; Ridgeway & Mozer, 2018). Both from counts in 20 bins
    over the whole split, with bootstrap errors; counts of N images see about (bins - 1)(values - 1) / (2N) nats that are not there.
    sap: mean difference of the two best dimensions' accuracies, a linear SVM each (`sap_matrix`; Kumar et al., 2018): the mean of five
    disjoint parts of the split, 1,000 images to fit and as many to test, with the standard error over parts.
    factorvae_score, betavae_score: share of 5,000 groups of 64 images (pairs) with one factor in common whose factor is named right, by
    a rule from 10,000 other groups (`factorvae_votes`, Kim & Mnih, 2018; `betavae_differences`, Higgins et al., 2017). Groups are drawn
    among the split's images; the standard error is that of the groups, given these images.
    Nothing for data whose factors are not known, or of which fewer than two vary; no sap of fewer than 100 images.
    """
    if not _has_factors(bench):
        return {}
    codes, factors, *_ = bench.once(represented)
    generator, n = torch.Generator().manual_seed(bench.seed), len(codes)
    bins, h = discretised(codes), entropies(factors)

    def of_rows(score: Callable[[Tensor], float], rows: Tensor) -> float:
        return score(mutual_information(bins[rows], factors[rows]))

    found = {}
    for name, score in (("mig", partial(mig, entropy=h)), ("modularity", modularity)):
        spread = bootstrap(partial(of_rows, score), n, generator)
        found[name] = Estimate(of_rows(score, torch.arange(n)), spread, n)
    bench.report("fitting a linear SVM for each dimension and factor")
    found |= _over_parts(codes, factors, generator, _sap, ["sap"])
    bench.report("drawing groups of images with one factor in common")
    found["factorvae_score"] = Estimate.share(factorvae_right(codes, factors, generator))
    found["betavae_score"] = Estimate.share(betavae_right(codes, factors, generator))
    return found


def dci(bench: Bench) -> dict[str, Estimate]:
    """dci_disentanglement, dci_completeness, dci_informativeness of the posterior means (Eastwood & Williams, 2018; `importance_matrix`).

    disentanglement: mean over dimensions, weighed by their importance, of 1 minus the entropy, in units of log F, of what a dimension
    is important for. completeness: the same over factors, of which dimensions a factor needs. informativeness: share of factor values
    that the boosted trees name right on other images. Means of five disjoint parts of the split, 1,000 images to fit and as many to
    test, with the standard error over parts: the trees need a minute a part on sprites. Nothing for data whose factors are not known,
    or of which fewer than two vary, and for fewer than 100 images.
    """
    if not _has_factors(bench):
        return {}
    names = [f"dci_{part}" for part in ("disentanglement", "completeness", "informativeness")]
    scores = [
        [dci_disentanglement(importance), dci_completeness(importance), right.mean().item()]
        for importance, right in bench.once(_importances)
    ]
    return _of_parts(scores, names, len(bench.data))


def _importances(bench: Bench) -> list[tuple[Tensor, Tensor]]:
    """`importance_matrix` of each of the parts."""
    codes, factors, *_ = bench.once(represented)
    halves = parts(codes, factors, torch.Generator().manual_seed(bench.seed))
    found = []
    for number, half in enumerate(halves, 1):
        bench.report(f"fitting boosted trees for each factor, part {number} of {len(halves)}")
        found.append(importance_matrix(*half))
    return found


def factor_tables(bench: Bench, groups: Collection[str]) -> dict[str, Any]:
    """What each dimension has to do with each factor, as the measured groups have found it, for a card or a page: lists `(D, F)`.

    information: I(z_j; f) / H(f), the share of the factor's entropy that the dimension tells, of the group disentanglement (mig is the
    mean over factors of the greatest minus the second of a column); importance: of the group dci, mean over its parts, columns sum to 1.
    Also the names of dimensions and factors, and n. Nothing where neither group has measured anything.
    """
    if not _has_factors(bench):
        return {}
    codes, factors, dimensions, names = bench.once(represented)
    found: dict[str, Tensor] = {}
    if "disentanglement" in groups:
        found["information"] = information_shares(codes, factors)
    if "dci" in groups:
        importance = [matrix for matrix, _ in bench.once(_importances)]
        if importance and all(matrix.shape[1] == len(names) for matrix in importance):
            found["importance"] = torch.stack(importance).mean(0)
    if not found:
        return {}
    tables = {name: table.mul(1e5).round().div(1e5).tolist() for name, table in found.items()}
    return {"dimensions": dimensions, "factors": names, "n": len(codes), **tables}


def _has_factors(bench: Bench) -> bool:
    factors = bench.data.factors
    return factors is not None and int(varying(factors).sum()) > 1


def _over_parts(
    codes: Tensor, factors: Tensor, generator: torch.Generator, score: Score, names: list[str]
) -> dict[str, Estimate]:
    """Mean and standard error of what `score` finds in the `parts`."""
    return _of_parts([score(*half) for half in parts(codes, factors, generator)], names, len(codes))


def _of_parts(scores: list[list[float]], names: list[str], n: int) -> dict[str, Estimate]:
    """Mean and standard error of the scores of each part of n images; nothing of no parts."""
    columns = zip(names, torch.tensor(scores).unbind(-1), strict=True) if scores else []
    used = 2 * PARTS * _half(n)
    return {name: Estimate.mean(column)._replace(n=used) for name, column in columns}


def _half(n: int) -> int:
    """Images to fit on, and to test on, in each part of n."""
    return min(PART_IMAGES, n // (2 * PARTS))


def parts(
    codes: Tensor, factors: Tensor, generator: torch.Generator
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Five disjoint random parts: codes and factors to fit on, then to test on, 1,000 images each or what there is; none of fewer
    than 100 images. A factor that does not vary among those to fit on is left out."""
    half = _half(len(codes))
    if half < 10:
        return []
    order = torch.randperm(len(codes), generator=generator)[: 2 * PARTS * half]
    found = []
    for fitted, tested in (rows.split(half) for rows in order.split(2 * half)):
        kept = varying(factors[fitted])
        found.append((codes[fitted], factors[fitted][:, kept], codes[tested], factors[tested][:, kept]))
    return found


# Counts


def discretised(codes: Tensor, bins: int = BINS) -> Tensor:
    """Each dimension in equal bins between its least and its greatest value, `(N, D)` in 0 to bins - 1."""
    columns = [
        np.digitize(column, np.histogram_bin_edges(column, bins)[:-1]) - 1 for column in codes.numpy().T
    ]
    return torch.from_numpy(np.stack(columns, -1)).long()


def mutual_information(bins: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; f) of counts, nats, `(D, F)`, of integers `(N, D)` and `(N, F)` from 0.

    >>> a = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> mutual_information(a, a[:, :1]).exp().tolist()
    [[2.0], [1.0]]
    """
    found = torch.empty(bins.shape[1], factors.shape[1], dtype=torch.float64)
    for f, values in enumerate(factors.unbind(-1)):
        size = int(values.max()) + 1
        for j, places in enumerate(bins.unbind(-1)):
            counts = torch.bincount(places * size + values, minlength=(int(places.max()) + 1) * size)
            found[j, f] = _information(counts.view(-1, size).double() / len(bins))
    return torch.where(found > ROUNDING, found, 0.0)


def _information(joint: Tensor) -> Tensor:
    """sum p(a, b) log p(a, b) / (p(a) p(b)) of a table of probabilities."""
    entropy = torch.special.entr
    return entropy(joint.sum(0)).sum() + entropy(joint.sum(1)).sum() - entropy(joint).sum()


def information_shares(codes: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; f) / H(f) of codes in 20 bins, `(D, F)`, of `(N, D)` and `(N, F)`."""
    return mutual_information(discretised(codes), factors) / entropies(factors)


def entropies(factors: Tensor) -> Tensor:
    """H(f) of the counts of each factor, nats, `(F,)`."""
    counts = [torch.bincount(values).double() / len(factors) for values in factors.unbind(-1)]
    return torch.stack([torch.special.entr(p).sum() for p in counts])


def mig(information: Tensor, entropy: Tensor) -> float:
    """Mutual information gap: mean_f (greatest - second) / H(f) of `(D, F)`; a second dimension that is not there knows nothing.

    >>> mig(torch.tensor([[0.75, 0.125], [0.25, 0.625]]), torch.tensor([1.0, 1.0]))
    0.5
    """
    return (_lead(information) / entropy).mean().item()


def modularity(information: Tensor) -> float:
    """mean_j 1 - sum_{f not f_j} I(z_j; f)^2 / ((F - 1) max_f I(z_j; f)^2), f_j the factor that z_j knows best; 0 where it knows none,
    or no more than rounding leaves (1e-12 nats): a constant dimension is not modular.

    With one factor, a dimension that knows it is modular. It asks how one-sided a dimension is and not how much it knows: what counts see
    by chance, about (values - 1) of each factor, is one-sided too. Noise scores .66 on the factors of sprites, .90 and more where one
    factor has many more values than the others: read it beside mig, which is 0 there.

    >>> modularity(torch.tensor([[0.5, 0.0], [0.3, 0.3]]))
    0.5
    >>> modularity(torch.tensor([[0.5, 0.0], [2e-16, 0.0]]))
    0.5
    """
    squares = torch.where(information > ROUNDING, information, 0.0).square()
    best = squares.amax(1)
    others = (squares.sum(1) - best) / (best.clamp(min=1e-300) * max(1, information.shape[1] - 1))
    return torch.where(best > 0, 1 - others, 0.0).mean().item()


def _lead(matrix: Tensor) -> Tensor:
    """Greatest minus second value of each column of `(D, F)`, `(F,)`."""
    best = torch.nn.functional.pad(matrix, (0, 0, 0, 1)).topk(2, dim=0).values
    return best[0] - best[1]


# Classifiers of factors


def sap_matrix(codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor) -> Tensor:
    """Share of test images whose factor f a linear SVM (C = 0.01, balanced classes) names from z_j alone, `(D, F)`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    found = torch.empty(codes.shape[1], factors.shape[1], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for j in range(codes.shape[1]):
            one, test_one = codes[:, j : j + 1].numpy(), test_codes[:, j : j + 1].numpy()
            for f in range(factors.shape[1]):
                classifier = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
                guess = classifier.fit(one, factors[:, f].numpy()).predict(test_one)
                found[j, f] = (torch.from_numpy(guess) == test_factors[:, f]).double().mean()
    return found


def sap(accuracy: Tensor) -> float:
    """Separated attribute predictability: mean_f greatest minus second accuracy of `(D, F)`; without a second, the greatest."""
    return _lead(accuracy).mean().item()


def _sap(*halves: Tensor) -> list[float]:
    return [sap(sap_matrix(*halves))]


def importance_matrix(
    codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor
) -> tuple[Tensor, Tensor]:
    """What dimension j matters for factor f to gradient-boosted trees, `(D, F)`, and their share of right test images, `(F,)`.

    scikit-learn's GradientBoostingClassifier as it comes (100 rounds, depth 3), one a factor; a column sums to 1, or to 0 where no
    tree split.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    importance, right = [], []
    for f in range(factors.shape[1]):
        trees = GradientBoostingClassifier(random_state=0).fit(codes.numpy(), factors[:, f].numpy())
        importance.append(torch.from_numpy(trees.feature_importances_).abs())
        guess = torch.from_numpy(trees.predict(test_codes.numpy()))
        right.append((guess == test_factors[:, f]).double().mean())
    return torch.stack(importance, -1), torch.stack(right)


def dci_disentanglement(importance: Tensor) -> float:
    """sum_j w_j (1 - H_F(importance of z_j over factors)), w_j the share of z_j in all importance, entropy to base F, of `(D, F)`."""
    return _concentration(importance)


def dci_completeness(importance: Tensor) -> float:
    """sum_f w_f (1 - H_D(importance for f over dimensions)), w_f the share of f in all importance, entropy to base D, of `(D, F)`."""
    return _concentration(importance.mT)


def _concentration(rows: Tensor) -> float:
    """1 - entropy of each row, to the base of its length, weighed by the rows' sums; one column has nothing to spread over: 1."""
    if rows.shape[1] == 1:
        return 1.0
    share = (rows + 1e-11) / (rows + 1e-11).sum(1, keepdim=True)
    each = 1 - torch.special.entr(share).sum(1) / np.log(rows.shape[1])
    weights = rows.sum(1) if rows.sum() > 0 else torch.ones(len(rows), dtype=rows.dtype)
    return (each * weights / weights.sum()).sum().item()


# Groups of images with one factor in common


def sharing(factors: Tensor, chosen: Tensor, items: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """For each of `items` `(V,)`, `size` random rows that have its value of the `chosen` factor `(V,)`: `(V, size)`, with replacement.

    All rows count alike: on a full grid this is drawing the other factors uniformly.
    """
    uniform = torch.rand(len(items), size, generator=generator, dtype=torch.float64)
    rows = torch.empty(len(items), size, dtype=torch.long)
    for f, values in enumerate(factors.unbind(-1)):
        mine = chosen == f
        order, counts = values.argsort(), torch.bincount(values)
        value = values[items[mine]]
        first = (counts.cumsum(0) - counts)[value]
        rows[mine] = order[first[:, None] + (uniform[mine] * counts[value, None]).long()]
    return rows


def _groups(factors: Tensor, votes: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """A factor for each vote, and an image, some hundreds of votes at a time."""
    for some in torch.arange(votes).split(500):
        yield (
            torch.randint(factors.shape[1], (len(some),), generator=generator),
            torch.randint(len(factors), (len(some),), generator=generator),
        )


def factorvae_votes(
    codes: Tensor, factors: Tensor, votes: int, generator: torch.Generator, least: float = LEAST_SCALE
) -> tuple[Tensor, Tensor]:
    """The factor that 64 images share, and the dimension whose variance among them is least of its variance in all: `(V,)` each.

    A dimension whose standard deviation over all images is below `least` does not vote. Raises ValueError where none is left.
    """
    variance = codes.double().var(0)
    alive = (variance.sqrt() >= least) & (variance > 0)
    if not alive.any():
        raise ValueError("no dimension of the representation varies")
    places, found = codes.double()[:, alive] / variance[alive].sqrt(), []
    for chosen, items in _groups(factors, votes, generator):
        rows = sharing(factors, chosen, items, VOTE_IMAGES, generator)
        found.append((chosen, places[rows].var(1).argmin(-1)))
    chosen, quietest = (torch.cat(column) for column in zip(*found, strict=True))
    return chosen, alive.nonzero()[quietest, 0]


def factorvae_right(codes: Tensor, factors: Tensor, generator: torch.Generator) -> Tensor:
    """Which of the tested votes name their factor by majority among the others, 0 or 1, `(V,)`; none where no dimension is alive."""
    try:
        chosen, dimension = factorvae_votes(codes, factors, VOTES + TESTED_VOTES, generator)
    except ValueError:
        return torch.zeros(TESTED_VOTES)
    table = torch.zeros(codes.shape[1], factors.shape[1])
    table.index_put_((dimension[:VOTES], chosen[:VOTES]), torch.ones(VOTES), accumulate=True)
    return (table.argmax(1)[dimension[VOTES:]] == chosen[VOTES:]).float()


def betavae_differences(
    codes: Tensor, factors: Tensor, votes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The factor that the two images of each of 64 pairs share, `(V,)`, and mean |z - z'| over the pairs, `(V, D)`."""
    found = []
    for chosen, _ in _groups(factors, votes, generator):
        first = torch.randint(len(codes), (len(chosen) * VOTE_IMAGES,), generator=generator)
        second = sharing(factors, chosen.repeat_interleave(VOTE_IMAGES), first, 1, generator)[:, 0]
        apart = (codes[first] - codes[second]).abs().unflatten(0, (-1, VOTE_IMAGES)).mean(1)
        found.append((chosen, apart))
    chosen, apart = (torch.cat(column) for column in zip(*found, strict=True))
    return chosen, apart


def betavae_right(codes: Tensor, factors: Tensor, generator: torch.Generator) -> Tensor:
    """Which of the tested differences a logistic regression on the others gives to their factor, 0 or 1, `(V,)`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    chosen, apart = betavae_differences(codes, factors, VOTES + TESTED_VOTES, generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = LogisticRegression().fit(apart[:VOTES].numpy(), chosen[:VOTES].numpy())
    return (torch.from_numpy(classifier.predict(apart[VOTES:].numpy())) == chosen[VOTES:]).float()
