"""UDR: how well trainings of one method agree with each other, dimension by dimension, without any factor (Duan et al., 2020).

Shapes: N images, the same for all; D and D' active dimensions of two trainings.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# A dimension with less of KL(q(z_j|x) || p(z_j)), mean nats over images, is not active, as in the paper.
ACTIVE = 0.01


def rank_correlations(codes: Tensor, others: Tensor) -> Tensor:
    """|Spearman's rank correlation| of each dimension of one code with each of another, `(D, D')`.

    Args:
        codes: `(N, D)`, no column constant.
        others: `(N, D')`, of the same images.

    Returns:
        Of 0 to 1.

    Example:
        >>> codes = torch.tensor([[0.0, 3.0], [1.0, 1.0], [2.0, 2.0]])
        >>> rank_correlations(codes, codes.exp()).tolist()
        [[1.0, 0.5], [0.5, 1.0]]

    Source:
        Duan et al. (2020), UDR_S.
    """

    from scipy.stats import rankdata  # takes a second to import, on the way to the first page

    def standard(z: Tensor) -> np.ndarray:
        ranks = rankdata(z.double().cpu().numpy(), axis=0)
        centred = ranks - ranks.mean(0)
        return centred / np.sqrt((centred**2).sum(0))

    return torch.from_numpy(np.abs(standard(codes).T @ standard(others)).round(12))


def agreement(similarity: Tensor) -> float:
    """(sum_b r_b^2 / R_b + sum_a r_a^2 / R_a) / (D + D'): r the largest entry of each column and row, R their sums.

    Args:
        similarity: R, `(D, D')`, 0 or more, of active dimensions.

    Returns:
        1 where each dimension has one that is its own but for sign, order and scale; 0 where one side has no active dimension.

    Example:
        >>> agreement(torch.eye(3)), agreement(torch.full((2, 2), 0.5)), agreement(torch.zeros(0, 3))
        (1.0, 0.25, 0.0)

    Source:
        Duan et al. (2020), Unsupervised model selection for variational disentangled representation learning, equation 3.
    """
    if not similarity.numel():
        return 0.0
    found = [
        (similarity.amax(dim) ** 2 / similarity.sum(dim).clamp(min=torch.finfo(similarity.dtype).tiny)).sum()
        for dim in (0, 1)
    ]
    return (sum(found) / sum(similarity.shape)).item()  # type: ignore[union-attr]


def udr(codes: Sequence[Tensor]) -> list[float]:
    """UDR of each training: the median of its agreement with the others of the same method and options.

    Args:
        codes: of each training the posterior means of its active dimensions, `(N, D_i)`.

    Returns:
        One number for each.

    Raises:
        ValueError: for fewer than two trainings.

    Example:
        >>> z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> turned = z @ torch.tensor([[0.6, -0.8], [0.8, 0.6]])
        >>> [round(value, 1) for value in udr([z, -z.flip(1), turned])]
        [0.7, 0.7, 0.4]

    Source:
        Duan et al. (2020), arXiv 1905.12614.
    """
    if len(codes) < 2:
        raise ValueError("UDR compares trainings of several seeds: give two or more")
    pairs = [[agreement(rank_correlations(one, other)) for other in codes] for one in codes]
    return [float(np.median([value for j, value in enumerate(row) if j != i])) for i, row in enumerate(pairs)]
