"""InfoMEC: modularity, explicitness and compactness in information (Hsu et al., 2023).

Shapes: N images, D dimensions, F factors.
"""

import math

import numpy as np
import torch
from torch import Tensor

# A dimension whose range is a smaller part of the widest one's is not active.
INACTIVE = 1 / 20
# Neighbours of the estimate of mutual information (Ross, 2014).
NEAREST = 10


def shares_told(codes: Tensor, factors: Tensor) -> Tensor:
    """I(z_j; f) / H(f) of continuous z_j, I by nearest neighbours (Ross, 2014), with no bins.

    Args:
        codes: `(N, D)`, no column constant.
        factors: `(N, F)`, integers, no column constant.

    Returns:
        `(D, F)`, 0 or more; sampling lets it pass 1 a little.

    Example:
        >>> codes = torch.linspace(0, 1, 400)[:, None]
        >>> told = shares_told(codes, (codes > 0.5).long())
        >>> 0.9 < told.item() < 1.1
        True

    Source:
        Hsu et al. (2023), Disentanglement via latent quantization.
    """
    from sklearn.feature_selection import mutual_info_classif

    z = ((codes - codes.mean(0)) / codes.std(0, correction=0)).double().numpy()
    found = []
    for values in factors.T.numpy():
        p = np.unique(values, return_counts=True)[1] / len(values)
        told = mutual_info_classif(  # its stubs know no bool
            z,
            values,
            discrete_features=False,  # type: ignore[arg-type]
            n_neighbors=NEAREST,
            random_state=0,
        )
        found.append(told / -(p * np.log(p)).sum())
    return torch.from_numpy(np.stack(found, -1))


def one_of(shares: Tensor) -> float:
    """(mean over rows of max / sum - 1 / K) / (1 - 1 / K) of shares `(R, K)`: 1 where each row has one entry, 0 where all are equal. A row
    of nothing is like one of equal entries.

    Args:
        shares: `(R, K)`, 0 or more.

    Returns:
        The mean, in [0, 1]; 1 where there is one column.

    Example:
        >>> one_of(torch.eye(3)), one_of(torch.ones(2, 4)), one_of(torch.zeros(2, 4))
        (1.0, 0.0, 0.0)

    Source:
        Hsu et al. (2023): of NMI, dimensions by factors it is InfoM, factors by dimensions InfoC.
    """
    columns = shares.shape[1]
    if columns == 1:
        return 1.0
    shares = shares.double()
    total = shares.sum(1)
    share = torch.where(total > 0, shares.amax(1) / total, 1 / columns)
    return ((share.mean() - 1 / columns) / (1 - 1 / columns)).item()


def explicitness(codes: Tensor, factors: Tensor) -> float:
    """Mean over factors of 1 - H(f | z) / log K: how much of a factor a multinomial logistic regression of all dimensions tells of the same
    images, its values weighed equally and without a penalty. log K is what it is left with where it reads nothing.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers, no column constant.

    Returns:
        The mean, at most 1.

    Example:
        >>> codes = torch.linspace(-1, 1, 100)[:, None]
        >>> explicitness(codes, (codes > 0).long()) > 0.98
        True

    Source:
        Hsu et al. (2023): InfoE.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    spread = codes.std(0, correction=0)
    z = ((codes - codes.mean(0)) / torch.where(spread > 0, spread, 1.0)).double().numpy()
    told = []
    for values in factors.T.numpy():
        model = LogisticRegression(C=math.inf, class_weight="balanced", max_iter=100).fit(z, values)
        left = log_loss(values, model.predict_proba(z), labels=model.classes_)
        told.append(1 - left / math.log(len(model.classes_)))
    return float(np.mean(told))


def infomec_of(codes: Tensor, factors: Tensor) -> list[float]:
    """InfoM, InfoE and InfoC of posterior means and factors.

    Args:
        codes: `(N, D)`.
        factors: `(N, F)`, integers, no column constant.

    Returns:
        The three; modularity and compactness of the active dimensions, explicitness of all. 0, 0 and 0 where all are constant.

    Example:
        >>> factors = torch.cartesian_prod(torch.arange(10), torch.arange(10)).repeat(4, 1)
        >>> [round(value, 1) for value in infomec_of(factors + torch.rand(400, 2) / 10, factors)]
        [1.0, 1.0, 1.0]
    """
    reach = codes.amax(0) - codes.amin(0)
    active = reach > INACTIVE * reach.max()
    if not active.any():
        return [0.0, 0.0, 0.0]
    shares = shares_told(codes[:, active], factors)
    return [one_of(shares), explicitness(codes, factors), one_of(shares.T)]
