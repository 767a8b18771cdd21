"""What stands under a figure: what one sees, how to read it, and the menu of what a visitor takes along."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from latent_explorer.components.figure import save
from latent_explorer.export.animations import animation
from latent_explorer.export.tables import Table, csv, npz


def under(
    figure: str,
    name: str,
    seen: str,
    read: str = "",
    *,
    picture: bool = True,
    codes: Callable[[], Table] | None = None,
    frames: Callable[[], tuple[np.ndarray, Sequence[str]]] | None = None,
    script: str | None = None,
    commands: Sequence[str] = (),
) -> None:
    """Under the figure with this key: a sentence on what one sees, one on how to read it, and the menu Export with files of this name.

    There is no picture of a table. `codes` and `frames` (the arguments of `animation`) are called only when a file is asked for, outside of a page's run: they
    must not call Streamlit. `script` is Python, from `latent_explorer.export.scripts`; `commands` are those that measure the
    numbers of the figure.
    """
    line = st.container(horizontal=True, gap="medium", key=f"under-{figure}")
    line.caption(" ".join(filter(None, (seen, read))), width="stretch")
    with line.popover(
        "Export",
        icon=":material/download:",
        key=f"export-{figure}",
        help="Picture, data and code of this figure",
        width="content",
    ):
        if picture:
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
        if commands:
            st.caption(
                "Command that measures its numbers"
                if len(commands) == 1
                else "Commands that measure its numbers"
            )
            st.code("\n".join(commands), language="bash", wrap_lines=True)
        if script:
            st.caption("Python that makes this picture, with `vae_core` alone")
            st.code(script, language="python", height=320)


def _line(text: str) -> DeltaGenerator:
    """A row of the menu: what the buttons give, then the buttons."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(text)
    return row


def _file(label: str, made: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(label, made, name, mime, key=f"export-{name}", on_click="ignore")
