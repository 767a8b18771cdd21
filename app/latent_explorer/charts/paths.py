"""Charts of what the prior says along paths between codes: the class, and how far out or how dense it is there."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from latent_explorer import palette
from latent_explorer.charts.layout import SHORT, heading
from latent_explorer.text import chart, shortened

# One colour and one dash for each path: told apart also without colours.
PENS = [("#0072B2", "solid"), ("#E69F00", "dash"), ("#009E73", "dot")]
BAND = "rgba(128,128,128,0.18)"

# A class is drawn where it is somewhere at least as probable as this.
VISIBLE = 0.01


def classes_along(t: np.ndarray, posteriors: Mapping[str, np.ndarray], classes: Sequence[str]) -> go.Figure:
    """p(class | code) `(T, K)` over t for each path, side by side."""
    figure = make_subplots(
        cols=len(posteriors),
        shared_yaxes=True,
        subplot_titles=list(posteriors),
        horizontal_spacing=0.03,
        x_title="share of the path t",
    )
    names, short = list(map(chart, classes)), list(map(chart, shortened(classes, SHORT)))
    highest = np.max([p.max(0) for p in posteriors.values()], axis=0)
    named = set()
    for column, posterior in enumerate(posteriors.values(), start=1):
        for c in np.flatnonzero(highest >= VISIBLE).tolist():
            figure.add_scatter(
                x=t,
                y=posterior[:, c],
                mode="lines",
                line={"color": palette.colours(len(classes))[c], "width": 2.5},
                name=short[c],
                legendgroup=str(c),
                showlegend=c not in named,
                hovertemplate=f"class {names[c]}: %{{y:.1%}} at t = %{{x:.2f}}<extra></extra>",
                row=1,
                col=column,
            )
            named.add(c)
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(title="p(class | code)", col=1)
    return _laid_out(figure, "The class of the code along each path", "class")


def along(
    t: np.ndarray,
    values: Mapping[str, Mapping[str, np.ndarray]],
    usual: Mapping[str, tuple[float, float]],
    unit: str,
    many: str,
) -> go.Figure:
    """A number `(T,)` over t for each block and path, one panel a block; a band from the 5th to the 95th of 100 items, which are called
    `many`."""
    figure = make_subplots(
        cols=len(values), subplot_titles=list(values), horizontal_spacing=0.09, x_title="share of the path t"
    )
    for column, (block, paths) in enumerate(values.items(), start=1):
        low, high = usual[block]
        figure.add_scatter(
            x=[0, 1, 1, 0],
            y=[low, low, high, high],
            fill="toself",
            fillcolor=BAND,
            mode="none",
            hoverinfo="skip",
            name=f"90% of the {many}",
            showlegend=column == 1,
            row=1,
            col=column,
        )
        for (kind, numbers), (colour, dash) in zip(paths.items(), PENS, strict=False):
            figure.add_scatter(
                x=t,
                y=numbers,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5},
                name=kind,
                legendgroup=kind,
                showlegend=column == 1,
                hovertemplate=f"{kind}: %{{y:.2f}} at t = %{{x:.2f}}<extra></extra>",
                row=1,
                col=column,
            )
    figure.update_yaxes(title=unit.split(",")[0].split(" from")[0], col=1)
    return _laid_out(figure, f"Along each path: {unit}", None)


def _laid_out(figure: go.Figure, title: str, legend: str | None) -> go.Figure:
    figure.update_xaxes(range=[0, 1])
    figure.update_annotations(font_size=13)
    figure.update_layout(
        title=heading(title),
        height=350,
        margin={"l": 60, "r": 10, "t": 60, "b": 55},
        legend={"title": legend, "orientation": "h", "yanchor": "top", "y": -0.22, "x": 0},
        hovermode="closest",
    )
    return figure
