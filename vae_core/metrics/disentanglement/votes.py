"""Groups of images with one factor in common, and how often their factor is named: FactorVAE and beta-VAE scores.

Shapes: N images, D dimensions, F factors, V votes.
"""

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

VOTES, TESTED_VOTES, VOTE_IMAGES = 10_000, 5_000, 64
LEAST_SCALE = 0.05  # a dimension whose standard deviation is below has no say in the FactorVAE score


def sharing(factors: Tensor, chosen: Tensor, items: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """For each of some items, random rows that have its value of a chosen factor, drawn with replacement.

    All rows count alike: on a full grid this is drawing the other factors uniformly.

    Args:
        factors: of all rows, `(N, F)`, integers from 0.
        chosen: which factor is shared, `(V,)`.
        items: rows, `(V,)`.
        size: how many are drawn for each.
        generator: of the draws.

    Returns:
        Rows, `(V, size)`.

    Example:
        >>> factors = torch.tensor([[0], [1], [1]])
        >>> sharing(factors, torch.tensor([0]), torch.tensor([0]), 3, torch.Generator().manual_seed(0)).tolist()
        [[0, 0, 0]]
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
    """The factor that 64 images share, and the dimension whose variance among them is least of its variance in all.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        votes: how many groups, V.
        generator: of the draws.
        least: a dimension whose standard deviation over all images is below this does not vote.

    Returns:
        The factor and the dimension of each group, `(V,)` each.

    Raises:
        ValueError: where no dimension is left to vote.

    Example:
        >>> factors = torch.cartesian_prod(torch.arange(3), torch.arange(3))
        >>> chosen, dimension = factorvae_votes(factors.float(), factors, 20, torch.Generator().manual_seed(0))
        >>> bool((chosen == dimension).all())  # each dimension is a factor
        True

    Source:
        Kim & Mnih (2018), as in disentanglement_lib (Locatello et al., 2019).
    """
    variance = codes.double().var(0)
    alive = (variance.sqrt() >= least) & (variance > 0)
    if not alive.any():
        raise ValueError("no dimension of the representation varies")
    places, groups = codes.double()[:, alive] / variance[alive].sqrt(), []
    for chosen, items in _groups(factors, votes, generator):
        rows = sharing(factors, chosen, items, VOTE_IMAGES, generator)
        groups.append((chosen, places[rows].var(1).argmin(-1)))
    chosen, quietest = (torch.cat(column) for column in zip(*groups, strict=True))
    return chosen, alive.nonzero()[quietest, 0]


def factorvae_right(codes: Tensor, factors: Tensor, generator: torch.Generator) -> Tensor:
    """Which of 5,000 votes name their factor by majority among 10,000 others; their mean is the FactorVAE score.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        generator: of the draws.

    Returns:
        0 or 1 for each vote, `(V,)`; 0 throughout where no dimension is alive.

    Example:
        >>> factors = torch.tensor([[0], [1]])
        >>> factorvae_right(torch.zeros(2, 1), factors, torch.Generator().manual_seed(0)).mean().item()
        0.0

    Source:
        Kim & Mnih (2018).
    """
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
    """The factor that the two images of each of 64 pairs share, and mean |z - z'| over the pairs.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        votes: how many groups of 64 pairs, V.
        generator: of the draws.

    Returns:
        The factor of each group, `(V,)`, and its mean difference, `(V, D)`.

    Example:
        >>> factors = torch.cartesian_prod(torch.arange(3), torch.arange(3))
        >>> chosen, apart = betavae_differences(factors.float(), factors, 5, torch.Generator().manual_seed(0))
        >>> apart.gather(1, chosen[:, None]).flatten().tolist()  # none in the dimension that is shared
        [0.0, 0.0, 0.0, 0.0, 0.0]

    Source:
        Higgins et al. (2017), as in disentanglement_lib (Locatello et al., 2019).
    """
    groups = []
    for chosen, _ in _groups(factors, votes, generator):
        first = torch.randint(len(codes), (len(chosen) * VOTE_IMAGES,), generator=generator)
        second = sharing(factors, chosen.repeat_interleave(VOTE_IMAGES), first, 1, generator)[:, 0]
        apart = (codes[first] - codes[second]).abs().unflatten(0, (-1, VOTE_IMAGES)).mean(1)
        groups.append((chosen, apart))
    chosen, apart = (torch.cat(column) for column in zip(*groups, strict=True))
    return chosen, apart


def betavae_right(codes: Tensor, factors: Tensor, generator: torch.Generator) -> Tensor:
    """Which of 5,000 differences a logistic regression on 10,000 others gives to their factor; their mean is the beta-VAE score.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.
        generator: of the draws.

    Returns:
        0 or 1 for each difference, `(V,)`.

    Raises:
        ValueError: where there is one factor only.

    Example:
        >>> factors = torch.cartesian_prod(torch.arange(2), torch.arange(2))
        >>> betavae_right(factors.float(), factors, torch.Generator().manual_seed(0)).mean().item()
        1.0

    Source:
        Higgins et al. (2017).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    chosen, apart = betavae_differences(codes, factors, VOTES + TESTED_VOTES, generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier = LogisticRegression().fit(apart[:VOTES].numpy(), chosen[:VOTES].numpy())
    return (torch.from_numpy(classifier.predict(apart[VOTES:].numpy())) == chosen[VOTES:]).float()
