"""Scientific charts of plotly: the rate-distortion plane, and the rate of each dimension over beta."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from latent_explorer import palette
from latent_explorer.charts.layout import FAMILY, HERE, QUIET, heading
from latent_explorer.text import chart
from vae_core.checkpoints import Frontier, Point

# A dimension whose KL stays below this, in nats, carries next to nothing.
LITTLE = 0.02


def betas_in_words(betas: Mapping[str, float]) -> str:
    return ", ".join(f"β({block}) = {beta:.3g}" for block, beta in betas.items())


def plane(
    frontier: Frontier,
    name: str,
    here: Mapping[str, float],
    now: Mapping[str, float],
    others: Sequence[tuple[str, float, float]],
    an: str = "an image",
) -> go.Figure:
    """Distortion over rate of the named checkpoint: the frontier with two standard errors, lines of equal bound, anchors, other checkpoints `(name, R, D)`,
    and where the sliders stand. Every point of the frontier carries its number as customdata."""
    figure = go.Figure()
    _equal_bounds(figure, frontier)
    for block in frontier.blocks:
        for line in _lines(frontier, block):
            figure.add_scatter(
                x=[p.rate for p in line],
                y=[p.distortion.value for p in line],
                mode="lines",
                line={
                    "color": palette.colours(len(frontier.blocks))[frontier.blocks.index(block)],
                    "width": 1.5,
                },
                hoverinfo="skip",
                legendgroup=block,
                name=f"along β({block})",
                showlegend=line[0] is frontier.points[0],
            )
    figure.add_scatter(
        x=[p.rate for p in frontier.points],
        y=[p.distortion.value for p in frontier.points],
        error_y={"array": [2 * p.distortion.se for p in frontier.points], "thickness": 1},
        error_x={"array": [2 * p.rate_error for p in frontier.points], "thickness": 1},
        mode="markers",
        marker={"size": 8, "color": palette.colours(1)[0]},
        customdata=list(range(len(frontier.points))),
        hovertext=[_words(p) for p in frontier.points],
        hoverinfo="text",
        name="measured, ± 2 s.e.",
    )
    if frontier.anchors:
        figure.add_scatter(
            x=[p.rate for p in frontier.anchors],
            y=[p.distortion.value for p in frontier.anchors],
            mode="markers",
            marker={
                "size": 11,
                "symbol": "diamond-open",
                "color": palette.colours(2)[1],
                "line": {"width": 2},
            },
            hovertext=[f"trained for {_words(p)}" for p in frontier.anchors],
            hoverinfo="text",
            name="trained for one β",
        )
    known = {anchor.name for anchor in frontier.anchors}
    others = [other for other in others if other[0] not in known]
    if others:
        figure.add_scatter(
            x=[r for _, r, _ in others],
            y=[d for _, _, d in others],
            mode="markers",
            marker={"size": 9, "symbol": "x-thin-open", "color": QUIET, "line": {"width": 2}},
            hovertext=[f"{chart(name)}: R {r:.2f}, D {d:.2f}" for name, r, d in others],
            hoverinfo="text",
            name="other models",
        )
    figure.add_scatter(
        x=[now["rate"]],
        y=[now["distortion"]],
        mode="markers",
        marker={"size": 17, "symbol": "circle-open", "color": HERE, "line": {"width": 3}},
        hovertext=[f"the sliders: {betas_in_words(here)}"],
        hoverinfo="text",
        name="sliders",
    )
    figure.update_layout(
        xaxis_title=f"rate R = KL(q ‖ p), nats {an}",
        yaxis_title=f"distortion D = −E log p(x | z), nats {an}",
        title=heading(f"Rate and distortion of {chart(name)}"),
        height=480,
        margin={
            "l": 60,
            "r": 10,
            "t": 125,
            "b": 50,
        },  # at the top, room for a legend of five lines on a phone
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "font": {"size": 13}},
        font={"size": 14, "family": FAMILY},
        dragmode="pan",
    )
    return figure


def _lines(frontier: Frontier, block: str) -> list[list[Point]]:
    """The points along one block's beta, for each combination of the others'."""
    groups: dict[tuple, list[Point]] = {}
    for point in frontier.points:
        rest = tuple(beta for name, beta in point.betas.items() if name != block)
        groups.setdefault(rest, []).append(point)
    return list(groups.values())


def _equal_bounds(figure: go.Figure, frontier: Frontier) -> None:
    """Dotted lines D + R = constant: the same bound on log p(x)."""
    rates = [p.rate for p in frontier.points]
    low, high = min(rates), max(rates)
    sums = [r + p.distortion.value for r, p in zip(rates, frontier.points, strict=True)]
    bottom = min(p.distortion.value for p in frontier.points)
    top = max(p.distortion.value for p in frontier.points)
    first, apart = True, 5 if max(sums) - min(sums) < 30 else 20
    for total in range(int(min(sums) // apart * apart), int(max(sums)) + apart, apart):
        ends = [(r, total - r) for r in (max(low, total - top), min(high, total - bottom))]
        if ends[0][0] < ends[1][0]:
            figure.add_scatter(
                x=[r for r, _ in ends],
                y=[d for _, d in ends],
                mode="lines",
                line={"dash": "dot", "width": 1, "color": QUIET},
                hovertext=f"−ELBO = {total} nats",
                hoverinfo="text",
                name="equal −ELBO",
                legendgroup="bounds",
                showlegend=first,
            )
            first = False


def _words(point: Point) -> str:
    return (
        f"{chart(betas_in_words(point.betas))}<br>D {point.distortion.value:.2f} ± {point.distortion.se:.2f}, "
        f"R {point.rate:.2f} ± {point.rate_error:.2f} nats"
    )


def dimensions(line: Sequence[Point], name: str, block: str, here: float, an: str = "an image") -> go.Figure:
    """KL of each dimension of a block, stacked over its beta, the largest at the bottom; those that are spent nothing on as one."""
    kl = np.array([point.kl[block] for point in line])
    order = [dimension for dimension in kl.sum(0).argsort()[::-1] if kl[:, dimension].max() >= LITTLE]
    betas = [point.betas[block] for point in line]
    # A scale that reads the same to colour-blind eyes, without its ends, which one of the grounds would swallow.
    shades = sample_colorscale("Cividis", np.linspace(0.2, 0.95, len(order)).tolist())
    figure = go.Figure()
    for place, dimension in enumerate(order):
        figure.add_bar(
            x=[f"{beta:.3g}" for beta in betas],
            y=kl[:, dimension],
            name=f"{block}[{dimension}]",
            marker={"color": shades[place], "line": {"width": 1, "color": QUIET}},
            hovertemplate=f"{block}[{dimension}]: %{{y:.2f}} nats at β = %{{x}}<extra></extra>",
        )
    if others := kl.shape[1] - len(order):
        figure.add_bar(
            x=[f"{beta:.3g}" for beta in betas],
            y=kl.sum(1) - kl[:, order].sum(1),
            name=f"{others} others, each < {LITTLE}",
            marker={"color": QUIET},
            hovertemplate=f"{others} others: %{{y:.2f}} nats at β = %{{x}}<extra></extra>",
        )
    nearest = int(np.abs(np.log(np.array(betas) / here)).argmin())
    figure.add_annotation(
        x=nearest,
        y=float(kl[nearest].sum()),
        text="sliders",
        arrowcolor=HERE,
        font={"color": HERE},
        ay=-28,
        ax=0,
    )
    figure.update_layout(
        title=heading(f"Rate of each dimension of {block}", chart(name)),
        barmode="stack",
        xaxis={"title": f"β({block})", "type": "category"},
        yaxis_title=f"KL of each dimension, nats {an}",
        height=430,
        margin={"l": 60, "r": 10, "t": 60, "b": 50},
        legend={"traceorder": "reversed", "font": {"size": 12}},
        font={"size": 14, "family": FAMILY},
    )
    return figure
