"""A number of a sweep over one of its options."""

from collections.abc import Sequence

import plotly.graph_objects as go

from latent_explorer import palette
from latent_explorer.charts.layout import heading
from latent_explorer.text import chart
from vae_core.metrics import number
from vae_core.sweeps import Line


def over(lines: Sequence[Line], name: str, option: str, values: Sequence[str]) -> go.Figure:
    """Mean over seeds with two standard errors, over the values of an option; a line for each setting of the others."""
    others = [dict(each) for each in dict.fromkeys(tuple(_rest(line, option).items()) for line in lines)]
    figure = go.Figure()
    for rest, colour in zip(others, palette.colours(len(others)), strict=True):
        mine = [line for line in lines if _rest(line, option) == rest]
        figure.add_scatter(
            x=[line.options[option] for line in mine],
            y=[line.mean for line in mine],
            error_y={"array": [2 * (line.se or 0) for line in mine], "thickness": 1},
            mode="lines+markers",
            marker={"size": 9, "color": colour},
            line={"width": 1, "color": colour},
            name=chart(", ".join(f"{key} {value}" for key, value in rest.items())),
            hovertext=[
                f"{chart(option)} {chart(line.options[option])}<br>{chart(number(name).told(line.mean, line.se))}<br>"
                f"{chart(number(name).told(line.low))} to {chart(number(name).told(line.high))}, {line.trials} trials"
                for line in mine
            ],
            hoverinfo="text",
        )
    figure.update_layout(
        title=heading(chart(f"{number(name).title} over {option}")),
        xaxis={
            "title": chart(option),
            "type": "category",
            "categoryorder": "array",
            "categoryarray": list(values),
        },
        yaxis_title=chart(number(name).heading),
        height=340,
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        showlegend=len(others) > 1,
        dragmode="pan",
    )
    return figure


def _rest(line: Line, option: str) -> dict[str, str]:
    return {key: value for key, value in line.options.items() if key != option}
