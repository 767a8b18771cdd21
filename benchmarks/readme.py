"""Write the measured numbers of the bundled model from its card into the README: `python -m benchmarks.readme`."""

import re
from pathlib import Path
from typing import Any

from vae_core import bundled
from vae_core.checkpoints import load_card

README = Path(__file__).parents[1] / "README.md"
MODEL = "cdvae-mnist"

ROWS = {
    "distortion": "distortion, −E log p(x\\|z)",
    "rate_z_l": "rate of z_l",
    "rate_z_u": "rate of z_u",
    "negative_elbo": "−ELBO (β = 1)",
    "log_px": "log p(x\\|c), importance-weighted bound, 500 samples",
    "active_units_z_l": "active units of z_l (of 10)",
    "active_units_z_u": "active units of z_u (of 16)",
    "bayes_accuracy": "class by Bayes’ rule on z_l",
    "sample_accuracy": "class-conditional samples judged right",
    "swap_accuracy": "swaps judged right",
    "judge_accuracy": "the judge’s own accuracy",
}
PROBES = ("logistic", "knn", "mlp")


def measured(metrics: dict[str, Any]) -> str:
    """Two Markdown tables: the numbers, and the probes."""
    lines = ["| measure | value | s.e. | n |", "|---|--:|--:|--:|"]
    for name, title in ROWS.items():
        value, se, n = (metrics[name][part] for part in ("value", "se", "n"))
        form = (
            "{:.2%}"
            if name.endswith("accuracy")
            else "{:.0f}"
            if name.startswith("active")
            else "{:.2f} nats"
        )
        lines.append(f"| {title} | {form.format(value)} | {form.format(se)} | {n:,} |")
    lines += ["", "| probe for the class on | logistic | kNN | MLP |", "|---|--:|--:|--:|"]
    for block in ("z_l", "z_u"):
        for what in ("sample", "mean"):
            shares = [f"{metrics[f'probe_{block}_{kind}_{what}']['value']:.1%}" for kind in PROBES]
            lines.append(f"| {what}s of {block} | {' | '.join(shares)} |")
    return "\n".join(lines)


def block(text: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"the README has no block called {name}")
    return found[1]


def main() -> None:
    text = README.read_text()
    table = measured(load_card(bundled()[MODEL])["metrics"])
    start, end = "<!-- measured -->\n", "<!-- /measured -->"
    before, rest = text.split(start)
    README.write_text(before + start + table + "\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
