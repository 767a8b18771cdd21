"""The line under a figure: what one sees, and the menu of what a visitor takes along."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from latent_explorer.components.figure import save
from latent_explorer.export.animations import animation
from latent_explorer.export.tables import Table, csv, npz


def beside(seen: str) -> DeltaGenerator:
    """The line under a figure that says what one sees; the place at its right is for the figure's menu."""
    left, right = st.columns([7, 1], gap="medium")
    left.caption(f"What you see: {seen}")
    return right


def menu(
    figure: str,
    name: str,
    *,
    codes: Callable[[], Table] | None = None,
    frames: Callable[[], tuple[np.ndarray, Sequence[str]]] | None = None,
    script: str | None = None,
) -> None:
    """Draw the menu under the figure with this key: its picture, and what else is given, in files of this name.

    `codes` and `frames` (the arguments of `animation`) are called only when a file is asked for, outside of a page's run: they
    must not call Streamlit. `script` is Python, from `latent_explorer.export.scripts`.
    """
    with st.popover(
        "Keep",
        icon=":material/download:",
        key=f"keep-{figure}",
        help="Picture, data and code of this figure",
        width="stretch",
    ):
        with _line("Picture, as on the page"):
            save(figure, name)
        if codes:
            with _line("Numbers behind it"):
                _file("CSV", lambda: csv(codes()), f"{name}.csv", "text/csv")
                _file("NPZ", lambda: npz(codes()), f"{name}.npz", "application/octet-stream")
        if frames:
            with _line("Animation, there and back"):
                _file("GIF", lambda: animation(*frames(), "GIF"), f"{name}.gif", "image/gif")
                _file("WebP", lambda: animation(*frames(), "WEBP"), f"{name}.webp", "image/webp")
        if script:
            st.caption("Python that makes this picture, with `vae_core` alone")
            st.code(script, language="python", height=320)


def _line(text: str) -> DeltaGenerator:
    """A row of the menu: what the buttons give, then the buttons."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(text)
    return row


def _file(label: str, made: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(label, made, name, mime, key=f"keep-{name}", on_click="ignore")
