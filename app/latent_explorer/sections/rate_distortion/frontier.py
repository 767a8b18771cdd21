"""What one model pays and gets at every beta, measured: the plane, the price of one model for all betas, which dimensions die."""

import streamlit as st

from latent_explorer.caches import collection, measurements
from latent_explorer.charts.rate_distortion import CONFIG, betas_in_words, dimensions, plane
from latent_explorer.export import menus
from latent_explorer.session import links
from latent_explorer.session.sidebar import slider_key, slider_option
from latent_explorer.text import code_span, key, plain, said
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError
from vae_core.checkpoints.frontier import Frontier, objective

COLUMNS = {
    "distortion": "distortion, nats",
    "rate": "rate, nats",
    "bayes_accuracy": "class by the bound",
    "sample_accuracy": "samples judged right",
}


def move(checkpoint: Checkpoint, frontier: Frontier, place: str) -> None:
    """Set the sliders to the rung that was clicked."""
    points = st.session_state[place]["selection"]["points"]
    rung = next((p["customdata"] for p in points if "customdata" in p), None)
    rung = rung[0] if isinstance(rung, list) else rung
    if isinstance(rung, int) and 0 <= rung < len(frontier.points):
        for block, beta in frontier.points[rung]["betas"].items():
            st.session_state[slider_key(block)] = slider_option(checkpoint, block, beta)


def shown(checkpoint: Checkpoint, frontier: Frontier) -> None:
    figure, betas = f"plane-{key(checkpoint.name)}", checkpoint.betas
    now = frontier.at(betas)
    slope = " The slope of the curve is −β." if len(frontier.blocks) == 1 else ""
    st.plotly_chart(
        plane(frontier, checkpoint.name, betas, now, collection.beside(checkpoint)),
        key=figure,
        on_select=lambda: move(checkpoint, frontier, figure),
        selection_mode="points",
        config=CONFIG,
    )
    with menus.beside(
        "each dot is this one model at one β of each block, measured on the "
        f"{plain(frontier.about)}; to the right it keeps more of each image, downwards it draws it back more exactly.{slope} "
        "Click a dot to move the sliders there."
    ):
        menus.menu(figure, "rate-distortion", codes=frontier.columns)
    cells = st.columns(4)
    numbers = [(title, now[name], name) for name, title in COLUMNS.items() if name in now]
    for cell, (title, value, name) in zip(cells, numbers, strict=False):
        cell.metric(title, f"{value:.2%}" if name.endswith("accuracy") else f"{value:.2f}")
    st.caption(
        f"At {betas_in_words(betas)}; between two measured betas, interpolated in log β. Measured by {code_span(frontier.command)}"
    )
    gaps(checkpoint, frontier)
    st.subheader("Which dimensions die, in which order")
    block = frontier.blocks[0]
    if len(frontier.blocks) > 1:
        block = links.one_of("Block", frontier.blocks, key="block", what="block")
    line = frontier.line(block, betas)
    place = f"kl-{key(checkpoint.name)}-{block}"
    st.plotly_chart(dimensions(line, checkpoint.name, block, betas[block]), key=place, config=CONFIG)
    active = [
        f"{point[f'active_units_{block}']['value']:.0f} at β = {point['betas'][block]:.3g}" for point in line
    ]
    with menus.beside(
        f"the rate of {block} as the sum of its dimensions’ KL, the largest at the bottom. A higher β makes "
        f"each dimension pay more, and the least useful go first. Active units, Var(E[z_j | x]) > 0.01: {', '.join(active)}."
    ):
        menus.menu(place, f"rate-of-{block}", codes=frontier.columns)


def gaps(checkpoint: Checkpoint, frontier: Frontier) -> None:
    """The price of one model for all betas, beside models trained for one."""
    if not frontier.anchors:
        return
    st.subheader("What one model for every β costs")
    st.dataframe(
        [
            {
                "trained for": betas_in_words(anchor["betas"]),
                "epochs": anchor.get("epochs"),
                "its D + Σ βR": objective(anchor),
                "this model’s, minus its own": anchor["gap"]["value"],
                "± s.e.": anchor["gap"]["se"],
                "share": f"{anchor['gap']['share']:+.1%}",
                **{
                    title: f"{anchor[name]['value']:.2%}"
                    for name, title in COLUMNS.items()
                    if name.endswith("accuracy") and name in anchor
                },
            }
            for anchor in frontier.anchors
        ],
        column_config={
            name: st.column_config.NumberColumn(format="%.2f")
            for name in ("its D + Σ βR", "this model’s, minus its own", "± s.e.")
        },
        hide_index=True,
    )
    st.caption(
        "What you see: models that were each trained for one β alone, and by how many nats an image the objective of this one "
        f"({checkpoint.card['epochs_done']} epochs for all β) is above (+) or below (−) theirs there; "
        f"by {' and '.join(f'`{command}`' for command in frontier.gaps_by)}"
    )


def measured(checkpoint: Checkpoint) -> Frontier | None:
    """What the card holds; a damaged one is said."""
    try:
        return measurements.frontier(checkpoint)
    except CheckpointError as error:
        st.error(f"{plain(said(error, checkpoint.folder), 1000)}.")
        return None
