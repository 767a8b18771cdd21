"""Two-dimensional maps of encodings, and the atlas of a checkpoint.

Shapes: N items, D dimensions, M new points.
"""

from collections.abc import Callable

import numpy as np
import torch

from .checkpoints import Atlas
from .data import Data
from .explore import blocks, encode
from .model import Model

JOINT = "joint"


def umap(codes: np.ndarray, seed: int = 0, neighbours: int = 15, min_dist: float = 0.1) -> np.ndarray:
    """UMAP (McInnes et al., 2018) of codes `(N, D)` to `(N, 2)`; the same seed gives the same map.

    umap-learn is imported here: it compiles for about a minute, which no page has to spare.
    """
    import warnings

    from umap import UMAP

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value")
        projection = UMAP(
            n_neighbors=min(neighbours, len(codes) - 1), min_dist=min_dist, random_state=seed, init="pca"
        )
        return np.asarray(projection.fit_transform(codes), dtype=np.float32)


def place(new: np.ndarray, codes: np.ndarray, coordinates: np.ndarray, k: int = 8) -> np.ndarray:
    """Places `(M, 2)` of new codes `(M, D)` on the map of `codes` `(N, D)` at `coordinates` `(N, 2)`.

    The mean of the coordinates of the k nearest codes, weighted by inverse distance: a code of the map lands on itself.

    >>> place(np.array([[0.0]]), np.array([[0.0], [1.0]]), np.array([[2.0, 3.0], [9.0, 9.0]]), k=2).round(2).tolist()
    [[2.0, 3.0]]
    """
    a, b = (torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)) for part in (new, codes))
    nearest = torch.cdist(a, b).topk(min(k, len(codes)), largest=False)
    weights = 1 / (nearest.values + 1e-6)
    weights = (weights / weights.sum(-1, keepdim=True)).numpy()
    return (weights[:, :, None] * coordinates[nearest.indices.numpy()]).sum(1)


@torch.no_grad()
def make_atlas(
    model: Model,
    data: Data,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> Atlas:
    """Encode `data` (the noise of its pixels drawn once, from `seed`) and project each block and all of them together."""
    means: dict[str, list[torch.Tensor]] = {name: [] for name in model.latents}
    scales: dict[str, list[torch.Tensor]] = {name: [] for name in model.latents}
    device = next(model.parameters()).device
    for batch in data.scored_by(model).to(device).batches(1000, seed):
        for name, q in encode(model, batch).items():
            means[name].append(q.mean.cpu())
            scales[name].append(q.stddev.cpu())
    centres = {name: torch.cat(parts).numpy() for name, parts in means.items()}
    spreads = {name: torch.cat(parts).numpy() for name, parts in scales.items()}
    coordinates = {}
    for name, codes in _with_joint({name: centres[name] for name in blocks(model)}).items():
        report(f"UMAP of {name}: {len(codes):,} items, {codes.shape[1]} dimensions")
        coordinates[name] = umap(codes, seed)
    return Atlas(centres, spreads, coordinates, data.labels.cpu().numpy(), data.classes)


def _with_joint(centres: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {**centres, JOINT: np.concatenate(list(centres.values()), axis=1)}
