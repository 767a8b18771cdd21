"""Whether the model's class probabilities are frequencies."""

import streamlit as st

from latent_explorer.caches import measurements
from latent_explorer.charts import measures
from latent_explorer.charts.rate_distortion import CONFIG
from latent_explorer.export import menus, scripts
from latent_explorer.text import code_span, key, plain
from vae_core import Checkpoint
from vae_core.names import LABEL


def calibration(checkpoint: Checkpoint) -> None:
    """Whether the model's class probabilities are frequencies, at the present betas."""
    found = measurements.calibrated(checkpoint)
    if found is None:
        st.info(
            f"{plain(checkpoint.name)} tells no classes apart: choose a model that reads or infers them, of data that has two or more."
        )
        return
    curve, error = found
    parts = curve.confidence, curve.accuracy, curve.spread, curve.count
    confidence, right, spread, count = (part.numpy() for part in parts)
    st.plotly_chart(
        measures.calibration(
            confidence, right, spread, count, f"Is {checkpoint.name} as sure as it is right?"
        ),
        key="calibration",
        config=CONFIG,
    )
    by = (
        "the model’s own classifier q(y | x)"
        if LABEL in checkpoint.model.latents
        else "the class by the bound (softmax of per-class ELBOs)"
    )
    with menus.beside(
        f"the {error.n:,} items by how sure {by} is of the class that it names, in 15 equal bins, and how often that is right, with two standard "
        f"errors. Below the dotted line the model is too sure of itself. Expected calibration error (mean distance from the line over images) "
        f"**{error.value:.2%} ± {error.se:.2%}** (bootstrap). Over again: {code_span(scripts.measuring(checkpoint, 'calibration'))}."
    ):
        menus.menu(
            "calibration",
            f"{key(checkpoint.name)}-calibration",
            codes=lambda: {"confidence": confidence, "right": right, "right.se": spread, "images": count},
        )
