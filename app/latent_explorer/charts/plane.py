"""What a classifier says on a plane of two latent dimensions: its answers as colours, paler where it is uncertain, and their boundaries."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from latent_explorer import palette
from latent_explorer.charts.layout import FAMILY, HERE, SHORT, heading
from latent_explorer.text import chart, shortened

# Below this an answer is uncertain: it is hatched by a dotted line.
UNCERTAIN = 0.9


def plane(
    across: np.ndarray,
    up: np.ndarray,
    answer: np.ndarray,
    certainty: np.ndarray,
    names: Sequence[str],
    axes: tuple[str, str],
    here: tuple[float, float],
    one: str,
) -> go.Figure:
    """Answers `(T, T)` and how probable each is, over two axes `(T,)`, with the place of an item."""
    colours, figure = palette.colours(len(names)), go.Figure()
    short = list(map(chart, shortened(names, SHORT)))
    for c in np.unique(answer).tolist():
        figure.add_heatmap(
            x=across,
            y=up,
            z=np.where(answer == c, certainty, np.nan),
            colorscale=[[0, _faded(colours[c], 0.15)], [1, _faded(colours[c], 0.95)]],
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate=f"{chart(names[c])} with %{{z:.0%}}<br>{chart(axes[0])} %{{x:.2f}}, {chart(axes[1])} %{{y:.2f}}<extra></extra>",
        )
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=short[c],
            marker={"symbol": "square", "size": 11, "color": colours[c]},
        )
    for name, values, level, dash in (
        (f"less certain than {UNCERTAIN:.0%}", certainty, UNCERTAIN, "dot"),
        *(("", (answer == c).astype(float), 0.5, "solid") for c in np.unique(answer).tolist()),
    ):
        figure.add_contour(
            x=across,
            y=up,
            z=values,
            contours={"start": level, "end": level, "size": 1, "coloring": "none"},
            line={
                "color": "#808080" if dash == "dot" else "#404040",
                "dash": dash,
                "width": 2 if dash == "dot" else 1,
            },
            showscale=False,
            hoverinfo="skip",
            name=name,
            showlegend=bool(name),
        )
    figure.add_scatter(
        x=[here[0]],
        y=[here[1]],
        mode="markers",
        name=chart(one),
        marker={"symbol": "star", "size": 14, "color": HERE, "line": {"color": "#fff", "width": 1}},
        hovertemplate=f"{chart(one)}<extra></extra>",
    )
    figure.update_layout(
        title=heading("The classifier’s answers on a plane"),  # which fits a phone
        height=500,
        margin={"l": 55, "r": 10, "t": 40, "b": 50},
        xaxis_title=chart(axes[0]),
        yaxis_title=chart(axes[1]),
        font={"family": FAMILY},
        legend={"font": {"size": 12}, "orientation": "h", "yanchor": "top", "y": -0.14, "x": 0},
        dragmode="pan",
    )
    return figure


def _faded(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
