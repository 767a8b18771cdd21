"""Which run the page is about: the one that the address names, the one that trains now, or a new one."""

import time
from typing import Any

import streamlit as st

from latent_explorer.lessons.strip import LESSON, STEP
from latent_explorer.session import links
from latent_explorer.training import runs
from latent_explorer.training.runs import Run

NEW = "new training"
KEY = "run"
LATELY = 900.0  # seconds since a run said something, within which it is what one comes back to
OF_STEP = "run-of-step"  # a lesson and its step, and the run that it goes on with
OPENED = "run-to-open"  # one that was just begun, renamed or deleted


def open_run(name: str | None) -> None:
    """The page is about this run from its next drawing on."""
    st.session_state[OPENED] = NEW if name is None else name
    st.rerun(scope="app")


def chosen_run(place: Any) -> str | None:
    """The name of a run; None for a new one."""
    there = runs.everyone()
    names = [NEW, *there]
    usual = _of_step(there)
    if (asked := st.session_state.pop(OPENED, None)) is not None:
        st.session_state[KEY] = asked if asked in names else NEW
    elif KEY not in st.session_state and KEY not in st.query_params:
        st.session_state[KEY] = NEW if "ask" in st.query_params else _lately(there)
    if asked is None:  # what the page itself has opened, or deleted, no link has asked for
        links.check(KEY, names, "run")
    if st.session_state.get(KEY, NEW) not in names:
        st.session_state[KEY] = NEW
    name = place.selectbox(
        "Training",
        names,
        index=names.index(usual),
        key=KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    return None if name == NEW else name


def _of_step(there: dict[str, Run]) -> str:
    """What the choice stands at where nothing is asked for. A step of a lesson that names no run goes on with the one before; Streamlit
    sets a widget that its link does not name to its default, whatever the state says of it."""
    step = st.query_params.get(LESSON), st.query_params.get(STEP)
    if st.session_state.get(OF_STEP, (step, NEW))[0] != step and not {KEY, "ask"} & set(st.query_params):
        st.session_state.pop(KEY, None)
        st.session_state[OF_STEP] = step, _lately(there)
    usual = st.session_state.setdefault(OF_STEP, (step, NEW))[1]
    return usual if usual in there else NEW


def _lately(there: dict[str, Run]) -> str:
    """The run that trains, or ended a while ago; a new one where there is none."""
    live = next((name for name, run in there.items() if run.live), None)
    recent = next(
        (name for name, run in there.items() if run.status and time.time() - run.status.time < LATELY), NEW
    )
    return live or recent
