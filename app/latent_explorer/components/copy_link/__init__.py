"""A button that copies the address of the page, which is the whole state of the view."""

from latent_explorer.components.shared import served

_component = served("copy_link")


def copy_link(key: str = "copy-link") -> None:
    """Offer the link to what the page shows; whoever opens it sees the same."""
    _component(key=key, width="content")
