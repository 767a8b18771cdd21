"""A training as it goes: curves, the KL of each dimension, pictures, the latent map, and what steers it. It asks the server by itself."""

from collections.abc import Callable, Mapping

import streamlit as st

from latent_explorer import RUNS
from latent_explorer.components.shared import served

_component = served("training")


def training(
    run: str,
    *,
    refused: str,
    colours: list[str],
    shades: list[str],
    others: list[str],
    lesson: bool,
    no_mp4: str,
    key: str,
    on_opened: Callable[[], None],
) -> None:
    """Draw it.

    Args:
        run: the name of the run.
        refused: why this visitor may not steer it; empty where they may.
        colours: of the classes.
        shades: of the blocks and of the loss's terms.
        others: the names of runs that it can be compared with.
        lesson: whether the strip of a lesson takes a part of the screen.
        no_mp4: why there is no MP4 of it; empty where there is.
        key: identifies the component across reruns.
        on_opened: called before the run that follows when another run is to be opened, whose name `opened` gives, or when this one has ended.
    """
    data = {
        "run": run,
        "route": RUNS,
        "refused": refused,
        "colours": colours,
        "shades": shades,
        "others": others,
        "lesson": lesson,
        "noMp4": no_mp4,
    }
    _component(key=key, data=data, on_opened_change=on_opened, on_ended_change=on_opened)


def opened(key: str) -> str | None:
    """The run that is to be opened, None where there is none."""
    report = st.session_state.get(key)
    found = report.get("opened") if isinstance(report, Mapping) else None
    return found if isinstance(found, str) else None
