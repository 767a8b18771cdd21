"""Before anything is opened: what can be, and some that come along to try."""

import streamlit as st

from latent_explorer.sections.data import state
from latent_explorer.sections.data.asked import TEXT
from latent_explorer.text import plain
from vae_core.data import DATASETS

# What is brought: its title and how it may look.
BROUGHT = {
    "Images": "A folder of images, one folder a class; arrays in .npz or .npy; or IDX files.",
    "Tables": "A .csv, .tsv, .parquet or .h5ad file: a row is an observation, a column a feature.",
}
OURS = ("digits", "sprites", "rooms")  # they are made here: nothing is downloaded


def begin() -> None:
    """Nothing where something was asked for."""
    if state.present() is not None:
        return
    *brought, ours = st.columns(3)
    for place, (title, says) in zip(brought, BROUGHT.items(), strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{title}**")
            st.caption(says)
    with ours.container(border=True, height="stretch"):
        st.markdown("**Ours, to see how it looks**")
        with st.container(horizontal=True, key="data-ours"):
            for name in OURS:
                st.button(
                    name, key=f"data-{name}", help=plain(DATASETS[name].about), on_click=_open, args=(name,)
                )


def _open(name: str) -> None:
    st.session_state[TEXT] = name
    state.look(name)
