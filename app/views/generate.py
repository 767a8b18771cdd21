"""Generate: samples of the prior, class by class, and the swap matrix: the style of an item in every class."""

import numpy as np
import streamlit as st
import torch

from app import links, resources
from app.components.image_grid import image_grid
from app.pictures import to_bytes
from vae_core.distributions import Sampler
from vae_core.explore import decode, needs_label, reads_label, sample, swap
from vae_core.names import LABEL
from vae_core.priors import one_hot

COLUMNS = 12

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
labelled = needs_label(model)
classes = atlas.classes

st.title("Generate")


@st.fragment
def samples() -> None:
    st.subheader("Class-conditional samples" if labelled else "Samples")
    options = ["all", *classes]
    controls = st.columns([1, 1, 2], vertical_alignment="bottom")
    shown = "all"
    if labelled:
        links.check("class", options, "class")
        shown = controls[0].selectbox("Class", options, key="class", bind="query-params")
    seed = controls[1].number_input("Seed", 0, 9999, key="seed", bind="query-params")
    temperature = controls[2].slider(
        "Temperature (factor on the prior’s σ)", 0.0, 2.0, 1.0, 0.05, key="temperature", bind="query-params"
    )
    draw = Sampler.seeded(seed, temperature)
    if labelled:
        chosen = list(range(len(classes))) if shown == "all" else [classes.index(shown)] * 4
        label = torch.tensor(chosen).repeat_interleave(COLUMNS)
        images = sample(model, {LABEL: one_hot(label, len(classes))}, draw=draw)
        rows = [classes[c] for c in chosen]
    else:
        images = sample(model, {}, n=6 * COLUMNS, draw=draw)
        rows = [""] * 6
    image_grid(
        to_bytes(images.unflatten(0, (len(rows), COLUMNS))),
        rows=rows,
        title="Samples of the prior, decoded; one row a class"
        if labelled
        else "Samples of the prior, decoded",
        key="samples",
    )
    st.caption(
        "What you see: the decoder’s mean image of latents drawn from the prior. "
        + _judged("sample_accuracy")
    )


@st.fragment
def swaps() -> None:
    st.subheader("Swap matrix")
    if not labelled:
        st.caption("This model is not conditioned on the class, so there is nothing to swap.")
        return
    kept = [block for block in model.latents if not reads_label(model, block)]
    default = ", ".join(str(int(np.flatnonzero(atlas.labels == c)[0])) for c in range(len(classes)))
    text = st.text_input("Test items, by number", default, key="items", bind="query-params")
    try:
        items = links.numbers(text, len(atlas) - 1)[:20]
    except ValueError as error:
        st.warning(str(error))
        return
    codes = resources.item_codes(checkpoint, items)
    own = decode(model, codes)[:, None]
    swapped = swap(model, {block: codes[block] for block in kept}, len(classes))
    image_grid(
        to_bytes(torch.cat([own, swapped], dim=1)),
        rows=[f"item {item}" for item in items],
        row_notes=[f"class {classes[atlas.labels[item]]}" for item in items],
        columns=["item", *(f"→ {c}" for c in classes)],
        marks=[(row, 1 + int(atlas.labels[item])) for row, item in enumerate(items)],
        title="Each item’s style in every class",
        key="swaps",
    )
    st.caption(
        f"What you see: each row keeps {' and '.join(kept)} of its item and takes the other block from the prior’s mean of "
        f"the column’s class; outlined, the item’s own class. {_judged('swap_accuracy')}"
    )


def _judged(metric: str) -> str:
    """What an independent classifier said of such pictures, from the card."""
    card = checkpoint.card
    if metric not in card["metrics"]:
        return ""
    value, se, n = (card["metrics"][metric][part] for part in ("value", "se", "n"))
    judge = card["metrics"]["judge_accuracy"]["value"]
    return (
        f"Of {n:,} of them an independent classifier (itself right on {judge:.1%} of the test images) gave {value:.2%} "
        f"(± {se:.2%}) the class asked for: `{card['evaluation']['command']}`"
    )


samples()
swaps()
