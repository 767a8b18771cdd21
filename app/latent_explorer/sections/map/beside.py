"""Beside the maps: the image that is looked at, decoded large, with its most used handles."""

import streamlit as st

from latent_explorer.components.controls import ITEM, USER_IMAGE, State, left
from latent_explorer.live import controls, standing
from latent_explorer.sections.start import first
from latent_explorer.sections.traverse import left as left_as
from latent_explorer.session import current
from latent_explorer.text import key
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint


def item_of_controls(checkpoint: Checkpoint) -> int | None:
    """The item that the controls beside the maps have just gone to, which the maps follow."""
    report = left(_key(checkpoint))
    state = st.session_state.get(standing.kept(checkpoint))
    if report is None or state is None or not st.session_state.pop(_FOLLOWED, False):
        return None
    return state.item if state.start == ITEM else None


def beside(checkpoint: Checkpoint, item: int | None) -> None:
    """The controls at what is looked at: the opened item, or what was left of this model on another page."""
    image = chosen_image(checkpoint)
    state = st.session_state.get(standing.kept(checkpoint)) or State(item=item or 0)
    if item is not None and (state.start != ITEM or state.item != item):
        state = State(item=item)
    elif item is None and current.looked_at(checkpoint) == current.OWN and state.start != USER_IMAGE:
        state = State(start=USER_IMAGE)
    state = standing.at_betas(checkpoint, controls.fitting(checkpoint, state, image))
    st.session_state[standing.kept(checkpoint)] = state
    linked.write(state.start == USER_IMAGE)

    def follow() -> None:
        st.session_state[_FOLLOWED] = True
        standing.follow(checkpoint, _key(checkpoint))

    first.handles(checkpoint, state, image, narrow=True, address=None, key=_key(checkpoint), on_change=follow)
    # The model and its betas are the frame's: they come along by themselves.
    if st.button("All as strips", icon=":material/tune:", key="all-as-strips", width="stretch"):
        st.switch_page("views/traverse.py", query_params=left_as.address(checkpoint, state))


_FOLLOWED = "beside-followed"


def _key(checkpoint: Checkpoint) -> str:
    return f"beside-{key(checkpoint.name)}"
