"""The frame: page configuration, navigation, and the sidebar with the choice of model. Pages stand in `views/`."""

from pathlib import Path

import streamlit as st
import torch

from latent_explorer import pages
from latent_explorer.components.glossary import glossary
from latent_explorer.glossary import TERMS
from latent_explorer.lessons import strip
from latent_explorer.menu import GROUPS, TITLES
from latent_explorer.session import current, fragments, links, presenting, sidebar
from latent_explorer.user_image import linked

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
    # A table that is written scrolls in its own room, not the page.
    ".stMainBlockContainer [data-testid=stMarkdownContainer] table { display: block; overflow-x: auto; } "
    # On a phone options need more than one line.
    "@media (max-width: 640px) { .stMainBlockContainer { padding: 4rem 1rem 3rem; } "
    "[data-testid=stButtonGroup] [role=radiogroup] { flex-wrap: wrap; } "
    # Where nothing hovers, the tools of a chart would lie on its title; Export below it has the figure.
    ".js-plotly-plot .modebar-container { display: none; } "
    # The tools of a table always show there, above it and not over words.
    "[data-testid=stElementContainer]:has(> [data-testid=stFullScreenFrame] [data-testid=stDataFrame]) { margin-top: 1.9rem; } "
    # There two fields share a line, so that what they are of comes soon below them.
    "[data-testid=stColumn]:has([data-testid=stSelectbox], [data-testid=stNumberInput], [data-testid=stTextInput], [data-testid=stSlider])"
    ":not(:has([data-testid=stColumn], [data-testid^=stBidi], [data-testid=stPlotlyChart], [data-testid=stButtonGroup], canvas)) "
    "{ min-width: calc(50% - 1rem); } } "
    # There the sidebar lies over the page: while a slider of beta is held, nothing but the sliders does.
    "@media (max-width: 640px) { [data-beta-held] [data-testid=stSidebar] { visibility: hidden; background: none; box-shadow: none; } "
    "[data-beta-held] [data-testid=stSidebar] [class*=st-key-beta_] { visibility: visible; } "
    "[data-beta-held] [class*=st-key-beta_] { background: color-mix(in srgb, Canvas 85%, transparent); } } "
    # In the dark the primary colour is a light one: white would not be read on it.
    "[data-testid^=stBaseButton-primary], [data-testid^=stBaseLinkButton-primary], [data-testid=stMultiSelect] [data-tag], [data-testid=stMultiSelect] [data-tag] * "
    "{ color: light-dark(#fff, #10141a) !important; } "
    # Where the system chooses all colours, a slider is still a slider, and what is chosen is outlined.
    "@media (forced-colors: active) { [data-testid=stSlider], [data-testid=stCheckbox] { forced-color-adjust: none; color: CanvasText; } "
    "[data-testid=stButtonGroup] [aria-checked=true], [data-testid=stButtonGroup] [data-selected=true] { outline: 3px solid Highlight; outline-offset: -3px; } } "
    # What shows nothing, or lies over the page, takes no room in it.
    ".st-key-frame { position: fixed; right: 1rem; top: 1rem; width: auto; z-index: 1000; } "
    # On a low screen the menu leaves room for the model and its betas.
    "@media (min-width: 641px) and (max-height: 900px) { "
    "[data-testid=stSidebarHeader] { height: 2.2rem; margin-bottom: 0; } "
    "[data-testid=stSidebarNavItems] li { margin-top: 1px; } "
    "[data-testid=stSidebarNavItems] > * + * { margin-top: 0.5rem; } "
    "[data-testid=stSidebarNavLinkContainer] { height: 1.5rem; } "
    "[data-testid=stSidebarNavLink] { height: 1.4rem; margin: 0; line-height: 1.4rem; } "
    "[data-testid=stNavSectionHeader] { margin: 0.2rem 0 0; } "
    "[data-testid=stSidebarNavSeparator] { padding-top: 0.3rem; } "
    "[data-testid=stSidebarUserContent] { padding-top: 0.5rem; } "
    "[data-testid=stSidebarUserContent] [data-testid=stVerticalBlock] { gap: 0.4rem; } } "
    # Beside the page of a phone that lies on its side, or of a small tablet, it is narrow.
    "@media (min-width: 641px) and (max-width: 960px) { "
    ".stApp:not(:has([data-testid=stExpandSidebarButton])) [data-testid=stSidebar] { width: 13.5rem !important; min-width: 0 !important; max-width: 13.5rem !important; } "
    ".stMainBlockContainer { padding: 1.5rem 1.2rem 3rem; } } "
    # Where the sidebar is shut, a bar with what opens it lies over the top of the page.
    ".stApp:has([data-testid=stExpandSidebarButton]) .stMainBlockContainer { padding-top: 4rem; }</style>"
)
meaningless = pages.meaningless(sidebar.asked())
VIEWED = {
    name: st.Page(
        VIEWS / f"{name}.py",
        title=title,
        icon=f":material/{icon}:",
        default=name == "start",
        visibility="hidden" if name in meaningless else "visible",
    )
    for name, (title, icon) in TITLES.items()
}
menu = {group: [VIEWED[name] for name in names] for group, names in GROUPS.items()}
menu["Study"] += pages.added()
page = st.navigation(menu, expanded=True)
if page == VIEWED["start"] and any(name in st.query_params for name in OF_THE_MAP):
    st.switch_page(VIEWED["map"], query_params=st.query_params.to_dict())
if asked := st.query_params.get("page"):  # which Prior's numbered pages are not called
    del st.query_params["page"]
    if asked in VIEWED and page == VIEWED["start"]:
        st.switch_page(VIEWED[asked], query_params=st.query_params.to_dict())
    st.warning(links.no_page(asked))
st.session_state["page before"], st.session_state["page"] = st.session_state.get("page"), page.url_path
st.session_state["view"] = next((name for name, each in VIEWED.items() if each == page), page.url_path)
st.session_state[strip.ADDRESSES] = {name: each.url_path for name, each in VIEWED.items()}
gone = links.whole_address()
if st.session_state["page before"] != page.url_path:
    current.leave(st.session_state["page before"])
linked.take(gone)
if gone and strip.LESSON in st.query_params:
    strip.begin()
st.session_state["checkpoint"] = sidebar.show(page.url_path)
with st.container(key="frame"):
    glossary(TERMS)
    presenting.show()
with strip.beside_page(), fragments.whole_run():
    if st.session_state["checkpoint"] or page in (VIEWED["data"], VIEWED["train"]):  # which need no model
        page.run()
