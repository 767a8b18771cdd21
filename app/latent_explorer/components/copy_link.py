"""A button that copies the address of the page, which is the whole state of the view."""

from streamlit.components.v2 import component

from latent_explorer.components._shared import javascript, stylesheet

_component = component("latent_explorer.copy_link", js=javascript("copy_link"), css=stylesheet("copy_link"))


def copy_link(key: str = "copy-link") -> None:
    """Offer the link to what the page shows; whoever opens it sees the same."""
    _component(key=key, width="content")
