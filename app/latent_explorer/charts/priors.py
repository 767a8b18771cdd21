"""Charts of a prior beside the encodings: densities of each dimension, divergences between classes, density ratios of its draws."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from latent_explorer.charts.layout import HERE, SHORT, heading
from latent_explorer.text import chart, shortened
from vae_core.metrics.holes import EMPTIEST

# Classes of a matrix beyond which it is larger, its letters are smaller, and longer names are cut.
LARGE = 14

PRIOR, ENCODINGS = "#D55E00", "#0072B2"


def densities(curves: Mapping[str, tuple[np.ndarray, ...]], columns: int = 4) -> go.Figure:
    """For each named dimension, `(at, prior, aggregate posterior)`: two densities in one small chart."""
    rows = -(-len(curves) // columns)
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=[
            name.replace(", ", "<br>") for name in curves
        ],  # two lines: narrow enough for a phone
        horizontal_spacing=0.05,
        vertical_spacing=0.4 / max(rows, 1),
    )
    for place, (at, prior, aggregate) in enumerate(curves.values()):
        row, column = place // columns + 1, place % columns + 1
        for name, density, colour, dash in (
            ("aggregate posterior q(z_j)", aggregate, ENCODINGS, "solid"),
            ("prior p(z_j)", prior, PRIOR, "dash"),
        ):
            figure.add_scatter(
                x=at,
                y=density,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                fill="tozeroy" if dash == "solid" else None,
                name=name,
                legendgroup=name,
                showlegend=place == 0,
                hovertemplate="%{y:.3f} at %{x:.2f}<extra></extra>",
                row=row,
                col=column,
            )
    figure.update_annotations(font_size=12)
    figure.update_yaxes(showticklabels=False, rangemode="tozero")
    figure.update_xaxes(tickfont_size=10)
    return _laid_out(figure, "Density of each dimension", 110 + 165 * rows)


def matrix(
    values: np.ndarray, names: Sequence[str], title: str, of: str, unit: str, pair: tuple[int, int]
) -> go.Figure:
    """A matrix `(K, K)` as squares, each of which can be clicked and carries its (row, column) as customdata; `pair` is outlined."""
    count = len(names)
    cells = [(row, column) for row in range(count) for column in range(count) if row != column]
    shown = np.array([values[cell] for cell in cells])
    large = count > LARGE
    side = int(max(8, (440 if large else 320) / (count + 0.2)))
    figure = go.Figure(
        go.Scatter(
            x=[column for _, column in cells],
            y=[row for row, _ in cells],
            mode="markers",
            marker={
                "symbol": "square",
                "size": side,
                "color": shown,
                "colorscale": "Viridis",
                "colorbar": {"title": {"text": unit}, "thickness": 12},
            },
            customdata=[list(cell) for cell in cells],
            hovertext=[f"{chart(names[r])} → {chart(names[c])}: {values[r, c]:.2f} {unit}" for r, c in cells],
            hoverinfo="text",
            showlegend=False,
        )
    )
    figure.add_scatter(
        x=[pair[1]],
        y=[pair[0]],
        mode="markers",
        marker={"symbol": "square-open", "size": side, "color": HERE, "line": {"width": 3}},
        hoverinfo="skip",
        showlegend=False,
    )
    ticks = {
        "tickmode": "array",
        "tickvals": list(range(count)),
        "ticktext": list(map(chart, shortened(names, SHORT))),
        "tickfont": {"size": 9 if large else 12},
        "showgrid": False,
        "zeroline": False,
    }
    figure.update_xaxes(title="to class", range=[-0.6, count - 0.4], constrain="domain", **ticks)
    figure.update_yaxes(
        title="from class", range=[count - 0.4, -0.6], scaleanchor="x", constrain="domain", **ticks
    )
    return _laid_out(figure, chart(title), 680 if large else 460, chart(of))


def density_ratios(draws: np.ndarray, reference: np.ndarray) -> go.Figure:
    """Histograms of log q(z) - log p(z) at draws of the prior and at new encodings."""
    low, high = np.quantile(np.concatenate([draws, reference]), [0.002, 0.998])
    bins = {"start": low, "end": high, "size": (high - low) / 60}
    figure = go.Figure()
    for name, values, colour in (
        ("draws from posteriors that q does not hold", reference, ENCODINGS),
        ("draws from the prior", draws, PRIOR),
    ):
        figure.add_histogram(
            x=values,
            xbins=bins,
            histnorm="percent",
            marker_color=colour,
            opacity=0.6,
            name=name,
            hovertemplate="%{y:.1f} % at %{x:.1f} nats<extra></extra>",
        )
    figure.add_vline(x=float(np.quantile(reference, EMPTIEST)), line={"dash": "dot", "color": HERE})
    figure.update_xaxes(title="density ratio log q(z) − log p(z), nats")
    figure.update_yaxes(title="share of the draws, %")
    figure.update_layout(barmode="overlay")
    return _laid_out(figure, "Density ratio at prior and posterior draws", 320)


def _laid_out(figure: go.Figure, title: str, height: int, of: str = "") -> go.Figure:
    figure.update_layout(
        title=heading(title, of),
        height=height,
        margin={"l": 50, "r": 10, "t": 95, "b": 45},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.06, "x": 0},
        hovermode="closest",
        dragmode="pan",
    )
    return figure
