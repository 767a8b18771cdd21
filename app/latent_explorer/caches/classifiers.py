"""The classifier beside a model: found, checked, and what it says of decoded items and of codes.

Shapes: N items, K classes, D latent dimensions.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from latent_explorer import CLASSIFIER_VARIABLE
from latent_explorer.caches import encodings
from latent_explorer.caches.kept import by_identity, by_identity_few
from latent_explorer.text import said
from vae_core import Checkpoint
from vae_core.explore import decode, neighbours, settled
from vae_core.graphs import GraphError
from vae_core.interchange.classifier import CLASSIFIER, Change, Classifier, least_change, read_classifier

# Items by which a classifier is checked, and the nearest ones with another answer towards which a change is looked for.
CHECKED, TOWARDS = 200, 4
# Places on either side of a plane.
PLACES = 41


class Beside(NamedTuple):
    """The classifier of a model, or why the file that was given is none."""

    classifier: Classifier | None
    reason: str = ""


def file_of(checkpoint: Checkpoint) -> Path | None:
    """The file in the checkpoint's folder, or else the one that the app was started with."""
    own, given = checkpoint.folder / CLASSIFIER, os.environ.get(CLASSIFIER_VARIABLE)
    return own if own.is_file() else Path(given) if given else None


def beside(checkpoint: Checkpoint) -> Beside | None:
    """The classifier of a model, or why there is none; None where no file is given."""
    file = file_of(checkpoint)
    if file is None:
        return None
    if reason := checkpoint.model.no_decoder:
        return Beside(None, f"it looks at what is decoded, and {reason}")
    return _beside(checkpoint, str(file), _stamp(file))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        return file.stat().st_mtime_ns, file.stat().st_size
    except OSError:
        return 0, 0


@by_identity_few
def _beside(checkpoint: Checkpoint, file: str, stamp: tuple[int, int]) -> Beside:
    items = list(range(min(CHECKED, len(checkpoint.atlas))))
    shown = decode(checkpoint.model, encodings.item_codes(checkpoint, items))
    labels = torch.from_numpy(checkpoint.atlas.labels[items])
    try:
        return Beside(read_classifier(Path(file), checkpoint.kind, checkpoint.atlas.classes, shown, labels))
    except GraphError as error:
        return Beside(None, said(error, Path(file).parent))


def answers(checkpoint: Checkpoint) -> Tensor | None:
    """p(class | decoded item), `(N, K)`, of all items of the atlas; None without a classifier."""
    file, found = file_of(checkpoint), beside(checkpoint)
    if file is None or found is None or found.classifier is None:
        return None
    return _answers(checkpoint, str(file), _stamp(file))


@by_identity_few
def _answers(checkpoint: Checkpoint, file: str, stamp: tuple[int, int]) -> Tensor:
    found = _beside(checkpoint, file, stamp).classifier
    assert found is not None
    with st.spinner("The classifier looks at every item …"):
        parts = [
            found.scores(decode(checkpoint.model, encodings.item_codes(checkpoint, items.tolist())))
            for items in np.array_split(np.arange(len(checkpoint.atlas)), -(-len(checkpoint.atlas) // 1000))
        ]
    return torch.cat(parts).exp()


def scores_of(
    checkpoint: Checkpoint, classifier: Classifier, code: dict[str, Tensor], block: str
) -> Callable[[Tensor], Tensor]:
    """log p(class) of what is decoded where a block of a code `(1, D)` takes other values `(N, D)`."""

    def scores(z: Tensor) -> Tensor:
        codes = {name: part.expand(len(z), -1) for name, part in code.items()}
        return classifier.scores(
            decode(checkpoint.model, settled(checkpoint.model, {**codes, block: z}, [block]))
        )

    return scores


def least(checkpoint: Checkpoint, code: dict[str, Tensor], block: str) -> Change | None:
    """The least change of a block of a code that alters the classifier's answer, towards the nearest items with another."""
    file = file_of(checkpoint)
    if file is None:
        return None
    rounded = tuple(
        (name, tuple(np.round(part[0].double().numpy(), 4).tolist())) for name, part in code.items()
    )
    return _least(checkpoint, rounded, block, str(file), _stamp(file))


@by_identity
def _least(
    checkpoint: Checkpoint,
    code: tuple[tuple[str, tuple[float, ...]], ...],
    block: str,
    file: str,
    stamp: tuple[int, int],
) -> Change | None:
    classifier, every = _beside(checkpoint, file, stamp).classifier, encodings.codes(checkpoint)[block][0]
    codes = {name: torch.tensor([numbers], dtype=every.dtype) for name, numbers in code}
    assert classifier is not None
    scores = scores_of(checkpoint, classifier, codes, block)
    near = every[neighbours(every, codes[block][0], 512)]
    answered = scores(torch.cat([codes[block], near])).argmax(1)
    others = near[answered[1:] != answered[0]]
    if not len(others):  # all that is near has the same answer: any that has another
        far = every[:: max(1, len(every) // 512)]
        others = far[scores(far).argmax(1) != answered[0]]
    return least_change(scores, codes[block][0], others[:TOWARDS])


class Plane(NamedTuple):
    """What the classifier says on a plane of two dimensions: places on both axes `(T,)`, the answers `(T, T)` and how probable each is."""

    across: np.ndarray
    up: np.ndarray
    answer: np.ndarray
    certainty: np.ndarray


def plane(checkpoint: Checkpoint, block: str, pair: tuple[int, int], item: int) -> Plane | None:
    """The plane of two dimensions of a block through an item, as wide as the encodings lie."""
    file, found = file_of(checkpoint), beside(checkpoint)
    if file is None or found is None or found.classifier is None:
        return None
    return _plane(checkpoint, block, pair, item, str(file), _stamp(file))


@by_identity
def _plane(
    checkpoint: Checkpoint, block: str, pair: tuple[int, int], item: int, file: str, stamp: tuple[int, int]
) -> Plane:
    classifier = _beside(checkpoint, file, stamp).classifier
    assert classifier is not None
    code, means = encodings.item_codes(checkpoint, [item]), checkpoint.atlas.means[block]
    axes = []
    for dimension in pair:
        low, high = np.quantile(means[:, dimension], [0.005, 0.995])
        rest = 0.1 * (high - low) + 1e-3
        axes.append(torch.linspace(float(low - rest), float(high + rest), PLACES))
    z = code[block].repeat(PLACES * PLACES, 1)
    z[:, pair[0]], z[:, pair[1]] = axes[0].repeat(PLACES), axes[1].repeat_interleave(PLACES)
    probable, answer = scores_of(checkpoint, classifier, code, block)(z).exp().max(1)
    side = (PLACES, PLACES)
    return Plane(
        axes[0].numpy(), axes[1].numpy(), answer.reshape(side).numpy(), probable.reshape(side).numpy()
    )
