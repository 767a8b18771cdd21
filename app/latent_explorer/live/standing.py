"""Where the controls stand: what the visitor left of a model, on whichever page has controls, or what the address asks for."""

from typing import Any

import streamlit as st

from latent_explorer.caches import encodings
from latent_explorer.components.controls import PRIOR, USER_IMAGE, State, left
from latent_explorer.live import controls
from latent_explorer.session import current, links
from latent_explorer.session.sidebar import slider_key, slider_option
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint

LEFT = "live-address"
ARRIVING = "live-arriving"  # the browser was asked to put what was left into the address
REPORTED = "live-reported"  # this run was asked for by what the user left of this model


def kept(checkpoint: Checkpoint) -> str:
    """The key of what the visitor left of a model."""
    return f"live-{checkpoint.name}"


def standing(checkpoint: Checkpoint, image: UserImage | None, **more: str | None) -> tuple[State, str | None]:
    """The state to show, which the address says too; and what the browser is to put into the entry of history that led here.

    `more` is written beside it.
    """
    arrived = st.session_state.get(ARRIVING, False)
    for name in ("item", "class"):
        links.belonging(name, encodings.items_of(checkpoint))
    links.belonging("move", checkpoint.name)  # another model has other dimensions
    state = controls.fitting(checkpoint, _wanted(checkpoint, image, arrived), image)
    st.session_state[controls.SHOWN] = checkpoint.name, state
    # What the address itself asked for is there already; what was left goes into the entry of history that leads here, by the browser.
    said: dict[str, Any] = (
        controls.in_address(checkpoint, state) if kept(checkpoint) in st.session_state else controls.address()
    )
    came = not _stayed() and not any(controls.address().values())
    st.session_state[LEFT] = {name: None if value is None else str(value) for name, value in said.items()}
    st.session_state[ARRIVING] = came and any(st.session_state[LEFT].values())
    more |= linked.in_address(state.start == USER_IMAGE)
    if state.start != PRIOR:
        current.look_at(checkpoint, current.OWN if state.start == USER_IMAGE else state.item)
    if st.session_state[ARRIVING]:
        return state, links.arriving(**said, **more)
    links.write(**said, **more)
    return state, None


def _wanted(checkpoint: Checkpoint, image: UserImage | None, arrived: bool) -> State:
    """What the user left, or else what the address asks for; at the betas of the sidebar.

    An address that is not the one that was left was asked for: by a link, or by the browser's Back. Only who comes from another page
    to a bare address finds what was left there. A report goes before the address that comes with it: the browser may have sent both before
    it heard of an earlier report's.
    """
    key = kept(checkpoint)
    if st.session_state.pop(REPORTED, None) == checkpoint.name and _stayed():
        return at_betas(checkpoint, st.session_state[key])
    asked, stayed = controls.address(), _stayed() and not arrived
    if not _stayed() and not any(asked.values()) and (found := _looked_at(checkpoint, key)):
        st.session_state[key] = found
    if asked != st.session_state.get(LEFT) and (stayed or any(asked.values())):
        st.session_state.pop(key, None)
    return at_betas(checkpoint, st.session_state.get(key) or controls.from_link(checkpoint, image))


def _looked_at(checkpoint: Checkpoint, key: str) -> State | None:
    """The start of what is looked at, where the visitor came to another since the controls were left."""
    what, left_at = current.looked_at(checkpoint), st.session_state.get(key, State())
    if what is None or what == (current.OWN if left_at.start == USER_IMAGE else left_at.item):
        return None
    return State(start=USER_IMAGE) if what == current.OWN else State(item=int(what))


def _stayed() -> bool:
    return st.session_state["page before"] == st.session_state["page"]


def at_betas(checkpoint: Checkpoint, state: State) -> State:
    """The state at the betas of the sidebar."""
    return State(**{**vars(state), "betas": dict(checkpoint.betas)})


def begin_with_own(checkpoint: Checkpoint) -> None:
    """Start from what the visitor has just drawn or given on this page."""
    if chosen_image(checkpoint) is not None:  # and not where a drawing was wiped away
        st.session_state[kept(checkpoint)] = at_betas(checkpoint, State(start=USER_IMAGE))
        st.session_state[REPORTED] = checkpoint.name


def follow(checkpoint: Checkpoint, key: str) -> None:
    """Take over what the visitor left at the component of that key; the sliders of the sidebar follow the betas."""
    released = left(key)
    if released is None:
        return
    state = controls.fitting(checkpoint, released, chosen_image(checkpoint))
    st.session_state[kept(checkpoint)], st.session_state[REPORTED] = state, checkpoint.name
    for block, beta in state.betas.items():
        st.session_state[slider_key(block)] = slider_option(checkpoint, block, beta)
