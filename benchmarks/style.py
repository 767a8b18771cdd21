"""How much of the style of an image a swap carries, class by class: `python -m benchmarks.style`.

The metric `style` of `latent-explorer evaluate` on the 10,000 test images of MNIST, whose means over pairs of classes the cards hold, with
its parts: of each class that images come from, the mean over the classes asked for, and the other way round. A one has no width but that of its stroke, so that
its width says nothing of an eight's: width is told with and without images of ones.
The table goes to benchmarks/results/style.json. About a minute a model on one CPU thread; `--quick` takes 500 images, which checks the script only.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_core import bundled, load
from vae_core.metrics import Estimate, evaluation_of
from vae_core.metrics.style import correlations

RESULTS = Path(__file__).parent / "results" / "style.json"
NAMES = ("mr-cdvae-mnist", "cdvae-mnist", "cdvae-mnist-class")
ONE = 1  # the class of ones


def mean(values: Tensor) -> dict[str, float]:
    """Mean, standard error and number of those that are there."""
    return Estimate.mean(values[~values.isnan()])._asdict()


def measured(name: str, limit: int | None) -> dict[str, Any]:
    """The correlations of a bundled model by attribute."""
    evaluation = evaluation_of(load(bundled()[name]), "mnist", limit=limit)
    numbers: dict[str, Any] = {}
    for attribute, swap, rebuilt in correlations(evaluation):
        others = torch.arange(len(swap)) != ONE
        numbers[attribute] = {
            "swap": mean(swap.flatten()),
            "without_ones": mean(swap[others].flatten()),
            "reconstruction": mean(rebuilt),
            "by_class": [round(row.nanmean().item(), 3) for row in swap],
            "by_class_asked_for": [round(row.nanmean().item(), 3) for row in swap.T],
        }
    return {"model": name, "n": len(evaluation.data), **numbers}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="500 images: checks the script only")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    rows = []
    for name in NAMES:
        rows.append(measured(name, 500 if quick else None))
        shown = "  ".join(
            f"{key} {kinds['swap']['value']:.2f} ({kinds['reconstruction']['value']:.2f})"
            for key, kinds in rows[-1].items()
            if isinstance(kinds, dict)
        )
        print(f"{name:20}{shown}", flush=True)
    if not quick:
        RESULTS.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
