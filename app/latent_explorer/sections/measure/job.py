"""The measurement that a visitor has started: begun, watched, cancelled, its output."""

import json
from typing import Any

import streamlit as st

from latent_explorer.caches import sources
from latent_explorer.parts import words
from latent_explorer.session.jobs import Busy, Job
from latent_explorer.text import plain, said
from latent_explorer.training.allowed import why_not_measure
from vae_core import Checkpoint
from vae_core.metrics import METRICS

JOB = "measure-job"


def start(checkpoint: Checkpoint, groups: list[str], limit: int | None, seed: int) -> None:
    if reason := sources.missing(checkpoint):
        st.warning(reason)
        return
    if refused := why_not_measure():
        st.warning(f"{words.capital(refused)}.")
        return
    arguments = ["evaluate", str(checkpoint.folder), "--metrics", *groups, "--seed", str(seed), "--json"]
    arguments += ["--limit", str(limit)] if limit else []
    if checkpoint.betas:
        arguments += [
            "--beta",
            *(word for block, beta in checkpoint.betas.items() for word in (block, f"{beta:g}")),
        ]
    try:
        st.session_state[JOB], st.session_state["measure-share"] = Job(arguments), 0.0
    except Busy as error:
        st.warning(f"{plain(error, 500)}.")
        return
    st.rerun(scope="app")


@st.fragment(run_every=1.0)
def progress(checkpoint: Checkpoint) -> None:
    """What the measurement says, every second; the page is drawn anew when it ends."""
    job: Job = st.session_state[JOB]
    if not job.running:
        st.rerun(scope="app")
    groups = job.arguments[job.arguments.index("--metrics") + 1 : job.arguments.index("--seed")]
    begun = [group for group in METRICS if group in groups]
    done = next((place for place, group in enumerate(begun) if job.line.endswith(f"measuring {group}")), None)
    share = st.session_state["measure-share"] = (
        done / len(begun) if done is not None else st.session_state.get("measure-share", 0.0)
    )
    st.progress(share, f"{plain(said(job.line, checkpoint.folder))} … {job.seconds:.0f} s")


def watch(checkpoint: Checkpoint) -> None:
    job: Job | None = st.session_state.get(JOB)
    if job is None:
        return
    if job.running:
        progress(checkpoint)
    elif job.cancelled:
        st.caption("Cancelled: nothing was changed.")
    elif job.failed:
        st.error(f"The measurement failed: {plain(said(job.line, checkpoint.folder), 1000)}")


def last_output(checkpoint: Checkpoint) -> dict[str, Any]:
    """What the last measurement of this model has found."""
    job: Job | None = st.session_state.get(JOB)
    if job is None or job.output is None or str(checkpoint.folder) not in job.arguments:
        return {}
    return json.loads(job.output)
