"""Map: the projection of each latent block, linked; a selection and an opened item."""

from urllib.parse import urlencode

import streamlit as st

from app import links, resources
from app.components.latent_map import Panel, latent_map
from app.components.selection import Selection, selected_items
from app.own import kept_own, own_image, own_panel
from app.panels import classes_of_selection, item_panel, leak_note
from vae_core.explore import blocks, reads_label
from vae_core.projections import JOINT

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
KEY = f"map-{checkpoint.name}"

st.title("Map")
st.caption(
    f"Each dot is one of {len(atlas):,} test images, where UMAP puts its posterior mean: near dots have similar codes; "
    "distances between clusters mean little. Hover decodes the dot, a lasso selects in every map, a click opens the item. "
    "Outlines show where the priors fall: one for each class, each component (#) of a mixture, or the whole."
)


def panel(block: str) -> Panel:
    """The map of one block, or of all of them together."""
    if block == JOINT:
        return Panel(
            JOINT, "all latents together", atlas.coordinates[JOINT], frame=resources.frame(checkpoint, JOINT)
        )
    kind = "labelled" if reads_label(model, block) else "unlabelled"
    dimensions = atlas.means[block].shape[1]
    title = f"{block} · {kind} latents, {dimensions} dimensions"
    if block in checkpoint.betas:
        title += f" · β = {checkpoint.betas[block]:g}"
    outlines = resources.prior_ellipses(checkpoint, block)
    own = kept_own(checkpoint)
    guest = None
    if own is not None:
        guest = resources.place_on_map(checkpoint, block, resources.own_codes(checkpoint, own)[block][0])
    return Panel(
        block,
        title,
        atlas.coordinates[block],
        outlines,
        guest=guest,
        frame=resources.frame(checkpoint, block),
    )


def linked_selection() -> Selection | None:
    """The lasso that the link asks for."""
    asked = st.query_params.get("selection")
    if not asked:
        return None
    try:
        found = Selection.decode(asked)
    except ValueError as error:
        st.warning(f"The link's selection cannot be read: {error}.")
        return None
    if found.panel not in atlas.coordinates:
        st.warning(
            f"The link selects in the map of “{found.panel}”, but the blocks here are {', '.join(atlas.coordinates)}."
        )
        return None
    return found


@st.fragment
def maps() -> None:
    with st.expander("Your own image on the maps", icon=":material/draw:"):
        own_image(checkpoint)
    query = "?" + urlencode(checkpoint.betas) if checkpoint.betas else ""
    shown = blocks(model)
    if (
        len(shown) > 1
        and JOINT in atlas.coordinates
        and st.toggle("Map of all latents together", key="joint", bind="query-params")
    ):
        shown.append(JOINT)
    state = latent_map(
        [panel(block) for block in shown],
        atlas.labels,
        atlas.classes,
        key=KEY,
        thumbnails=f"{resources.DECODE}/{checkpoint.name}/{{item}}{query}",
        selection=linked_selection(),
        item=links.number("item", 0, len(atlas) - 1, "item"),
    )
    links.write(item=state.item, selection=state.selection.encode() if state.selection else None)
    leak_note(checkpoint)
    if state.selection:
        frames = {name: resources.frame(checkpoint, name) for name in atlas.coordinates}
        rows = selected_items(state.selection, atlas.coordinates, atlas.labels, state.hidden, frames)
        classes_of_selection(checkpoint, rows)
    if (own := kept_own(checkpoint)) is not None:
        own_panel(checkpoint, own)
    if state.item is not None:
        item_panel(checkpoint, state.item)


maps()
