"""What classifiers of factors say of the dimensions: SAP and DCI.

Shapes: N images, D dimensions, F factors.
"""

import warnings

import numpy as np
import torch
from torch import Tensor

from .information import lead


def sap_matrix(codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor) -> Tensor:
    """Share of test images whose factor f a linear SVM (C = 0.01, balanced classes) names from z_j alone.

    Args:
        codes: to fit on, `(N, D)`.
        factors: their factors `(N, F)`, integers from 0.
        test_codes: to test on, `(M, D)`.
        test_factors: their factors `(M, F)`.

    Returns:
        Accuracies `(D, F)`.

    Raises:
        ValueError: where a factor has one value among those to fit on.

    Example:
        >>> codes = torch.tensor([[-9.0, 0.0], [9.0, 0.0]]).repeat(5, 1)
        >>> factors = torch.tensor([[0], [1]]).repeat(5, 1)
        >>> sap_matrix(codes, factors, codes, factors).tolist()
        [[1.0], [0.5]]

    Source:
        Kumar, Sattigeri & Balakrishnan (2018), in the form of Locatello et al. (2019).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    accuracy = torch.empty(codes.shape[1], factors.shape[1], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for j in range(codes.shape[1]):
            one, test_one = codes[:, j : j + 1].numpy(), test_codes[:, j : j + 1].numpy()
            for f in range(factors.shape[1]):
                classifier = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
                guess = classifier.fit(one, factors[:, f].numpy()).predict(test_one)
                accuracy[j, f] = (torch.from_numpy(guess) == test_factors[:, f]).double().mean()
    return accuracy


def sap(accuracy: Tensor) -> float:
    """Separated attribute predictability: mean_f of the greatest minus the second accuracy of `(D, F)`;
    without a second, the greatest.

    Args:
        accuracy: of each dimension for each factor, `(D, F)` (`sap_matrix`).

    Returns:
        The score, in [0, 1].

    Example:
        >>> sap(torch.tensor([[1.0, 0.5], [0.5, 0.75]]))
        0.375

    Source:
        Kumar, Sattigeri & Balakrishnan (2018).
    """
    return lead(accuracy).mean().item()


def importance_matrix(
    codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor
) -> tuple[Tensor, Tensor]:
    """What dimension j matters for factor f to gradient-boosted trees, and how often they are right.

    scikit-learn's GradientBoostingClassifier as it comes (100 rounds, depth 3), one a factor.

    Args:
        codes: to fit on, `(N, D)`.
        factors: their factors `(N, F)`, integers from 0.
        test_codes: to test on, `(M, D)`.
        test_factors: their factors `(M, F)`.

    Returns:
        Importance `(D, F)`, whose columns sum to 1, or to 0 where no tree split; and the share of right
            test images, `(F,)`.

    Raises:
        ValueError: where a factor has one value among those to fit on.

    Example:
        >>> codes = torch.tensor([[-9.0, 0.0], [9.0, 0.0]]).repeat(5, 1)
        >>> factors = torch.tensor([[0], [1]]).repeat(5, 1)
        >>> importance, right = importance_matrix(codes, factors, codes, factors)
        >>> importance.tolist(), right.tolist()
        ([[1.0], [0.0]], [1.0])

    Source:
        Eastwood & Williams (2018), in the form of Locatello et al. (2019).
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
    """sum_j w_j (1 - H_F(importance of z_j over factors)) of an importance `(D, F)`, in [0, 1].

    w_j is the share of z_j in all importance, and H_F the entropy to base F.

    Args:
        importance: of dimensions for factors, `(D, F)`, not negative.

    Returns:
        The score; 1 for one factor.

    Example:
        >>> round(dci_disentanglement(torch.eye(2)), 4), round(dci_disentanglement(torch.ones(2, 2)), 4)
        (1.0, 0.0)

    Source:
        Eastwood & Williams (2018).
    """
    return _concentration(importance)


def dci_completeness(importance: Tensor) -> float:
    """sum_f w_f (1 - H_D(importance for f over dimensions)) of an importance `(D, F)`, in [0, 1].

    w_f is the share of f in all importance, and H_D the entropy to base D.

    Args:
        importance: of dimensions for factors, `(D, F)`, not negative.

    Returns:
        The score; 1 for one dimension.

    Example:
        >>> round(dci_completeness(torch.eye(2)), 4), round(dci_completeness(torch.ones(2, 2)), 4)
        (1.0, 0.0)

    Source:
        Eastwood & Williams (2018).
    """
    return _concentration(importance.mT)


def _concentration(rows: Tensor) -> float:
    """1 - entropy of each row, to the base of its length, weighed by the rows' sums; one column has nothing to spread over: 1."""
    if rows.shape[1] == 1:
        return 1.0
    share = (rows + 1e-11) / (rows + 1e-11).sum(1, keepdim=True)
    each = 1 - torch.special.entr(share).sum(1) / np.log(rows.shape[1])
    weights = rows.sum(1) if rows.sum() > 0 else torch.ones(len(rows), dtype=rows.dtype)
    return (each * weights / weights.sum()).sum().item()
