"""The registry of metrics and the one call that measures them all."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..checkpoints import Checkpoint, opened
from ..data import Data, Dataset, check_same, data_of
from ..data.at_hand import dataset_of
from ..distributions import check_seed
from ..model import Model
from ..multirate import at, rates_of
from ..names import LABEL
from ..plugins import Registry
from .aggregate import rate_decomposition, two_sample
from .base import Estimate, Evaluation, Report
from .calibration import calibration
from .classes import bayes_accuracy, by_oracle
from .coverage import prior_coverage
from .disentanglement import dci, disentanglement, factor_tables, infomec
from .evidence import active, components, elbo_terms, importance_bound, noise
from .gaps import inference_gaps
from .holes import prior_holes
from .probes import probes
from .retrieval import style_found
from .separation import posterior_separation, prior_separation
from .style import style_kept

Metric = Callable[[Evaluation], dict[str, Estimate]]

# Groups of numbers that are measured together. Metrics that do not apply return {}.
METRICS: Registry[Metric] = Registry(
    "metric",
    "latent_explorer.metrics",
    {
        "elbo": elbo_terms,
        "importance": importance_bound,
        "active": active,
        "noise": noise,
        "components": components,
        "bayes": bayes_accuracy,
        "calibration": calibration,
        "priors": prior_separation,
        "probes": probes,
        "judged": by_oracle,
        "style": style_kept,
        "retrieval": style_found,
        "rate": rate_decomposition,
        "holes": prior_holes,
        "coverage": prior_coverage,
        "posteriors": posterior_separation,
        "disentanglement": disentanglement,
        "two-sample": two_sample,
        "dci": dci,
        "infomec": infomec,
        "gaps": inference_gaps,
    },
    callable,
    "a function of an Evaluation",
)

# What is measured unless groups are named. Asked for by name: whatever others have registered, the two-sample tests, which fit a classifier a block (aggregate_kl of the
# rate group says how far the aggregate posterior is from the prior, in nats), DCI, whose boosted trees take minutes, and InfoMEC.
DEFAULT: tuple[str, ...] = (
    *("elbo", "importance", "active", "noise", "components", "bayes", "calibration", "priors", "probes"),
    *("judged", "style", "retrieval", "rate", "holes", "coverage", "posteriors", "disentanglement"),
)


# Groups about the bound and the prior: those of the model as it was trained, whatever stands in on pages.
OF_THE_BOUND = frozenset({"elbo", "importance", "gaps", "noise", "components", "rate", "holes", "coverage"})

# And those that mean nothing without a bound, without posteriors, or without a decoder.
NEED_A_BOUND, NEED_POSTERIORS, NEED_A_DECODER = (
    frozenset({"elbo", "importance", "gaps", "noise"}),
    frozenset({"rate", "holes"}),
    frozenset({"judged", "style", "retrieval"}),
)


def evaluate(
    checkpoint: Checkpoint | Path | str,
    data: Any = None,
    split: str = "test",
    *,
    y: Any = None,
    beta: float | Mapping[str, float] | None = None,
    limit: int | None = None,
    seed: int = 0,
    metrics: Collection[str] = DEFAULT,
    report: Report = lambda line: None,
) -> dict[str, Estimate]:
    """Measure a checkpoint on a split of some data, or on observations that are at hand.

    Args:
        checkpoint: the checkpoint, its folder, or the name of a bundled one.
        data: a data set, or its name, folder or file; the checkpoint's own unless given. Or observations, as `Checkpoint.encode` takes
            them: probes are then fitted to one half of them and tested on the other.
        split: "test", "train" or "all".
        y: of observations that are at hand the class of each, by name or number.
        beta: where a multi-rate model is measured, unless where it stands: one number, or one for each
            block.
        limit: measure that many of the split's images, chosen at random by the seed.
        seed: of all noise.
        metrics: groups of numbers, names of `METRICS`.
        report: told what is going on.

    Returns:
        Each number's value, standard error and n by name: nats, bits and shares, as `NUMBERS` says.

    Raises:
        ValueError: for an unknown data set, split or metric, a limit below 2, or a seed that is none; for
            other data under the name of its own, and data of another shape or other classes; and for a beta
            of a model that was trained for one.

    Example:
        >>> import numpy as np
        >>> from vae_core.checkpoints import load
        >>> from vae_core.data import data_from
        >>> checkpoint = load("ppca-mnist")
        >>> images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
        >>> data = data_from(images, 2 * list(checkpoint.card.data.classes))
        >>> evaluate(checkpoint, data, metrics=["active"])["active_units_z"].n
        10
    """
    return measure(
        evaluation_of(opened(checkpoint), data, split, y=y, beta=beta, limit=limit, seed=seed, report=report),
        metrics,
    )


def measure(evaluation: Evaluation, metrics: Collection[str] = DEFAULT) -> dict[str, Estimate]:
    """The numbers of some groups; what several of them need is computed once.

    Args:
        evaluation: the model and its data.
        metrics: names of `METRICS`.

    Returns:
        Each number's value, standard error and n, by name.

    Raises:
        ValueError: for no group, or an unknown one; what a metric raises is raised too.

    Example:
        >>> from vae_core.data import Data
        >>> import torch
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> list(measure(evaluation, ["active"]))
        ['active_units_z']
    """
    numbers: dict[str, Estimate] = {}
    for group in measure_each(evaluation, metrics):
        if group.error:
            raise group.error
        numbers |= group.numbers
    return numbers


class Measured(NamedTuple):
    """What one group gave: numbers and tables of factors; or, where it failed, neither, and why.

    Attributes:
        group: a name of `METRICS`.
        numbers: each number's value, standard error and n, by name.
        tables: the tables of factors (`factor_tables`).
        error: what the metric raised; None where it went well.

    Example:
        >>> Measured("active", {"active_units_z": Estimate(2.0, 0.0, 100)}, {}).error is None
        True
    """

    group: str
    numbers: dict[str, Estimate]
    tables: dict[str, Any]
    error: Exception | None = None


def measure_each(evaluation: Evaluation, metrics: Collection[str] = DEFAULT) -> Iterator[Measured]:
    """One group after the other, in the order of the registry, whatever becomes of the others.

    Args:
        evaluation: the model and its data.
        metrics: names of `METRICS`.

    Returns:
        What each group gave, as it is measured.

    Raises:
        ValueError: for no group, or an unknown one.

    Example:
        >>> from vae_core.data import Data
        >>> import torch
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> [(measured.group, measured.error) for measured in measure_each(evaluation, ["active"])]
        [('active', None)]
    """
    check_groups(metrics)
    return (_measured(evaluation, group) for group in METRICS if group in metrics)


def _measured(evaluation: Evaluation, group: str) -> Measured:
    evaluation.report(f"measuring {group}")
    try:
        if reason := lacks(evaluation.model, group):
            evaluation.report(f"no {group}: {reason}")
            return Measured(group, {}, {})
        asked = evaluation.as_trained if group in OF_THE_BOUND else evaluation
        return Measured(group, _numbers(group, asked), factor_tables(asked, [group]))
    except Exception as error:  # whatever a metric raises, the numbers of the others are kept
        return Measured(group, {}, {}, error)


def _numbers(group: str, evaluation: Evaluation) -> dict[str, Estimate]:
    """What a metric gives. Raises TypeError for what is no number with an error and a count by name."""
    found = METRICS[group](evaluation)
    if not (isinstance(found, Mapping) and all(isinstance(number, Estimate) for number in found.values())):
        raise TypeError(
            f"the metric {group} gives {type(found).__name__}, and a metric gives Estimates by name"
        )
    return dict(found)


def lacks(model: Model, group: str) -> str:
    """Why a group means nothing for a model.

    Args:
        model: the model.
        group: a name of `METRICS`.

    Returns:
        A sentence; empty where it means something.

    Example:
        >>> from vae_core.checkpoints import load
        >>> lacks(load("ppca-mnist").model, "elbo")
        ''
    """
    return (
        (group in NEED_A_BOUND and model.no_bound)
        or (group in NEED_POSTERIORS and model.no_posterior)
        or (group in NEED_A_DECODER and model.no_decoder)
        or ""
    )


def check_groups(metrics: Collection[str]) -> None:
    """Refuses groups that cannot be measured.

    Args:
        metrics: names of `METRICS`.

    Raises:
        ValueError: for no group, or an unknown one.

    Example:
        >>> check_groups(["elbo", "active"])
        >>> check_groups(["mig"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: no metric is called mig: choose from elbo, importance, ...
    """
    if not metrics:
        raise ValueError(f"no metric is named: choose from {', '.join(METRICS)}")
    if unknown := set(metrics) - set(METRICS):
        raise ValueError(
            f"no metric is called {', '.join(sorted(unknown))}: choose from {', '.join(METRICS)}"
        )


def evaluation_of(
    checkpoint: Checkpoint,
    data: Any = None,
    split: str = "test",
    *,
    y: Any = None,
    beta: float | Mapping[str, float] | None = None,
    limit: int | None = None,
    seed: int = 0,
    report: Report = lambda line: None,
) -> Evaluation:
    """What `evaluate` measures: the checkpoint's model, at a beta, beside a split of some data.

    Images of no known class are left out, where there are others.

    Args:
        checkpoint: the checkpoint.
        data: a data set, or its name, folder or file; the checkpoint's own unless given; or observations.
        split: "test", "train" or "all".
        y: of observations the class of each, by name or number.
        beta: where a multi-rate model is measured, unless where it stands: one number, or one for each
            block.
        limit: take that many of the split's images, chosen at random by the seed.
        seed: of all noise.
        report: told what is going on.

    Returns:
        The evaluation, its data as the model scores them.

    Raises:
        ValueError: as `evaluate` does, but for its metrics.

    Example:
        >>> import numpy as np
        >>> from vae_core.checkpoints import load
        >>> from vae_core.data import data_from
        >>> checkpoint = load("ppca-mnist")
        >>> images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
        >>> data = data_from(images, 2 * list(checkpoint.card.data.classes))
        >>> len(evaluation_of(checkpoint, data).data), len(evaluation_of(checkpoint, data, "all", limit=5).data)
        (10, 5)
    """
    check_seed(seed)
    if beta is not None and not rates_of(checkpoint.model):
        raise ValueError(f"{checkpoint.name} was trained for one beta: leave out --beta")
    told = checkpoint.card.data
    if data is None or isinstance(data, str | Path | Dataset):
        dataset = data_of(told, data or checkpoint.own_data, report)
    else:
        signature = checkpoint.signature
        dataset, split = dataset_of(data, y, signature.kind, signature.classes, told.opened), "train"
    held = dataset.split(split).subset(limit, seed)
    if checkpoint.no_data:  # a model of no classes may be measured on data that have some
        held = held.unlabelled()
    if len(held) < 2:
        raise ValueError("a standard error needs at least 2 images: give a larger limit")
    _check_fit(checkpoint, held)
    device = checkpoint.model.device
    train = held if split == "train" else dataset.split("train")
    train = train.unlabelled() if checkpoint.no_data else train
    for part in (held, train):
        if part.name == told.name:
            check_same(told, part.told.fingerprints)
    held, train = (of_known_class(part, report, checkpoint.model) for part in (held, train))
    held, train = (part.scored_by(checkpoint.model).to(device) for part in (held, train))
    model = checkpoint.model if beta is None else at(checkpoint.model, beta)
    return Evaluation(model, held, train, seed, report)


def of_known_class(data: Data, report: Report, model: Model) -> Data:
    """Without the images whose class nobody knows, where there are others: what is measured by class would take them for the first.

    Raises ValueError where no class is known and the model cannot encode or decode without one.
    """
    if data.known is not None and not data.known.any() and LABEL in {*model.encoder_reads, *model.coded}:
        raise ValueError(
            f"the class of none of the {len(data):,} {data.split} {data.kind.many} is known, and this model reads it: give labels, or choose "
            "another split"
        )
    if data.known is None or data.known.all() or not data.known.any():
        return data
    report(f"{int((~data.known).sum()):,} {data.split} images of no known class are left out")
    return data.rows(data.known)


def _check_fit(checkpoint: Checkpoint, data: Data) -> None:
    made = checkpoint.signature
    if not made.kind.fits(data.kind) or data.classes != made.classes:
        raise ValueError(
            f"{checkpoint.name} was made for {made.kind.many} of {' x '.join(map(str, made.shape))} in {len(made.classes)} classes, "
            f"and {data.name} is not that: evaluate it on {checkpoint.card.data.name}"
        )
