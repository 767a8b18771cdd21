"""Strips of pictures, one latent dimension a row."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.image_grid import Cells, Follow, image_grid
from latent_explorer.export import animations, menus, scripts, tables
from latent_explorer.parts import directions, factor_names, features, words
from latent_explorer.parts.inactive import in_use
from latent_explorer.pictures import to_bytes
from latent_explorer.sections.traverse import left
from latent_explorer.sections.traverse.start import IMAGE, Start, chosen_start
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import plain, sigmas
from vae_core import Checkpoint
from vae_core.explore import Codes, Direction, Ruler, along_direction, decode, ruler, settled, traversal
from vae_core.kinds import Table
from vae_core.labels import has_label
from vae_core.model import Model
from vae_core.names import LABEL
from vae_core.priors import one_hot
from vae_core.serving import MOST_ROWS

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
    start, state = chosen_start(checkpoint, *controls[2:5])
    span = controls[5].slider("Range, ± σ of the prior", *SPAN, 3.0, 0.5, key="span", bind="query-params")

    if state is not None:
        start = left.moved(checkpoint, start, state)
    left.back_to_the_map(checkpoint)

    kept = directions.SHELF.entries(checkpoint)
    links.write(**directions.SHELF.in_address(checkpoint, kept))
    named = [direction for direction in kept.values() if direction.block == block]
    rate, variance, active = encodings.rates(checkpoint)[block]
    order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
    names = [f"{block}[{dimension}]" for dimension in order]
    titles = [f"{ARROW} {direction.name}" for direction in named]
    options = ["all", *titles, *names]
    links.settle("dim", options, "dimension")
    shown = controls[1].selectbox("Dimension", options, key="dim", bind="query-params")
    if shown in titles:
        named, order = [named[titles.index(shown)]], []
    elif shown != "all":
        named, order = [], [order[names.index(shown)]]
    else:
        order = in_use(order, active)
        order = [order[row] for row in links.page(st, len(order), "strips-page", "dimensions", ROWS)]
    names = [f"{ARROW} {direction.name}" for direction in named] + [
        f"{block}[{dimension}]" for dimension in order
    ]

    given = {LABEL: one_hot(torch.tensor([start.label or 0]), len(atlas.classes)), **start.codes}
    scale = ruler(model, block, given, span, STEPS)
    codes = moved(model, start.codes, block, named, order, scale)
    nearest = [
        *(nearest_along(scale, start.codes[block][0], direction.unit) for direction in named),
        *scale.nearest(start.codes[block][0])[order].tolist(),
    ]
    decoded = decode(model, codes).unflatten(0, (len(names), STEPS))
    first = len(named)
    image_grid(
        to_bytes(decoded, checkpoint.kind),
        rows=names[:first] + [factor_names.dimension(checkpoint, block, dimension) for dimension in order],
        row_notes=[direction.says for direction in named]
        + [_note(rate, variance, active, dimension) for dimension in order],
        columns=sigmas(scale.ticks.tolist()),
        faded_rows=[first + row for row, dimension in enumerate(order) if not active[dimension]],
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        scale=4 if len(names) == 1 else None,
        title=f"Traversals of the {words.latents(model, block)}, one {'direction or ' if named else ''}dimension a row, in standard deviations σ of its prior",
        key="strips",
        headed=True,
        follow=_follow(checkpoint, start, block, named, order, span),
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
        finer = moved(
            model, start.codes, block, named, order, ruler(model, block, given, span, animations.STEPS)
        )
        return to_bytes(
            decode(model, finer).unflatten(0, (len(names), animations.STEPS)), checkpoint.kind
        ), names

    ticks = scale.ticks.repeat(len(names))
    menus.under(
        "strips",
        f"traversal-{block}",
        f"Each row moves one latent {'direction or ' if named else ''}dimension through its prior and {words.moved(model, block)}.{words.estimated(model, block)}",
        "Outlined is the position nearest to the start; a pale row is an inactive dimension, whose posterior mean hardly varies. "
        + (ORDERED if rate is not None else NO_RATE),
        codes=lambda: tables.table(
            codes, dimension=np.repeat(_numbers(named, order), STEPS), sigma=ticks.numpy().round(6)
        ),
        frames=frames,
        script=scripts.of_codes(checkpoint, f"Traversals of {block} by {checkpoint.name}", codes, STEPS)
        if named
        else scripts.traversal(checkpoint, start.lines, start.label, block, order, span, STEPS),
        commands=[scripts.measuring(checkpoint, "elbo", "active")],
    )
    if order:
        first = f"{block}[{order[0]}]"
        about = {"model": checkpoint.name, "block": block, "dim": first}
        if st.session_state["start"] == IMAGE:
            about["item"] = str(int(st.session_state["item"]))
        st.page_link(
            "views/dimension.py",
            label=f"All about {plain(first)}",
            icon=":material/height:",
            query_params=about,
        )
    directions.finder(checkpoint, start.codes, start.says, block)
    directions.kept(checkpoint, kept)


ARROW = "→"  # before the name of a direction, so that none is taken for a dimension


def moved(
    model: Model, start: Codes, block: str, named: Sequence[Direction], order: Sequence[int], scale: Ruler
) -> Codes:
    """Codes of the rows: directions first, then dimensions, each at the positions of the ruler."""
    rows = [
        along_direction(model, start, block, direction.unit, scale.along(direction.unit))
        for direction in named
    ]
    if order:
        code = {name: part[0] for name, part in start.items()}
        rows.append(settled(model, traversal(code, block, order, scale.values[order]), [block]))
    return {name: torch.cat([row[name] for row in rows]) for name in start}


def _follow(
    checkpoint: Checkpoint,
    start: Start,
    block: str,
    named: Sequence[Direction],
    order: Sequence[int],
    span: float,
) -> Follow | None:
    """How the strips follow a handle of beta: their rows, as many in a request as it may ask for."""
    if not checkpoint.betas:
        return None
    rows: list[Direction | int] = [*named, *order]
    most = MOST_ROWS // STEPS
    label = {"label": start.label or 0} if has_label(checkpoint.model) else {}
    asks = []
    for first in range(0, len(rows), most):
        some = rows[first : first + most]
        units = [
            [float(f"{value:.6g}") for value in each.unit.tolist()]
            for each in some
            if isinstance(each, Direction)
        ]
        numbers = [each for each in some if not isinstance(each, Direction)]
        of = {"block": block, "dimensions": numbers, "directions": units, "span": span, "steps": STEPS}
        asks.append(Cells({**start.asked, "traverse": {**of, **label}}, row=first, columns=STEPS))
    return Follow(checkpoint.name, checkpoint.betas, asks, of_betas=True)


def nearest_along(scale: Ruler, code: torch.Tensor, vector: torch.Tensor) -> int:
    """The position nearest to a code on the row of a direction; -1 where it lies outside."""
    places = scale.along(vector)
    gap, at = (places - code @ vector).abs().min(0)
    return int(at) if gap <= (places[1] - places[0]) / 2 + 1e-6 else -1


def _numbers(named: Sequence[Direction], order: Sequence[int]) -> list[int] | list[str]:
    """What each row is called in a file: the number of a dimension, or a direction's name where there are some."""
    return [*(direction.name for direction in named), *map(str, order)] if named else list(order)


ORDERED = "Rows are ordered by rate: their KLs add up to the rate of all dimensions."
NO_RATE = "Rows are ordered by the variance of the posterior mean, since the KL to a prior that is no Gaussian does not divide over dimensions."


def _note(rate: torch.Tensor | None, variance: torch.Tensor, active: torch.Tensor, dimension: int) -> str:
    used = f"variance {variance[dimension]:.2f}" if rate is None else f"KL {rate[dimension]:.2f} nats"
    return used if active[dimension] else f"{used} · inactive"
