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
    words: Mapping[str, str],
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
        words: what an observation is called.
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
        "words": dict(words),
    }
    _component(key=key, data=data, on_opened_change=on_opened, on_ended_change=on_opened)


def opened(key: str) -> str | None:
    """The run that is to be opened, None where there is none."""
    report = st.session_state.get(key)
    found = report.get("opened") if isinstance(report, Mapping) else None
    return found if isinstance(found, str) else None
