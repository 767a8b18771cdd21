"""Traverse: one latent dimension at a time moves through its prior, everything else stays."""

import streamlit as st
import torch

from app import links, resources
from app.components.image_grid import image_grid
from app.pictures import to_bytes
from vae_core.distributions import Sampler, mean
from vae_core.explore import blocks, prior_codes, ruler, traverse
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

STEPS = 11
ITEM, DRAW, MEAN = STARTS = ("test item", "prior draw", "prior mean")

checkpoint = resources.current()
atlas, model = checkpoint.atlas, checkpoint.model
labelled = has_label(model)
names_of_blocks = blocks(model)

st.title("Traverse")
st.caption(
    "Each row moves one latent dimension through its prior and leaves all others where they are; rows are ordered by "
    "rate (KL in nats, mean over the test set). A dimension without effect is pale: its posterior mean hardly varies."
)


def start_codes(start: str, item: int, label: int | None, seed: int) -> dict[str, torch.Tensor]:
    """One code `(D,)` for each block."""
    if start == ITEM:
        codes = resources.item_codes(checkpoint, [item])
    else:
        inputs = {} if label is None else {LABEL: one_hot(torch.tensor([label]), len(atlas.classes))}
        codes = prior_codes(model, inputs, draw=mean if start == MEAN else Sampler.seeded(seed))
    return {block: code[0] for block, code in codes.items()}


@st.fragment
def strips() -> None:
    links.check("block", names_of_blocks, "block")
    links.check("start", STARTS, "start")
    links.number("item", 0, len(atlas) - 1, "item")
    controls = st.columns([1, 1.2, 1.4, 1, 2], vertical_alignment="bottom")
    block = controls[0].selectbox("Block", names_of_blocks, key="block", bind="query-params")
    start = controls[1].selectbox("Start from", STARTS, key="start", bind="query-params")
    item, seed, label = 0, 0, None
    with controls[2]:
        if start == ITEM:
            item = st.number_input("Item", 0, len(atlas) - 1, key="item", bind="query-params")
        elif start == DRAW:
            seed = st.number_input("Seed", 0, 9999, key="seed", bind="query-params")
    with controls[3]:
        if start == ITEM:
            label = int(atlas.labels[item])
            st.caption(f"class {atlas.classes[label]}")
        elif labelled:
            links.check("class", atlas.classes, "class")
            label = atlas.classes.index(
                st.selectbox("Class", atlas.classes, key="class", bind="query-params")
            )
    span = controls[4].slider("Range, ± σ of the prior", 0.5, 6.0, 3.0, 0.5, key="span", bind="query-params")

    rate, variance, active = resources.rates(checkpoint)[block]
    order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
    names = [f"{block}[{dimension}]" for dimension in order]
    links.check("dim", ["all", *names], "dimension")
    shown = st.pills(
        "Dimension",
        ["all", *names],
        default="all",
        key="dim",
        bind="query-params",
        label_visibility="collapsed",
    )
    if shown and shown != "all":
        order = [order[names.index(shown)]]

    codes = start_codes(start, item, label, seed)
    given = {LABEL: one_hot(torch.tensor([label or 0]), len(atlas.classes))}
    given |= {name: code[None] for name, code in codes.items()}
    scale = ruler(model, block, given, span, STEPS)
    images = traverse(model, codes, block, order, scale.values[order])
    nearest = scale.nearest(codes[block])[order].tolist()
    image_grid(
        to_bytes(images),
        rows=[f"{block}[{dimension}]" for dimension in order],
        row_notes=[_note(rate, variance, active, dimension) for dimension in order],
        columns=[f"{tick:+.1f} σ" if abs(tick) > 1e-6 else "0" for tick in scale.ticks.tolist()],
        faded_rows=[row for row, dimension in enumerate(order) if not active[dimension]],
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        title=f"Traversals of {block}, one dimension a row",
        key="strips",
    )
    st.caption(
        "Outlined: the position nearest to the start, where it lies within the range."
        + ("" if rate is not None else NO_RATE)
    )


NO_RATE = " The KL to a mixture prior does not divide over dimensions: the rows are ordered by the variance of the posterior mean."


def _note(rate: torch.Tensor | None, variance: torch.Tensor, active: torch.Tensor, dimension: int) -> str:
    used = f"variance {variance[dimension]:.2f}" if rate is None else f"KL {rate[dimension]:.2f} nats"
    return used if active[dimension] else f"{used} · inactive"


strips()
