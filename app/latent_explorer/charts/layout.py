"""What all charts share: colours with a meaning, fonts, and titles that a phone has room for."""

from typing import Any

HERE = "#d62728"
QUIET = "#8a8a8a"

# Letters of a class in a legend or beside an axis: more take the room of the chart.
SHORT = 18

# Plotly's own button saves a PNG alone: the menu under each chart saves both kinds.
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d"]}

# A family that every system has: the chart's own text takes as much room in a saved picture as on the page.
FAMILY = "Arial, Helvetica, sans-serif"


def heading(text: str, of: str = "") -> dict[str, Any]:
    """A short title at the left, and below it what the chart is of, such as a model."""
    below = {"subtitle": {"text": of, "font": {"size": 13}}} if of else {}
    return {"text": text, "x": 0, "y": 0.99, "yanchor": "top", "font": {"size": 16}, **below}
