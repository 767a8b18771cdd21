"""EM of PPCA step by step: its log-likelihood climbs to that of the closed form, and its columns become the principal axes."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.charts.layout import CONFIG
from latent_explorer.charts.lessons import climb
from latent_explorer.components.image_grid import image_grid
from latent_explorer.lessons.figures import digits
from latent_explorer.session import links
from vae_core.distributions import Sampler
from vae_core.models import linear

STEP, SEED = "em-steps", "start-seed"
LATENT, STEPS = 4, 20


@st.cache_resource(show_spinner=False, max_entries=16)
def _fits(seed: int) -> tuple[list[linear.Fit], list[float]]:
    """The fits of EM from a seed, the start first, and the log-likelihood of each in nats an image."""
    moments = digits.moments()
    noise = Sampler.seeded(seed).normal((digits.SIDE**2, LATENT), torch.device("cpu"))
    fits = [linear.random_fit(moments, LATENT, noise)]
    for _ in range(STEPS):
        fits.append(linear.em_step(moments, fits[-1]))
    return fits, [linear.log_likelihood(moments, fit) for fit in fits]


@st.cache_resource(show_spinner=False)
def _best() -> tuple[linear.Fit, float]:
    fit = linear.closed_form(digits.moments(), LATENT)
    return fit, linear.log_likelihood(digits.moments(), fit)


def _chosen() -> tuple[int, int]:
    """The step and the seed that the widgets say, or the address before there are any."""
    step, seed = (st.session_state.get(name, st.query_params.get(name, "0")) for name in (STEP, SEED))
    values = [links.read(str(each)) for each in (step, seed)]
    return tuple(int(value) if value == value else 0 for value in values)  # type: ignore[return-value]


def log_likelihood() -> float | None:
    step, seed = _chosen()
    return _fits(seed)[1][step] if 0 <= step <= STEPS and 0 <= seed <= 9999 else None


def gap() -> float | None:
    here = log_likelihood()
    return None if here is None else _best()[1] - here


FACTS = {"log_likelihood": log_likelihood, "gap": gap}


def show() -> None:
    """A step, its likelihood, and its columns beside those of the closed form."""
    st.title("How does EM find the closed form?")
    controls = st.columns([1, 1, 1, 2], vertical_alignment="bottom")
    seed = links.whole(controls[1], "Seed of the start", 0, 9999, SEED, "seed")
    links.number(STEP, 0, STEPS, "step of EM")
    step = links.whole(controls[0], "Steps of EM", 0, STEPS, STEP, "step of EM")
    fits, values = _fits(seed)
    best, top = _best()
    controls[2].button(
        "One more", icon=":material/add:", on_click=_more, disabled=step == STEPS, width="stretch"
    )
    controls[3].caption(
        f"log p(x) = **{values[step]:.3f}** nats, {top - values[step]:.3f} below the closed form · noise s = "
        f"{fits[step].variance.sqrt():.4f}, closed form {best.variance.sqrt():.4f}"
    )
    left, right = st.columns([1.35, 1], gap="medium")
    left.plotly_chart(climb(values, step, top), key="em-climb", config=CONFIG)
    with right:
        image_grid(
            np.stack([_pictures(fits[step].weight, best.weight), _pictures(best.weight, best.weight)]),
            rows=["EM", "closed form"],
            columns=[f"w{axis + 1}" for axis in range(LATENT)],
            title="Columns of W: the direction in pixels of each latent",
            key="em-columns",
            headed=True,
        )
        st.caption(
            f"PPCA with {LATENT} latents of {len(digits.points()):,} digits of 8 × 8 pixels. Grey is zero; the sign of a column is free, "
            "and is shown as in the closed form."
        )


def _more() -> None:
    st.session_state[STEP] = min(STEPS, st.session_state[STEP] + 1.0)


def _pictures(weight: torch.Tensor, like: torch.Tensor) -> np.ndarray:
    """Columns `(64, d)` as pictures, grey where they are zero, turned to point as those of another do."""
    turned = weight * torch.where((weight * like).sum(0) < 0, -1.0, 1.0)
    shares = turned / turned.abs().amax(0).clamp(min=1e-12)
    grey = (127.5 + 127.5 * shares).round().to(torch.uint8)
    return grey.T.reshape(-1, digits.SIDE, digits.SIDE).numpy()
