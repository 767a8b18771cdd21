"""A button that copies the address of the page, which is the whole state of the view."""

from latent_explorer.components.shared import served

_component = served("copy_link")


def copy_link(address: str | None = None, key: str = "copy-link") -> None:
    """Offer the link to what the page shows; whoever opens it sees the same.

    address: what the browser puts into the present entry of its history, and then runs the script again; None leaves it as it is.
    """
    _component(key=key, width="content", data={"address": address}, on_arrived_change=lambda: None)
