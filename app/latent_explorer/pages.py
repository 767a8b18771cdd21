"""Pages that others add: each a function of the checkpoint that the sidebar has chosen, whose docstring begins with the page's question."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from latent_explorer.caches import checkpoints, collection
from latent_explorer.text import plain, said
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError
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


# Our pages that show what is decoded, and those that show what data say of a model; Start is where everybody begins.
DECODING = ("elbo", "rate_distortion", "live", "traverse", "generate", "interpolate")
OF_DATA = ("elbo", "rate_distortion", "map", "prior", "measure")


def meaningless(name: str | None) -> set[str]:
    """Our pages that have nothing to show of a model, which the menu leaves out: a link to one says why."""
    found = set() if collection.has_betas(name) else {"rate_distortion"}
    if name is None:
        return found
    try:
        checkpoint = checkpoints.checkpoint(name)
    except CheckpointError:  # the sidebar says so
        return found
    model = checkpoint.model
    found |= set(DECODING) if model.no_decoder else set()
    found |= set(OF_DATA) if checkpoint.no_data else set()
    return found | ({"elbo"} if model.no_bound else set())


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
