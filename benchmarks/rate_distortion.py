"""One multi-rate VAE beside a VAE trained for each beta, nets equal, on MNIST: `python -m benchmarks.rate_distortion`.

For each beta: distortion D and rate R on the 10,000 test images (pixels binarised once, one draw of the latents), the objective D + beta R
of both, and their gap, multi-rate minus separate: nats, paired by image within a seed, mean over seeds. Standard errors are over images;
`gap_range` is over seeds. Costs are seconds of training on this machine, whatever else it did; cost_ratio is one multi-rate training over one
separate training, by epochs of both that alternate in one process (the ratio of the medians of three). A multi-rate model with 37 epochs for
30 stands beside them (`longer`).

Runs are kept under --out and not repeated. The table goes to benchmarks/results/rate_distortion.json (not with --quick).
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_core.checkpoints import CARD, Checkpoint, load
from vae_core.data import Data, load_data
from vae_core.distributions import Sampler
from vae_core.model import Model
from vae_core.models import VAE
from vae_core.multirate import at
from vae_core.objectives import ELBO, Declared, MultiRateVAE
from vae_core.training import Options, train

RESULTS = Path(__file__).parent / "results" / "rate_distortion.json"
EXPOSED = (0.1, 10.0)
BETAS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
TEST_SEED = 0

# A second multi-rate model has so many epochs for each of the others', to see what is left of the gap; the bundled one is of these.
LONGER = 37 / 30


@dataclass(frozen=True)
class Budget:
    epochs: int
    seeds: int
    betas: tuple[float, ...]
    nets: str
    latent: int
    learning_rate: float
    limit: int | None = None

    def separate(self, seed: int, beta: float) -> Options:
        return self._options(self.epochs, seed, ELBO(beta=beta))

    def multi_rate(self, seed: int, longer: bool = False) -> Options:
        return self._options(
            round(LONGER * self.epochs) if longer else self.epochs, seed, MultiRateVAE(beta_draws="ends")
        )

    def _options(self, epochs: int, seed: int, weighed: Declared) -> Options:
        return Options(
            objective=weighed,
            epochs=epochs,
            seed=seed,
            limit=self.limit,
            learning_rate=self.learning_rate,
            device="cpu",
        )


def finished(folder: Path, declaration: VAE, data: Data, options: Options) -> Checkpoint:
    """The checkpoint of that training, which is run or gone on with where it is not finished."""
    begun = (folder / CARD).exists()
    if begun and load(folder).card.epochs_done == options.epochs:
        return load(folder)
    return train(
        declaration, data, options, folder, resume=begun, command=command(declaration, options, folder)
    )


def command(declaration: VAE, options: Options, folder: Path) -> str:
    """The command line that makes the same checkpoint."""
    low, high = declaration.rates or (0.0, 0.0)
    beta = getattr(options.objective, "beta", 1.0)
    weighed = f"--rates {low:g} {high:g} --beta-draws ends" if declaration.rates else f"--beta {beta:g}"
    limit = f" --limit {options.limit}" if options.limit else ""
    return (
        f"latent-explorer train vae --data mnist --latent {declaration.latent} --nets {declaration.nets} {weighed} "
        f"--epochs {options.epochs} --learning-rate {options.learning_rate:g} --seed {options.seed}{limit} --no-atlas "
        f"--out runs/{folder.name}"
    )


@torch.no_grad()
def measured(model: Model, test: Data) -> tuple[Tensor, Tensor]:
    """Distortion and rate of each test image, `(N,)` nats."""
    draw, parts = Sampler.seeded(TEST_SEED + 2), []
    for batch in test.batches(1000, TEST_SEED):
        terms = model.terms(batch, draw)
        parts.append((terms.distortion, terms.rate))
    distortions, rates = zip(*parts, strict=True)
    return torch.cat(distortions), torch.cat(rates)


def compared(budget: Budget, out: Path) -> dict[str, Any]:
    data, test = load_data("mnist"), load_data("mnist", "test")
    plain = VAE(latent=budget.latent, nets=budget.nets)
    found: dict[float, list[dict[str, Tensor]]] = {beta: [] for beta in budget.betas}
    seconds: dict[str, list[float]] = {"multi_rate": [], "separate": []}
    rated = replace(plain, rates=EXPOSED)
    for seed in range(budget.seeds):
        multi, longer = (
            finished(out / f"{name}-{seed}", rated, data, budget.multi_rate(seed, name == "longer"))
            for name in ("multi", "longer")
        )
        seconds["multi_rate"].append(multi.card.cost.seconds)
        for beta in budget.betas:
            one = finished(out / f"beta-{beta:g}-{seed}", plain, data, budget.separate(seed, beta))
            seconds["separate"].append(one.card.cost.seconds)
            models = {
                "multi_rate": at(multi.model, beta),
                "longer": at(longer.model, beta),
                "separate": one.model,
            }
            found[beta].append({name: torch.stack(measured(model, test)) for name, model in models.items()})
            print(line(beta, found[beta][-1], seed), flush=True)
    ratio = cost_ratio(budget, data)
    return {
        "command": "python -m benchmarks.rate_distortion",
        "nets": budget.nets,
        "latent": budget.latent,
        "epochs": budget.epochs,
        "longer_epochs": budget.multi_rate(0, longer=True).epochs,
        "learning_rate": budget.learning_rate,
        "seeds": budget.seeds,
        "n": len(test),
        "seconds": {name: round(sum(each), 1) for name, each in seconds.items()},
        "cost_ratio": round(ratio, 3),
        "longer_cost_ratio": round(ratio * budget.multi_rate(0, longer=True).epochs / budget.epochs, 3),
        "points": [point(beta, runs) for beta, runs in found.items()],
    }


def cost_ratio(budget: Budget, data: Data) -> float:
    plain = VAE(latent=budget.latent, nets=budget.nets)
    times: dict[str, list[float]] = {"multi_rate": [], "separate": []}
    for _ in range(3):
        for name, declaration in (("separate", plain), ("multi_rate", replace(plain, rates=EXPOSED))):
            options = replace(
                budget.separate(0, 1.0) if name == "separate" else budget.multi_rate(0), epochs=1
            )
            with tempfile.TemporaryDirectory() as folder:
                card = train(declaration, data, options, Path(folder) / "run").card
            times[name].append(card["cost"]["seconds"])
    medians = {name: statistics.median(each) for name, each in times.items()}
    return medians["multi_rate"] / medians["separate"]


def objective(pair: Tensor, beta: float) -> Tensor:
    return pair[0] + beta * pair[1]


def point(beta: float, runs: list[dict[str, Tensor]]) -> dict[str, Any]:
    """Means over images and seeds, with standard errors over images."""
    row: dict[str, Any] = {"beta": beta}
    for name in ("multi_rate", "longer", "separate"):
        pair = torch.stack([run[name] for run in runs]).mean(0)
        values = {"distortion": pair[0], "rate": pair[1], "objective": objective(pair, beta)}
        row[name] = {key: [round(v.mean().item(), 3), round(_se(v), 3)] for key, v in values.items()}
    gaps = [objective(run["multi_rate"], beta) - objective(run["separate"], beta) for run in runs]
    each = [gap.mean().item() for gap in gaps]
    mean = torch.stack(gaps).mean(0)
    share = mean.mean().item() / row["separate"]["objective"][0]
    longer = [
        (objective(run["longer"], beta) - objective(run["separate"], beta)).mean().item() for run in runs
    ]
    return row | {
        "gap": round(mean.mean().item(), 3),
        "gap_se": round(_se(mean), 3),
        "gap_range": [round(min(each), 3), round(max(each), 3)],
        "gap_share": round(share, 4),
        "longer_gap": round(statistics.mean(longer), 3),
    }


def _se(values: Tensor) -> float:
    return (values.std() / len(values) ** 0.5).item()


def line(beta: float, run: dict[str, Tensor], seed: int) -> str:
    cells = []
    for name in ("multi_rate", "separate"):
        d, r = run[name].mean(1).tolist()
        cells.append(f"{name} D {d:6.2f} R {r:6.2f} D + beta R {d + beta * r:7.2f}")
    gap = objective(run["multi_rate"], beta) - objective(run["separate"], beta)
    return f"seed {seed} beta {beta:5g}: {'   '.join(cells)}   gap {gap.mean():+.2f} ± {_se(gap):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="one seed, three betas, 10,000 images, five epochs"
    )
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nets", default="mlp-400")
    parser.add_argument("--latent", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--betas", type=float, nargs="+", default=list(BETAS))
    parser.add_argument("--out", type=Path, default=Path("runs/rate-distortion"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    budget = Budget(
        asked.epochs, asked.seeds, tuple(asked.betas), asked.nets, asked.latent, asked.learning_rate
    )
    if asked.quick:
        budget = replace(budget, epochs=5, seeds=1, betas=(0.1, 1.0, 10.0), limit=10_000)
    found = compared(budget, asked.out / ("quick" if asked.quick else "full"))
    for row in found["points"]:
        print(
            f"beta {row['beta']:5g}: gap {row['gap']:+.2f} ± {row['gap_se']:.2f} nats ({row['gap_share']:+.1%}), "
            f"over seeds {row['gap_range'][0]:+.2f} to {row['gap_range'][1]:+.2f}"
        )
    seconds = found["seconds"]
    print(
        f"cost: multi-rate {seconds['multi_rate']:.0f} s for {budget.seeds}, separate {seconds['separate']:.0f} s for "
        f"{budget.seeds * len(budget.betas)}; one multi-rate training is {found['cost_ratio']:.2f} separate ones"
    )
    if not asked.quick:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
