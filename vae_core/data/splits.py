"""Which rows are for training and which for testing.

Shapes: N rows.
"""

import numpy as np

from .labels import Labels
from .notes import Notes, counted
from .raw import TEST, TRAIN
from .source import shuffled

SEED = 0


def divided(
    split: np.ndarray | None,
    labels: Labels,
    share: float,
    notes: Notes,
    *,
    ordered: bool = False,
    shuffled_already: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows to train on, shuffled by a fixed seed, and those to test on.

    By `split` ("train" or "test" for each row) where that is given, else `share` of each class to test, drawn by the fixed seed. Images whose
    class is not known are for training, where there are others. Test rows keep their order if that is one file's. Raises ValueError for fewer than
    two rows.
    """
    count = len(labels.numbers)
    if count < 2:
        raise ValueError(
            f"there is one {notes.kind.one}, and it takes some to train and others to test: give more"
        )
    tests = _given(split, notes) if split is not None else None
    own = tests is not None
    if tests is None:
        tests = _stratified(labels, share)
        each = f"{share:.0%} of each class" if labels.classes else f"{share:.0%}"
        notes.say(f"no split is given: {each} kept for testing, drawn by a fixed seed")
    if labels.known is not None and (moved := tests & ~labels.known).any():
        notes.say(
            f"{counted(int(moved.sum()), f'test {notes.kind.one}')} of no known class counted to the training {notes.kind.many}"
        )
        tests = tests & labels.known
    if tests.all() or not tests.any():
        if not own and labels.classes:
            raise ValueError(
                f"no class has two {notes.kind.many}, one to train and one to test on: give more of each, "
                "or leave labels out by --label-column none"
            )
        raise ValueError(f"no {notes.kind.one} is left to train or to test on: give more of known class")
    train, test = np.flatnonzero(~tests), np.flatnonzero(tests)
    if not (own and shuffled_already):
        train = train[shuffled(len(train), SEED).numpy()]
    return train, test if own and ordered else test[shuffled(len(test), SEED).numpy()]


def _given(split: np.ndarray, notes: Notes) -> np.ndarray | None:
    """Which rows are for testing by the source's own split; None where it has one part only."""
    tests = split == TEST
    if tests.all() or not tests.any():
        notes.say(
            f"the source has {TEST if tests.all() else TRAIN} {notes.kind.many} only, so they are split here"
        )
        return None
    return tests


def _stratified(labels: Labels, share: float) -> np.ndarray:
    """A share of each class, one at least of a class of two or more; rows of unknown class stay for training."""
    tests = np.zeros(len(labels.numbers), bool)
    order = shuffled(len(tests), SEED).numpy()
    known = np.ones(len(tests), bool) if labels.known is None else labels.known
    for number in range(max(1, len(labels.classes))):
        rows = order[(labels.numbers[order] == number) & known[order]]
        tests[rows[: min(max(1, round(share * len(rows))), len(rows) - 1)]] = len(rows) > 1
    return tests
