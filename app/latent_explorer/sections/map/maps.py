"""The linked maps, and below them what a selection and an opened item give."""

from typing import NamedTuple
from urllib.parse import quote, urlencode

import numpy as np
import streamlit as st

from latent_explorer import DECODE
from latent_explorer.caches import along_grid, colourings, encodings, layouts
from latent_explorer.caches.finding import Found
from latent_explorer.caches.layouts import Laid
from latent_explorer.components.map import Decoder, latent_map
from latent_explorer.components.map.selection import Selection
from latent_explorer.lessons.places import PARAMETERS, of_blocks
from latent_explorer.parts import classifiers, named
from latent_explorer.parts.panels import item_panel
from latent_explorer.parts.selections import KEPT, selection_panel
from latent_explorer.sections.map import beside, finding
from latent_explorer.sections.map.asked import (
    chosen_colouring,
    chosen_layout,
    linked_hidden,
    linked_selection,
)
from latent_explorer.sections.map.panel import panel
from latent_explorer.sections.traverse.left import remember_the_map
from latent_explorer.session import current, links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import key, plain
from latent_explorer.user_image.chosen import chosen_image
from latent_explorer.user_image.panel import user_image_panel
from latent_explorer.user_image.widgets import image_expander
from vae_core import Checkpoint
from vae_core.checkpoints import Atlas

SPLITS = {"test": "test", "train": "training", "all": "training and test"}


# The choices above the maps are low, so that the maps stand on one screen with what they answer.
SMALL = """<style>
.st-key-map-choices [data-testid=stWidgetLabel] { min-height: 0; height: 0.9rem; margin-bottom: 2px; }
.st-key-map-choices [data-testid=stButtonGroup] button { min-height: 2.5rem; }
.st-key-map-choices [data-testid=stWidgetLabel] p { font-size: 0.72rem; line-height: 1; }
.st-key-found-steps button { min-height: 0; padding: 0.1rem 0.7rem; }
/* On a phone what is looked at and its handles come before the maps, which follow them. */
@media (max-width: 640px) { [data-testid=stColumn]:has(.st-key-map-beside) { order: -1; } }
</style>"""


def _where(atlas: Atlas, place: Laid, what: str) -> str:
    """What a place of the maps means."""
    if place.kind == layouts.PRINCIPAL:
        return f"in the plane in which its {what}s vary most."
    if place.kind == layouts.PAIR:
        return f"in two dimensions of its {what}: each place between them is a code."
    some = ""
    if atlas.mapped is not None:
        some = f" UMAP of {len(atlas.mapped):,} items; the others are placed beside their neighbours."
    return f"where UMAP places its {what}. Near dots have similar codes; distances between clusters mean little.{some}"


_ARRIVED = "map-arrived"


def _came() -> bool:
    """Whether this run is the first one since the visitor was on another page."""
    came = st.session_state["page before"] not in (None, st.session_state["page"])
    return came and bool(st.session_state.get(links.WHOLE))


def _item(checkpoint: Checkpoint) -> int | None:
    """The item that the address opens; for who comes from another page, what was looked at there, which the browser puts into the address
    (`links.arriving`) and Streamlit does not tell the script where a widget of that page has the name."""
    asked = links.number("item", 0, len(checkpoint.atlas) - 1, checkpoint.kind.one)
    if _came():
        there = current.looked_at(checkpoint)
        st.session_state[_ARRIVED] = there if isinstance(there, int) and asked is None else None
    return st.session_state.get(_ARRIVED) if asked is None else asked


def _written(item: int | None) -> dict[str, int | None]:
    """What of the opened item goes into the address: nothing where the browser puts it there."""
    arrived = st.session_state.get(_ARRIVED)
    if item != arrived:
        st.session_state[_ARRIVED] = None
    return {} if _came() and arrived is not None else {"item": item}


def _elsewhere(checkpoint: Checkpoint, drawn: Selection) -> np.ndarray | None:
    """The items of an outline that was drawn in another layout."""
    if layouts.laid(checkpoint, drawn.panel) is None:
        return None
    return layouts.rows(checkpoint, drawn, (), checkpoint.atlas.labels)


class Asked(NamedTuple):
    """How the maps are laid out and coloured, and what is found on them, or why nothing is."""

    shown: list[Laid]
    by: str
    found: Found | str | None


def choices(checkpoint: Checkpoint) -> Asked:
    """The choices above the maps; they are no part of the maps' own runs, which need not send them again."""
    st.html(SMALL)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="map-choices"):
        return Asked(chosen_layout(checkpoint), chosen_colouring(checkpoint), finding.asked(checkpoint))


@fragment
def linked_maps(checkpoint: Checkpoint, asked: Asked) -> None:
    atlas = checkpoint.atlas
    model = checkpoint.model
    of_map = f"map-{key(checkpoint.name)}"
    query = "?" + urlencode(checkpoint.betas) if checkpoint.betas else ""
    shown, by, found = asked
    steps = st.container()
    if isinstance(found, str):
        steps.warning(found)
        found = None
    coloured = colourings.colouring(checkpoint, by)
    for name in ("item", "hidden"):
        links.belonging(name, encodings.items_of(checkpoint))
    links.belonging(named.SHOWN, named.mark(checkpoint))
    for name in ("selection", KEPT):  # an outline belongs to one map
        links.belonging(name, checkpoint.name)
    kept = linked_selection(checkpoint, KEPT)
    if (followed := beside.item_of_controls(checkpoint)) is not None:
        links.write(item=followed)
    place, side = (st, None) if model.no_decoder else st.columns([2.3, 1], gap="medium")
    with place.container():
        state = latent_map(
            [panel(checkpoint, each, by) for each in shown],
            coloured.groups,
            coloured.names,
            key=of_map if by == colourings.CLASS else f"{of_map}-{key(by)}",
            decoder=Decoder.of(checkpoint.name, model, checkpoint.betas),
            thumbnails=f"{DECODE}/{quote(checkpoint.name, safe='')}/{{item}}{query}",
            along=along_grid.address(checkpoint),
            selection=linked_selection(checkpoint, "selection"),
            kept=kept,
            item=_item(checkpoint),
            hidden=linked_hidden(len(coloured.names)),
            colours=coloured.colours,
            scale=coloured.scale,
            kind=checkpoint.kind,
            height=None,
            found=None if found is None else found.items,
            elsewhere=lambda drawn: _elsewhere(checkpoint, drawn),
        )
    if found is not None:
        with steps:
            finding.stepper(checkpoint, found, state.item)
    if side is not None:
        with side, st.container(key="map-beside"):
            beside.beside(checkpoint, state.item)
    if state.item is not None:
        current.look_at(checkpoint, state.item)
    links.write(
        **_written(state.item),
        selection=state.selection.encode() if state.selection else None,
        selection_a=kept.encode() if kept else None,
        hidden=",".join(map(str, state.hidden)) or None,
    )
    remember_the_map(checkpoint, (*PARAMETERS["map"], *of_blocks(checkpoint.model.blocks)))
    split = "" if checkpoint.own_data else f"{SPLITS[atlas.split]} "
    place = "embedding" if model.no_encoder else "posterior mean"
    hover = "Hover over any place to decode it, also between dots. Zoom in, and dots become pictures."
    if model.no_decoder:
        hover = f"Hover over a dot to see its {checkpoint.kind.one}; zoom in, and dots become pictures. Between them is none: {model.no_decoder}."
    dashed = f"; dashed, where the posterior of the opened {checkpoint.kind.one} falls"
    st.caption(
        f"Each dot is one of {len(atlas):,} {split}{checkpoint.kind.many}, {_coloured(checkpoint, by)}{_where(atlas, shown[0], place)}",
        help="Outlines show where draws of the priors fall: an ellipse for each class that has a Gaussian and for each component (#) of a mixture; of any "
        f"other prior, the smallest regions with 50 % and 90 % of its draws, or 90 % of those of a class{'' if model.no_posterior else dashed}. {hover} A lasso or a box selects in all maps; a click opens {checkpoint.kind.an}.",
    )
    selection_panel(checkpoint, state, kept, coloured.groups)
    classifiers.plane(checkpoint, state.item)
    if state.item is not None:
        item_panel(checkpoint, state.item)


def _coloured(checkpoint: Checkpoint, by: str) -> str:
    """What the dots are coloured by, as a part of a sentence: nothing where that is a class that the data do not have."""
    return "" if by == colourings.CLASS and not checkpoint.atlas.classes else f"coloured by {plain(by)}, "


def _close() -> None:
    """What was opened leaves its place to what the visitor has just given."""
    st.session_state[_ARRIVED] = None
    links.write(item=None)


def own_image(checkpoint: Checkpoint) -> None:
    """Where the visitor gives an image, and what the model makes of it. It is no part of the maps' own runs, which need not send it again."""
    if checkpoint.model.no_encoder:
        st.caption(f"There is no place for {checkpoint.kind.an} of your own: {checkpoint.model.no_encoder}.")
        return
    image_expander(checkpoint, given=_close)
    if (image := chosen_image(checkpoint)) is not None:
        user_image_panel(checkpoint, image)
