"""Presentation: no menu, large type, large pictures; `?present=true` in a link, P on the keyboard, Esc to leave."""

import streamlit as st

from latent_explorer.components.presenting import presenting
from latent_explorer.session import links

KEY = "present"

# Type grows with the root's size; pictures of our components are in pixels, so that they are enlarged as a whole.
STYLE = """<style>
@media (min-width: 641px) { html { font-size: 20px; } }
[data-testid=stSidebar], [data-testid=stHeader] { display: none; }
.stApp .stMainBlockContainer, .stApp:has([data-testid=stExpandSidebarButton]) .stMainBlockContainer { padding: 1.2rem 4.5rem 4rem 2rem; }
.stMain::before { display: none; }
@media (max-width: 640px) {
.stApp .stMainBlockContainer, .stApp:has([data-testid=stExpandSidebarButton]) .stMainBlockContainer { padding: 1rem 1rem 4rem; }
.stMainBlockContainer h1 { padding-right: 3rem; }
}
@media (min-width: 1000px) { [class*=st-key-first-], [class*=st-key-controls-] { zoom: 1.3; } }
</style>"""


def choose() -> None:
    """The switch in the sidebar."""
    links.along(KEY)
    st.toggle("Present", key=KEY, bind="query-params", help="No menu, large type. Key P; Esc leaves.")


def show() -> None:
    """What listens to the keys, and where one presents, the look and the way out."""
    on = bool(st.session_state.get(KEY, False))
    if on:
        st.html(STYLE)
    presenting(on, _turn)


def _turn() -> None:
    st.session_state[KEY] = not st.session_state.get(KEY, False)
