"""Generate: samples of the prior, class by class, and the swap matrix: the style of an item in every class."""

import numpy as np
import streamlit as st
import torch

from app import links, resources
from app.components.image_grid import image_grid
from app.panels import measured_at
from app.pictures import enlarged, to_bytes
from vae_core.distributions import Sampler
from vae_core.explore import blocks, complete, decode, holdable, reads_label, sample, swap
from vae_core.labels import has_label
from vae_core.names import IMAGE, LABEL
from vae_core.priors import one_hot

COLUMNS = 12

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
labelled = has_label(model)
classes = atlas.classes

st.title("Generate")


@st.fragment
def samples() -> None:
    st.subheader("Class-conditional samples" if labelled else "Samples")
    options = ["all", *classes]
    controls = st.columns([1, 2, 1], vertical_alignment="bottom")
    shown = "all"
    if labelled:
        links.check("class", options, "class")
        shown = controls[2].selectbox("Class", options, key="class", bind="query-params")
    seed = controls[0].number_input("Seed", 0, 9999, key="seed", bind="query-params")
    temperature = controls[1].slider(
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
    kept = [block for block in blocks(model) if not reads_label(model, block)]
    if not (labelled and kept):
        return
    st.subheader("Swap matrix")
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


HELD_ITEMS = 5


@st.fragment
def held() -> None:
    """Some variables of a few items stay, everything else is drawn anew: what each of them decides becomes visible."""
    options = holdable(model)
    if len(options) < 2:
        return
    st.subheader("Hold some, draw the rest")
    links.check("hold", options, "variable")
    controls = st.columns([1, 1, 1, 1.6], vertical_alignment="bottom")
    name = controls[0].selectbox("Hold", options, key="hold", bind="query-params")
    first = controls[1].number_input("First item", 0, len(atlas) - 1, key="first", bind="query-params")
    seed = controls[2].number_input("Seed of the draws", 0, 9999, key="held-seed", bind="query-params")
    temperature = controls[3].slider(
        "Temperature of the draws", 0.0, 2.0, 1.0, 0.05, key="held-temperature", bind="query-params"
    )
    items = list(range(first, min(first + HELD_ITEMS, len(atlas))))
    values = resources.variables(checkpoint, items)
    needed = [name, *model.inputs(name)]
    fixed = {key: values[key].repeat_interleave(COLUMNS - 2, 0) for key in needed}
    drawn = complete(model, fixed, draw=Sampler.seeded(seed, temperature))[IMAGE]
    own = decode(model, resources.item_codes(checkpoint, items))[:, None]
    images = torch.cat([own, drawn.unflatten(0, (len(items), -1))], dim=1)
    derived = [other for other in model.observed if other != IMAGE]
    smaller = [to_bytes(enlarged(values[other], images.shape[-1]))[:, None] for other in derived]
    shown = np.concatenate([to_bytes(images[:, :1]), *smaller, to_bytes(images[:, 1:])], axis=1)
    columns = ["item", *derived]
    image_grid(
        shown,
        rows=[f"item {item}" for item in items],
        row_notes=[f"class {classes[atlas.labels[item]]}" for item in items],
        columns=columns + [""] * (shown.shape[1] - len(columns)),
        title=f"{name} of each item held, the rest drawn",
        key="held",
    )
    others = [other for other in options if other != name]
    st.caption(
        f"What you see: each row holds {name} of its item and draws {', '.join(others)} from the model; what stays the same "
        f"along a row is what {name} decides."
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
        f"(± {se:.2%}) the class asked for{measured_at(checkpoint)}: `{card['evaluation']['command']}`"
    )


samples()
swaps()
held()
