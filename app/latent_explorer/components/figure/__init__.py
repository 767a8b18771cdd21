"""Buttons that save a figure which stands elsewhere on the page, such as a chart of plotly, as PNG or SVG."""

from latent_explorer.components.shared import served

_component = served("figure")


def save(figure: str, name: str) -> None:
    """Offer the figure with this key as `name`.png and `name`.svg, drawn as it stands on the page."""
    _component(key=f"save-{figure}", data={"figure": figure, "name": name}, width="content")
