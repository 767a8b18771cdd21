"""How much of the style of an image a swap carries: `python -m benchmarks.style`.

Each of the 10,000 test images of MNIST keeps the posterior's mean of the blocks that no class conditions, and takes the prior's mean of a
random other class for the rest. Slant, thickness, width and ink of the swap are compared with those of the image, by Spearman's rank
correlation within each pair of its class and the class asked for, mean over the 90 pairs with the standard error over pairs; beside it
the same of the reconstruction, within each class, which is as much as the whole code carries. Grey images, and means of p(x|z).
The table goes to benchmarks/results/style.json. About a minute of one CPU thread; `--quick` takes 500 images, which checks the script only.

Shapes: N images `(N, 1, H, W)` in [0, 1].
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_core import bundled, load
from vae_core.checkpoints import Checkpoint
from vae_core.distributions import Sampler
from vae_core.explore import decode, encode, prior_codes
from vae_core.metrics import Estimate
from vae_core.names import LABEL
from vae_core.priors import one_hot

RESULTS = Path(__file__).parent / "results" / "style.json"
NAMES = ("mr-cdvae-mnist", "cdvae-mnist", "cdvae-mnist-class")
LEAST = 10  # images that a rank correlation needs


def attributes(images: Tensor) -> dict[str, Tensor]:
    """Each `(N,)`. slant: cov(column, row) / var(row) of the ink; thickness: 2 ink / length of its outline; width: standard deviation
    of the columns about the slanted axis; ink: its sum.

    >>> bar = torch.zeros(1, 1, 28, 28)
    >>> bar[..., 4:24, 10:14] = 1
    >>> {name: round(value.item(), 2) for name, value in attributes(bar).items()}
    {'slant': 0.0, 'thickness': 3.33, 'width': 1.12, 'ink': 80.0}
    """
    ink = images.double().sum((1, 2, 3)).clamp(min=1e-6)
    rows, columns = (torch.arange(size).double() for size in images.shape[2:])
    shares = images[:, 0].double() / ink[:, None, None]
    row = rows - torch.einsum("nhw,h->n", shares, rows)[:, None]
    column = columns - torch.einsum("nhw,w->n", shares, columns)[:, None]
    tall = torch.einsum("nhw,nh->n", shares, row.square()).clamp(min=1e-6)
    wide = torch.einsum("nhw,nw->n", shares, column.square())
    both = torch.einsum("nhw,nh,nw->n", shares, row, column)
    padded = torch.nn.functional.pad(images.double(), (1, 1, 1, 1))
    outline = padded.diff(dim=2).abs().sum((1, 2, 3)) + padded.diff(dim=3).abs().sum((1, 2, 3))
    return {
        "slant": both / tall,
        "thickness": 2 * ink / outline.clamp(min=1e-6),
        "width": (wide - both.square() / tall).clamp(min=0).sqrt(),
        "ink": ink,
    }


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's correlation of values `(N,)`, ties in any order.

    >>> rank_correlation(torch.tensor([1.0, 2.0, 30.0]), torch.tensor([5.0, 6.0, 7.0]))
    1.0
    """
    ranks = torch.stack([values.argsort().argsort().double() for values in (a, b)])
    return round(torch.corrcoef(ranks)[0, 1].item(), 12)


def within(groups: Tensor, one: Tensor, other: Tensor) -> Estimate:
    """Mean of the rank correlations within each group `(N,)` of at least ten, with its standard error over groups."""
    kept = [rows for group in groups.unique() if (rows := groups == group).sum() >= LEAST]
    return Estimate.mean(torch.tensor([rank_correlation(one[rows], other[rows]) for rows in kept]))


@torch.no_grad()
def measured(found: Checkpoint, images: Tensor, labels: Tensor, data: Any, seed: int = 0) -> dict[str, Any]:
    """The correlations of the swaps and of the reconstructions, by attribute: value, se, n of groups."""
    model, classes = found.model, len(found.signature.classes)
    generator = torch.Generator().manual_seed(seed)
    wanted = (labels + torch.randint(1, classes, (len(labels),), generator=generator)) % classes
    kept = [name for name in model.blocks if name not in model.labelled]
    swapped, rebuilt = [], []
    for rows in torch.arange(len(labels)).split(500):
        means = {name: q.mean for name, q in encode(model, data.batch(rows, Sampler.seeded(seed))).items()}
        fixed = {name: means[name] for name in kept}
        asked = prior_codes(model, {**fixed, LABEL: one_hot(wanted[rows], classes)})
        swapped.append(decode(model, asked))
        rebuilt.append(decode(model, means))
    source, swap, again = (attributes(x) for x in (images, torch.cat(swapped), torch.cat(rebuilt)))
    return {
        name: {
            "swap": within(labels * classes + wanted, source[name], swap[name])._asdict(),
            "reconstruction": within(labels, source[name], again[name])._asdict(),
        }
        for name in source
    }


def main() -> None:
    from vae_core.data import load_data

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="500 images: checks the script only")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    test, rows = load_data("mnist", "test").subset(500 if quick else None, seed=0), []
    for name in NAMES:
        checkpoint = load(bundled()[name])
        numbers = measured(
            checkpoint, test.images.float() / 255, test.labels, test.scored_by(checkpoint.model)
        )
        rows.append({"model": name, "n": len(test), **numbers})
        shown = "  ".join(
            f"{key} {kinds['swap']['value']:.2f} ({kinds['reconstruction']['value']:.2f})"
            for key, kinds in numbers.items()
        )
        print(f"{name:20}{shown}", flush=True)
    if not quick:
        RESULTS.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
