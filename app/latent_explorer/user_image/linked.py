"""The visitor's drawing in the address of a page, so that a link to what was made of it brings it along."""

import streamlit as st

from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image import drawing
from latent_explorer.user_image.chosen import CENTRE, STROKES, is_drawing, use

ADDRESS = "drawing"
SEEN = "drawings-seen"  # what addresses said in this session


def take(gone: bool) -> None:
    """Draw what the link asks for. gone: whether the browser went back or forward, to an older drawing too; in another run an older one
    is in an address that the browser has sent before it heard of the newer."""
    asked, seen = st.query_params.get(ADDRESS), st.session_state.setdefault(SEEN, set())
    if not asked or asked == text() or (asked in seen and not gone):
        return
    seen.add(asked)
    try:
        strokes, centre = drawing.decode(asked)
    except ValueError as error:
        st.warning(f"This link’s drawing cannot be read: {plain(error)}. Draw one on the page Start.")
        return
    st.session_state[STROKES], st.session_state[CENTRE] = strokes, centre
    use("drawing")


def text() -> str | None:
    """What an address says of the visitor's drawing; None where another image is in use, and where it is too long."""
    if not is_drawing():
        return None
    try:
        return drawing.encode(st.session_state[STROKES], st.session_state.get(CENTRE, True)) or None
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def in_address(uses: bool) -> dict[str, str | None]:
    """For the address of a page that starts from the visitor's own image, or does not."""
    said = text() if uses else None
    if said:
        st.session_state.setdefault(SEEN, set()).add(said)
    return {ADDRESS: said}


def write(uses: bool) -> None:
    """Put it there; in the run that comes from another page, the browser does (`current.arrive`)."""
    said = in_address(uses)
    came = st.session_state["page before"] not in (None, st.session_state["page"])
    if not (came and st.session_state.get(links.WHOLE)):
        links.write(**said)
