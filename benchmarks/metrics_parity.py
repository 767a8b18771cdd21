"""Our scores of disentanglement beside those of disent 0.8.0, on the same representations: `python -m benchmarks.metrics_parity`.

Four representations of a full grid of sprites with 11,520 combinations of factors: the factors themselves, a random linear mixture of
them in ten dimensions, noise, and the posterior means of a beta-VAE (beta = 4) trained here. Each is measured twice by both: on the same
rows, where equal definitions give equal numbers, and each with its own draws, where they agree within
sampling error: MIG and SAP eighty times, FactorVAE twenty times, DCI four times.
disent has MIG, SAP, DCI and the FactorVAE score; it is no dependency, and is installed with uv into a virtual environment of its own,
a temporary one unless --environment names a folder to keep (several GB with its torch). The table goes to
benchmarks/results/metrics_parity.json. About 7 minutes of two CPU threads; `--quick` is a check of the script.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# Nothing of this project is imported here: this file also runs in disent's environment, which has none of it.

RESULTS = Path(__file__).parent / "results" / "metrics_parity.json"
REQUIREMENT = "disent==0.8.0"
SIZES = {"shape": 3, "scale": 6, "orientation": 10, "x": 8, "y": 8}
STRIDES = {"orientation": 4, "x": 4, "y": 4}  # of the sprites' own grid
FITTED, TESTED, MIG_ROWS = 1000, 1000, 5000
VOTES, TESTED_VOTES = 2000, 2000
RUNS, VOTE_RUNS, TREE_RUNS = 80, 20, 4
TREES = ("dci_disentanglement", "dci_completeness", "dci_informativeness")

Halves = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def grid() -> np.ndarray:
    """All combinations of the factors, `(N, 5)`, the first slowest."""
    return np.stack(np.unravel_index(np.arange(np.prod(list(SIZES.values()))), tuple(SIZES.values())), -1)


def rows_of(run: int, count: int, total: int) -> np.ndarray:
    return np.random.default_rng(1000 + run).integers(total, size=count)


def halves(codes: np.ndarray, run: int) -> Halves:
    """The rows that both measure: codes and factors to fit on, then to test on."""
    factors = grid()
    fitted, tested = np.split(rows_of(run, FITTED + TESTED, len(codes)), [FITTED])
    return codes[fitted], factors[fitted], codes[tested], factors[tested]


# disent's side


def theirs(codes: np.ndarray, quick: bool) -> dict[str, Any]:
    """What disent says: on the same rows by the functions behind its metrics, and by its metrics as they are."""
    import torch
    from disent.dataset import DisentDataset  # type: ignore[import-not-found]
    from disent.dataset.data import GroundTruthData  # type: ignore[import-not-found]
    from disent.metrics import (  # type: ignore[import-not-found]
        _dci,
        _mig,
        _sap,
        metric_dci,
        metric_factor_vae,
        metric_mig,
        metric_sap,
    )

    class Codes(GroundTruthData):
        """A ground truth whose observation is the code."""

        factor_names, factor_sizes, img_shape = tuple(SIZES), tuple(SIZES.values()), (1, codes.shape[1], 1)

        def _get_observation(self, idx: int) -> torch.Tensor:
            return table[idx]

    table = torch.from_numpy(codes)
    dataset = DisentDataset(Codes())

    def by_name(found: dict[str, float]) -> dict[str, float]:
        names = {
            "mig.discrete_score": "mig",
            "sap.score": "sap",
            "factor_vae.eval_accuracy": "factorvae_score",
            "dci.disentanglement": TREES[0],
            "dci.completeness": TREES[1],
            "dci.informativeness_test": TREES[2],
        }
        return {names[key]: float(value) for key, value in found.items() if key in names}

    fitted, factors, tested, test_factors = (part.T for part in halves(codes, 0))
    rows = rows_of(0, MIG_ROWS, len(codes))
    same = {
        **by_name(_mig._compute_mig(codes[rows].T, grid()[rows].T)),
        **by_name(_sap._compute_sap(fitted, factors, tested, test_factors, False)),
        **by_name(_dci._compute_dci(fitted, factors, tested, test_factors)),
    }

    def drawn(run: int) -> dict[str, float]:
        np.random.seed(run)  # noqa: NPY002 (disent draws from the global stream)
        sizes = {"num_train": FITTED, "num_test": TESTED}
        votes = {"num_train": VOTES, "num_eval": TESTED_VOTES, "num_variance_estimate": len(codes)}
        found = {
            **metric_mig(dataset, lambda x: x, num_train=MIG_ROWS),
            **metric_sap(dataset, lambda x: x, **sizes),
            **(metric_factor_vae(dataset, lambda x: x, **votes) if run < VOTE_RUNS else {}),
            **(metric_dci(dataset, lambda x: x, **sizes) if run < TREE_RUNS else {}),
        }
        return by_name(found)

    return {"same": same, "drawn": [drawn(run) for run in range(1 if quick else RUNS)]}


# Our side


def ours(codes: np.ndarray, quick: bool) -> dict[str, Any]:
    """What `vae_core.metrics.disentanglement` says, likewise."""
    import torch

    from vae_core.metrics import disentanglement as scores

    scores.VOTES, scores.TESTED_VOTES = VOTES, TESTED_VOTES
    factors = torch.from_numpy(grid())
    table = torch.from_numpy(codes)

    def mig(rows: np.ndarray) -> float:
        information = scores.mutual_information(scores.discretised(table[rows]), factors[rows])
        return scores.mig(information, scores.entropies(factors[rows]))

    def fitted(run: int, trees: bool) -> dict[str, float]:
        parts = tuple(torch.from_numpy(part) for part in halves(codes, run))
        found = {"sap": scores.sap(scores.sap_matrix(*parts))}
        if trees:
            importance, right = scores.importance_matrix(*parts)
            values = (
                scores.dci_disentanglement(importance),
                scores.dci_completeness(importance),
                right.mean().item(),
            )
            found |= dict(zip(TREES, values, strict=True))
        return found

    def drawn(run: int) -> dict[str, float]:
        found = {
            "mig": mig(rows_of(100 + run, MIG_ROWS, len(codes))),
            **fitted(100 + run, run < TREE_RUNS),
        }
        if run < VOTE_RUNS:
            votes = scores.factorvae_right(table, factors, torch.Generator().manual_seed(run))
            found["factorvae_score"] = votes.mean().item()
        return found

    same = {"mig": mig(rows_of(0, MIG_ROWS, len(codes))), **fitted(0, True)}
    return {"same": same, "drawn": [drawn(run) for run in range(1 if quick else RUNS)]}


def representations(quick: bool) -> dict[str, np.ndarray]:
    """Codes `(N, D)` of the grid by name, float32; dimensions that hardly vary are left out, since disent lets them vote and we do not."""
    factors, noise = grid().astype(np.float64), np.random.default_rng(0)
    scaled = (factors - factors.mean(0)) / factors.std(0)
    mixed = scaled @ noise.normal(size=(5, 10)) + 0.3 * noise.normal(size=(len(scaled), 10))
    found = {
        "the factors": scaled,
        "a linear mixture": mixed,
        "noise": noise.normal(size=mixed.shape),
        "a beta-VAE": _trained(quick),
    }
    least = 0.0 if quick else 0.05
    return {name: codes[:, codes.std(0) >= least].astype(np.float32) for name, codes in found.items()}


def _trained(quick: bool) -> np.ndarray:
    """Posterior means of the grid's sprites by a VAE that saw other ones."""
    import torch

    from vae_core.data import load_data, sprites
    from vae_core.models import VAE
    from vae_core.names import IMAGE
    from vae_core.objectives import ELBO
    from vae_core.training import Options, train

    options = Options(objective=ELBO(beta=0.1 if quick else 4.0), epochs=1 if quick else 12, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        data = load_data("sprites", "train", 2000 if quick else 30_000)
        model = train(VAE(latent=10, nets="mlp-256x2"), data, options, Path(folder) / "run").model
    strides = torch.tensor([STRIDES.get(name, 1) for name in SIZES])
    means = []
    with torch.no_grad():
        for factors in (torch.from_numpy(grid()) * strides).split(2000):
            x = (sprites.render(factors) > 127).float()
            means.append(model.infer({IMAGE: x}).posteriors["z"].mean)
    return torch.cat(means).numpy()


# Side by side


def installed(environment: Path) -> Path:
    """The Python of an environment with disent, made where there is none."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "--python", "3.11", environment], check=True)
        subprocess.run(["uv", "pip", "install", "--python", python, REQUIREMENT], check=True)
    return python


def summary(values: list[float]) -> dict[str, float]:
    """Mean and standard error of repeated measurements."""
    spread = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return {"mean": round(float(np.mean(values)), 5), "se": round(float(spread), 5), "runs": len(values)}


def compared(name: str, dimensions: int, us: dict[str, Any], them: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each metric."""
    rows = []
    for metric in ("mig", "sap", *TREES, "factorvae_score"):
        pair = [summary([run[metric] for run in side["drawn"] if metric in run]) for side in (us, them)]
        row = {"representation": name, "dimensions": dimensions, "metric": metric}
        row |= {"ours": pair[0], "disent": pair[1]}
        if metric in us["same"]:
            row["same_rows"] = [round(side["same"][metric], 6) for side in (us, them)]
        rows.append(row)
    return rows


def difference(row: dict[str, Any]) -> tuple[float, float]:
    """Ours minus disent's over repeated draws, and its standard error."""
    error = float(np.hypot(row["ours"]["se"], row["disent"]["se"]))
    return row["ours"]["mean"] - row["disent"]["mean"], error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one run each, not written")
    parser.add_argument("--environment", type=Path, help="folder of disent's environment, kept")
    parser.add_argument("--theirs", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.theirs:
        found = {
            name: theirs(codes, given.quick)
            for name, codes in np.load(given.theirs, allow_pickle=False).items()
        }
        given.theirs.with_suffix(".json").write_text(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "codes.npz"
        codes = representations(given.quick)
        np.savez(saved, allow_pickle=False, **codes)
        python = installed(given.environment or Path(folder) / "environment")
        words = [python, Path(__file__), "--theirs", saved, *(["--quick"] if given.quick else [])]
        running = subprocess.Popen(words)
        us = {name: ours(each, given.quick) for name, each in codes.items()}
        if running.wait():
            sys.exit("disent's side failed")
        them = json.loads(saved.with_suffix(".json").read_text())
    rows = [
        row for name, each in codes.items() for row in compared(name, each.shape[1], us[name], them[name])
    ]
    for row in rows:
        apart, error = difference(row)
        same = " = ".join(f"{value:.4f}" for value in row.get("same_rows", []))
        print(
            f"{row['representation']:18}{row['metric']:22}{row['ours']['mean']:8.4f}{row['disent']['mean']:8.4f}"
            f"  difference {apart:+.4f} ± {error:.4f}  same rows {same}"
        )
    if not given.quick:
        about = {"disent": REQUIREMENT, "fitted": FITTED, "tested": TESTED, "mig_rows": MIG_ROWS}
        about |= {"votes": VOTES, "tested_votes": TESTED_VOTES, "items": len(grid())}
        RESULTS.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
