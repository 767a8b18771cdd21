"""The buttons below a form: begin it, wait in the queue, and how long it would take."""

import streamlit as st

from latent_explorer.sections.train.choice import open_run
from latent_explorer.sections.train.data import Chosen
from latent_explorer.sections.train.estimate import estimate
from latent_explorer.text import plain
from latent_explorer.training import keeper, runs
from latent_explorer.training.form import Asked


def buttons(asked: Asked, name: str, data: Chosen, is_wrong: bool) -> None:
    """Start, beside what trains already or behind it; and an estimate of its time."""
    busy = [run.name for run in runs.everyone().values() if run.live]
    columns = st.columns([1.2, 1.2, 3], vertical_alignment="center")
    first = "Wait in line" if busy else "Start"
    if data.upload is not None:
        columns[2].caption(
            f"A copy of {plain(data.what)} is kept beside the runs, for as long as a training of it is there."
        )
    if columns[0].button(
        first,
        type="primary",
        icon=":material/play_arrow:",
        disabled=is_wrong,
        width="stretch",
        help=f"{plain(busy[0])} is training: this one begins when it has ended." if busy else None,
    ):
        _begin(asked, name, data, now=False)
    if busy:
        if columns[1].button("Start beside it", disabled=is_wrong, width="stretch"):
            _begin(asked, name, data, now=True)
    else:
        with columns[1]:
            estimate(asked, data, is_wrong)


def _begin(asked: Asked, name: str, data: Chosen, now: bool) -> None:
    try:
        source = data.source()
        keeper.ask(name, asked.of_source(source).words(), source, now)
    except ValueError as error:
        st.warning(f"{plain(error, 500)}.")
        return
    open_run(name)
