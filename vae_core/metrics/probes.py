"""What a block tells of the class: logistic, k-nearest-neighbour and MLP probes, on samples and on means.

On *samples* a probe's success is information that the block carries; on *means* it may read noiseless micro-shifts that
the posterior's own noise hides. A linear probe near chance is no proof of absence, hence three of them.
"""

import warnings
from collections.abc import Collection

from torch import Tensor

from .base import Bench, Estimate

FITTED_ON = 10_000
KINDS = ("logistic", "knn", "mlp")


def probes(bench: Bench) -> dict[str, Estimate]:
    """probe_<block>_<kind>_<sample|mean>: share of the split's images whose class the probe reads from the block.

    Fitted on the encodings of the first 10,000 training images (at most; half of them where training images are tested,
    and then tested on the others), inputs standardised; scikit-learn's LogisticRegression, KNeighborsClassifier(10) and
    MLPClassifier(64, early stopping).
    """
    return probes_of(bench, bench.blocks)


def probes_of(bench: Bench, blocks: Collection[str]) -> dict[str, Estimate]:
    """The probes of some blocks."""
    fit, tested = _fit_and_tested(bench)
    found = {}
    for block in blocks:
        for what in ("sample", "mean"):
            train_codes = fit.samples[block] if what == "sample" else fit.means[block]
            codes = tested.samples[block] if what == "sample" else tested.means[block]
            for kind in KINDS:
                bench.report(f"{kind} probe on {what}s of {block}")
                right = _probe(kind, train_codes, fit.labels, codes, tested.labels, bench.seed)
                found[f"probe_{block}_{kind}_{what}"] = Estimate.share(right)
    return found


def _fit_and_tested(bench: Bench):
    if bench.data.split == "test":
        return bench.encodings(bench.train.head(FITTED_ON), purpose=4), bench.encoded
    count = min(FITTED_ON, len(bench.train) // 2)
    rest = bench.train.rows(slice(count, count + FITTED_ON))
    return bench.encodings(bench.train.head(count), purpose=4), bench.encodings(rest, purpose=5)


def _probe(
    kind: str, codes: Tensor, labels: Tensor, test_codes: Tensor, test_labels: Tensor, seed: int
) -> Tensor:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = {
        "logistic": lambda: LogisticRegression(max_iter=500),
        "knn": lambda: KNeighborsClassifier(10),
        "mlp": lambda: MLPClassifier((64,), early_stopping=True, max_iter=100, random_state=seed),
    }[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline = make_pipeline(StandardScaler(), classifier)
        pipeline.fit(codes.cpu().numpy(), labels.cpu().numpy())
    return (Tensor(pipeline.predict(test_codes.cpu().numpy())) == test_labels.cpu()).float()
