"""Write measured numbers from cards and benchmark results into the documents that quote them: `python -m benchmarks.readme`.

Each stands between `<!-- name -->` and `<!-- /name -->`; a test holds the documents to their sources.
"""

import re
from collections.abc import Callable
from pathlib import Path

from latent_explorer.published import PUBLISHED, SCORES

from benchmarks import speeds, tables
from benchmarks.tables import PROBES
from vae_core import bundled
from vae_core.checkpoints import Point, load_card
from vae_core.estimates import Estimate

ROOT = Path(__file__).parents[1]
README, DOCUMENT = ROOT / "README.md", ROOT / "docs" / "results.md"
RELIABILITY, PUBLISHING = ROOT / "docs" / "reliability.md", ROOT / "docs" / "publishing.md"
MODEL = "mr-cdvae-mnist"

ROWS = {
    "distortion": "distortion, −E log p(x\\|z)",
    "rate_z_l": "rate of z_l",
    "rate_z_u": "rate of z_u",
    "negative_elbo": "−ELBO (β = 1)",
    "log_px": "log p(x\\|c), importance-weighted bound, 500 samples",
    "negative_elbo_paired": "−ELBO of the same images",
    "importance_gap": "the bound minus the ELBO, paired by image",
    "active_units_z_l": "active units of z_l (of 10)",
    "active_units_z_u": "active units of z_u (of 16)",
    "bayes_accuracy": "class by the bound (softmax of per-class ELBOs)",
    "sample_accuracy": "class-conditional samples judged right",
    "swap_accuracy": "swaps judged right",
    "judge_accuracy": "the judge’s own accuracy",
}
READINGS = {"sample": "one draw of", "mean": "the mean of", "posterior": "mean and log scale of"}

# What the evidence of a card is the evidence of, by the name of its metric.
EVIDENCE = {"log_px": "log p(x)", "log_pxy": "log p(x, y)", "log_px_coarse": "log p(x, coarse)"}


def measured() -> str:
    """Two tables of the model that the app opens on: the numbers, and the probes."""
    metrics = load_card(bundled()[MODEL]).metrics
    lines = ["| measure | value | s.e. | n |", "|---|--:|--:|--:|"]
    for name, title in ((name, title) for name, title in ROWS.items() if name in metrics):
        value, se, n = metrics[name]
        form = (
            "{:.2%}"
            if name.endswith("accuracy")
            else "{:.0f}"
            if name.startswith("active")
            else "{:.2f} nats"
        )
        lines.append(f"| {title} | {form.format(value)} | {form.format(se)} | {n:,} |")
    lines += ["", "| probe for the class on | logistic | kNN | MLP | nats, MLP |", "|---|--:|--:|--:|--:|"]
    for block in ("z_l", "z_u"):
        kept = {what: words for what, words in READINGS.items() if f"probe_{block}_mlp_{what}" in metrics}
        lines += [f"| {words} {block} | {_probed(metrics, block, what)} |" for what, words in kept.items()]
    return "\n".join(lines)


def _probed(metrics: dict[str, Estimate], block: str, what: str) -> str:
    """The cells of one reading of a block: shares, and the MLP's nats of the class."""
    shares = [f"{metrics[f'probe_{block}_{kind}_{what}'].value:.1%}" for kind in PROBES]
    nats = metrics.get(f"probe_{block}_mlp_{what}_nats")
    return " | ".join([*shares, f"{nats.value:.2f}".replace("-0.00", "0.00") if nats else ""])


def overview() -> str:
    """One line for each bundled checkpoint."""
    lines = [
        "| checkpoint | bound on | −ELBO, all images | −ELBO, 1,000 images | −(importance-weighted bound), the same 1,000 | class right | samples judged right |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, folder in bundled().items():
        card = load_card(folder)
        metrics = card.metrics
        evidence = next((key for key in EVIDENCE if key in metrics), "log_px")
        given = "\\|c)" if card.model.name == "cdvae" else ")"
        accuracy = next((k for k in ("classifier_accuracy", "bayes_accuracy") if k in metrics), None)
        shares = [f"{metrics[k].value:.2%}" if k in metrics else "" for k in (accuracy, "sample_accuracy")]
        # The bound alone would be of other images than the -ELBO beside it.
        shown = metrics.keys() if "negative_elbo_paired" in metrics else {"negative_elbo"} & metrics.keys()
        bounds = [
            f"{sign * metrics[k].value:.2f} ± {metrics[k].se:.2f}" if k in shown else ""
            for k, sign in (("negative_elbo", 1), ("negative_elbo_paired", 1), (evidence, -1))
        ]
        about = EVIDENCE[evidence].replace(")", given)
        lines.append(f"| `{name}` | {about} | {' | '.join(bounds)} | {' | '.join(shares)} |")
    return "\n".join(lines)


def class_left() -> str:
    """What probes read of the class in the blocks that no class conditions, of the bundled models that take one."""
    lines = [
        "| block | reading | logistic | kNN | MLP | nats, MLP |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for name, folder in bundled().items():
        metrics = load_card(folder).metrics
        for block in ("z_u", "z"):
            if "bayes_accuracy" in metrics and f"probe_{block}_mlp_posterior_nats" in metrics:
                about = f"{block} of `{name}`"
                lines += [
                    f"| {about} | {words.removesuffix(' of')} | {_probed(metrics, block, what)} |"
                    for what, words in READINGS.items()
                ]
    return "\n".join(lines)


def matching() -> str:
    """How the components of mixture priors go with the classes."""
    lines = [
        "| checkpoint | components used | images in the component of their class | NMI |",
        "|---|--:|--:|--:|",
    ]
    for name, folder in bundled().items():
        metrics = load_card(folder).metrics
        for match in (key for key in metrics if key.startswith("components_match_")):
            keys = [match.replace("match_", ""), match, match.replace("match", "nmi")]
            used, share, nmi = (metrics[key].value for key in keys)
            lines.append(f"| `{name}` | {used:.1f} | {share:.1%} | {nmi:.2f} |")
    return "\n".join(lines)


def disentanglement() -> str:
    """The bundled models of sprites, and published scores below them."""
    published = [
        f"| *published:* {row.method}, {row.about} ([source]({row.source})) |  |  |  | "
        f"{' | '.join(row.range_of(key) for key in SCORES)} |"
        for row in PUBLISHED
    ]
    return "\n".join([*_with_factors("sprites"), *published])


def rooms() -> str:
    """The bundled models of rooms."""
    return "\n".join(_with_factors("rooms"))


def _with_factors(data: str) -> list[str]:
    """Bound, rate and active units of all blocks, and scores, of the bundled models of data with known factors."""
    lines = [
        f"| model | −ELBO | rate | active units | {' | '.join(SCORES.values())} |",
        f"|---|{'--:|' * (3 + len(SCORES))}",
    ]
    for name, folder in bundled().items():
        card = load_card(folder)
        if card.data.name != data:
            continue
        bound = card.metrics["negative_elbo"]
        rate, active = (
            sum(number.value for key, number in card.metrics.items() if key.startswith(part))
            for part in ("rate_", "active_units_")
        )
        cells = [f"{bound.value:.1f} ± {bound.se:.1f}", f"{rate:.1f}", f"{active:.0f}"]
        cells += [f"{card.metrics[key].value:.3f} ± {card.metrics[key].se:.3f}" for key in SCORES]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return lines


def anchors() -> str:
    """The gaps of the bundled multi-rate CDVAE to models trained for one pair of betas."""
    frontier = load_card(bundled()[MODEL]).frontier
    assert frontier is not None
    lines = [
        "| trained for β(z_l), β(z_u) | its D + Σ βR | gap of the multi-rate model | s.e. | class right, its / ours | samples right, its / ours |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    points = {tuple(p.betas.values()): p for p in frontier.points}
    for anchor in frontier.anchors:
        betas = tuple(anchor.betas.values())
        gap, ours = anchor.gap, points.get(betas)
        cells = [
            f"{betas[0]:g}, {betas[1]:g}",
            f"{anchor.objective:.2f}",
            f"{gap.value:+.2f} ({gap.share:+.1%})",
            f"{gap.se:.2f}",
        ]
        for name in ("bayes_accuracy", "sample_accuracy"):
            its, our = (f"{p.numbers[name].value:.2%}" if p else "" for p in (anchor, ours))
            cells.append(f"{its} / {our}")
        lines.append(f"| {' | '.join(cells)} |")
    shares = ("bayes_accuracy", "sample_accuracy")
    worst = [min(p.numbers[name].value for p in points.values()) for name in shares]
    return "\n".join(
        [
            *lines,
            "",
            f"Over the {len(points)} measured pairs of betas the class is right for at least {worst[0]:.2%} of the images, and at least "
            f"{worst[1]:.2%} of the samples are judged right. {_units(list(points.values()))}",
        ]
    )


def _units(points: list[Point]) -> str:
    """How many dimensions of z_u are active at the cheapest and the dearest of its betas, and what the others carry."""
    active = {
        beta: {int(p.numbers["active_units_z_u"].value) for p in points if p.betas["z_u"] == beta}
        for beta in sorted({point.betas["z_u"] for point in points})
    }
    said = ", ".join(
        f"{' to '.join(map(str, sorted({min(counts), max(counts)})))} at {beta:g}"
        for beta, counts in active.items()
    )
    return f"Active of the {len(points[0].kl['z_u'])} dimensions of z_u, by β(z_u): {said}."


# The blocks by document and name, and what they hold.
BLOCKS: dict[tuple[Path, str], Callable[[], str]] = {
    (README, "measured"): measured,
    (README, "bundled"): overview,
    (README, "live"): speeds.live,
    (README, "panning"): speeds.panning,
    (README, "latency"): speeds.latency,
    (README, "training"): speeds.training,
    (RELIABILITY, "fairness"): speeds.fairness,
    (PUBLISHING, "published"): speeds.published,
    (DOCUMENT, "evidence"): tables.evidence,
    (DOCUMENT, "leak"): tables.leak,
    (DOCUMENT, "mixture_bounds"): tables.mixture_bounds,
    (DOCUMENT, "levels"): tables.levels,
    (DOCUMENT, "likelihoods"): tables.likelihoods,
    (DOCUMENT, "photographs"): tables.photographs,
    (DOCUMENT, "semi_supervised"): tables.semi_supervised,
    (DOCUMENT, "rate_distortion"): tables.rate_distortion,
    (DOCUMENT, "anchors"): anchors,
    (DOCUMENT, "moving_maps"): tables.moving_maps,
    (DOCUMENT, "gpu"): tables.gpu,
    (DOCUMENT, "metrics_parity"): tables.metrics_parity,
    (DOCUMENT, "disentanglement"): disentanglement,
    (DOCUMENT, "rooms"): rooms,
    (DOCUMENT, "seeds"): tables.seeds,
    (DOCUMENT, "class_left"): class_left,
    (DOCUMENT, "style"): tables.style,
    (DOCUMENT, "components"): matching,
}


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(\n?<!-- /{name} -->)", re.DOTALL)


def block(path: Path, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    found = _pattern(name).search(path.read_text())
    if found is None:
        raise ValueError(f"{path.name} has no block called {name}")
    return found[2]


def main() -> None:
    for (path, name), table in BLOCKS.items():
        block(path, name)
        before, _, rest = path.read_text().partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        path.write_text(f"{before}<!-- {name} -->\n{table()}\n<!-- /{name} -->{after}")


if __name__ == "__main__":
    main()
