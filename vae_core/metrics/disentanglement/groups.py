"""The groups of numbers: MIG, modularity, SAP, FactorVAE and beta-VAE scores together, DCI by itself, and the tables of factors."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..base import Estimate, Evaluation, bootstrap
from .classifiers import dci_completeness, dci_disentanglement, importance_matrix, sap, sap_matrix
from .factors import PARTS, half_of, parts, represented, varying
from .information import discretised, entropies, information_shares, mig, modularity, mutual_information
from .mec import infomec_of
from .votes import betavae_right, factorvae_right

Score = Callable[[Tensor, Tensor, Tensor, Tensor], list[float]]


def disentanglement(evaluation: Evaluation) -> dict[str, Estimate]:
    """mig, modularity, sap, factorvae_score and betavae_score of the posterior means, all in [0, 1], high
    where a dimension is a factor.

    mig: mean over factors f of (I(z_j1; f) - I(z_j2; f)) / H(f), j1 and j2 the dimensions that know most of
    f (`mig`). modularity: how far each dimension knows one factor alone (`modularity`). Both from counts in
    20 bins over the whole split, with bootstrap errors; counts of N images see about (bins - 1)(values - 1)
    / (2N) nats that are not there.

    sap: mean difference of the two best dimensions' accuracies, a linear SVM each (`sap_matrix`): the mean
    of five disjoint parts of the split, 1,000 images to fit and as many to test, with the standard error
    over parts.

    factorvae_score, betavae_score: share of 5,000 groups of 64 images (pairs) with one factor in common
    whose factor is named right, by a rule from 10,000 other groups (`factorvae_votes`,
    `betavae_differences`). Groups are drawn among the split's images; the standard error is that of the
    groups, given these images.

    Args:
        evaluation: the model and its data.

    Returns:
        Each score's value, standard error and n; nothing for data whose factors are not known, or of which
            fewer than two vary; no sap of fewer than 100 images.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> disentanglement(evaluation)  # no factors are known
        {}

    Source:
        Chen et al. (2018), MIG; Ridgeway & Mozer (2018), modularity; Kumar et al. (2018), SAP; Kim & Mnih
            (2018), FactorVAE score; Higgins et al. (2017), beta-VAE score; all as in disentanglement_lib
            (Locatello et al., 2019).
    """
    if not _has_factors(evaluation):
        return {}
    codes, factors, *_ = evaluation.once(represented)
    generator, n = torch.Generator().manual_seed(evaluation.seed), len(codes)
    bins, h = discretised(codes), entropies(factors)

    def of_rows(score: Callable[[Tensor], float], rows: Tensor) -> float:
        return score(mutual_information(bins[rows], factors[rows]))

    numbers = {}
    for name, score in (("mig", partial(mig, entropy=h)), ("modularity", modularity)):
        spread = bootstrap(partial(of_rows, score), n, generator)
        numbers[name] = Estimate(of_rows(score, torch.arange(n)), spread, n)
    evaluation.report("fitting a linear SVM for each dimension and factor")
    numbers |= _over_parts(codes, factors, generator, _sap, ["sap"])
    evaluation.report("drawing groups of images with one factor in common")
    numbers["factorvae_score"] = Estimate.share(factorvae_right(codes, factors, generator))
    numbers["betavae_score"] = Estimate.share(betavae_right(codes, factors, generator))
    return numbers


def dci(evaluation: Evaluation) -> dict[str, Estimate]:
    """dci_disentanglement, dci_completeness and dci_informativeness of the posterior means, in [0, 1].

    disentanglement: mean over dimensions, weighed by their importance, of 1 minus the entropy, in units of
    log F, of what a dimension is important for. completeness: the same over factors, of which dimensions a
    factor needs. informativeness: share of factor values that the boosted trees name right on other images.
    Means of five disjoint parts of the split, 1,000 images to fit and as many to test, with the standard
    error over parts: the trees need a minute a part on sprites.

    Args:
        evaluation: the model and its data.

    Returns:
        Each score's value, standard error and n; nothing for data whose factors are not known, or of which
            fewer than two vary, and for fewer than 100 images.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> dci(evaluation)  # no factors are known
        {}

    Source:
        Eastwood & Williams (2018), as in disentanglement_lib (Locatello et al., 2019).
    """
    if not _has_factors(evaluation):
        return {}
    names = [f"dci_{part}" for part in ("disentanglement", "completeness", "informativeness")]
    scores = [
        [dci_disentanglement(importance), dci_completeness(importance), right.mean().item()]
        for importance, right in evaluation.once(_importances)
    ]
    return _of_parts(scores, names, len(evaluation.data))


def infomec(evaluation: Evaluation) -> dict[str, Estimate]:
    """infomec_modularity, infomec_explicitness and infomec_compactness of the posterior means, at most 1.

    modularity (InfoM): how far each active dimension tells one factor alone; compactness (InfoC): how far each factor is told by one active
    dimension alone (`one_of`), of shares of information by nearest neighbours. explicitness (InfoE): what a logistic regression of all
    dimensions tells of a factor. Means of five disjoint parts of the split, 2,000 images each, with the standard error over parts: the
    published numbers are of one sample of 10,000.

    Args:
        evaluation: the model and its data.

    Returns:
        Each score's value, standard error and n; nothing for data whose factors are not known, or of which
            fewer than two vary, and for fewer than 100 images.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> infomec(Evaluation(model, data, train=data))  # no factors are known
        {}

    Source:
        Hsu et al. (2023), Disentanglement via latent quantization.
    """
    if not _has_factors(evaluation):
        return {}
    codes, factors, *_ = evaluation.once(represented)
    evaluation.report("information by nearest neighbours")
    names = [f"infomec_{part}" for part in ("modularity", "explicitness", "compactness")]
    return _over_parts(codes, factors, torch.Generator().manual_seed(evaluation.seed), _infomec, names)


def _infomec(codes: Tensor, factors: Tensor, others: Tensor, of_others: Tensor) -> list[float]:
    return infomec_of(torch.cat([codes, others]), torch.cat([factors, of_others]))


def _importances(evaluation: Evaluation) -> list[tuple[Tensor, Tensor]]:
    """`importance_matrix` of each of the parts."""
    codes, factors, *_ = evaluation.once(represented)
    halves = parts(codes, factors, torch.Generator().manual_seed(evaluation.seed))
    matrices = []
    for number, half in enumerate(halves, 1):
        evaluation.report(f"fitting boosted trees for each factor, part {number} of {len(halves)}")
        matrices.append(importance_matrix(*half))
    return matrices


def factor_tables(evaluation: Evaluation, groups: Collection[str]) -> dict[str, Any]:
    """What each dimension has to do with each factor, as the measured groups have found it, for a card or a page.

    information: I(z_j; f) / H(f), the share of the factor's entropy that the dimension tells, of the group
    disentanglement (mig is the mean over factors of the greatest minus the second of a column). importance:
    of the group dci, mean over its parts, columns sum to 1.

    Args:
        evaluation: the model and its data.
        groups: the groups that have been measured, names of `METRICS`.

    Returns:
        The tables as lists `(D, F)`, the names of dimensions and factors, and n; nothing where neither
            group has measured anything.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.data import Data
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> factors = torch.stack([torch.arange(10) % 2, torch.arange(10) % 5], -1)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), (), factors)
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> found = factor_tables(evaluation, ["disentanglement"])
        >>> found["dimensions"], found["factors"], len(found["information"])
        (['z[0]', 'z[1]'], ['factor 0', 'factor 1'], 2)
    """
    if not _has_factors(evaluation):
        return {}
    codes, factors, dimensions, names = evaluation.once(represented)
    matrices: dict[str, Tensor] = {}
    if "disentanglement" in groups:
        matrices["information"] = information_shares(codes, factors)
    if "dci" in groups:
        importance = [matrix for matrix, _ in evaluation.once(_importances)]
        if importance and all(matrix.shape[1] == len(names) for matrix in importance):
            matrices["importance"] = torch.stack(importance).mean(0)
    if not matrices:
        return {}
    tables = {name: table.mul(1e5).round().div(1e5).tolist() for name, table in matrices.items()}
    return {"dimensions": dimensions, "factors": names, "n": len(codes), **tables}


def _has_factors(evaluation: Evaluation) -> bool:
    factors = evaluation.data.factors
    return factors is not None and int(varying(factors).sum()) > 1


def _over_parts(
    codes: Tensor, factors: Tensor, generator: torch.Generator, score: Score, names: list[str]
) -> dict[str, Estimate]:
    """Mean and standard error of what `score` finds in the `parts`."""
    return _of_parts([score(*half) for half in parts(codes, factors, generator)], names, len(codes))


def _of_parts(scores: list[list[float]], names: list[str], n: int) -> dict[str, Estimate]:
    """Mean and standard error of the scores of each part of n images; nothing of no parts."""
    columns = zip(names, torch.tensor(scores).unbind(-1), strict=True) if scores else []
    used = 2 * PARTS * half_of(n)
    return {name: Estimate.mean(column)._replace(n=used) for name, column in columns}


def _sap(*halves: Tensor) -> list[float]:
    return [sap(sap_matrix(*halves))]
