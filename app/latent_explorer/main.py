"""The frame: page configuration, navigation, and the sidebar with the choice of model. Pages stand in `views/`."""

from pathlib import Path

import streamlit as st
import torch

from latent_explorer.lessons import strip
from latent_explorer.session import fragments, links, sidebar

# A page's run is one of several threads of the server: more threads each would only fight over the cores.
torch.set_num_threads(1)

VIEWS = Path(__file__).parent / "views"

st.set_page_config("Latent Explorer", page_icon="🔭", layout="wide")
# What a class sees first on a projector of 1280 x 720 is to be the picture, not the space around a title.
st.html(
    "<style>.stMainBlockContainer { padding: 2.2rem 3rem 3rem; } "
    ".stMainBlockContainer h1 { font-size: 1.7rem; padding: 0 0 0.2rem; } "
    # Export stands at the right of the words under a figure, which take the rest of the line.
    "@media (min-width: 641px) { [class*=st-key-under-] { flex-wrap: nowrap; } } "
    # On a phone options need more than one line.
    "@media (max-width: 640px) { .stMainBlockContainer { padding: 4rem 1rem 3rem; } "
    "[data-testid=stButtonGroup] [role=radiogroup] { flex-wrap: wrap; } } "
    # Where the sidebar is shut, a bar with what opens it lies over the top of the page.
    ".stApp:has([data-testid=stExpandSidebarButton]) .stMainBlockContainer { padding-top: 4rem; }</style>"
)
PAGES = {
    "map": st.Page(VIEWS / "map.py", title="Map", icon=":material/scatter_plot:", default=True),
    "live": st.Page(VIEWS / "live.py", title="Live", icon=":material/touch_app:"),
    "traverse": st.Page(VIEWS / "traverse.py", title="Traverse", icon=":material/tune:"),
    "generate": st.Page(VIEWS / "generate.py", title="Generate", icon=":material/grid_on:"),
    "interpolate": st.Page(VIEWS / "interpolate.py", title="Interpolate", icon=":material/linear_scale:"),
    "prior": st.Page(VIEWS / "prior.py", title="Prior", icon=":material/blur_on:"),
    "rate_distortion": st.Page(
        VIEWS / "rate_distortion.py", title="Rate-distortion", icon=":material/show_chart:"
    ),
    "measure": st.Page(VIEWS / "measure.py", title="Measure", icon=":material/straighten:"),
    "data": st.Page(VIEWS / "data.py", title="Open data", icon=":material/folder_open:"),
    "lessons": st.Page(VIEWS / "lessons.py", title="Lessons", icon=":material/school:"),
}
page = st.navigation([*PAGES.values()])
st.session_state["page before"], st.session_state["page"] = st.session_state.get("page"), page.url_path
st.session_state["view"] = next(name for name, each in PAGES.items() if each == page)
st.session_state[strip.ADDRESSES] = {name: each.url_path for name, each in PAGES.items()}
links.whole_address()
st.session_state["checkpoint"] = sidebar.show()
with strip.beside_page(), fragments.whole_run():
    if st.session_state["checkpoint"] or page == PAGES["data"]:  # which needs no model
        page.run()
