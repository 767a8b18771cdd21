"""The swap matrix: the style of an item in every class."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.controls import USER_IMAGE, State
from latent_explorer.components.image_grid import Cells, Follow, image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.live import controls
from latent_explorer.parts import words
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.generate.shared import judged
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import measured_by
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image, codes_and_class, not_in_a_link
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.explore import decode, swapped
from vae_core.labels import has_label
from vae_core.serving import MOST_ROWS

# Rows of the swap matrix, at most.
SWAPPED = 20


@fragment
def swaps(checkpoint: Checkpoint) -> None:
    atlas = checkpoint.atlas
    model = checkpoint.model
    classes = checkpoint.atlas.classes
    labelled = has_label(checkpoint.model)
    kept = model.styles
    if not (labelled and kept and len(classes) > 1):
        return
    st.subheader("The same style in every class")
    there = np.unique(atlas.labels)[:SWAPPED]
    default = ", ".join(str(int(np.flatnonzero(atlas.labels == c)[0])) for c in there)
    links.belonging("items", encodings.items_of(checkpoint), default)
    text = st.text_input(
        f"{words.capital(checkpoint.kind.many)}, by number", default, key="items", bind="query-params"
    )
    try:
        items = links.numbers(text, len(atlas) - 1, checkpoint.kind.one)[:SWAPPED]
    except ValueError as error:
        st.warning(str(error))
        return
    to = links.page(st, len(classes), "swaps-page", "classes")
    codes = encodings.item_codes(checkpoint, items)
    rows, notes = (
        [f"{checkpoint.kind.one} {item}" for item in items],
        [words.class_of(atlas, item) for item in items],
    )
    guest = user_image_row(checkpoint)
    if guest is not None:
        codes = {name: torch.cat([code, guest[name]]) for name, code in codes.items()}
        rows, notes = [*rows, f"your {checkpoint.kind.one}"], [*notes, ""]
    elsewhere = swapped(model, {block: codes[block] for block in kept}, to)
    grid = [code.unflatten(0, (len(rows), -1)) for code in (decode(model, codes), decode(model, elsewhere))]
    image_grid(
        to_bytes(torch.cat(grid, dim=1), checkpoint.kind),
        rows=rows,
        row_notes=notes,
        columns=["decoded", *(f"→ {classes[c]}" for c in to)],
        marks=[
            (row, 1 + to.index(int(atlas.labels[item])))
            for row, item in enumerate(items)
            if int(atlas.labels[item]) in to
        ],
        title=f"Each {checkpoint.kind.one}’s style in every class",
        key="swaps",
        follow=_follow(checkpoint, items, to, None if guest is None else chosen_image(checkpoint)),
    )
    styles = words.listed([words.latents(model, block) for block in kept])
    menus.under(
        "swaps",
        "swaps",
        f"Each line keeps the {styles} of its {checkpoint.kind.one} and takes {words.swapped(model)}.{words.estimated(model, *model.labelled) if model.labelled else ''}",
        " ".join(
            filter(
                None,
                (
                    f"Outlined is the {checkpoint.kind.one}’s own class.",
                    judged(checkpoint, "swap_accuracy", "not how much of the style they keep"),
                    style_kept(checkpoint),
                ),
            )
        ),
        codes=lambda: tables.table(
            elsewhere,
            **{checkpoint.kind.one: np.repeat(rows, len(to))},
            to_class=np.tile([classes[c] for c in to], len(rows)),
        ),
        script=scripts.swaps(checkpoint, items, kept, guest, to),
        commands=measured_by(checkpoint.card, ["swap_accuracy", "style_slant_swap"]),
    )


def style_kept(checkpoint: Checkpoint) -> str:
    """How much of the style swaps keep, from the card; nothing where it was not measured."""
    metrics = checkpoint.card.metrics
    kept = [
        f"{name} {metrics[f'style_{name}_swap'].value:.2f} ({metrics[whole].value:.2f})"
        for name in ("slant", "thickness", "width", "height", "ink")
        if f"style_{name}_swap" in metrics and (whole := f"style_{name}_reconstruction") in metrics
    ]
    if not kept:
        return ""
    one = checkpoint.kind.one
    return (
        f"Rank correlation with the {one} itself, in brackets that of its reconstruction: {', '.join(kept)}."
    )


def user_image_row(checkpoint: Checkpoint) -> dict[str, torch.Tensor] | None:
    """The codes of the visitor's image, where there is one and it is wanted."""
    image = chosen_image(checkpoint)
    if image is None:
        if st.query_params.get("own") == "true":
            not_in_a_link()
        return None
    uses = st.toggle(f"With your {checkpoint.kind.one}", key="own", bind="query-params")
    linked.write(uses)
    if not uses:
        return None
    return codes_and_class(checkpoint, image)[0]


def _follow(
    checkpoint: Checkpoint, items: Sequence[int], to: Sequence[int], image: UserImage | None
) -> Follow | None:
    """How the matrix follows a handle of beta: items as they are, and in each class, as many rows in a request as it may ask for; a row of
    the visitor's image cell by cell."""
    if not checkpoint.betas:
        return None
    model, most = checkpoint.model, MOST_ROWS // len(to)
    asks = [Cells({"mix": {name: [[[item, 1]] for item in items] for name in model.coded}})]
    for first in range(0, len(items), most):
        rows = [[[item, 1]] for item in items[first : first + most] for _ in to]
        asked = {"mix": dict.fromkeys(model.styles, rows), "label": list(to) * (len(rows) // len(to))}
        asks.append(Cells(asked, first, 1, len(to)))
    if image is not None:
        own = [State(USER_IMAGE), *(State(USER_IMAGE, label=label) for label in to)]
        asks += [
            Cells(controls.asked(checkpoint, state, image), len(items), column)
            for column, state in enumerate(own)
        ]
    return Follow(checkpoint.name, checkpoint.betas, asks)
