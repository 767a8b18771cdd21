"""The observation that is looked at, on whatever page it was chosen: an item, or the visitor's own. Every page starts from it."""

import streamlit as st

from latent_explorer.caches import encodings
from latent_explorer.session import links
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import CURRENT as KEY
from latent_explorer.user_image.chosen import OWN, chosen_image
from vae_core import Checkpoint

# By the address of a page: the name of what it starts from, in its widgets and in the address of the rest; and what is said there of
# the visitor's own.
WIDGETS = {
    "traverse": "item",
    "dimension": "item",
    "generate": "first",
    "interpolate": "from",
    "elbo": "item",
}
ADDRESSES = {"map": "item", "prior": "item", "rate_distortion": "item"}
OWN_IN_WIDGETS = {"traverse": ("start", "your image"), "interpolate": ("own", True), "elbo": ("mine", True)}


def leave(page: str | None) -> None:
    """Remember where the widgets of the page that was left stood: what a run of another page still finds of them."""
    name, (own, value) = WIDGETS.get(page or ""), OWN_IN_WIDGETS.get(page or "", (None, None))
    if own is not None and st.session_state.get(own) == value:
        st.session_state[KEY] = "", OWN
    elif name is not None and name in st.session_state:
        st.session_state[KEY] = st.session_state.get(f"owner-of-{name}"), int(st.session_state[name])


def look_at(checkpoint: Checkpoint, what: int | str) -> None:
    """From now on it is this item, or `OWN`."""
    st.session_state[KEY] = encodings.items_of(checkpoint), what


def looked_at(checkpoint: Checkpoint) -> int | str | None:
    """The number of the item, or `OWN`; None where nothing was chosen of this data, or the visitor's own is gone."""
    of, what = st.session_state.get(KEY, ("", None))
    if what == OWN:
        return OWN if chosen_image(checkpoint) is not None else None
    return what if of == encodings.items_of(checkpoint) else None


def arrive(checkpoint: Checkpoint, page: str) -> str | None:
    """Begin a page that was just come to, and whose address says nothing, at what is looked at; the address that the browser is to put into
    the entry of history that led there."""
    came = st.session_state["page before"] not in (None, page)
    what = looked_at(checkpoint) if came else None
    if what == OWN and page in OWN_IN_WIDGETS:
        name, value = OWN_IN_WIDGETS[page]
        if name in st.query_params:
            return None
        st.session_state[name] = value
        return links.arriving(
            **{name: str(value).lower() if value is True else str(value)}, **linked.in_address(True)
        )
    if page in ADDRESSES and what == OWN:
        said = linked.in_address(True)
        return links.arriving(**said) if any(said.values()) else None
    name = WIDGETS.get(page) or ADDRESSES.get(page)
    if not isinstance(what, int) or name is None or name in st.query_params:
        return None
    if page in WIDGETS:
        st.session_state[name] = float(what)
        if (
            what == 0
        ):  # where the widgets stand anyway: Streamlit takes a default out of the address, and makes an entry of that
            return None
    return links.arriving(**{name: what})
