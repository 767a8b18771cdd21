"""A button that copies the address of the page, which is the whole state of the view."""

from collections.abc import Mapping

import streamlit as st

from latent_explorer.components.shared import served

_component = served("copy_link")


def copy_link(
    address: str | None = None, *, model: str = "", shared: str = "", key: str = "copy-link"
) -> None:
    """Offer the link to what the page shows; whoever opens it sees the same.

    model: its name, which the link says also where the address does not, since another server may begin with another one.
    shared: the address at which others open this server; without one the button says where a link works on this computer only.
    address: what the browser puts into the present entry of its history, and then runs the script again; None leaves it as it is.
    """
    _component(
        key=key,
        width="content",
        data={"address": address, "model": model, "shared": shared, "again": _asked(key)},
        on_arrived_change=lambda: None,
        on_again_change=lambda: None,
    )


def _asked(key: str) -> object:
    """The number with which the browser asked for this run, after a lost connection; it asks until it hears it back."""
    report = st.session_state.get(key)
    return report.get("again") if isinstance(report, Mapping) else None
