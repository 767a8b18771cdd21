"""What the link asks of the maps."""

import streamlit as st

from latent_explorer.caches import colourings
from latent_explorer.components.map.selection import Selection
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint


def linked_selection(checkpoint: Checkpoint, name: str) -> Selection | None:
    """The selection that the link asks for under this name."""
    atlas = checkpoint.atlas
    asked = st.query_params.get(name)
    if not asked:
        return None
    try:
        selection = Selection.decode(asked)
    except ValueError as error:
        st.warning(f"This link’s selection cannot be read: {plain(error)}.")
        return None
    if selection.panel not in atlas.coordinates:
        st.warning(
            f"This link selects on the map of “{plain(selection.panel)}”, which this model does not have. Choose one of: {', '.join(atlas.coordinates)}."
        )
        return None
    return selection


# Colourings that stand beside each other; of more, one is found by its name.
SEGMENTS = 6


def chosen_colouring(checkpoint: Checkpoint) -> str:
    """What the dots are coloured by; a choice only where more than the class is known of the images."""
    offered = colourings.colourings(checkpoint)
    if len(offered) == 1:
        return colourings.CLASS

    def forget() -> None:
        links.write(hidden=None)

    if len(offered) <= SEGMENTS:
        return links.one_of("Colour by", offered, key="colour", what="colouring", on_change=forget)
    links.settle("colour", offered, "colouring")
    place = st.container(width=320)
    return place.selectbox("Colour by", offered, key="colour", bind="query-params", on_change=forget)


def linked_hidden(groups: int) -> list[int]:
    """The classes, or other groups of a colour, that the link switches off."""
    asked = st.query_params.get("hidden")
    if not asked:
        return []
    try:
        return links.numbers(asked, groups - 1)
    except ValueError:
        st.warning(
            f"This link hides the classes “{plain(asked)}”. Give class numbers from 0 to {groups - 1}."
        )
        return []
