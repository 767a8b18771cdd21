"""A model of one beta: where it lies, and where there is more to see."""

import streamlit as st

from latent_explorer.caches import collection
from latent_explorer.text import by_commands, key, measured_by, plain
from vae_core import Checkpoint


def single_point(checkpoint: Checkpoint) -> None:
    """A model of one beta: where it lies, and where there is more to see."""
    several = collection.multi_rate()
    if reason := checkpoint.model.no_bound:
        st.info(f"{plain(checkpoint.name)} has no place in the rate-distortion plane: {plain(reason, 500)}.")
        return
    trained = "was trained for one β" if checkpoint.card.objective else "was trained elsewhere, for one β"
    st.info(
        f"{plain(checkpoint.name)} {trained}, so it is one point of the rate-distortion plane. "
        + (
            "These models are conditioned on β:"
            if several
            else "Train one that is conditioned on β with `--rates 0.1 10`."
        )
    )
    with st.container(horizontal=True):
        for name in several:
            st.button(
                plain(name),
                icon=":material/show_chart:",
                key=f"go-{key(name)}",
                on_click=change_model,
                args=(name,),
            )
    metrics = checkpoint.card.metrics
    if "distortion" not in metrics:
        return
    rates = {name: number for name, number in metrics.items() if name.startswith("rate_")}
    cells = st.columns(4)
    for cell, (name, number) in zip(
        cells, {"distortion": metrics["distortion"], **rates}.items(), strict=False
    ):
        title = name if name == "distortion" else f"rate of {name.removeprefix('rate_')}"
        cell.metric(f"{plain(title)}, nats {checkpoint.kind.an}", f"{number.value:.2f} ± {number.se:.2f}")
    st.caption(
        f"The rate is what the model keeps of {checkpoint.kind.an}, the distortion how far its reconstruction is off; each value ± standard error.",
        help=by_commands(measured_by(checkpoint.card, ["distortion", *rates])),
    )
    st.page_link(
        "views/measure.py",
        label="Beside the other models",
        icon=":material/scatter_plot:",
        query_params={"show": "Two numbers"},
    )


def change_model(name: str) -> None:
    st.session_state["model"] = name
