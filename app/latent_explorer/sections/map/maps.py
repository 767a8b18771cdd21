"""The linked maps, and below them what a selection and an opened item give."""

from urllib.parse import quote, urlencode

import streamlit as st

from latent_explorer import DECODE
from latent_explorer.caches import colourings, encodings
from latent_explorer.components.map import Decoder, latent_map
from latent_explorer.parts import classifiers, named
from latent_explorer.parts.panels import item_panel
from latent_explorer.parts.selections import KEPT, selection_panel
from latent_explorer.sections.map import beside
from latent_explorer.sections.map.asked import chosen_colouring, linked_hidden, linked_selection
from latent_explorer.sections.map.panel import panel
from latent_explorer.session import current, links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import key, plain
from latent_explorer.user_image.chosen import chosen_image
from latent_explorer.user_image.panel import user_image_panel
from latent_explorer.user_image.widgets import image_expander
from vae_core import Checkpoint
from vae_core.checkpoints import Atlas
from vae_core.projections import JOINT

SPLITS = {"test": "test", "train": "training", "all": "training and test"}


def _of_some(atlas: Atlas) -> str:
    """What is said where UMAP placed some of the items only."""
    if atlas.mapped is None:
        return ""
    return f" UMAP of {len(atlas.mapped):,} items; the others are placed beside their neighbours."


@fragment
def linked_maps(checkpoint: Checkpoint) -> None:
    atlas = checkpoint.atlas
    model = checkpoint.model
    of_map = f"map-{key(checkpoint.name)}"
    query = "?" + urlencode(checkpoint.betas) if checkpoint.betas else ""
    shown = model.blocks
    if (
        len(shown) > 1
        and JOINT in atlas.coordinates
        and st.toggle("Map of all latents together", key="joint", bind="query-params")
    ):
        shown.append(JOINT)
    by = chosen_colouring(checkpoint)
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
            [panel(checkpoint, block, by) for block in shown],
            coloured.groups,
            coloured.names,
            key=of_map if by == colourings.CLASS else f"{of_map}-{key(by)}",
            decoder=Decoder.of(checkpoint.name, model, checkpoint.betas),
            thumbnails=f"{DECODE}/{quote(checkpoint.name, safe='')}/{{item}}{query}",
            selection=linked_selection(checkpoint, "selection"),
            kept=kept,
            item=links.number("item", 0, len(atlas) - 1, checkpoint.kind.one),
            hidden=linked_hidden(len(coloured.names)),
            colours=coloured.colours,
            scale=coloured.scale,
            kind=checkpoint.kind,
        )
    if side is not None:
        with side:
            beside.beside(checkpoint, state.item)
    if state.item is not None:
        current.look_at(checkpoint, state.item)
    links.write(
        item=state.item,
        selection=state.selection.encode() if state.selection else None,
        selection_a=kept.encode() if kept else None,
        hidden=",".join(map(str, state.hidden)) or None,
    )
    split = "" if checkpoint.own_data else f"{SPLITS[atlas.split]} "
    place = "embedding" if model.no_encoder else "posterior mean"
    hover = "Hover over any place to decode it, also between dots. Zoom in, and dots become pictures."
    if model.no_decoder:
        hover = f"Hover over a dot to see its {checkpoint.kind.one}; zoom in, and dots become pictures. Between them is none: {model.no_decoder}."
    dashed = f"; dashed, where the posterior of the opened {checkpoint.kind.one} falls"
    st.caption(
        f"Each dot is one of {len(atlas):,} {split}{checkpoint.kind.many}, coloured by {plain(by)}, where UMAP places its {place}. "
        f"Near dots have similar codes; distances between clusters mean little.{_of_some(atlas)}",
        help="Outlines show where draws of the priors fall: an ellipse for each class that has a Gaussian and for each component (#) of a mixture; of any "
        f"other prior, the smallest regions with 50 % and 90 % of its draws, or 90 % of those of a class{'' if model.no_posterior else dashed}. {hover} A lasso or a box selects in all maps; a click opens {checkpoint.kind.an}.",
    )
    selection_panel(checkpoint, state, kept)
    classifiers.plane(checkpoint, state.item)
    if state.item is not None:
        item_panel(checkpoint, state.item)


def own_image(checkpoint: Checkpoint) -> None:
    """Where the visitor gives an image, and what the model makes of it. It is no part of the maps' own runs, which need not send it again."""
    if checkpoint.model.no_encoder:
        st.caption(f"There is no place for {checkpoint.kind.an} of your own: {checkpoint.model.no_encoder}.")
        return
    image_expander(checkpoint, given=lambda: links.write(item=None))  # it takes the place of the opened one
    if (image := chosen_image(checkpoint)) is not None:
        user_image_panel(checkpoint, image)
