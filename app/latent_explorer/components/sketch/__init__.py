"""A paper to draw on, with mouse, pen, finger or arrow keys; what comes back is the strokes, so that a drawing has no resolution."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from latent_explorer.components.shared import served

Strokes = list[dict[str, Any]]

_component = served("sketch")


def sketch(
    strokes: Strokes,
    *,
    aspect: float,
    key: str,
    title: str,
    decoder: Mapping[str, Any],
    on_change: Callable[[], None],
) -> None:
    """Show the paper with these strokes on it; `on_change` is called when the visitor has changed them, and finds them by `drawing`.

    A stroke is `{"width": int, "ink": 0 to 255, "points": [x, y, x, y, ...]}` in thousandths of the paper's width. `aspect` is the
    paper's height over its width. `decoder` is what the live route needs to decode the drawing while it is made: `model`, `betas`,
    `latents`, and whether to `centre` it.
    """
    _component(
        key=key,
        data={"strokes": strokes, "aspect": aspect, "title": title, "decoder": dict(decoder)},
        default={"drawing": strokes},
        on_drawing_change=on_change,
    )


def drawing(key: str) -> Strokes:
    """The strokes on the paper of that key, as the browser reported them last."""
    return st.session_state[key].drawing or []
