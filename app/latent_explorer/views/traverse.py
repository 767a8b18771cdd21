"""Traverse: one latent dimension at a time moves through its prior, everything else stays."""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from latent_explorer.caches import checkpoints, encodings
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import code_span, plain
from latent_explorer.user_image.images import Own
from latent_explorer.user_image.panel import codes_and_class, kept_own
from streamlit.delta_generator import DeltaGenerator

from vae_core.distributions import Sampler, mean
from vae_core.explore import (
    decode,
    prior_codes,
    ruler,
    traversal,
    traverse,
)
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

STEPS = 11
SPAN = (0.5, 6.0)
ITEM, DRAW, MEAN = STARTS = ("item", "prior draw", "prior mean")
OWN = "your image"

checkpoint = checkpoints.current()
atlas, model = checkpoint.atlas, checkpoint.model
labelled = has_label(model)
names_of_blocks = model.blocks
own = kept_own(checkpoint)
starts = STARTS if own is None else (*STARTS, OWN)

st.title("Traverse")


class Start(NamedTuple):
    """Where a traversal starts: a code `(1, D)` for each latent, the class it goes with, and the lines of a script that make the codes."""

    codes: dict[str, torch.Tensor]
    label: int | None
    lines: list[str]


def of_item(item: int) -> Start:
    return Start(
        encodings.item_codes(checkpoint, [item]), int(atlas.labels[item]), scripts.codes_of_items([item])
    )


def of_prior(label: int | None, seed: int | None) -> Start:
    """A draw from the prior, or without a seed its mean."""
    inputs = {} if label is None else {LABEL: one_hot(torch.tensor([label]), len(atlas.classes))}
    codes = prior_codes(model, inputs, draw=mean if seed is None else Sampler.seeded(seed))
    return Start(codes, label, scripts.codes_from_prior(checkpoint, label, seed))


def of_own(image: Own) -> Start:
    """The visitor's image, with the class that the model itself reads in it."""
    codes, label = codes_and_class(checkpoint, image)
    return Start(codes, label, scripts.codes_written(codes))


def chosen_start(left: DeltaGenerator, middle: DeltaGenerator, right: DeltaGenerator) -> Start:
    """The controls of where the traversal starts, in three places beside each other."""
    if own is None and st.query_params.get("start") == OWN:
        st.warning(
            "The link starts from its sender’s own image, which a link cannot carry. Give one of yours on the page Map."
        )
    else:
        links.settle("start", starts, "start")
    links.belonging("item", encodings.items_of(checkpoint), 0)
    start = left.selectbox("Start from", starts, key="start", bind="query-params")
    if start == ITEM:
        item = links.whole(middle, "Item", 0, len(atlas) - 1, "item", "item")
        right.caption(plain(atlas.class_of(item)))
        return of_item(item)
    if start == OWN and own is not None:
        found = of_own(own)
        if found.label is not None:
            middle.caption(f"class {plain(atlas.classes[found.label])}, as the model reads it")
        return found
    seed, label = None, None
    if start == DRAW:
        seed = links.whole(middle, "Seed", 0, 9999, "seed", "seed")
    if labelled:
        links.settle("class", atlas.classes, "class")
        place = right if start == DRAW else middle
        label = atlas.classes.index(place.selectbox("Class", atlas.classes, key="class", bind="query-params"))
    return of_prior(label, seed)


@st.fragment
def strips() -> None:
    links.settle("block", names_of_blocks, "block")
    links.amount("span", *SPAN, "range")
    controls = st.columns([1, 1, 1.25, 1.25, 1, 1.6], vertical_alignment="bottom")
    block = controls[0].selectbox("Block", names_of_blocks, key="block", bind="query-params")
    start = chosen_start(*controls[2:5])
    span = controls[5].slider("Range, ± σ of the prior", *SPAN, 3.0, 0.5, key="span", bind="query-params")

    rate, variance, active = encodings.rates(checkpoint)[block]
    order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
    names = [f"{block}[{dimension}]" for dimension in order]
    links.settle("dim", ["all", *names], "dimension")
    shown = controls[1].selectbox("Dimension", ["all", *names], key="dim", bind="query-params")
    if shown != "all":
        order = [order[names.index(shown)]]
        names = [shown]

    code = {name: code[0] for name, code in start.codes.items()}
    given = {LABEL: one_hot(torch.tensor([start.label or 0]), len(atlas.classes)), **start.codes}
    scale = ruler(model, block, given, span, STEPS)
    codes = traversal(code, block, order, scale.values[order])
    nearest = scale.nearest(code[block])[order].tolist()
    image_grid(
        to_bytes(decode(model, codes).unflatten(0, (len(order), STEPS))),
        rows=names,
        row_notes=[_note(rate, variance, active, dimension) for dimension in order],
        columns=[f"{tick:+.1f} σ" if abs(tick) > 1e-6 else "0" for tick in scale.ticks.tolist()],
        faded_rows=[row for row, dimension in enumerate(order) if not active[dimension]],
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        scale=4 if len(order) == 1 else None,
        title=f"Traversals of {block}, one dimension a row, in σ of its prior",
        key="strips",
        headed=True,
    )

    def frames() -> tuple[np.ndarray, list[str]]:
        values = ruler(model, block, given, span, menus.STEPS).values[order]
        return to_bytes(traverse(model, code, block, order, values)), names

    ticks = scale.ticks.repeat(len(order))
    with menus.beside(
        "each row moves one latent dimension through its prior and leaves all others where they are. Rows are "
        "ordered by rate (KL, mean over the test set); pale: a dimension whose posterior mean hardly varies; outlined: the "
        "position nearest to the start, where it lies within the range."
        + (
            ADDS_UP.format(code_span(scripts.measuring(checkpoint, "elbo", "active")))
            if rate is not None
            else NO_RATE
        )
    ):
        menus.menu(
            "strips",
            f"traversal-{block}",
            codes=lambda: menus.table(codes, dimension=np.repeat(order, STEPS), sigma=ticks.numpy().round(6)),
            frames=frames,
            script=scripts.traversal(checkpoint, start.lines, start.label, block, order, span, STEPS),
        )


ADDS_UP = " The KL of all rows adds up to the rate of {}."
NO_RATE = " The KL to a mixture prior does not divide over dimensions: the rows are ordered by the variance of the posterior mean."


def _note(rate: torch.Tensor | None, variance: torch.Tensor, active: torch.Tensor, dimension: int) -> str:
    used = f"variance {variance[dimension]:.2f}" if rate is None else f"KL {rate[dimension]:.2f} nats"
    return used if active[dimension] else f"{used} · inactive"


strips()
