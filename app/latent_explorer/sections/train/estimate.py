"""How long a training would take, from a few of its steps, measured by the command itself."""

from pathlib import Path

import streamlit as st

from latent_explorer.sections.train.data import Chosen
from latent_explorer.session.jobs import Busy, Job
from latent_explorer.text import plain, said
from latent_explorer.training import runs
from latent_explorer.training.form import Asked

JOB, OF = "train-estimate", "train-estimate-of"


def estimate(asked: Asked, data: Chosen, is_wrong: bool) -> None:
    """A button that measures, and what came of it for as long as the form says the same."""
    words = asked.words()
    if st.button(
        "How long?", disabled=is_wrong, width="stretch", help="Measures a few steps, and keeps nothing."
    ):
        try:
            measured = asked.of_source(data.source()).words()
            job = Job([*measured, "--out", _nowhere(), "--estimate"])
            st.session_state[JOB], st.session_state[OF] = job, words
        except (Busy, ValueError) as error:
            st.warning(f"{plain(error, 500)}.")
            return
    if st.session_state.get(OF) == words and JOB in st.session_state:
        _told()


def _nowhere() -> str:
    """A folder that the command asks for, and does not write to."""
    return str((runs.home() or Path()) / runs.free_name("estimate"))


@st.fragment(run_every=0.5)
def _told() -> None:
    job: Job = st.session_state[JOB]
    if job.running:
        st.caption(f"measuring … {job.seconds:.0f} s")
    elif job.failed:
        st.warning(f"{plain(said(job.line), 500)}.")
    else:
        st.caption(plain(job.output or job.line, 300))
