"""Whether the model's class probabilities are frequencies."""

import streamlit as st

from latent_explorer.caches import measurements, sources
from latent_explorer.charts import measures
from latent_explorer.charts.layout import CONFIG
from latent_explorer.export import menus, scripts
from latent_explorer.text import key, plain
from vae_core import Checkpoint
from vae_core.names import LABEL


def calibration(checkpoint: Checkpoint) -> None:
    """Whether the model's class probabilities are frequencies, at the present betas."""
    measured = measurements.calibrated(checkpoint)
    if measured is None and measurements.tells_classes(checkpoint):
        st.info(
            f"How sure {plain(checkpoint.name)} is of a class is told by the {checkpoint.kind.many} themselves, since its encoder or decoder "
            f"reads the class. {sources.missing(checkpoint)}"
        )
        return
    if measured is None:
        st.info(
            f"{plain(checkpoint.name)} has no class to be sure of. Choose a class-conditional model of data with two or more classes."
        )
        return
    curve, error = measured
    parts = curve.confidence, curve.accuracy, curve.spread, curve.count
    confidence, right, spread, count = (part.numpy() for part in parts)
    st.plotly_chart(
        measures.calibration(confidence, right, spread, count, checkpoint.name, checkpoint.kind),
        key="calibration",
        config=CONFIG,
    )
    by = (
        "the model’s own classifier q(y | x)"
        if LABEL in checkpoint.model.latents
        else "the class by the bound (softmax of per-class ELBOs)"
    )
    menus.under(
        "calibration",
        f"{key(checkpoint.name)}-calibration",
        f"Each point is one of 15 equal bins of the {error.n:,} {checkpoint.kind.many}: how sure {by} is, and how often it is right (± two standard errors).",
        "Below the dotted line the model is too sure of itself. The expected calibration error, the mean distance from the line, is "
        f"**{error.value:.2%} ± {error.se:.2%}** (bootstrap).",
        codes=lambda: {"confidence": confidence, "right": right, "right.se": spread, "images": count},
        commands=[scripts.measuring(checkpoint, "calibration")],
    )
