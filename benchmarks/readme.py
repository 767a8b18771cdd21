"""Write measured numbers from cards and benchmark results into the documents that quote them: `python -m benchmarks.readme`.

Each stands between `<!-- name -->` and `<!-- /name -->`; a test holds the documents to their sources.
"""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latent_explorer.published import PUBLISHED, SCORES

from vae_core import bundled
from vae_core.checkpoints import Point, load_card
from vae_core.estimates import Estimate

ROOT = Path(__file__).parents[1]
README, DOCUMENT = ROOT / "README.md", ROOT / "docs" / "results.md"
RESULTS = ROOT / "benchmarks" / "results"
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
PROBES = ("logistic", "knn", "mlp")
READINGS = {"sample": "one draw of", "mean": "the mean of", "posterior": "mean and log scale of"}
TREES = "dci_disentanglement"

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


def evidence() -> str:
    found = _result("evidence")
    lines = ["| nets | prior | epochs | samples | −log p(x) ≤ | s.e. | n |", "|---|---|--:|--:|--:|--:|--:|"]
    for row in found["rows"]:
        numbers = f"{row['epochs']} | {row['samples']:,} | {row['negative_log_px']:.2f} | {row['se']:.2f} | {row['n']:,}"
        lines.append(f"| {row['nets']}, d = {row['latent']} | {row['prior']} | {numbers} |")
    gains = " and ".join(f"{pair['gain']:.2f} ± {pair['se']:.2f}" for pair in found["gains"])
    published = f"Published for the first row: {found['published']}."
    return "\n".join(
        [*lines, "", f"{published} VampPrior over the standard prior, paired by image: {gains} nats."]
    )


def leak() -> str:
    columns = ("negative_elbo", "rate_z_l", "rate_z_u")
    shares = ("bayes_accuracy", "sample_accuracy", "swap_accuracy")
    lines = [
        "| class weight | adversary | −ELBO | R_l | R_u | class by the bound | samples | swaps | one draw of z_u | means of z_u |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in _result("leak")["rows"]:
        cells = [f"{row['class_weight']:g}", f"{row['adversary']:g}"]
        cells += [f"{row[name][0]:.1f}" for name in columns]
        cells += ["{:.1%} ({:.1%}–{:.1%})".format(*row[name]) for name in shares]
        cells += [
            " / ".join(f"{row[f'probe_z_u_{kind}_{what}'][0]:.1%}" for kind in PROBES)
            for what in ("sample", "mean")
        ]
        lines.append(f"| {' | '.join(cells)} |")
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


def style() -> str:
    names = ("slant", "thickness", "width", "height", "ink")
    lines = [
        f"| model | {' | '.join(names)} | width, of all but ones |",
        "|---|" + "--:|" * (len(names) + 1),
    ]
    for row in _result("style")["rows"]:
        cells = [
            f"{row[name]['swap']['value']:.2f} ({row[name]['reconstruction']['value']:.2f})" for name in names
        ]
        cells.append(f"{row['width']['without_ones']['value']:.2f}")
        lines.append(f"| `{row['model']}` | {' | '.join(cells)} |")
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


def mixture_bounds() -> str:
    lines = [
        "| trained by | components used | mean distance of means | rate of u as trained | rate of u | −ELBO |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    columns = ("components_used", "mean_distance", "rate_u_as_trained", "rate_u", "negative_elbo")
    for row in _result("mixture_bounds")["rows"]:
        lines.append(f"| {row['divergence']} | {' | '.join(f'{row[name]:.2f}' for name in columns)} |")
    return "\n".join(lines)


def levels() -> str:
    """One latent level or two, means of three seeds."""
    lines = [
        "| model | parameters | beta from 0 over | −ELBO | log p(x), 500 samples | rate of z or z1 | rate of z2 |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in _result("levels")["rows"]:
        upper = f"{row['rate_z2']:.2f}" if "rate_z2" in row else ""
        lines.append(
            f"| {row['model']} | {row['parameters']:,.0f} | {row['warmup'] or 'no steps'} | {row['negative_elbo']:.2f} ± {row['negative_elbo_sd']:.2f} | "
            f"{row['log_px']:.2f} ± {row['log_px_sd']:.2f} | {row.get('rate_z', row.get('rate_z1')):.2f} | {upper} |"
        )
    return "\n".join(lines)


def likelihoods() -> str:
    """One net under each likelihood of grey pixels, and in bits where they can be compared."""
    lines = [
        "| likelihood | −ELBO, nats | bits a pixel | rate of z | active units | epochs |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for row in _result("likelihoods")["rows"]:
        bits = "{:.3f} ± {:.3f}".format(*row["bits_per_dimension"]) if "bits_per_dimension" in row else ""
        nats, se = row["negative_elbo"]
        lines.append(
            f"| {row['likelihood']} | {nats:,.1f} ± {se:.1f} | {bits} | {row['rate_z'][0]:.1f} | {row['active_units_z'][0]:.0f} | {row['epochs']} |"
        )
    return "\n".join(lines)


def semi_supervised() -> str:
    lines = [
        "| labels | M2, three seeds | mean | classifier alone, three seeds | mean | published M2 | epochs here |",
        "|--:|---|--:|---|--:|--:|--:|",
    ]
    for row in _result("semi_supervised")["rows"]:
        cells = [f"{row['labels']:,}"]
        for shares in (row["m2"], row["classifier_alone"]):
            cells += [" / ".join(f"{share:.2%}" for share in shares), f"{sum(shares) / len(shares):.2%}"]
        lines.append(f"| {' | '.join(cells)} | {row['published']:.2%} | {row['epochs']} |")
    return "\n".join(lines)


def rate_distortion() -> str:
    found = _result("rate_distortion")
    lines = [
        "| β | D, R of the multi-rate model | D, R of one trained for this β | D + βR, separate | gap | s.e. | over seeds | share | gap, longer |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found["points"]:
        pairs = [
            f"{row[k]['distortion'][0]:.2f}, {row[k]['rate'][0]:.2f}" for k in ("multi_rate", "separate")
        ]
        low, high = row["gap_range"]
        cells = [f"{row['beta']:g}", *pairs, f"{row['separate']['objective'][0]:.2f}", f"{row['gap']:+.2f}"]
        cells += [f"{row['gap_se']:.2f}", f"{low:+.2f} to {high:+.2f}", f"{row['gap_share']:+.1%}"]
        cells.append(f"{row['longer_gap']:+.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    seconds = found["seconds"]
    return "\n".join(
        [
            *lines,
            "",
            f"{found['nets']}, {found['latent']} latents, {found['seeds']} seeds, n {found['n']:,}, {found['epochs']} epochs each. One multi-rate "
            f"training costs {found['cost_ratio']:.2f} separate ones; the longer one ({found['longer_epochs']} epochs) {found['longer_cost_ratio']:.2f}. "
            f"In all, on a machine that had other work too: {seconds['multi_rate']:,.0f} CPU-seconds for {found['seeds']} multi-rate models, "
            f"{seconds['separate']:,.0f} for {found['seeds'] * len(found['points'])} separate ones.",
        ]
    )


def moving_maps() -> str:
    found = _result("moving_maps")
    lines = ["| maps | trustworthiness | step between betas, spreads | seconds |", "|---|--:|--:|--:|"]
    for row in found["rows"]:
        lines.append(
            f"| {row['name']} | {row['trustworthiness']:.4f} | {row['step']:.3f} | {row['seconds']:.0f} |"
        )
    about = f"{found['block']} of `{found['checkpoint']}`, {found['items']:,} items, {found['rungs']} betas."
    return "\n".join([*lines, "", about])


def gpu() -> str:
    found = _result("gpu")
    lines = [
        "| nets | | images a second | of a recorded bare step | × pythae | last loss, nats |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for nets, ways in found["nets"].items():
        speeds = {name: way["images_a_second"] for name, way in ways.items()}
        bare, theirs = speeds["bare step, recorded"], speeds["pythae"]
        for name, speed in speeds.items():
            loss = ways[name]["loss"] if name.startswith("ours") else None
            shares = f"{speed / bare:.2f} | {speed / theirs:.1f} | {loss or ''}"
            lines.append(f"| {nets} | {name} | {speed:,.0f} | {shares} |")
    return "\n".join(
        [*lines, "", f"{found['device']}, torch {found['torch']}, {found['epochs']} epochs a round."]
    )


def metrics_parity() -> str:
    found = _result("metrics_parity")
    lines = [
        "| representation | score | the same rows, ours / disent | own draws, ours | own draws, disent | difference | s.e. |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    ratios = []
    for row in found["rows"]:
        sides = [row["ours"], row["disent"]]
        apart, error = sides[0]["mean"] - sides[1]["mean"], math.hypot(*(side["se"] for side in sides))
        ratios += [abs(apart) / error] if error else []
        cells = [f"{row['representation']}, D = {row['dimensions']}", row["metric"]]
        cells.append(" / ".join(f"{value:.4f}" for value in row.get("same_rows", [])))
        cells += [f"{side['mean']:.4f} ± {side['se']:.4f}" for side in sides]
        lines.append(f"| {' | '.join([*cells, f'{apart:+.4f}', f'{error:.4f}'])} |")
    runs = [
        next(row for row in found["rows"] if row["metric"] == metric)["ours"]["runs"]
        for metric in ("mig", "factorvae_score", TREES)
    ]
    about = (
        f"{found['items']:,} sprites; {found['mig_rows']:,} rows for MIG, {found['fitted']:,} to fit and {found['tested']:,} to test for SAP and DCI, "
        f"{found['votes']:,} votes and {found['tested_votes']:,} to test for FactorVAE. ± is the standard error over {runs[0]} draws of MIG and SAP, "
        f"{runs[1]} of FactorVAE, {runs[2]} of DCI. Of the {len(ratios)} differences that are not 0 on both sides, {sum(r > 2 for r in ratios)} are above two standard errors, the largest {max(ratios):.1f}."
    )
    return "\n".join([*lines, "", about])


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
    return f"Of the {len(points[0].kl['z_u'])} dimensions of z_u are active, by β(z_u): {said}."


def _result(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text())


# The blocks by document and name, and what they hold.
BLOCKS: dict[tuple[Path, str], Callable[[], str]] = {
    (README, "measured"): measured,
    (README, "bundled"): overview,
    (DOCUMENT, "evidence"): evidence,
    (DOCUMENT, "leak"): leak,
    (DOCUMENT, "mixture_bounds"): mixture_bounds,
    (DOCUMENT, "levels"): levels,
    (DOCUMENT, "likelihoods"): likelihoods,
    (DOCUMENT, "semi_supervised"): semi_supervised,
    (DOCUMENT, "rate_distortion"): rate_distortion,
    (DOCUMENT, "anchors"): anchors,
    (DOCUMENT, "moving_maps"): moving_maps,
    (DOCUMENT, "gpu"): gpu,
    (DOCUMENT, "metrics_parity"): metrics_parity,
    (DOCUMENT, "disentanglement"): disentanglement,
    (DOCUMENT, "rooms"): rooms,
    (DOCUMENT, "class_left"): class_left,
    (DOCUMENT, "style"): style,
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
