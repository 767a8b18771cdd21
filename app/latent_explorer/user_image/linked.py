"""The visitor's drawing or row in the address of a page, so that a link to what was made of it brings it along."""

import streamlit as st

from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image import drawing, rows
from latent_explorer.user_image.chosen import CENTRE, ROW_IN_LINK, STROKES, is_drawing, take_row, use

ADDRESS, ROW = "drawing", "row"
SEEN = "drawings-seen"  # what addresses said in this session


def take(gone: bool) -> None:
    """Draw what the link asks for, and take its row. gone: whether the browser went back or forward, to an older one too; in another run
    an older one is in an address that the browser has sent before it heard of the newer."""
    if asked := _asked(ADDRESS, text(), gone):
        try:
            st.session_state[STROKES], st.session_state[CENTRE] = drawing.decode(asked)
            use("drawing")
        except ValueError as error:
            st.warning(f"This link’s drawing cannot be read: {plain(error)}. Draw one on the page Start.")
    if asked := _asked(ROW, st.session_state.get(ROW_IN_LINK), gone):
        try:
            take_row(rows.decode(asked), asked)
        except ValueError as error:
            st.warning(f"This link’s row cannot be read: {plain(error)}. Give one of yours on the page Map.")


def _asked(name: str, now: str | None, gone: bool) -> str | None:
    """What the address says under a name, where that is news."""
    asked, seen = st.query_params.get(name), st.session_state.setdefault(SEEN, set())
    if not asked or asked == now or (asked in seen and not gone):
        return None
    seen.add(asked)
    return asked


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
    said = {ADDRESS: text() or None, ROW: st.session_state.get(ROW_IN_LINK) or None}
    said = said if uses else dict.fromkeys(said)
    st.session_state.setdefault(SEEN, set()).update(filter(None, said.values()))
    return said


def write(uses: bool) -> None:
    """Put it there; in the run that comes from another page, the browser does (`current.arrive`)."""
    said = in_address(uses)
    came = st.session_state["page before"] not in (None, st.session_state["page"])
    if not (came and st.session_state.get(links.WHOLE)):
        links.write(**said)
