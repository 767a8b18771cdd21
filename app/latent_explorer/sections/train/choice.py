"""Which run the page is about: the one that the address names, the one that trains now, or a new one."""

from typing import Any

import streamlit as st

from latent_explorer.session import links
from latent_explorer.training import runs

NEW = "new training"
KEY = "run"
OPENED = "run-to-open"  # one that was just begun, renamed or deleted


def open_run(name: str | None) -> None:
    """The page is about this run from its next drawing on."""
    st.session_state[OPENED] = NEW if name is None else name
    st.rerun(scope="app")


def chosen_run(place: Any) -> str | None:
    """The name of a run; None for a new one."""
    there = runs.everyone()
    names = [NEW, *there]
    if (asked := st.session_state.pop(OPENED, None)) is not None:
        st.session_state[KEY] = asked if asked in names else NEW
    elif KEY not in st.session_state and KEY not in st.query_params:
        live = (
            NEW if "ask" in st.query_params else next((name for name, run in there.items() if run.live), NEW)
        )
        st.session_state[KEY] = live
    links.check(KEY, names, "run")
    if st.session_state.get(KEY, NEW) not in names:
        st.session_state[KEY] = NEW
    name = place.selectbox(
        "Training",
        names,
        key=KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    return None if name == NEW else name
