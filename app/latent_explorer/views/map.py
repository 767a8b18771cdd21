"""Map: the projection of each latent block, linked; selections and an opened item."""

from dataclasses import replace
from urllib.parse import quote, urlencode

import streamlit as st
from latent_explorer import DECODE
from latent_explorer.caches import checkpoints, colourings, encodings, maps, user_images
from latent_explorer.components.map import Decoder, Ellipse, Panel, latent_map
from latent_explorer.components.map.selection import Selection
from latent_explorer.parts.panels import item_panel, leak_note
from latent_explorer.parts.selections import KEPT, selection_panel
from latent_explorer.session import links
from latent_explorer.text import key, plain
from latent_explorer.user_image.panel import kept_own, own_image, own_panel

from vae_core.projections import JOINT

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
KEY = f"map-{key(checkpoint.name)}"
IMAGES = {"test": "test images", "train": "training images", "all": "training and test images"}[atlas.split]

st.title("Map")


def panel(block: str, by: str) -> Panel:
    """The map of one block, or of all of them together, coloured by class or by a factor."""
    own = kept_own(checkpoint)
    guest, outlines = None, [] if block == JOINT else maps.prior_ellipses(checkpoint, block)
    if own is not None:
        codes = user_images.own_codes(checkpoint, own)
        guest = maps.place_on_map(checkpoint, block, {name: mean for name, (mean, _) in codes.items()})[0]
        outlines = [*outlines, maps.posterior_ellipse(checkpoint, block, codes, "your image")]

    def coloured(outline: Ellipse) -> Ellipse:
        """Where colours are not those of classes, an outline has none of them."""
        return outline if by == colourings.CLASS else replace(outline, class_index=None)

    return Panel(
        block,
        title(block),
        atlas.coordinates[block],
        [coloured(outline) for outline in outlines],
        guest=guest,
        frame=maps.frame(checkpoint, block),
        blocks=tuple(maps.mapped(checkpoint, block)),
        of_item=lambda item: [coloured(maps.item_posterior(checkpoint, block, item))],
    )


def title(block: str) -> str:
    if block == JOINT:
        return "all latents together"
    kind = "labelled" if block in model.labelled else "unlabelled"
    found = f"{block} · {kind} latents, {atlas.means[block].shape[1]} dimensions"
    return f"{found} · β = {checkpoint.betas[block]:g}" if block in checkpoint.betas else found


def linked_selection(name: str) -> Selection | None:
    """The selection that the link asks for under this name."""
    asked = st.query_params.get(name)
    if not asked:
        return None
    try:
        found = Selection.decode(asked)
    except ValueError as error:
        st.warning(f"The link's selection cannot be read: {plain(error)}.")
        return None
    if found.panel not in atlas.coordinates:
        st.warning(
            f"The link selects in the map of “{plain(found.panel)}”, but the blocks here are {', '.join(atlas.coordinates)}."
        )
        return None
    return found


def chosen_colouring() -> str:
    """What the dots are coloured by; a choice only where more than the class is known of the images."""
    offered = colourings.colourings(checkpoint)
    if len(offered) == 1:
        return colourings.CLASS
    return links.one_of(
        "Colour by", offered, key="colour", what="colouring", on_change=lambda: links.write(hidden=None)
    )


def linked_hidden(groups: int) -> list[int]:
    """The classes, or other groups of a colour, that the link switches off."""
    asked = st.query_params.get("hidden")
    if not asked:
        return []
    try:
        return links.numbers(asked, groups - 1)
    except ValueError:
        st.warning(f"The link hides the classes “{plain(asked)}”. Give class numbers from 0 to {groups - 1}.")
        return []


@st.fragment
def linked_maps() -> None:
    query = "?" + urlencode(checkpoint.betas) if checkpoint.betas else ""
    shown = model.blocks
    if (
        len(shown) > 1
        and JOINT in atlas.coordinates
        and st.toggle("Map of all latents together", key="joint", bind="query-params")
    ):
        shown.append(JOINT)
    by = chosen_colouring()
    coloured = colourings.colouring(checkpoint, by)
    for name in ("item", "hidden"):
        links.belonging(name, encodings.items_of(checkpoint))
    for name in ("selection", KEPT):  # an outline belongs to one map
        links.belonging(name, checkpoint.name)
    kept = linked_selection(KEPT)
    state = latent_map(
        [panel(block, by) for block in shown],
        coloured.groups,
        coloured.names,
        key=KEY if by == colourings.CLASS else f"{KEY}-{by}",
        decoder=Decoder(checkpoint.name, list(model.latents), checkpoint.betas),
        thumbnails=f"{DECODE}/{quote(checkpoint.name, safe='')}/{{item}}{query}",
        selection=linked_selection("selection"),
        kept=kept,
        item=links.number("item", 0, len(atlas) - 1, "item"),
        hidden=linked_hidden(len(coloured.names)),
        colours=coloured.colours,
    )
    links.write(
        item=state.item,
        selection=state.selection.encode() if state.selection else None,
        selection_a=kept.encode() if kept else None,
        hidden=",".join(map(str, state.hidden)) or None,
    )
    st.caption(
        f"What you see: each dot is one of {len(atlas):,} {IMAGES}, coloured by {by}, where UMAP puts its posterior mean: near dots have similar codes; "
        "distances between clusters mean little. Outlines show where the priors fall: one for each class, each component (#) of a "
        "mixture, or the whole; dashed, where the posterior of the opened item falls. Hover decodes any place, also between dots; zoom "
        "in, and dots become pictures. A lasso or a box selects in every map, a click opens the item."
    )
    selection_panel(checkpoint, state, kept)
    with st.expander("Your own image on the maps", icon=":material/draw:"):
        own_image(checkpoint)
    if (own := kept_own(checkpoint)) is not None:
        own_panel(checkpoint, own)
    if state.item is not None:
        item_panel(checkpoint, state.item)
    leak_note(checkpoint)


linked_maps()
