"""Two-dimensional maps of encodings, and the atlas of a checkpoint.

Shapes: N items, D dimensions, M new points.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .checkpoints.atlas import Arrays, Atlas, AtlasGrid
from .data import Data
from .data.notes import counted
from .data.source import shuffled
from .explore.codes import encoded_by_batch
from .model import Model
from .multirate import at, beta_grid, rates_of

JOINT = "joint"


def umap(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    """UMAP (`vae_core.umap`) of any codes `(N, D)` to `(N, 2)`; the same seed gives the same map.

    `start` is a map to begin from: a few small steps away from it, turned and scaled to lie on it (`onto`). Two items lie beside each
    other, and items that do not differ on one point: neither has neighbours to be kept.
    """
    return _laid_out(_ours, codes, seed, start)


def umap_learn(codes: np.ndarray, seed: int = 0, start: np.ndarray | None = None) -> np.ndarray:
    """`umap` by umap-learn, the reference, which compiles for about a minute in every process."""
    return _laid_out(_theirs, codes, seed, start)


# What lays out codes `(N, D)`, by a seed, beginning from a map: `umap`, unless another is given.
LayOut = Callable[..., np.ndarray]

# Neighbours of an item, with itself, and how near items come to each other on the map.
NEIGHBOURS, NEAREST = 15, 0.1

# Epochs of a map of up to so many items, and of a larger one, as umap-learn has fewer there.
FEW, EPOCHS, FEWER = 10_000, 300, 150
# And of one that begins from another, with its first step.
AGAIN, SMALL_STEP = 50, 0.3


def _laid_out(by: LayOut, codes: np.ndarray, seed: int, start: np.ndarray | None) -> np.ndarray:
    if len(codes) < 3 or not np.ptp(codes, axis=0).any():
        return _without_neighbours(codes)
    if codes.shape[1] == 1:  # where a map begins, the principal axes, are two
        codes = np.concatenate([codes, np.zeros_like(codes)], axis=1)
    if start is None or not np.ptp(start, axis=0).all():  # a point or a line is nowhere to begin
        return by(codes, seed, None)
    return onto(by(codes, seed, start), start)


def _ours(codes: np.ndarray, seed: int, start: np.ndarray | None) -> np.ndarray:
    from .umap import umap as laid_out  # scipy's optimiser takes half a second to import

    if start is None:
        epochs = EPOCHS if len(codes) <= FEW else FEWER
        return laid_out(codes, NEIGHBOURS, NEAREST, seed=seed, epochs=epochs)
    return laid_out(codes, NEIGHBOURS, NEAREST, seed=seed, epochs=AGAIN, rate=SMALL_STEP, start=start)


def _theirs(codes: np.ndarray, seed: int, start: np.ndarray | None) -> np.ndarray:
    import warnings

    from umap import UMAP

    begin: dict[str, Any] = (
        {"init": "pca"} if start is None else {"init": start, "n_epochs": AGAIN, "learning_rate": SMALL_STEP}
    )
    few = min(NEIGHBOURS, len(codes) - 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value")
        projection = UMAP(n_neighbors=few, min_dist=NEAREST, random_state=seed, **begin)
        return np.asarray(projection.fit_transform(codes), dtype=np.float32)


def _without_neighbours(codes: np.ndarray) -> np.ndarray:
    """Two items beside each other, and items that do not differ on one point."""
    places = np.zeros((len(codes), 2), dtype=np.float32)
    if len(codes) < 3:
        places[:, 0] = np.arange(len(codes))
    return places


def onto(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The map `(N, 2)` shifted, turned and mirrored to lie as near as it can to another of the same items (Procrustes), at its size.

    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> np.allclose(onto(3 * square[:, ::-1] + 5, square), square)
    True
    """
    a, b = moving.mean(0), fixed.mean(0)
    left, _, right = np.linalg.svd((moving - a).T @ (fixed - b))
    scale = np.linalg.norm(fixed - b) / np.linalg.norm(moving - a)
    return (scale * (moving - a) @ left @ right + b).astype(moving.dtype)


def place(new: np.ndarray, codes: np.ndarray, coordinates: np.ndarray, k: int = 8) -> np.ndarray:
    """Places `(M, 2)` of new codes `(M, D)` on the map of `codes` `(N, D)` at `coordinates` `(N, 2)`.

    The mean of the coordinates of the k nearest codes, weighted by inverse distance: a code of the map lands on itself.

    >>> place(np.array([[0.0]]), np.array([[0.0], [1.0]]), np.array([[2.0, 3.0], [9.0, 9.0]]), k=2).round(2).tolist()
    [[2.0, 3.0]]
    """
    a, b = (torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)) for part in (new, codes))
    each = max(1, PLACED_AT_ONCE // len(b))
    return np.concatenate([_placed(part, b, b.square().sum(1), coordinates, k) for part in a.split(each)])


# Distances that are held at a time: 64 MB of them.
PLACED_AT_ONCE = 2**24


def _placed(new: Tensor, codes: Tensor, squares: Tensor, coordinates: np.ndarray, k: int) -> np.ndarray:
    """|b|^2 - 2 a b orders codes b as their distance from a does."""
    order = torch.addmm(squares, new, codes.T, alpha=-2)
    nearest = order.topk(min(k, len(codes)), largest=False).indices
    weights = 1 / ((new[:, None] - codes[nearest]).norm(dim=-1) + 1e-6)
    weights = (weights / weights.sum(-1, keepdim=True)).numpy()
    return (weights[:, :, None] * coordinates[nearest.numpy()]).sum(1)


def placed_beside(
    codes: np.ndarray, rows: np.ndarray, coordinates: np.ndarray, report: Callable[[str], None]
) -> np.ndarray:
    """The map `(N, 2)` of codes `(N, D)` of which `rows` `(m,)` have coordinates `(m, 2)` and the others are placed beside them."""
    found = np.empty((len(codes), 2), np.float32)
    found[rows] = coordinates
    others = np.setdiff1d(np.arange(len(codes)), rows, assume_unique=True)
    each = -(-len(others) // 10)
    for start in range(0, len(others), max(1, each)):
        report(f"placing {len(others):,} items beside them, {start / len(others):.0%}")
        part = others[start : start + each]
        found[part] = place(codes[part], codes[rows], coordinates)
    return found


def aligned(
    codes: Sequence[np.ndarray], places: np.ndarray, seed: int = 0, lay_out: LayOut | None = None
) -> list[np.ndarray]:
    """Maps `(N, 2)` of the same items at each point of a grid, codes `(N, D)` each, on which an item keeps its place.

    `places` `(R, K)` is where they stand, the log betas. A map of the one nearest to the middle is where all begin: that point itself,
    so that all end alike, and each other where its nearest neighbour, nearer to the middle, has ended. Against UMAPs that are fitted
    alone and AlignedUMAP: `python -m benchmarks.moving_maps`.
    """
    lay_out = lay_out or umap
    middle, *others = np.linalg.norm(places - places.mean(0), axis=1).argsort(kind="stable").tolist()
    start = lay_out(codes[middle], seed)
    maps = {middle: start if not others else lay_out(codes[middle], seed, start=start)}
    for point in others:
        done = list(maps)
        near = done[int(np.linalg.norm(places[done] - places[point], axis=1).argmin())]
        maps[point] = lay_out(codes[point], seed, start=maps[near])
    return [maps[point] for point in range(len(codes))]


@torch.no_grad()
def make_atlas(
    model: Model,
    data: Data,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
    training: int = 0,
    most: int | None = None,
    lay_out: LayOut | None = None,
) -> AtlasGrid:
    """Encode `data` (the noise of its pixels drawn once, from `seed`) and project each block and all of them together; a multi-rate
    model at each point of a grid of betas, each block alone. The first `training` images are said to be training images.

    UMAP places all items up to 100,000; of more it places 50,000, or `most`, drawn by the seed, and the others are placed beside their
    nearest neighbours among those (`place`). `umap` lays out, or `umap_learn`, where it is given. Raises ValueError for `most` below two.
    """
    grid = beta_grid(model, POINTS.get(len(rates_of(model)), 1)) or [{}]
    labels = data.labels.cpu().numpy()
    rows = _mapped(len(labels), most, seed)
    encodings = []
    for betas in grid:
        report("encoding" + "".join(f", beta({block}) = {beta:g}" for block, beta in betas.items()))
        encodings.append(_encoded(at(model, betas), data, seed))
    places = np.array([[math.log(beta) for beta in betas.values()] for betas in grid])
    maps: dict[str, list[np.ndarray]] = {}
    for name in model.blocks:
        codes = [means[name] for means, _ in encodings]
        count = len(labels) if rows is None else len(rows)
        report(
            f"UMAP of {name}: {counted(count, 'item')}, {counted(codes[0].shape[1], 'dimension')}, {counted(len(codes), 'map')}"
        )
        maps[name] = _maps(codes, places, rows, seed, report, lay_out)
    if len(grid) == 1 and len(maps) > 1:
        report(f"UMAP of all {len(maps)} blocks")
        joint = np.concatenate([encodings[0][0][name] for name in model.blocks], axis=1)
        maps[JOINT] = _maps([joint], places, rows, seed, report, lay_out)
    atlases = tuple(
        Atlas(
            means,
            scales,
            {name: each[point] for name, each in maps.items()},
            labels,
            data.classes,
            training,
            rows,
        )
        for point, (means, scales) in enumerate(encodings)
    )
    return AtlasGrid({block: np.array([betas[block] for betas in grid]) for block in grid[0]}, atlases)


@torch.no_grad()
def plain_atlas(model: Model, data: Data, seed: int = 0) -> AtlasGrid:
    """Encode `data`, and place it by the two principal axes of each block: for items that no map is to be made of."""
    means, scales = _encoded(model, data, seed)
    maps = {name: _axes(means[name]) for name in model.blocks}
    maps[JOINT] = _axes(np.concatenate([means[name] for name in model.blocks], axis=1))
    return AtlasGrid({}, (Atlas(means, scales, maps, data.labels.cpu().numpy(), data.classes),))


def _axes(codes: np.ndarray) -> np.ndarray:
    """The two principal components of codes `(N, D)`, `(N, 2)`; 0 along what a single dimension lacks."""
    centred = codes - codes.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    places = (centred @ axes[:2].T).astype(np.float32)
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


# Up to so many items UMAP places itself; of more it places this many.
MOST_MAPPED, MAPPED = 100_000, 50_000


def _mapped(items: int, most: int | None, seed: int) -> np.ndarray | None:
    """The items that UMAP places, `(m,)` in increasing order; None for all."""
    if most is not None and most < 2:
        raise ValueError(f"a map is made of two items at least, got {most}")
    if items <= (MOST_MAPPED if most is None else most):
        return None
    return np.sort(shuffled(items, seed)[: most or MAPPED].numpy())


def _maps(
    codes: Sequence[np.ndarray],
    places: np.ndarray,
    rows: np.ndarray | None,
    seed: int,
    report: Callable[[str], None],
    lay_out: LayOut | None,
) -> list[np.ndarray]:
    """`aligned` maps of all items, or of some and the others placed beside them."""
    if rows is None:
        return aligned(codes, places, seed, lay_out)
    maps = aligned([each[rows] for each in codes], places, seed, lay_out)
    return [placed_beside(each, rows, own, report) for each, own in zip(codes, maps, strict=True)]


# Rungs of each block, by the number of blocks that have a rate.
POINTS = {1: 7, 2: 3}


def _encoded(model: Model, data: Data, seed: int) -> tuple[Arrays, Arrays]:
    """Posterior means and scales of each latent, `(N, D)`."""
    batches = data.scored_by(model).to(model.device).batches(1000, seed)
    means, scales, _ = (
        {name: part[name].cpu().numpy() for name in model.latents if name in part}
        for part in encoded_by_batch(model, batches, len(data))
    )
    return means, scales
