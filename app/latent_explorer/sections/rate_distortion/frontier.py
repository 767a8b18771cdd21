"""What one model pays and gets at every beta, measured: the plane, the price of one model for all betas, which dimensions die."""

import streamlit as st

from latent_explorer.caches import collection
from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.rate_distortion import betas_in_words, dimensions, plane
from latent_explorer.export import menus
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.session.sidebar import slider_key, slider_option
from latent_explorer.text import by_commands, cleaned, key, plain, said
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError, Frontier

COLUMNS = {
    "distortion": "distortion, nats",
    "rate": "rate, nats",
    "bayes_accuracy": "class by the bound",
    "sample_accuracy": "samples classified right",
}


def move(checkpoint: Checkpoint, frontier: Frontier, place: str) -> None:
    """Set the sliders to the betas of the dot that was clicked."""
    points = st.session_state[place]["selection"]["points"]
    dot = next((p["customdata"] for p in points if "customdata" in p), None)
    dot = dot[0] if isinstance(dot, list) else dot
    if isinstance(dot, int) and 0 <= dot < len(frontier.points):
        for block, beta in frontier.points[dot].betas.items():
            st.session_state[slider_key(block)] = slider_option(checkpoint, block, beta)


def shown(checkpoint: Checkpoint, frontier: Frontier) -> None:
    figure, betas = f"plane-{key(checkpoint.name)}", checkpoint.betas
    now = frontier.at(betas)
    slope = " The slope of the curve is −β." if len(frontier.blocks) == 1 else ""
    st.plotly_chart(
        plane(frontier, checkpoint.name, betas, now, collection.beside(checkpoint), checkpoint.kind.an),
        key=figure,
        on_select=lambda: move(checkpoint, frontier, figure),
        selection_mode="points",
        config=CONFIG,
    )
    menus.under(
        figure,
        "rate-distortion",
        f"Each dot is this one model at one β of its latents, measured on the {plain(frontier.about)}.",
        f"To the right it keeps more of {checkpoint.kind.an}; downwards it reconstructs it more exactly.{slope} Click a dot to move the sliders there.",
        codes=frontier.columns,
        commands=[cleaned(frontier.command, 2000)],
    )
    cells = st.columns(4)
    numbers = [(title, now[name], name) for name, title in COLUMNS.items() if name in now]
    for cell, (title, value, name) in zip(cells, numbers, strict=False):
        cell.metric(title, f"{value:.2%}" if name.endswith("accuracy") else f"{value:.2f}")
    st.caption(f"At {betas_in_words(betas)}; between two measured betas, interpolated in log β.")
    gaps(checkpoint, frontier)
    st.subheader("Which dimensions become inactive, in which order")
    block = frontier.blocks[0]
    if len(frontier.blocks) > 1:
        block = links.one_of("Latents", frontier.blocks, key="block", what="block")
    line = frontier.line(block, betas)
    place = f"kl-{key(checkpoint.name)}-{block}"
    st.plotly_chart(
        dimensions(line, checkpoint.name, block, betas[block], checkpoint.kind.an), key=place, config=CONFIG
    )
    ends = [
        f"{point.numbers[f'active_units_{block}'].value:.0f} at β = {point.betas[block]:.3g}"
        for point in (line[0], line[-1])
    ]
    menus.under(
        place,
        f"rate-of-{block}",
        f"Each bar is the rate of the {words.latents(checkpoint.model, block)} at one β: the KLs of its dimensions, the largest at the bottom.",
        f"A higher β puts a higher price on each nat, and the least useful dimensions go first. Active dimensions: {' and '.join(ends)}.",
        codes=frontier.columns,
        commands=[cleaned(frontier.command, 2000)],
    )


def gaps(checkpoint: Checkpoint, frontier: Frontier) -> None:
    """The price of one model for all betas, beside models trained for one."""
    if not frontier.anchors:
        return
    st.subheader("What one model for every β costs")
    st.dataframe(
        [
            {
                "trained for": betas_in_words(anchor.betas),
                "epochs": anchor.epochs,
                "its D + Σ βR": anchor.objective,
                "this model’s, minus its own": anchor.gap.value,
                "± s.e.": anchor.gap.se,
                "share": f"{anchor.gap.share:+.1%}",
                **{
                    title: f"{anchor.numbers[name].value:.2%}"
                    for name, title in COLUMNS.items()
                    if name.endswith("accuracy") and name in anchor.numbers
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
        f"Each row is a model that was trained for one β alone. The difference is by how many nats {checkpoint.kind.an} the objective of this model "
        f"({checkpoint.card.epochs_done} epochs for all β) is above (+) or below (−) its own there.",
        help=by_commands(frontier.gaps_by),
    )


def measured(checkpoint: Checkpoint) -> Frontier | None:
    """What the card holds; a damaged one is said."""
    try:
        return checkpoint.frontier
    except CheckpointError as error:
        st.error(f"{plain(said(error, checkpoint.folder), 1000)}.")
        return None
