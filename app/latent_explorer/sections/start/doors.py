"""The ways on from the first page: to understand, to teach, to study."""

import streamlit as st

from latent_explorer.parts import words
from vae_core import Checkpoint

# Each door: its words, the page it leads to, and what it is called.
DOORS = (
    ("Understand", "What can be seen, in five minutes: where {many} lie, and what lies between them.", "map"),
    (
        "Teach",
        "Lessons of five minutes that lead through the pages, on paper too; write your own.",
        "lessons",
    ),
    ("Study", "Open your own data or your own model, and measure it.", "data"),
)


def doors(checkpoint: Checkpoint) -> None:
    """Three doors beside each other."""
    for place, (title, says, page) in zip(st.columns(3), DOORS, strict=True):
        with place.container(border=True, height="stretch"):
            st.page_link(f"views/{page}.py", label=f"**{title}**", icon=":material/arrow_forward:")
            st.caption(words.of_kind(says, checkpoint.kind))
