"""Values that a table lacks: rows without them, or means in their place.

Shapes: N rows, F features.
"""

from collections.abc import Sequence

import numpy as np

from ..kinds import found_types
from .mapped import Array, blocks, only, stored_of, then
from .notes import Notes, counted, listed
from .raw import Opening, Report
from .tables import chosen_types

# A feature of which a larger share than this is filled says little.
MOST_FILLED = 0.3


def with_values(
    rows: Array,
    features: Sequence[str],
    opening: Opening,
    notes: Notes,
    report: Report = lambda line: None,
) -> tuple[Array, np.ndarray]:
    """The rows that have every value, or are to be filled and have some, and which they are; NaN where a value is still to be filled.

    Raises ValueError where some are missing and are neither to be left out nor filled.
    """
    rows = then(rows, _finite)
    whole, none = [], []
    lacking, infinite = np.zeros(rows.shape[1], bool), ""
    for block in blocks(rows, report):
        missing = ~np.isfinite(block)
        infinite = " or infinite" if np.isinf(block).any() else infinite
        lacking |= missing.any(0)
        whole.append(~missing.any(1))
        none.append(missing.all(1))
    good = np.concatenate(whole) if whole else np.ones(0, bool)
    if good.all():
        return rows, np.arange(len(rows))
    columns = [features[place] for place in np.flatnonzero(lacking).tolist()]
    bad = counted(int((~good).sum()), "row")
    if not opening.skip_broken and not opening.fill_missing:
        raise ValueError(
            f"{bad} of {len(rows):,} {'has' if bad == '1 row' else 'have'} a missing{infinite} value in {listed(columns)}: "
            f"leave {'it' if bad == '1 row' else 'them'} out by --skip-broken, put means in their place by --fill-missing, "
            "or leave these columns out by --columns"
        )
    if opening.fill_missing:
        good = ~np.concatenate(none)
    kept = np.flatnonzero(good)
    if not len(kept):
        raise ValueError(
            f"every row has a missing{infinite} value, in {listed(columns)}: leave these columns out by --columns"
            + ("" if opening.fill_missing else ", or put means in their place by --fill-missing")
        )
    if left := len(rows) - len(kept):
        what = "without any value" if opening.fill_missing else "with missing values"
        notes.say(f"{counted(left, 'row')} {what} left out")
    rows = only(rows, kept)
    return (then(rows, _as_missing) if opening.fill_missing else rows), kept


def filled(
    rows: Array, train: np.ndarray, features: Sequence[str], opening: Opening, notes: Notes
) -> tuple[Array, tuple[str, ...]]:
    """The rows with means of the training rows for what is missing, and the types of the features. Of counts it is the nearest whole number,
    of what is 0 or 1 the more frequent of both.

    Raises ValueError for a feature that no training row has.
    """
    asked = chosen_types(opening.types, features)
    known = found_types(stored_of(then(rows, np.nan_to_num)))  # 0 is of every type
    types = tuple(asked.get(name, found) for name, found in zip(features, known, strict=True))
    sums, there = np.zeros(len(features)), np.zeros(len(features), np.int64)
    for block in blocks(only(rows, train)):
        sums += np.nansum(block, 0, dtype=np.float64)
        there += np.isfinite(block).sum(0)
    if not there.all():
        none = [name for name, count in zip(features, there.tolist(), strict=True) if not count]
        raise ValueError(
            f"no training row has a value of {listed(none)}: leave out by --columns what is not known"
        )
    means = sums / there
    means = np.where([kind == "real" for kind in types], means, np.rint(means)).astype(np.float32)
    _say_filled(rows, means, features, notes)
    return then(rows, lambda block: np.where(np.isnan(block), means, block)), types


def _say_filled(rows: Array, means: np.ndarray, features: Sequence[str], notes: Notes) -> None:
    lacking, touched = np.zeros(len(features), np.int64), 0
    for block in blocks(rows):
        missing = np.isnan(block)
        lacking += missing.sum(0)
        touched += int(missing.any(1).sum())
    if not touched:
        return
    by = [
        f"{features[place]} {lacking[place]:,} by {means[place]:.4g}"
        for place in np.flatnonzero(lacking).tolist()
    ]
    notes.say(
        f"{counted(int(lacking.sum()), 'missing value')} in {touched:,} of {len(rows):,} rows "
        f"{'is' if lacking.sum() == 1 else 'are'} filled by means of the training rows: {listed(by)}"
    )
    much = [features[place] for place in np.flatnonzero(lacking > MOST_FILLED * len(rows)).tolist()]
    notes.doubt(
        "what is filled was not measured, and the model takes it as if it were: spreads and the bound come out too small"
        + (
            f"; of {listed(much)} more than {MOST_FILLED:.0%} is filled: leave out such columns by --columns"
            if much
            else ", so compare with --skip-broken"
        )
    )


def _finite(block: np.ndarray) -> np.ndarray:
    return np.asarray(block, np.float32)


def _as_missing(block: np.ndarray) -> np.ndarray:
    """Infinite values as missing ones."""
    return np.where(np.isfinite(block), block, np.float32(np.nan))
