"""The frame: page configuration, navigation, and the sidebar with the choice of model. Pages stand in `views/`."""

from pathlib import Path

import streamlit as st
import torch

from latent_explorer import pages
from latent_explorer.caches import collection
from latent_explorer.session import current, sidebar

# A page's run is one of several threads of the server: more threads each would only fight over the cores.
torch.set_num_threads(1)

VIEWS = Path(__file__).parent / "views"

# In an address without a page: a link from when the map was the first page.
OF_THE_MAP = ("selection", "selection_a", "hidden", "colour", "joint")

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
own_data = st.Page(VIEWS / "data.py", title="Open data", icon=":material/folder_open:")
where = st.Page(VIEWS / "map.py", title="Map", icon=":material/scatter_plot:")
first = st.Page(VIEWS / "start.py", title="Start", icon=":material/home:", default=True)
page = st.navigation(
    {
        "Learn": [
            first,
            st.Page(
                VIEWS / "rate_distortion.py",
                title="What beta does",
                icon=":material/show_chart:",
                visibility="visible" if collection.has_betas(sidebar.asked()) else "hidden",
            ),
        ],
        "Explore": [
            where,
            st.Page(VIEWS / "live.py", title="Live", icon=":material/touch_app:"),
            st.Page(VIEWS / "traverse.py", title="Traverse", icon=":material/tune:"),
            st.Page(VIEWS / "dimension.py", title="Dimension", icon=":material/height:"),
            st.Page(VIEWS / "generate.py", title="Generate", icon=":material/grid_on:"),
            st.Page(VIEWS / "interpolate.py", title="Between", icon=":material/linear_scale:"),
        ],
        "Study": [
            st.Page(VIEWS / "prior.py", title="Priors", icon=":material/blur_on:"),
            st.Page(VIEWS / "measure.py", title="Measure", icon=":material/straighten:"),
            own_data,
            *pages.added(),
        ],
    }
)
if page == first and any(name in st.query_params for name in OF_THE_MAP):
    st.switch_page(where, query_params=st.query_params.to_dict())
st.session_state["page before"], st.session_state["page"] = st.session_state.get("page"), page.url_path
if st.session_state["page before"] != page.url_path:
    current.leave(st.session_state["page before"])
st.session_state["checkpoint"] = sidebar.show(page.url_path)
if st.session_state["checkpoint"] or page == own_data:  # which needs no model
    page.run()
