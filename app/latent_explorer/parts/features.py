"""What pages say of the features of a table: a row's profile, what moves along a traversal, what tells two selections apart."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from torch import Tensor

from latent_explorer.caches import sources
from latent_explorer.charts.layout import CONFIG
from latent_explorer.text import chart, shortened
from vae_core import Checkpoint
from vae_core.explore.features import differences, moved
from vae_core.kinds import Table

# A profile names so many features; of more, those that lie furthest from the mean of the training rows.
MOST_NAMED = 30

# So many features are named beside a row of a traversal, and in the table of differences.
MOVED, APART = 3, 20

# Letters of a feature beside an axis, and where several stand in a line.
NAMED = 32


def profile(table: Table, shown: dict[str, Tensor], key: str) -> None:
    """Rows `(F,)` by name, feature by feature, in standard deviations of the training rows."""
    scaled = {name: table.standardised(row) for name, row in shown.items()}
    order = list(range(table.size))
    if table.size > MOST_NAMED:
        far = torch.stack(list(scaled.values())).abs().amax(0)
        order = sorted(far.topk(MOST_NAMED).indices.tolist())
    names = [chart(table.names[i]) for i in order]
    short = list(map(chart, shortened([table.names[i] for i in order], NAMED)))
    figure = go.Figure(
        [
            go.Scatter(
                x=values[order].tolist(),
                y=names,
                mode="markers",
                name=name,
                customdata=[f"{shown[name][i].item():.4g}" for i in order],
                hovertemplate="%{y}: %{customdata}<extra>" + name + "</extra>",
                marker={"size": 9, "symbol": "circle-open" if number else "circle"},
            )
            for number, (name, values) in enumerate(scaled.items())
        ]
    )
    figure.update_layout(
        height=90 + 18 * len(order),
        margin={"l": 10, "r": 10, "t": 30, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis_title="σ from the mean",  # a narrow column holds it
        yaxis={"autorange": "reversed", "automargin": True, "tickvals": names, "ticktext": short},
    )
    st.plotly_chart(figure, key=key, config=CONFIG)
    few = (
        f"; of {table.size:,} features the {MOST_NAMED} that lie furthest" if table.size > MOST_NAMED else ""
    )
    st.caption(
        f"How far each feature lies from its mean over the training rows, in standard deviations σ{few}."
    )


def movers(table: Table, rows: Tensor) -> list[str]:
    """For each path of rows `(R, T, F)`, the features that move most along it, with how far in standard deviations.

    >>> table = Table(("a", "b"), ("real", "real"), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0))
    >>> movers(table, torch.tensor([[[0.0, 0.0], [0.5, -2.0]]]))
    ['b −2.0, a +0.5']
    """
    found = moved(table, rows)
    best = found.abs().topk(min(MOVED, table.size), -1).indices
    names = shortened(table.names, NAMED)
    return [
        ", ".join(f"{names[i]} {'+' if line[i] >= 0 else '−'}{abs(line[i].item()):.1f}" for i in places)
        for line, places in zip(found, best.tolist(), strict=True)
    ]


def apart(checkpoint: Checkpoint, a: np.ndarray, b: np.ndarray) -> None:
    """The features that differ most between two selections of rows; nothing where the rows themselves are not at hand."""
    table, originals = checkpoint.kind, sources.originals(checkpoint)
    if not isinstance(table, Table) or not len(a) or not len(b):
        return
    st.subheader("Features that differ between A and B")
    if originals is None:
        st.caption("The rows of this table are not on this server, so their features cannot be compared.")
        return
    found = differences(table, originals.images[a], originals.images[b])
    order = found.score.abs().argsort(descending=True)[:APART].tolist()
    rows = [
        {
            "feature": table.names[i],
            "mean of A": found.first[i].item(),
            "mean of B": found.second[i].item(),
            "score": found.score[i].item(),
            **({"log2 fold change": found.fold[i].item()} if not found.fold[i].isnan() else {}),
        }
        for i in order
    ]
    st.dataframe(rows, hide_index=True, height=38 + 35 * min(len(rows), 10))
    st.caption(
        "Each row is a feature, those that differ most first.",
        help="score: Welch’s t of B against A; of counts by log(1 + x), scaled to the same library. The rows were chosen by their codes, so it "
        "orders features and is no test. log2 fold change: of the mean counts, with half a count added.",
    )
