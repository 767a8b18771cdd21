"""Weighted means of three or four codes, decoded."""

import numpy as np
import streamlit as st

from latent_explorer.caches import encodings
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts.anchors import choose, has_class, held, moving
from latent_explorer.parts.panels import ground
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from vae_core import Checkpoint
from vae_core.explore import blend, decode, settled, square_weights, triangle_weights

SIDE = 7  # its middle cell is the mean of four corners, and another one that of three


CORNERS = {"c1": "Top left", "c2": "Top right", "c3": "Bottom left", "c4": "Bottom right"}


@fragment
def grid_between(checkpoint: Checkpoint) -> None:
    model = checkpoint.model
    st.subheader("Between three or four")
    options = ["four", "three"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        corners = links.one_of("Corners", options, key="corners", what="number of corners")
        moved = moving(checkpoint, "averaged", "Latents that are averaged")
    four, last = corners != "three", SIDE - 1
    shown = dict(list(CORNERS.items())[: 4 if four else 3])
    items = choose(checkpoint, shown, (0, 1, 2, 3), f"Other {checkpoint.kind.many}")
    weights = (square_weights(SIDE) if four else triangle_weights(SIDE)).flatten(0, 1)
    inside = (weights >= 0).all(-1)
    codes = settled(model, blend(encodings.item_codes(checkpoint, items), weights, moved), moved)
    pictures = to_bytes(decode(model, codes), checkpoint.kind)
    pictures[~inside.numpy()] = ground()
    shares = [f"{share / last:.0%}" for share in range(SIDE)]
    image_grid(
        pictures.reshape(SIDE, SIDE, *pictures.shape[1:]),
        rows=[f"{share} down" for share in shares],
        columns=shares,
        marks=[(0, 0), (0, last), (last, 0), (last, last)][: len(items)],
        title=f"Weighted means of {len(items)} codes, decoded",
        key="span-grid",
        headed=True,
    )
    middle = (
        "The weights are bilinear: the middle cell is the mean of all four."
        if four
        else "The weights are barycentric: the cell 33% down and to the right is the mean of all three."
    )
    cells = np.flatnonzero(inside.numpy())
    menus.under(
        "span-grid",
        "grid-between-images",
        "Each cell decodes a weighted mean of the codes of the outlined corners.",
        middle
        + held(checkpoint, moved, "as at top left")
        + (" The class is that of the greatest weight." if has_class(checkpoint, moved) else ""),
        codes=lambda: tables.table(
            {name: code[cells] for name, code in codes.items()}, row=cells // SIDE, column=cells % SIDE
        ),
        script=script_of_grid(checkpoint, items, four, moved),
    )


def script_of_grid(checkpoint: Checkpoint, items: list[int], four: bool, moved: list[str]) -> str:
    weights = "square_weights" if four else "triangle_weights"
    lines = [
        *scripts.codes_of_items(checkpoint, items),
        f"weights = {weights}({SIDE}).flatten(0, 1)",
        f"images = decode(model, settled(model, blend(codes, weights, {moved}), {moved}))"
        if checkpoint.model.below(*moved)
        else f"images = decode(model, blend(codes, weights, {moved}))",
        *([] if four else ["images[(weights < 0).any(-1)] = 1  # outside the triangle"]),
    ]
    sources = dict.fromkeys((weights, "blend", "settled"), "vae_core.explore")
    return scripts.script(
        checkpoint, f"A grid between {checkpoint.kind.many} of {checkpoint.name}", lines, SIDE, **sources
    )
