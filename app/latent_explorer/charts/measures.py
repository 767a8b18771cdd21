"""A chart of two numbers of several models."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from latent_explorer import palette
from latent_explorer.charts.labels import sides
from latent_explorer.charts.layout import HERE, QUIET, heading
from latent_explorer.text import chart
from vae_core.kinds import Kind
from vae_core.metrics import Estimate, number


def against(models: Mapping[str, tuple[Estimate, Estimate]], x: str, y: str, here: str) -> go.Figure:
    """Each model's number y over its number x, with two standard errors; the model `here` outlined."""
    names = list(models)
    values, errors = (
        np.array([[getattr(part, of) for part in pair] for pair in models.values()]).reshape(-1, 2)
        for of in ("value", "se")
    )
    figure = go.Figure(
        go.Scatter(
            x=[a.value for a, _ in models.values()],
            y=[b.value for _, b in models.values()],
            error_x={"array": [2 * a.se for a, _ in models.values()], "thickness": 1},
            error_y={"array": [2 * b.se for _, b in models.values()], "thickness": 1},
            mode="markers+text",
            text=[f" {chart(name)} " for name in names],
            textposition=sides(values[:, 0], values[:, 1], 2 * errors[:, 0], 2 * errors[:, 1], names),
            cliponaxis=False,
            marker={
                "size": 11,
                "color": palette.colours(1)[0],
                "line": {"width": [3 if name == here else 0 for name in names], "color": HERE},
            },
            hovertext=[
                f"{chart(name)}<br>{chart(number(x).title)} {chart(number(x).told(a.value, a.se))} (n {a.n:,})<br>{chart(number(y).title)} {chart(number(y).told(b.value, b.se))} (n {b.n:,})"
                for name, (a, b) in models.items()
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        title=heading(chart(f"{number(y).title} over {number(x).title}")),
        xaxis_title=chart(number(x).heading),
        yaxis_title=chart(number(y).heading),
        height=560,
        margin={"l": 60, "r": 160, "t": 50, "b": 50},  # at the right, room for the name of the last
        dragmode="pan",
    )
    return figure


def calibration(
    confidence: np.ndarray, right: np.ndarray, spread: np.ndarray, count: np.ndarray, of: str, kind: Kind
) -> go.Figure:
    """Share of right answers over mean confidence, `(M,)` each, with two standard errors, and below it how many images each bin holds."""
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.75, 0.25], vertical_spacing=0.06)
    some = count > 0
    x, y, n = confidence[some], right[some], count[some]
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": QUIET, "dash": "dot"},
        name="as sure as right", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=x,
        y=y,
        error_y={"array": 2 * spread[some], "thickness": 1},
        mode="markers+lines",
        marker={"size": 8, "color": palette.colours(1)[0]},
        name="measured",
        customdata=n,
        hovertemplate=f"%{{customdata:,}} {kind.many}, on average %{{x:.1%}} sure: %{{y:.1%}} right<extra></extra>",
    )
    figure.add_bar(
        x=x, y=n, width=1 / 40, marker_color=palette.colours(1)[0], showlegend=False,
        hovertemplate=f"%{{y:,}} {kind.many}<extra></extra>", row=2, col=1,
    )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_xaxes(title=f"confidence, max q(class | {kind.one})", tickformat=".0%", row=2)
    figure.update_yaxes(title="share right", tickformat=".0%", range=[-0.05, 1.08], row=1)
    figure.update_yaxes(title=f"{kind.many} (log scale)", type="log", row=2)
    figure.update_layout(
        title=heading(f"Is {chart(of)} as sure as right?"),
        height=480,
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        dragmode="pan",
    )
    return figure


def knowledge(
    shares: np.ndarray, dimensions: Sequence[str], factors: Sequence[str], title: str, says: str
) -> go.Figure:
    """A matrix `(D, F)` of shares in [0, 1], coloured from 0 to 1 and printed: dimensions down, factors across; `says` is what a cell says, with %{y}, %{x} and %{z} for the two and the share."""
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(map(chart, factors)),
            y=list(map(chart, dimensions)),
            zmin=0,
            zmax=1,  # always: a colour says the same of every model
            colorscale="Viridis",
            texttemplate="%{z:.2f}",
            colorbar={"title": {"text": "share"}, "thickness": 12},
            hovertemplate=says + "<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title="dimension")
    figure.update_xaxes(title="factor")
    figure.update_layout(
        title=heading(chart(title)),
        height=120 + 26 * len(dimensions),
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
    )
    return figure
