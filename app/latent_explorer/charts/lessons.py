"""Charts of the figures of lessons: a log-likelihood that climbs, and the spread of two estimates."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from latent_explorer.charts.layout import FAMILY, HERE, QUIET, heading

# Told apart without colours, too: one of them lies left of the other, and each has its name.
PENS = ("#d46518", "#0072B2")


def climb(values: Sequence[float], step: int, best: float) -> go.Figure:
    """log p(x) over the steps of EM up to the present one, and the line of the closed form."""
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(step + 1)),
        y=list(values[: step + 1]),
        mode="lines+markers",
        line={"color": PENS[1], "width": 2.5},
        marker={"size": [11 if k == step else 5 for k in range(step + 1)]},
        hovertemplate="step %{x}: %{y:.2f} nats<extra></extra>",
        name="EM",
    )
    figure.add_hline(
        best,
        line={"dash": "dash", "color": HERE, "width": 2},
        annotation={
            "text": f"closed form {best:.2f}",
            "yanchor": "bottom",
            "font": {"color": HERE, "size": 14},
        },
        annotation_position="top left",
    )
    reach = best - values[0]
    figure.update_layout(
        xaxis={"title": "step of EM", "range": [-0.5, len(values) - 0.5]},
        yaxis={"title": "log p(x), nats an image", "range": [values[0] - 0.05 * reach, best + 0.12 * reach]},
        title=heading("The log-likelihood never falls"),
        **_LAYOUT,
    )
    return figure


def spread(estimates: Mapping[str, np.ndarray], exact: float, what: str) -> go.Figure:
    """Estimates `(N,)` of one gradient, one dot each, by the name of the estimator, their mean, and what is exact."""
    figure = go.Figure()
    names = list(estimates)
    for row, (_name, values) in enumerate(estimates.items()):
        heights = (
            row + 0.3 * np.modf(np.arange(len(values)) * 0.618034)[0] - 0.15
        )  # apart, and the same at every run
        figure.add_scattergl(
            x=values,
            y=heights,
            mode="markers",
            marker={"size": 5, "color": PENS[row], "opacity": 0.45},
            hovertemplate="%{x:.1f}<extra></extra>",
        )
        figure.add_scatter(
            x=[values.mean()],
            y=[row],
            mode="markers",
            marker={"symbol": "line-ns", "size": 34, "line": {"width": 3, "color": PENS[row]}},
            hovertemplate="mean %{x:.2f}<extra></extra>",
        )
    figure.add_vline(
        exact,
        line={"dash": "dash", "color": HERE, "width": 2},
        annotation={"text": f"exact {exact:.1f}", "font": {"color": HERE, "size": 14}},
    )
    figure.update_layout(
        xaxis={"title": f"{what}, nats a unit", "zerolinecolor": QUIET},
        yaxis={"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.5, len(names) - 0.5]},
        title=heading("One dot an estimate; a bar at the mean of all"),
        **_LAYOUT,
    )
    return figure


_LAYOUT = {
    "height": 320,
    "showlegend": False,
    "margin": {"l": 10, "r": 10, "t": 40, "b": 45},
    "font": {"size": 14, "family": FAMILY},
}
