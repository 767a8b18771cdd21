"""A model of one beta: one line, and the models that answer to every beta."""

import streamlit as st

from latent_explorer import titles
from latent_explorer.caches import collection
from latent_explorer.text import key, plain
from vae_core import Checkpoint


def single_point(checkpoint: Checkpoint) -> None:
    """Why nothing can be dragged here, and where it can."""
    several = collection.multi_rate()
    if reason := checkpoint.model.no_bound:
        st.info(
            f"{plain(_called(checkpoint.name))} has no place in the rate-distortion plane: {plain(reason, 500)}."
        )
        return
    trained = "was trained for one β" if checkpoint.card.objective else "was trained elsewhere, for one β"
    elsewhere = (
        "these models answer to every β:"
        if several
        else "train one that answers to every β with `--rates 0.1 10`."
    )
    st.info(f"{plain(_called(checkpoint.name))} {trained}, so there is nothing to drag here; {elsewhere}")
    with st.container(horizontal=True):
        for name in several:
            st.button(
                plain(_called(name)),
                icon=":material/show_chart:",
                help=plain(name),  # titles may be alike
                key=f"go-{key(name)}",
                on_click=_change_model,
                args=(name,),
            )


def _called(name: str) -> str:
    """What people call a model, as the gallery does."""
    card = collection.card_of(name)
    return titles.title(card) if card else name


def _change_model(name: str) -> None:
    st.session_state["model"] = name
