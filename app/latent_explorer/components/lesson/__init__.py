"""Back and on in a lesson, and what the browser keeps of its progress."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from latent_explorer.components.shared import served

_component = served("lesson")
KEPT = "kept"


def lesson_links(
    *,
    back: str | None,
    forward: str | None,
    here: str | None,
    leave: bool,
    ready: bool,
    told: str,
    progress: Mapping[str, Any],
    key: str,
    on_kept: Callable[[Any], None] | None,
    way_on: str = "Next",
) -> None:
    """Draw the buttons that lead through a lesson; they are links, as the browser's Back and Forward are.

    Args:
        back: the address of the step before, None at the first.
        forward: that of the next step, None at the last.
        here: that of this step, where the visitor has gone elsewhere.
        leave: whether a button leaves the lesson.
        ready: whether the task of this step is done, so that the way on is lit.
        told: the step and how many there are, in words.
        progress: what the browser is to keep of all lessons.
        key: identifies the component across reruns.
        on_kept: called with what the browser kept before, once; None where another one of the page asks the browser.
        way_on: what the way to the next step is called.
    """

    def changed() -> None:
        report = st.session_state.get(key)
        if on_kept is not None:
            on_kept(report.get(KEPT) if isinstance(report, Mapping) else None)

    _component(
        key=key,
        data={
            "back": back,
            "forward": forward,
            "here": here,
            "leave": leave,
            "ready": ready,
            "told": told,
            "progress": dict(progress),
            "keeps": on_kept is not None,
            "wayOn": way_on,
        },
        on_kept_change=changed,
        width="content" if not leave else "stretch",
    )
