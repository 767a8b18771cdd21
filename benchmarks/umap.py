"""Our UMAP beside umap-learn's: `python -m benchmarks.umap` (three bundled models unless named).

Each lays out the encodings of 10,000 test images in a process of its own, twice: the first time is that of who makes one atlas.
Trustworthiness and continuity (15 neighbours, Venna & Kaski, 2001) on the places of all items, judged on 2,000 of them; *class*: how
many of these have the class that most of their 15 neighbours on the map have. The table goes to benchmarks/results/umap.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vae_core.checkpoints import load

RESULTS = Path(__file__).parent / "results" / "umap.json"
MODELS = ("vae-mnist", "cdvae-mnist", "beta-tcvae-sprites")
KINDS = ("umap", "umap_learn")
JUDGED, NEIGHBOURS = 2000, 15


def laid_out(kind: str, model: str, repeat: int = 2) -> None:
    """What a process of its own does: prints seconds, and saves the last map."""
    codes = _codes(model)
    began = time.perf_counter()
    from vae_core import projections

    for _ in range(repeat):
        places = getattr(projections, kind)(codes)
        print(time.perf_counter() - began, flush=True)
        began = time.perf_counter()
    np.save(sys.stdout.buffer, places, allow_pickle=False)


def _codes(model: str) -> np.ndarray:
    found = load(model)
    return found.atlas.means[found.model.blocks[-1]].astype(np.float32)


def measured(kind: str, model: str) -> dict[str, float | str]:
    words = [sys.executable, "-m", "benchmarks.umap", "--lay-out", kind, model]
    printed = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout
    cold, warm, rest = printed.split(b"\n", 2)
    places = np.frombuffer(rest[rest.index(b"\n") + 1 :], np.float32).reshape(-1, 2)
    labels = torch.from_numpy(np.asarray(load(model).atlas.labels)).long()
    row = {
        "model": model,
        "by": kind.replace("_", "-"),
        **judged(torch.from_numpy(_codes(model)), torch.from_numpy(places.copy()), labels),
        "cold_seconds": round(float(cold), 1),
        "warm_seconds": round(float(warm), 1),
    }
    print("  ".join(f"{value:>18}" for value in row.values()), flush=True)
    return row


def judged(codes: Tensor, places: Tensor, labels: Tensor) -> dict[str, float]:
    chosen = torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))[:JUDGED]
    in_codes, on_map = (_others(each, chosen) for each in (codes, places))
    near = on_map.topk(NEIGHBOURS, largest=False).indices
    voted = labels[near].mode(1).values
    return {
        "trustworthiness": round(_kept(in_codes, on_map), 4),
        "continuity": round(_kept(on_map, in_codes), 4),
        "class": round((voted == labels[chosen]).float().mean().item(), 4),
    }


def _others(points: Tensor, chosen: Tensor) -> Tensor:
    """Distances of some points to all, `(m, N)`; none is its own neighbour."""
    distances = torch.cdist(points[chosen], points)
    distances[torch.arange(len(chosen)), chosen] = torch.inf
    return distances


def _kept(there: Tensor, here: Tensor) -> float:
    """1 less what neighbours `here` rank too far `there`, `(m, N)` each, in shares of the most that could be."""
    (m, n), k = here.shape, NEIGHBOURS
    ranks = there.argsort(1).argsort(1) + 1
    beyond = (ranks.gather(1, here.topk(k, largest=False).indices) - k).clamp(min=0)
    return 1 - 2 / (m * k * (2 * n - 3 * k - 1)) * beyond.sum().item()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--lay-out", choices=KINDS, help="lay one model out, in this process")
    asked = parser.parse_args()
    if asked.lay_out:
        return laid_out(asked.lay_out, *asked.models)
    rows = [measured(kind, model) for model in asked.models for kind in KINDS]
    found = {"cores": os.cpu_count(), "threads": torch.get_num_threads(), "rows": rows}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    return None


if __name__ == "__main__":
    main()
