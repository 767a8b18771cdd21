"""One dimension of a block: its choice, the items at its ends, what it writes at an item, and its charts."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import dimensions, encodings
from latent_explorer.charts import dimension as charts
from latent_explorer.charts.layout import CONFIG
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import animations, menus, scripts, tables
from latent_explorer.parts import factor_names, words
from latent_explorer.parts.nets import absent
from latent_explorer.pictures import pixels, to_bytes
from latent_explorer.sections.traverse.start import of_item
from latent_explorer.session import links
from latent_explorer.session.fragments import fragment
from latent_explorer.text import minus, plain, sigmas
from vae_core import Checkpoint
from vae_core.explore import decode, ruler, settled, traversal, traverse
from vae_core.kinds import Table
from vae_core.names import LABEL
from vae_core.priors import one_hot

# Positions of the strip, how far it goes on either side in standard deviations of the prior, and features that are named of a table.
STEPS, SPAN, NAMED = 7, 3.0, 6
# A change of this share of the range is white at least: what hardly changes anything is to look like that.
WHITE = 0.1


@fragment
def one_dimension(checkpoint: Checkpoint) -> None:
    model, atlas = checkpoint.model, checkpoint.atlas
    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    links.settle("block", model.blocks, "block")
    links.belonging("dim", checkpoint.name)
    links.belonging("item", encodings.items_of(checkpoint), 0)
    block = controls.selectbox("Latents", model.blocks, key="block", bind="query-params", width=130)
    rate, variance, active = encodings.rates(checkpoint)[block]
    order = (variance if rate is None else rate).argsort(descending=True, stable=True).tolist()
    names = [f"{block}[{number}]" for number in order]
    links.settle("dim", names, "dimension")
    name = controls.selectbox("Dimension", names, key="dim", bind="query-params", width=130)
    place = names.index(name)
    _step(controls, "Previous", ":material/chevron_left:", names, place - 1)
    _step(controls, "Next", ":material/chevron_right:", names, place + 1)
    number = order[place]
    at_item, strip, ends, below = controls.container(width=150), *(st.container() for _ in range(3))
    with ends:
        _at_ends(checkpoint, block, number, name)
    item = links.whole(
        at_item, words.capital(checkpoint.kind.one), 0, len(atlas) - 1, "item", checkpoint.kind.one
    )
    with strip:
        told = factor_names.factor(checkpoint, block, number)
        used = "" if rate is None else f"KL {rate[number]:.2f} nats · "
        st.caption(
            f"**{plain(factor_names.dimension(checkpoint, block, number))}** of the {words.latents(model, block)} · {used}{place + 1} of {len(order)} by {'variance' if rate is None else 'KL'} · "
            f"variance of the posterior mean {variance[number]:.3g} · {'active' if active[number] else 'inactive'} · "
            f"at {checkpoint.kind.one} {item}: {minus(f'{atlas.means[block][item, number]:+.2f}')}"
            + (f" · {plain(factor_names.in_words(told))}" if told else "")
        )
        if not absent(checkpoint, "what this dimension writes"):
            _strip(checkpoint, block, number, name, item)
    with below:
        _charts(checkpoint, block, place, order, names, item)


def _step(controls, label: str, icon: str, names: Sequence[str], place: int) -> None:
    """A button that leads to a neighbour in the order of use."""

    def go() -> None:
        st.session_state["dim"] = names[place]

    there = 0 <= place < len(names)
    controls.button(
        label,
        icon=icon,
        key=f"dimension-{label.lower()}",
        on_click=go if there else None,
        disabled=not there,
        help=f"To {names[place]}" if there else None,
    )


def _strip(checkpoint: Checkpoint, block: str, number: int, name: str, item: int) -> None:
    """The dimension through its prior at an item, and how much it changes on average."""
    model = checkpoint.model
    start = of_item(checkpoint, item)
    given = {LABEL: one_hot(torch.tensor([start.label or 0]), len(checkpoint.atlas.classes)), **start.codes}
    scale, code = ruler(model, block, given, SPAN, STEPS), {n: part[0] for n, part in start.codes.items()}
    codes = settled(model, traversal(code, block, [number], scale.values[[number]]), [block])
    shown = decode(model, codes)
    nearest = int(scale.nearest(code[block])[number])
    change = dimensions.change(checkpoint, block, number)
    low, high = dimensions.ends(checkpoint, block, number)
    left, right = st.columns([STEPS, 1.6], vertical_alignment="top")
    with left:
        image_grid(
            to_bytes(shown[None], checkpoint.kind),
            rows=[f"{checkpoint.kind.one} {item}"],
            columns=sigmas(scale.ticks.tolist(), 0),
            marks=[(0, nearest)] if nearest >= 0 else [],
            title=f"What {name} writes, in standard deviations σ of its prior",
            key="dimension-strip",
            headed=True,
        )
    with right:
        _change(checkpoint, change, name)
    if isinstance(checkpoint.kind, Table):
        _features(checkpoint.kind, change)
    menus.under(
        "dimension-strip",
        f"dimension-{block}-{number}",
        f"The row moves {name} alone through its prior; outlined is the position nearest to the {checkpoint.kind.one}’s own.",
        f"Beside it the mean change, over {dimensions.OVER} {checkpoint.kind.many}, when {name} goes from {minus(f'{low:+.2f} to {high:+.2f}')}, "
        f"between which it lies for 95 % of the {checkpoint.kind.many}: {_most(checkpoint, change)}.",
        codes=lambda: tables.table(codes, sigma=scale.ticks.numpy().round(6)),
        frames=lambda: (
            to_bytes(
                traverse(
                    model,
                    code,
                    block,
                    [number],
                    ruler(model, block, given, SPAN, animations.STEPS).values[[number]],
                ),
                checkpoint.kind,
            ),
            [name],
        ),
        script=scripts.traversal(checkpoint, start.lines, start.label, block, [number], SPAN, STEPS),
        commands=[scripts.measuring(checkpoint, "elbo", "active")],
    )


def _change(checkpoint: Checkpoint, change: torch.Tensor, name: str) -> None:
    """The mean absolute change as a picture, as bright as it is large."""
    if isinstance(checkpoint.kind, Table):
        seen = to_bytes(_by_feature(checkpoint.kind, change), checkpoint.kind)
    else:
        white = max(WHITE, change.max().item())
        seen = pixels((255 * change / white).round().clamp(0, 255).to(torch.uint8))
    image_grid(
        seen[None, None],
        rows=[""],
        columns=["mean change"],
        title=f"Mean absolute change by {name}",
        key="dimension-change",
    )


def _most(checkpoint: Checkpoint, change: torch.Tensor) -> str:
    """How large the largest change is, in words."""
    if isinstance(checkpoint.kind, Table):
        return "the features that change most are named"
    return f"white is {max(WHITE, change.max().item()):.2f} of the range of a pixel"


def _by_feature(table: Table, change: torch.Tensor) -> torch.Tensor:
    """A row `(F,)` whose features lie as far above their mean as they change."""
    return table.unstandardised(change / torch.tensor(table.scale).to(change))


def _features(table: Table, change: torch.Tensor) -> None:
    scaled = change / torch.tensor(table.scale).to(change)
    order = scaled.argsort(descending=True)[:NAMED].tolist()
    rows = [
        {
            "feature": table.names[i],
            "mean change": change[i].item(),
            "in standard deviations": scaled[i].item(),
        }
        for i in order
    ]
    st.dataframe(rows, hide_index=True)


def _at_ends(checkpoint: Checkpoint, block: str, number: int, name: str) -> None:
    """The items with least and with most of it; a click opens one as the item of the page."""
    sides = dimensions.at_ends(checkpoint, block, number)
    values = checkpoint.atlas.means[block][:, number]
    cell = image_grid(
        np.stack([encodings.pictures(checkpoint, side) for side in sides]),
        rows=["lowest", "highest"],
        row_notes=[minus(f"{values[side[0]]:+.2f} to {values[side[-1]]:+.2f}") for side in sides],
        title=f"{words.capital(checkpoint.kind.many)} with the lowest and the highest posterior mean of {name}",
        key="dimension-ends",
        clickable=True,
        headed=True,
    )
    if cell is not None and (chosen := (cell, name, checkpoint.name)) != st.session_state.get(
        "dimension-cell"
    ):
        st.session_state["dimension-cell"] = chosen
        st.session_state["item"] = float(sides[cell[0]][cell[1]])
    said = [", ".join(map(str, side)) for side in sides]
    st.caption(
        f"A click on {checkpoint.kind.an} moves it through the dimension above.",
        help=f"Numbers of the {checkpoint.kind.many}, from the end on. Lowest: {said[0]}. Highest: {said[1]}.",
    )


def _charts(
    checkpoint: Checkpoint, block: str, place: int, order: Sequence[int], names: Sequence[str], item: int
) -> None:
    """How the classes lie on the dimension, and its rate over beta, or beside the other dimensions."""
    atlas, number, name = checkpoint.atlas, order[place], names[place]
    left, right = st.columns(2)
    values = atlas.means[block][:, number].astype(float)
    figure, table = charts.histogram(
        values,
        atlas.labels,
        atlas.classes or [checkpoint.kind.many],
        name,
        checkpoint.kind.many,
        float(values[item]),
    )
    with left:
        st.plotly_chart(figure, key="dimension-histogram", config=CONFIG)
        menus.under(
            "dimension-histogram",
            f"histogram-{block}-{number}",
            f"Each bar counts the {checkpoint.kind.many} whose posterior mean of {name} lies there; dotted is {checkpoint.kind.one} {item}.",
            codes=lambda: table,
        )
    over = dimensions.rate_over_betas(checkpoint, block, number)
    rate, variance, _ = encodings.rates(checkpoint)[block]
    with right:
        if over is not None:
            betas, rates = over
            figure = charts.over_betas(betas, rates, name, block, checkpoint.betas[block], checkpoint.kind.an)
            numbers = {"beta": np.array(betas), "kl": np.array(rates)}
            said = f"Each dot is the KL of {name} at one β of the atlas; dotted is the slider."
        else:
            used, of = (
                (variance, "variance of the mean")
                if rate is None
                else (rate, f"KL, nats {checkpoint.kind.an}")
            )
            figure = charts.beside(used[list(order)].tolist(), names, place, of)
            numbers = {"dimension": np.array(order), "used": used[list(order)].numpy()}
            said = f"Each bar is a dimension of the {words.latents(checkpoint.model, block)}; red is {name}."
        st.plotly_chart(figure, key="dimension-rate", config=CONFIG)
        menus.under("dimension-rate", f"rate-{block}-{number}", said, codes=lambda: numbers)
