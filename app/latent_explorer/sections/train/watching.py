"""A run as it trains, or as it was: the component that asks the server for it."""

import streamlit as st

from latent_explorer.components.training import opened, training
from latent_explorer.lessons import strip
from latent_explorer.palette import CLASSES, colours
from latent_explorer.sections.train.choice import OPENED
from latent_explorer.text import key
from latent_explorer.training import film, runs
from latent_explorer.training.allowed import why_not_here
from latent_explorer.training.runs import Run
from vae_core.checkpoints import CheckpointError
from vae_core.runs import read_header


def watched(run: Run) -> None:
    """Curves, bars, pictures, the map, and what steers it."""
    place = f"training-{key(run.name)}"
    others = [name for name, other in runs.everyone().items() if name != run.name and _has_frames(other)]
    training(
        run.name,
        refused=why_not_here(),
        colours=colours(max(1, _classes(run))),
        shades=list(CLASSES),
        others=others[:50],
        lesson=strip.current() is not None,
        no_mp4=film.no_mp4(),
        key=place,
        on_opened=lambda: _follow(place),
    )

    if strip.current() is not None and run.state != "finished":
        _look()


@st.fragment(run_every=2.0)
def _look() -> None:
    """What a lesson asks for happens while nothing runs here but the training."""
    strip.look_again()


def _follow(place: str) -> None:
    if name := opened(place):
        st.session_state[OPENED] = name


def _has_frames(run: Run) -> bool:
    """Whether there is something to compare, or will be: the page that compares is not drawn anew when another run begins."""
    return run.live or (run.status is not None and run.status.frames > 0)


def _classes(run: Run) -> int:
    try:
        return len(read_header(run.folder).classes)
    except CheckpointError:
        return 10  # it has not begun
