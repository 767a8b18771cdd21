"""What watching a training costs, and how often one sees it: `python -m benchmarks.watching [digits|mnist ...]`.

Trainings with and without alternate in one process on one thread, several rounds each. Steps are by second of the processor; the ratio is the
median of those of the rounds, and holds all: the first look, frames, status, snapshots. Frames are by second of the clock, of the watched
ones. The pixels of mnist are random, in its shape, as in benchmarks.training.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.training import random_data
from vae_core.data import Data, load_data
from vae_core.models import CDVAE, VAE, Declaration
from vae_core.runs import Frames, read_status
from vae_core.training import Options, train

# Of each case: name, model, images, epochs, rounds.
CASES: dict[str, list[tuple[str, Declaration, int, int, int]]] = {
    "digits": [
        ("vae, mlp-256", VAE(latent=8, nets="mlp-256"), 1350, 60, 9),
        ("cdvae, mlp-256", CDVAE(nets="mlp-256"), 1350, 60, 9),
    ],
    "mnist": [
        ("cdvae, mlp-400", CDVAE(nets="mlp-400"), 30_000, 2, 5),
        ("cdvae, conv-32", CDVAE(nets="conv-32"), 30_000, 1, 5),
    ],
}


def trained(
    declaration: Declaration, data: Data, epochs: int, watch: bool
) -> tuple[float, float, int, float]:
    """Steps a second, frames a second, fixed items, and the share that the watcher itself measured."""
    with tempfile.TemporaryDirectory() as folder:
        run, began = Path(folder) / "run", time.process_time()
        card = train(declaration, data, Options(epochs=epochs, device="cpu"), run, watch=watch).card
        seconds = time.process_time() - began
        assert card.training is not None
        steps = epochs * (len(data) // card.training.batch)
        if not watch:
            return steps / seconds, 0.0, 0, 0.0
        frames, status = Frames(run), read_status(run)
        assert status is not None
        return steps / seconds, len(frames) / status.seconds, frames.header.items, status.cost


def main() -> None:
    torch.set_num_threads(1)
    print("medians of alternating rounds, one thread")
    print(f"{'data':8}{'model':18}{'alone':>10}{'watched':>11}  ratio  frames  items  own measure")
    for name in sys.argv[1:] or CASES:
        data = load_data("digits") if name == "digits" else random_data()
        for title, declaration, images, epochs, repeats in CASES[name]:
            trained(declaration, data.head(1000), 1, True)  # warm up
            some = data.head(images)
            rounds = [
                (trained(declaration, some, epochs, False), trained(declaration, some, epochs, True))
                for _ in range(repeats)
            ]
            alone = statistics.median(a[0] for a, _ in rounds)
            seen = statistics.median(b[0] for _, b in rounds)
            ratio = statistics.median(b[0] / a[0] for a, b in rounds)
            frames, items, cost = (statistics.median(b[i] for _, b in rounds) for i in (1, 2, 3))
            print(
                f"{name:8}{title:18}{alone:8,.0f}/s{seen:9,.0f}/s  {ratio:.3f}  {frames:4.1f}/s  {items:5.0f}  {cost:.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
