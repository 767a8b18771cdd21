"""Pages that others add: each a function of the checkpoint that the sidebar has chosen, whose docstring begins with the page's question."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from latent_explorer.caches import checkpoints
from latent_explorer.text import plain, said
from vae_core import Checkpoint
from vae_core.plugins import Registry, Source, reason_of

VIEWS = Path(__file__).parent / "views"

# The pages by name: scripts of ours, and functions of a checkpoint.
PAGES: Registry[Any] = Registry(
    "page",
    "latent_explorer.pages",
    {view.stem: view for view in sorted(VIEWS.glob("*.py"))},
    callable,
    "a function of a checkpoint",
)


def added() -> list[Any]:
    """Those that others have registered, for the navigation."""
    return [
        st.Page(_script(name, source), title=_title(name), icon=":material/extension:", url_path=name)
        for name in PAGES
        if (source := PAGES.source(name)) is not None
    ]


def _title(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").capitalize()


def _script(name: str, source: Source) -> Callable[[], None]:
    """A page as Streamlit runs it; one that fails says so in one sentence, and no other hears of it."""
    show: Callable[[Checkpoint], Any] = PAGES[name]

    def run() -> None:
        st.title(plain((inspect.getdoc(show) or _title(name)).partition("\n")[0]))
        try:
            show(checkpoints.current())
        except Exception as error:  # whatever somebody's page raises
            st.error(
                f"This page is of {plain(source.spoken)}, and it failed: {plain(said(reason_of(error)), 1000)}"
            )

    return run
