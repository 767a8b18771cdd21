"""What a dimension knows of a factor, from counts: mutual information, MIG, modularity.

Shapes: N images, D dimensions, F factors.
"""

import numpy as np
import torch
from torch import Tensor

BINS = 20
ROUNDING = 1e-12  # nats: what sums of entropies leave of none


def discretised(codes: Tensor, bins: int = BINS) -> Tensor:
    """Each dimension of codes in equal bins between its least and its greatest value.

    Args:
        codes: `(N, D)`.
        bins: how many.

    Returns:
        The bin of each value, `(N, D)`, 0 to bins - 1.

    Example:
        >>> discretised(torch.tensor([[0.0], [0.3], [1.0]]), bins=2).tolist()
        [[0], [0], [1]]
    """
    columns = [
        np.digitize(column, np.histogram_bin_edges(column, bins)[:-1]) - 1 for column in codes.numpy().T
    ]
    return torch.from_numpy(np.stack(columns, -1)).long()


def mutual_information(bins: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; f) = sum p(a, b) log(p(a, b) / (p(a) p(b))) of counts, in nats.

    Args:
        bins: the bins of D dimensions, `(N, D)`, integers from 0.
        factors: the values of F factors, `(N, F)`, integers from 0.

    Returns:
        `(D, F)` in double precision.

    Example:
        >>> a = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> mutual_information(a, a[:, :1]).exp().tolist()
        [[2.0], [1.0]]

    Source:
        Chen et al. (2018), as in disentanglement_lib (Locatello et al., 2019).
    """
    information = torch.empty(bins.shape[1], factors.shape[1], dtype=torch.float64)
    for f, values in enumerate(factors.unbind(-1)):
        size = int(values.max()) + 1
        for j, places in enumerate(bins.unbind(-1)):
            counts = torch.bincount(places * size + values, minlength=(int(places.max()) + 1) * size)
            information[j, f] = _information(counts.view(-1, size).double() / len(bins))
    return torch.where(information > ROUNDING, information, 0.0)


def _information(joint: Tensor) -> Tensor:
    """sum p(a, b) log p(a, b) / (p(a) p(b)) of a table of probabilities."""
    entropy = torch.special.entr
    return entropy(joint.sum(0)).sum() + entropy(joint.sum(1)).sum() - entropy(joint).sum()


def information_shares(codes: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; f) / H(f), the share of a factor's entropy that a dimension in 20 bins tells.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers from 0.

    Returns:
        `(D, F)`, from 0 to 1.

    Example:
        >>> codes = torch.tensor([[0.0, 5.0], [1.0, 5.0]])
        >>> information_shares(codes, torch.tensor([[0], [1]])).tolist()
        [[1.0], [0.0]]
    """
    return mutual_information(discretised(codes), factors) / entropies(factors)


# A dimension is called after a factor that it tells so much of, and so many times as much as what comes next.
CLEAR_SHARE, CLEAR_TIMES = 0.15, 2.0


def clear_factors(shares: Tensor) -> list[int | None]:
    """The factor that each dimension tells, where it is clear which: a dimension j tells f where the share s_jf = I(z_j; f) / H(f) is at
    least 0.15, at least twice that of any other factor, and at least twice that of f in any other dimension.

    Args:
        shares: `(D, F)`, from 0 to 1.

    Returns:
        The column of a factor for each dimension, or None.

    Example:
        >>> clear_factors(torch.tensor([[0.3, 0.05], [0.1, 0.14], [0.02, 0.01]]))
        [0, None, None]
    """
    found: list[int | None] = []
    for j, row in enumerate(shares):
        f = int(row.argmax())
        others = torch.cat([row[:f], row[f + 1 :], shares[:j, f], shares[j + 1 :, f]])
        least = max(CLEAR_SHARE, CLEAR_TIMES * others.max().item() if len(others) else 0.0)
        found.append(f if row[f] >= least else None)
    return found


def entropies(factors: Tensor) -> Tensor:
    """H(f) of the counts of each factor `(N, F)`, `(F,)` nats.

    Args:
        factors: `(N, F)`, integers from 0.

    Returns:
        The entropies, in double precision.

    Example:
        >>> entropies(torch.tensor([[0, 7], [1, 7]])).exp().tolist()
        [2.0, 1.0]
    """
    counts = [torch.bincount(values).double() / len(factors) for values in factors.unbind(-1)]
    return torch.stack([torch.special.entr(p).sum() for p in counts])


def mig(information: Tensor, entropy: Tensor) -> float:
    """Mutual information gap: mean_f (greatest - second of I(z_j; f)) / H(f).

    A second dimension that is not there knows nothing.

    Args:
        information: I(z_j; f), `(D, F)` nats.
        entropy: H(f), `(F,)` nats.

    Returns:
        The gap, in [0, 1].

    Example:
        >>> mig(torch.tensor([[0.75, 0.125], [0.25, 0.625]]), torch.tensor([1.0, 1.0]))
        0.5

    Source:
        Chen et al. (2018).
    """
    return (lead(information) / entropy).mean().item()


def modularity(information: Tensor) -> float:
    """mean_j 1 - sum_{f not f_j} I(z_j; f)^2 / ((F - 1) max_f I(z_j; f)^2), f_j the factor that z_j knows best.

    It is 0 for a dimension that knows none, or no more than rounding leaves (1e-12 nats): a constant
    dimension is not modular. With one factor, a dimension that knows it is modular. It asks how one-sided a
    dimension is and not how much it knows: what counts see by chance, about (values - 1) of each factor, is
    one-sided too. Noise scores .66 on the factors of sprites, .90 and more where one factor has many more
    values than the others: read it beside mig, which is 0 there.

    Args:
        information: I(z_j; f), `(D, F)` nats.

    Returns:
        The mean, in [0, 1].

    Example:
        >>> modularity(torch.tensor([[0.5, 0.0], [0.3, 0.3]]))
        0.5
        >>> modularity(torch.tensor([[0.5, 0.0], [2e-16, 0.0]]))
        0.5

    Source:
        Ridgeway & Mozer (2018), as in disentanglement_lib (Locatello et al., 2019).
    """
    squares = torch.where(information > ROUNDING, information, 0.0).square()
    best = squares.amax(1)
    others = (squares.sum(1) - best) / (best.clamp(min=1e-300) * max(1, information.shape[1] - 1))
    return torch.where(best > 0, 1 - others, 0.0).mean().item()


def lead(matrix: Tensor) -> Tensor:
    """Greatest minus second value of each column of `(D, F)`, `(F,)`."""
    best = torch.nn.functional.pad(matrix, (0, 0, 0, 1)).topk(2, dim=0).values
    return best[0] - best[1]
