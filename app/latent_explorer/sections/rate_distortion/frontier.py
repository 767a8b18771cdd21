"""What one model pays and gets at the present betas, measured, and the price of one model for all of them."""

import streamlit as st

from latent_explorer.sections.rate_distortion.shown import betas_in_words
from latent_explorer.text import by_commands, minus, plain, said
from vae_core import Checkpoint
from vae_core.checkpoints import CheckpointError, Frontier

COLUMNS = {
    "distortion": "distortion, nats",
    "rate": "rate, nats",
    "bayes_accuracy": "class by the bound",
    "sample_accuracy": "samples classified right",
}


def numbers(checkpoint: Checkpoint, frontier: Frontier) -> None:
    """What was measured at the present betas."""
    now = frontier.at(checkpoint.betas)
    known = [(title, now[name], name) for name, title in COLUMNS.items() if name in now]
    for cell, (title, value, name) in zip(st.columns(4), known, strict=False):
        cell.metric(title, f"{value:.2%}" if name.endswith("accuracy") else f"{value:.2f}")
    st.caption(f"At {betas_in_words(checkpoint.betas)}; between two measured betas, interpolated in log β.")


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
                "share": minus(f"{anchor.gap.share:+.1%}"),
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
