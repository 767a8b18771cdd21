"""Pictures of a checkpoint for a document, as PNG. Shapes: N observations, D dimensions, uint8 N H W (grey) or N H W 3 (colour)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from latent_explorer.pictures import pixels, to_bytes
from vae_core import Checkpoint, traverse
from vae_core.data import local_data
from vae_core.distributions import Sampler
from vae_core.explore import active_units, activity, codes_of, decode, sample
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

# So many classes, pictures beside each other, and dimensions of a block.
MOST_CLASSES, ACROSS, MOST_DIMENSIONS, STEPS = 12, 10, 8, 11
SEED = 0
GAP = 1  # pixels between pictures


class Figure(NamedTuple):
    """Rows of pictures, each with a label. `rows[i]` is `(N, H, W)` or `(N, H, W, 3)`."""

    title: str
    caption: str
    labels: list[str]
    rows: list[np.ndarray]


def figures(checkpoint: Checkpoint) -> list[Figure]:
    """What a document shows of a model: what it makes of test observations, what it draws, and what each dimension changes. Those that the
    model has not are left out."""
    if checkpoint.model.no_decoder:
        return []
    made = [samples(checkpoint), *traversals(checkpoint)]
    return [reconstructions(checkpoint), *made] if _has_atlas(checkpoint) else made


def reconstructions(checkpoint: Checkpoint) -> Figure:
    """One item of each class, or the first few, with its decoding; the originals only where the data is at hand."""
    atlas, model, kind = checkpoint.atlas, checkpoint.model, checkpoint.kind
    items = (
        [int(np.flatnonzero(atlas.labels == c)[0]) for c in np.unique(atlas.labels)] if atlas.classes else []
    )
    items = (items or list(range(min(ACROSS, len(atlas)))))[:MOST_CLASSES]
    codes = {name: torch.from_numpy(np.asarray(atlas.means[name])[items]) for name in model.latents}
    if LABEL in model.coded and LABEL not in model.latents:
        codes[LABEL] = one_hot(torch.from_numpy(atlas.labels[items]), len(atlas.classes))
    rows = {"decoded": to_bytes(decode(model, codes_of(codes)), kind)}
    own = local_data(checkpoint.card.data, atlas.split)
    if own is not None and len(own) >= len(atlas):
        rows = {"original": pixels(kind.picture(kind.shown(own.images[items]))), **rows}
    one_each = f"One {kind.one} of each class" if atlas.classes else f"The first {kind.many}"
    caption = f"{one_each} of the {atlas.split} data, decoded from the mean of its posterior."
    return Figure("Reconstructions", caption, list(rows), list(rows.values()))


def samples(checkpoint: Checkpoint) -> Figure:
    """Draws of the prior: a row a class where the model has classes."""
    model, kind = checkpoint.model, checkpoint.kind
    classes = checkpoint.signature.classes[:MOST_CLASSES] if has_label(model) else ()
    count = max(len(classes), 3)
    chosen = torch.arange(len(classes)).repeat_interleave(ACROSS)
    inputs = {LABEL: one_hot(chosen, len(checkpoint.signature.classes))} if classes else {}
    drawn = sample(model, inputs, count * ACROSS, Sampler.seeded(SEED))
    rows = list(to_bytes(drawn.unflatten(0, (-1, ACROSS)), kind))
    title = "Samples of each class" if classes else "Samples"
    caption = f"The decoder’s mean {kind.one} of latents drawn from the prior, seed {SEED}."
    return Figure(title, caption, list(classes) or [""] * len(rows), rows)


def traversals(checkpoint: Checkpoint) -> list[Figure]:
    """What each active dimension of each block changes, the most active first; the others change nothing that one could see."""
    found = []
    for block in checkpoint.model.blocks:
        order, active = _order(checkpoint, block)
        if not order:
            continue
        moved = traverse(checkpoint, latent=block, dimensions=order, steps=STEPS)
        rows = list(to_bytes(torch.from_numpy(moved), checkpoint.kind))
        of = f"{len(order)} of {checkpoint.model.sizes[block]} dimensions" if active is None else active
        classes = checkpoint.signature.classes
        start = f"mean of class {classes[0]}" if has_label(checkpoint.model) and classes else "prior’s mean"
        caption = f"From the {start}; each row moves one dimension over three standard deviations of the prior to both sides. {of}."
        found.append(Figure(f"Traversals of {block}", caption, [f"{block}[{j}]" for j in order], rows))
    return found


def _order(checkpoint: Checkpoint, block: str) -> tuple[list[int], str | None]:
    """The dimensions to show, and how many are active; by number where there are no encodings."""
    size = checkpoint.model.sizes[block]
    if not _has_atlas(checkpoint):
        return list(range(min(size, MOST_DIMENSIONS))), None
    means = torch.from_numpy(np.asarray(checkpoint.atlas.means[block]))
    count = int(active_units(means).sum())
    order = activity(means).argsort(descending=True).tolist()[: min(count, MOST_DIMENSIONS)]
    some = "" if count <= MOST_DIMENSIONS else "; the most active are shown"
    return order, f"{count} of {size} dimensions {'is' if count == 1 else 'are'} active{some}"


def _has_atlas(checkpoint: Checkpoint) -> bool:
    return (checkpoint.folder / "atlas.npz").exists()


def strip(row: np.ndarray) -> np.ndarray:
    """Pictures of a row beside each other, with white between them.

    >>> strip(np.zeros((3, 4, 5), np.uint8)).shape
    (4, 17)
    """
    white = np.full((*row.shape[1:2], GAP, *row.shape[3:]), 255, np.uint8)
    parts = [part for picture in row for part in (picture, white)]
    return np.concatenate(parts[:-1], 1)


def sheet(rows: Sequence[np.ndarray], least: int) -> np.ndarray:
    """Rows below each other as one picture of at least so many pixels' width, every pixel a square."""
    strips = [strip(row) for row in rows]
    white = np.full((GAP, *strips[0].shape[1:]), 255, np.uint8)
    whole = np.concatenate([part for each in strips for part in (each, white)][:-1], 0)
    times = max(1, -(-least // whole.shape[1]))
    return whole.repeat(times, 0).repeat(times, 1)
