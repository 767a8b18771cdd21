"""A chart of two numbers of several models."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.components import palette
from app.components.charts import HERE

Number = Mapping[str, Any]  # value, se, n


def against(models: Mapping[str, tuple[Number, Number]], x: str, y: str, here: str) -> go.Figure:
    """Each model's number y over its number x, with two standard errors; the model `here` outlined."""
    names = list(models)
    figure = go.Figure(
        go.Scatter(
            x=[a["value"] for a, _ in models.values()],
            y=[b["value"] for _, b in models.values()],
            error_x={"array": [2 * a["se"] for a, _ in models.values()], "thickness": 1},
            error_y={"array": [2 * b["se"] for _, b in models.values()], "thickness": 1},
            mode="markers+text",
            text=names,
            textposition="top center",
            marker={
                "size": 11,
                "color": palette.colours(1)[0],
                "line": {"width": [3 if name == here else 0 for name in names], "color": HERE},
            },
            hovertext=[
                f"{name}<br>{x} {a['value']:.4g} ± {a['se']:.2g} (n {a['n']:,})<br>{y} {b['value']:.4g} ± {b['se']:.2g} (n {b['n']:,})"
                for name, (a, b) in models.items()
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        title={"text": f"{y} over {x}", "x": 0, "y": 0.99, "yanchor": "top", "font": {"size": 16}},
        xaxis_title=x,
        yaxis_title=y,
        height=480,
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        dragmode="pan",
    )
    return figure


def knowledge(
    shares: np.ndarray, dimensions: Sequence[str], factors: Sequence[str], title: str, says: str
) -> go.Figure:
    """A matrix `(D, F)` of shares in [0, 1]: dimensions down, factors across; `says` is what a cell says, with %{y}, %{x} and %{z} for the two and the share."""
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(factors),
            y=list(dimensions),
            zmin=0,
            zmax=max(0.1, float(shares.max())),
            colorscale="Viridis",
            colorbar={"title": {"text": "share"}, "thickness": 12},
            hovertemplate=says + "<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title="dimension")
    figure.update_xaxes(title="factor")
    figure.update_layout(
        title={
            "text": title,
            "x": 0,
            "y": 0.99,
            "yanchor": "top",
            "font": {"size": 16},
        },
        height=120 + 26 * len(dimensions),
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
    )
    return figure
