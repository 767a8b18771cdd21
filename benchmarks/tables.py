"""Tables of what the benchmarks have measured, from `benchmarks/results`; `benchmarks.readme` puts them into the documents."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PROBES = ("logistic", "knn", "mlp")
TREES = "dci_disentanglement"


def evidence() -> str:
    found = result("evidence")
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
    for row in result("leak")["rows"]:
        cells = [f"{row['class_weight']:g}", f"{row['adversary']:g}"]
        cells += [f"{row[name][0]:.1f}" for name in columns]
        cells += ["{:.1%} ({:.1%}–{:.1%})".format(*row[name]) for name in shares]
        cells += [
            " / ".join(f"{row[f'probe_z_u_{kind}_{what}'][0]:.1%}" for kind in PROBES)
            for what in ("sample", "mean")
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def style() -> str:
    names = ("slant", "thickness", "width", "height", "ink")
    lines = [
        f"| model | {' | '.join(names)} | width, of all but ones |",
        "|---|" + "--:|" * (len(names) + 1),
    ]
    for row in result("style")["rows"]:
        cells = [
            f"{row[name]['swap']['value']:.2f} ({row[name]['reconstruction']['value']:.2f})" for name in names
        ]
        cells.append(f"{row['width']['without_ones']['value']:.2f}")
        lines.append(f"| `{row['model']}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def mixture_bounds() -> str:
    lines = [
        "| trained by | components used | mean distance of means | rate of u as trained | rate of u | −ELBO |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    columns = ("components_used", "mean_distance", "rate_u_as_trained", "rate_u", "negative_elbo")
    for row in result("mixture_bounds")["rows"]:
        lines.append(f"| {row['divergence']} | {' | '.join(f'{row[name]:.2f}' for name in columns)} |")
    return "\n".join(lines)


def levels() -> str:
    """One latent level or two, means of three seeds."""
    lines = [
        "| model | parameters | beta from 0 over | −ELBO | log p(x), 500 samples | rate of z or z1 | rate of z2 |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in result("levels")["rows"]:
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
    for row in result("likelihoods")["rows"]:
        bits = "{:.3f} ± {:.3f}".format(*row["bits_per_dimension"]) if "bits_per_dimension" in row else ""
        nats, se = row["negative_elbo"]
        lines.append(
            f"| {row['likelihood']} | {nats:,.1f} ± {se:.1f} | {bits} | {row['rate_z'][0]:.1f} | {row['active_units_z'][0]:.0f} | {row['epochs']} |"
        )
    return "\n".join(lines)


def photographs() -> str:
    """A VAE of photographs beside PPCA: bits, class, and what is kept of which detail."""
    found = result("photographs")
    bands = list(found["rows"][0]["kept"])
    lines = [
        f"| model | bits a value | class from the means | {' | '.join(f'{band} cycles' for band in bands)} |",
        f"|---|--:|--:|{'--:|' * len(bands)}",
    ]
    for row in found["rows"]:
        trained = f"{row['epochs']} epochs" if row["epochs"] else "closed form"
        bits, share = ("{:.2f} ± {:.2f}".format(*row["bits_per_dimension"]), row["probe_z_logistic_mean"])
        kept = " | ".join(f"{row['kept'][band]:.0%} ({row['power_of_samples'][band]:.0%})" for band in bands)
        lines.append(f"| {row['model']}, {trained} | {bits} | {share[0]:.0%} ± {share[1]:.0%} | {kept} |")
    return "\n".join(lines)


def semi_supervised() -> str:
    lines = [
        "| labels | M2, three seeds | mean | classifier alone, three seeds | mean | published M2 | epochs here |",
        "|--:|---|--:|---|--:|--:|--:|",
    ]
    for row in result("semi_supervised")["rows"]:
        cells = [f"{row['labels']:,}"]
        for shares in (row["m2"], row["classifier_alone"]):
            cells += [" / ".join(f"{share:.2%}" for share in shares), f"{sum(shares) / len(shares):.2%}"]
        lines.append(f"| {' | '.join(cells)} | {row['published']:.2%} | {row['epochs']} |")
    return "\n".join(lines)


def rate_distortion() -> str:
    found = result("rate_distortion")
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
    found = result("moving_maps")
    lines = ["| maps | trustworthiness | step between betas, spreads | seconds |", "|---|--:|--:|--:|"]
    for row in found["rows"]:
        lines.append(
            f"| {row['name']} | {row['trustworthiness']:.4f} | {row['step']:.3f} | {row['seconds']:.0f} |"
        )
    about = f"{found['block']} of `{found['checkpoint']}`, {found['items']:,} items, {found['rungs']} betas."
    return "\n".join([*lines, "", about])


def gpu() -> str:
    found = result("gpu")
    lines = [
        "| nets | | images a second | of a recorded bare step | × pythae | last loss, nats |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for nets, run in found.items():
        ways = run["ways"]
        speeds = {name: way["images_a_second"] for name, way in ways.items()}
        bare, theirs = speeds["bare step, recorded"], speeds["pythae"]
        for name, speed in speeds.items():
            loss = ways[name]["loss"] if name.startswith("ours") else None
            shares = f"{speed / bare:.2f} | {speed / theirs:.1f} | {loss or ''}"
            lines.append(f"| {nets} | {name} | {speed:,.0f} | {shares} |")
    where = (
        f"{nets}: {run['device']}, torch {run['torch']}, {run['epochs']} epochs a round."
        for nets, run in found.items()
    )
    return "\n".join([*lines, "", *where])


def metrics_parity() -> str:
    found = result("metrics_parity")
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


SPREAD = {
    "negative_elbo": ("−ELBO", ".1f"),
    "mig": ("MIG", ".3f"),
    "dci_disentanglement": ("DCI", ".3f"),
    "factorvae_score": ("FactorVAE score", ".3f"),
    "infomec_modularity": ("InfoM", ".3f"),
    "infomec_compactness": ("InfoC", ".3f"),
    "infomec_explicitness": ("InfoE", ".3f"),
    "udr": ("UDR", ".3f"),
}


def seeds() -> str:
    """Scores of methods over seeds: the median, and from the least to the greatest."""
    found = result("disentanglement")["rows"]
    heads = " | ".join(title for title, _ in SPREAD.values())
    lines = [f"| method | seeds | {heads} |", f"|---|--:|{'--:|' * len(SPREAD)}"]
    for method in dict.fromkeys(row["method"] for row in found):
        rows = [row for row in found if row["method"] == method]
        cells = []
        for name, (_, form) in SPREAD.items():
            values = [row[name] for row in rows if name in row]
            middle, least, most = (
                format(value, form) for value in (statistics.median(values), min(values), max(values))
            )
            cells.append(f"{middle} ({least} to {most})")
        lines.append(f"| {method} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def result(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text())
