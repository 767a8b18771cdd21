"""Buttons that save a figure which stands elsewhere on the page, such as a chart of plotly, as PNG or SVG."""

from streamlit.components.v2 import component

from latent_explorer.components._shared import javascript, stylesheet

_component = component("latent_explorer.save", js=javascript("save"), css=stylesheet("save"))


def save(figure: str, name: str) -> None:
    """Offer the figure with this key as `name`.png and `name`.svg, drawn as it stands on the page."""
    _component(key=f"save-{figure}", data={"figure": figure, "name": name}, width="content")
