"""A square to draw on, with mouse, pen or finger; its picture comes back as small grey pixels."""

from streamlit.components.v2 import component

from app.components._shared import javascript, stylesheet

_component = component("latent_explorer.sketch", js=javascript("sketch"), css=stylesheet("sketch"))


def sketch(height: int, width: int, *, key: str, title: str) -> str:
    """Show the square and return what is drawn on it: base64 of `height * width` bytes of grey, white on black; "" for nothing."""
    found = _component(
        key=key,
        data={"height": height, "width": width, "title": title},
        default={"drawing": ""},
        on_drawing_change=lambda: None,
    ).drawing
    return found if isinstance(found, str) else ""
