"""Strips of pictures, one latent dimension a row."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import animations, menus, scripts, tables
from latent_explorer.parts import features, words
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.traverse.start import chosen_start
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from vae_core import Checkpoint
from vae_core.explore import decode, ruler, settled, traversal, traverse
from vae_core.kinds import Table
from vae_core.names import LABEL
from vae_core.priors import one_hot

STEPS = 11


ROWS = 32  # dimensions that are shown at once


SPAN = (0.5, 6.0)


@fragment
def strips(checkpoint: Checkpoint) -> None:
    atlas = checkpoint.atlas
    model = checkpoint.model
    names_of_blocks = checkpoint.model.blocks
    links.settle("block", names_of_blocks, "block")
    links.amount("span", *SPAN, "range")
    controls = st.columns([1, 1, 1.25, 1.25, 1, 1.6], vertical_alignment="bottom")
    block = controls[0].selectbox("Latents", names_of_blocks, key="block", bind="query-params")
    start = chosen_start(checkpoint, *controls[2:5])
    span = controls[5].slider("Range, ± σ of the prior", *SPAN, 3.0, 0.5, key="span", bind="query-params")

    rate, variance, active = encodings.rates(checkpoint)[block]
    order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
    names = [f"{block}[{dimension}]" for dimension in order]
    links.settle("dim", ["all", *names], "dimension")
    shown = controls[1].selectbox("Dimension", ["all", *names], key="dim", bind="query-params")
    if shown != "all":
        order = [order[names.index(shown)]]
        names = [shown]
    else:
        paged = links.page(st, len(order), "strips-page", "dimensions", ROWS)
        order, names = [order[row] for row in paged], [names[row] for row in paged]

    code = {name: code[0] for name, code in start.codes.items()}
    given = {LABEL: one_hot(torch.tensor([start.label or 0]), len(atlas.classes)), **start.codes}
    scale = ruler(model, block, given, span, STEPS)
    codes = settled(model, traversal(code, block, order, scale.values[order]), [block])
    nearest = scale.nearest(code[block])[order].tolist()
    decoded = decode(model, codes).unflatten(0, (len(order), STEPS))
    image_grid(
        to_bytes(decoded, checkpoint.kind),
        rows=[words.dimension(model, block, dimension) for dimension in order],
        row_notes=[_note(rate, variance, active, dimension) for dimension in order],
        columns=[f"{tick:+.1f} σ" if abs(tick) > 1e-6 else "0" for tick in scale.ticks.tolist()],
        faded_rows=[row for row, dimension in enumerate(order) if not active[dimension]],
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        scale=4 if len(order) == 1 else None,
        title=f"Traversals of the {words.latents(model, block)}, one dimension a row, in standard deviations σ of its prior",
        key="strips",
        headed=True,
    )
    if isinstance(checkpoint.kind, Table):
        moves = features.movers(checkpoint.kind, decoded)
        st.dataframe(
            [
                {"dimension": name, "features that move most, in standard deviations": said}
                for name, said in zip(names, moves, strict=True)
            ],
            hide_index=True,
            height=38 + 35 * min(len(names), 6),
        )

    def frames() -> tuple[np.ndarray, list[str]]:
        values = ruler(model, block, given, span, animations.STEPS).values[order]
        return to_bytes(traverse(model, code, block, order, values), checkpoint.kind), names

    ticks = scale.ticks.repeat(len(order))
    menus.under(
        "strips",
        f"traversal-{block}",
        f"Each row moves one latent dimension through its prior and {words.moved(model, block)}.",
        "Outlined is the position nearest to the start; a pale row is an inactive dimension, whose posterior mean hardly varies. "
        + (ORDERED if rate is not None else NO_RATE),
        codes=lambda: tables.table(codes, dimension=np.repeat(order, STEPS), sigma=ticks.numpy().round(6)),
        frames=frames,
        script=scripts.traversal(checkpoint, start.lines, start.label, block, order, span, STEPS),
        commands=[scripts.measuring(checkpoint, "elbo", "active")],
    )


ORDERED = "Rows are ordered by rate: their KLs add up to the rate of all dimensions."
NO_RATE = "Rows are ordered by the variance of the posterior mean, since the KL to a mixture prior does not divide over dimensions."


def _note(rate: torch.Tensor | None, variance: torch.Tensor, active: torch.Tensor, dimension: int) -> str:
    used = f"variance {variance[dimension]:.2f}" if rate is None else f"KL {rate[dimension]:.2f} nats"
    return used if active[dimension] else f"{used} · inactive"
