"""Maps on which an item keeps its place as beta moves: `python -m benchmarks.moving_maps` (the bundled mr-vae-mnist unless given).

The first test images are encoded at each beta and projected in three ways: UMAPs fitted alone (each turned and scaled onto the one before,
which is kind to them), umap-learn's AlignedUMAP, and ours (`projections.aligned`). Trustworthiness (15 neighbours, Venna & Kaski, 2001)
is the mean over the betas on the first 2,000 items; the step is the mean way of an item from a beta to the next, in units of the spread of
the map (root mean square distance from its centre). The table goes to benchmarks/results/moving_maps.json.
"""

import argparse
import itertools
import json
import math
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_core.checkpoints import bundled, load
from vae_core.data import load_data
from vae_core.explore import encode
from vae_core.multirate import at, beta_grid
from vae_core.projections import aligned, onto, umap

RESULTS = Path(__file__).parent / "results" / "moving_maps.json"
JUDGED, NEIGHBOURS = 2000, 15

Maps = list[np.ndarray]


def alone(codes: Maps) -> Maps:
    found = [umap(codes[0])]
    for part in codes[1:]:
        found.append(onto(umap(part), found[-1]))
    return found


def aligned_umap(codes: Maps) -> Maps:
    from umap import AlignedUMAP

    same = [{i: i for i in range(len(codes[0]))}] * (len(codes) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(AlignedUMAP(random_state=0).fit(codes, relations=same).embeddings_)


def spread(map_: np.ndarray) -> float:
    return float(np.sqrt(np.square(map_ - map_.mean(0)).sum(1).mean()))


def measured(name: str, make: Callable[[Maps], Maps], codes: Maps) -> dict[str, Any]:
    from sklearn.manifold import trustworthiness

    started = time.perf_counter()
    maps = make(codes)
    seconds = time.perf_counter() - started
    trust = [
        trustworthiness(code[:JUDGED], map_[:JUDGED], n_neighbors=NEIGHBOURS)
        for code, map_ in zip(codes, maps, strict=True)
    ]
    steps = [float(np.linalg.norm(a - b, axis=1).mean()) / spread(a) for a, b in itertools.pairwise(maps)]
    row = {
        "name": name,
        "trustworthiness": round(float(np.mean(trust)), 4),
        "step": round(float(np.mean(steps)), 3),
        "seconds": round(seconds, 1),
    }
    print(
        f"{name:14} trustworthiness {row['trustworthiness']:.4f}   step {row['step']:.3f} spreads   {seconds:5.0f} s",
        flush=True,
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, default=bundled().get("mr-vae-mnist"))
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--rungs", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = load(asked.checkpoint)
    grid = beta_grid(checkpoint.model, asked.rungs)
    data = load_data(checkpoint.card.data.name, "test").head(asked.items).scored_by(checkpoint.model)
    block = next(iter(grid[0]))
    images = next(data.batches(len(data), 0))
    codes = [encode(at(checkpoint.model, betas), images)[block].mean.numpy() for betas in grid]
    places = np.array([[math.log(betas[name]) for name in betas] for betas in grid])
    umap(codes[0][:300])  # compiles
    rows = [
        measured("alone", alone, codes),
        measured("AlignedUMAP", aligned_umap, codes),
        measured("ours", lambda codes: aligned(codes, places), codes),
    ]
    found = {
        "checkpoint": checkpoint.name,
        "block": block,
        "items": asked.items,
        "rungs": len(grid),
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
