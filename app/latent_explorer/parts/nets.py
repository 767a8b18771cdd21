"""What pages say where a model has no decoder, no encoder or no data."""

import streamlit as st

from latent_explorer.parts import words
from vae_core import Checkpoint


def needs_a_decoder(checkpoint: Checkpoint) -> None:
    """End the page where nothing can be decoded: it says why, and where there is something to see."""
    if not (reason := checkpoint.model.no_decoder):
        return
    st.info(f"This page shows what a decoder makes of codes: {reason}.", icon=":material/block:")
    with st.container(horizontal=True):
        st.page_link(
            "views/map.py", label=f"Where the {checkpoint.kind.many} lie", icon=":material/scatter_plot:"
        )
        st.page_link("views/measure.py", label="What can be measured", icon=":material/straighten:")
    st.stop()


def needs_data(checkpoint: Checkpoint) -> None:
    """End the page where no data came with the model: it says so, and where there is something to see."""
    if not checkpoint.no_data:
        return
    st.info(f"This page shows what data say of a model: {checkpoint.no_data}.", icon=":material/block:")
    with st.container(horizontal=True):
        st.page_link("views/live.py", label="Move its latents", icon=":material/touch_app:")
        st.page_link("views/generate.py", label="What it draws by itself", icon=":material/grid_on:")
    st.stop()


def absent(checkpoint: Checkpoint, what: str) -> bool:
    """Whether nothing can be decoded; then what is absent is said, in the place where it would stand."""
    if reason := checkpoint.model.no_decoder:
        st.caption(f"{words.capital(what)} would stand here: {reason}.")
    return bool(reason)
