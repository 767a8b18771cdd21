"""Charts of one latent dimension: how its posterior mean is spread over the classes, its rate over beta, and beside the others."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from latent_explorer import palette
from latent_explorer.charts.layout import FAMILY, HERE, QUIET, SHORT, heading
from latent_explorer.text import chart, shortened

BINS = 40
# Classes beyond which the legend would fill the chart: there the bars have no names but on hover.
LEGEND = 12


def histogram(
    values: np.ndarray, labels: np.ndarray, classes: Sequence[str], name: str, many: str, here: float
) -> tuple[go.Figure, dict[str, np.ndarray]]:
    """Posterior means `(N,)` stacked by class, and the present item as a line; and the numbers behind it."""
    edges = np.histogram_bin_edges(values, BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    figure, table = go.Figure(), {"from": edges[:-1], "to": edges[1:]}
    short = shortened(classes, SHORT)
    for c, title in enumerate(classes):
        counts = np.histogram(values[labels == c], edges)[0]
        table[title] = counts
        figure.add_bar(
            x=middles,
            y=counts,
            width=np.diff(edges),
            name=chart(short[c]),
            marker={"color": palette.colours(len(classes))[c], "line": {"width": 0}},
            hovertemplate=f"{chart(title)}: %{{y}} {chart(many)} near %{{x:.2f}}<extra></extra>",
        )
    figure.add_vline(x=here, line={"dash": "dot", "color": HERE, "width": 2})
    figure.update_layout(barmode="stack", bargap=0, showlegend=1 < len(classes) <= LEGEND)
    return _laid_out(
        figure,
        "Posterior means by class" if len(classes) > 1 else "Posterior means",
        f"posterior mean of {name}",
        many,
    ), table


def over_betas(
    betas: Sequence[float], rates: Sequence[float], name: str, block: str, here: float, an: str
) -> go.Figure:
    """The rate of a dimension at each beta, and where the slider stands."""
    figure = go.Figure(
        go.Scatter(
            x=list(betas),
            y=list(rates),
            mode="lines+markers",
            line={"color": palette.colours(1)[0], "width": 2.5},
            hovertemplate="%{y:.2f} nats at β = %{x:.3g}<extra></extra>",
        )
    )
    figure.add_vline(x=here, line={"dash": "dot", "color": HERE, "width": 2})
    figure.update_xaxes(type="log")
    figure.update_yaxes(rangemode="tozero")
    return _laid_out(figure, f"Rate of {name} over β", f"β({block})", f"KL, nats {an}")


def beside(values: Sequence[float], names: Sequence[str], here: int, of: str) -> go.Figure:
    """What each dimension of a block is used, the most first, one of them marked."""
    colours = [HERE if place == here else QUIET for place in range(len(names))]
    figure = go.Figure(
        go.Bar(
            x=list(names), y=list(values), marker_color=colours, hovertemplate="%{x}: %{y:.3f}<extra></extra>"
        )
    )
    figure.update_xaxes(type="category", showticklabels=len(names) <= 20)
    return _laid_out(figure, "Beside the other dimensions", "dimension, the most used first", of)


def _laid_out(figure: go.Figure, title: str, across: str, up: str) -> go.Figure:
    figure.update_layout(
        title=heading(title),
        height=270,
        margin={"l": 55, "r": 10, "t": 34, "b": 45},
        xaxis_title=across,
        yaxis_title=up,
        font={"family": FAMILY},
        legend={"font": {"size": 11}, "itemsizing": "constant"},
        hovermode="closest",
        dragmode="pan",
    )
    return figure
