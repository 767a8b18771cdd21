"""What a block tells of the class: logistic, k-nearest-neighbour and MLP probes, on samples and on means.

On *samples* a probe's success is information that the block carries; on *means* it may read noiseless micro-shifts that
the posterior's own noise hides. A linear probe near chance is no proof of absence, hence three of them.
"""

import warnings
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from .base import Bench, Estimate, mlp_classifier

FITTED_ON = 10_000
KINDS = ("logistic", "knn", "mlp")
PROBABILISTIC = ("logistic", "mlp")


def probes(bench: Bench) -> dict[str, Estimate]:
    """probe_<block>_<kind>_<sample|mean>: share of the split's images whose class the probe reads from the block.

    class_information_<block>_<logistic|mlp>: H(y) minus the probe's cross-entropy on samples, nats, a lower bound of I(y; z) in
    expectation (`class_information`); below 0 it says nothing. An upper bound of I(y; z) is the block's rate, where its prior
    does not read the class.

    Fitted on the encodings of the first 10,000 training images (at most; half of them where training images are tested,
    and then tested on the others), inputs standardised; scikit-learn's LogisticRegression, KNeighborsClassifier(10) and
    MLPClassifier(64, early stopping; `base.mlp_classifier`). Nothing where those images are of fewer than two classes.
    """
    return probes_of(bench, bench.blocks)


def probes_of(bench: Bench, blocks: Collection[str]) -> dict[str, Estimate]:
    """The probes of some blocks."""
    if not bench.tells_apart("probes"):
        return {}
    fit, tested = _fit_and_tested(bench)
    if len(fit.labels.unique()) < 2:
        bench.report("no probes: the images that they are fitted on are of one class")
        return {}
    found = {}
    for block in blocks:
        for what in ("sample", "mean"):
            train_codes = fit.samples[block] if what == "sample" else fit.means[block]
            codes = tested.samples[block] if what == "sample" else tested.means[block]
            for kind in KINDS:
                bench.report(f"{kind} probe on {what}s of {block}")
                probe = _fitted(kind, train_codes, fit.labels, bench.seed)
                found[f"probe_{block}_{kind}_{what}"] = Estimate.share(_right(probe, codes, tested.labels))
                if what == "sample" and kind in PROBABILISTIC:
                    log_q = _log_q(probe, codes, len(train_codes), bench.classes)
                    nats = class_information(log_q, tested.labels.cpu())
                    found[f"class_information_{block}_{kind}"] = Estimate.mean(nats)
    return found


def _fit_and_tested(bench: Bench):
    if bench.data.split == "test":
        return bench.encodings(bench.train.head(FITTED_ON), purpose=4), bench.encoded
    count = min(FITTED_ON, len(bench.train) // 2)
    rest = bench.train.rows(slice(count, count + FITTED_ON))
    return bench.encodings(bench.train.head(count), purpose=4), bench.encodings(rest, purpose=5)


def class_information(log_q: Tensor, labels: Tensor) -> Tensor:
    """log q(y|z) - log f(y) for each image `(N,)`, f the frequencies of the labels `(N,)` themselves, of log q(y|z) `(N, K)`.

    Their mean is H(y) - cross-entropy <= I(y; z) in expectation, for any q that was not fitted on these images: I(y; z) minus
    E KL(p(y|z) || q(y|z)) (Barber & Agakov, 2003), and the entropy of frequencies is at most H(y).

    >>> labels = torch.tensor([0, 1, 0, 1])
    >>> class_information(torch.eye(2)[labels].log(), labels).mean().item()  # a probe that knows: log 2
    0.6931471824645996
    """
    frequencies = torch.bincount(labels, minlength=log_q.shape[1]) / len(labels)
    return log_q.gather(1, labels[:, None])[:, 0] - frequencies.to(log_q)[labels].log()


def _fitted(kind: str, codes: Tensor, labels: Tensor, seed: int) -> Any:
    """A probe of this kind, a pipeline of scikit-learn's."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = {
        "logistic": lambda: LogisticRegression(max_iter=500),
        "knn": lambda: KNeighborsClassifier(min(10, len(codes))),
        "mlp": lambda: mlp_classifier(labels, seed),
    }[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(StandardScaler(), classifier)
        return pipeline.fit(codes.cpu().numpy(), labels.cpu().numpy())


def _right(probe: Any, codes: Tensor, labels: Tensor) -> Tensor:
    return (Tensor(probe.predict(codes.cpu().numpy())) == labels.cpu()).float()


def _log_q(probe: Any, codes: Tensor, fitted: int, classes: int) -> Tensor:
    """The probe's log q(y|z), `(N, K)`, mixed with K / (n + K) of the uniform, so that what n images never showed is not impossible."""
    q = torch.zeros(len(codes), classes, dtype=torch.float64)
    q[:, torch.from_numpy(probe.classes_)] = torch.from_numpy(
        probe.predict_proba(codes.cpu().numpy())
    ).double()
    return ((fitted * q + 1) / (fitted + classes)).log()
