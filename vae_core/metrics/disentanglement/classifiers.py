"""What classifiers of factors say of the dimensions: SAP and DCI.

Shapes: N images, D dimensions, F factors.
"""

import warnings

import numpy as np
import torch
from torch import Tensor

from .information import lead


def sap_matrix(codes: Tensor, factors: Tensor, test_codes: Tensor, test_factors: Tensor) -> Tensor:
    """Share of test images whose factor f a linear SVM (C = 0.01, balanced classes) names from z_j alone, `(D, F)`."""
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
    """Separated attribute predictability: mean_f greatest minus second accuracy of `(D, F)`; without a second, the greatest."""
    return lead(accuracy).mean().item()


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
