"""Two estimates of one gradient side by side, and their spread over draws."""

import streamlit as st
import torch

from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.lessons import spread
from latent_explorer.lessons.figures import digits
from latent_explorer.session import links
from vae_core.distributions import Sampler
from vae_core.explore import two_gradients
from vae_core.models import linear

DRAWS, SEED, DIMENSION = "draws", "draw-seed", "dimension"
LATENT, SHOWN, COUNTS = 4, 200, ("1", "3", "10", "30", "100", "300", "1000")
FACTS: dict = {}


@st.cache_data(show_spinner=False, max_entries=32)
def _estimates(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """200 estimates by either, each the mean of so many draws: `(200, D)` and `(200, D)`."""
    fit, x = _fit(), digits.points()[0]
    mean = torch.zeros(LATENT, dtype=torch.float64)
    found = two_gradients(
        lambda z: linear.log_joint(fit, x, z),
        mean,
        torch.ones_like(mean),
        SHOWN * count,
        Sampler.seeded(seed),
    )
    score, slope = (each.unflatten(0, (SHOWN, count)).mean(1) for each in found)
    return score, slope


@st.cache_resource(show_spinner=False)
def _fit() -> linear.Fit:
    return linear.closed_form(digits.moments(), LATENT)


def show() -> None:
    """Estimates of one coordinate of the gradient, each from so many draws."""
    st.title("Which estimate would you learn from?")
    left, middle, right = st.columns([2.2, 1, 1], vertical_alignment="bottom")
    count = int(
        links.one_of("Draws for each estimate", COUNTS, key=DRAWS, what="number of draws", place=left)
    )
    seed = links.whole(middle, "Seed", 0, 9999, SEED, "seed")
    axis = links.whole(right, "Dimension", 0, LATENT - 1, DIMENSION, "dimension")
    score, slope = (each[:, axis].numpy() for each in _estimates(count, seed))
    exact = linear.elbo_slope(_fit(), digits.points()[0], torch.zeros(LATENT, dtype=torch.float64))[
        axis
    ].item()
    st.plotly_chart(
        spread({"reparameterised": slope, "score function": score}, exact, f"d ELBO / d mean of z[{axis}]"),
        key="two-gradients",
        config=CONFIG,
    )
    wide, narrow = score.std(ddof=1), slope.std(ddof=1)
    st.markdown(
        f"Standard deviation over {SHOWN} estimates: score function **{wide:.1f}**, reparameterised **{narrow:.1f}**, which is "
        f"{wide / narrow:.0f} times less: as little as {(wide / narrow) ** 2:,.0f} times as many draws would bring."
    )
    st.caption(
        f"PPCA with {LATENT} latents of the digits, one training image, and an encoder that has learned nothing: q(z | x) = N(0, I). The model is "
        "linear, so the exact gradient is known."
    )
