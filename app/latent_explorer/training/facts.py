"""What a lesson may ask of the run that the page Train shows."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from latent_explorer.training import runs
from latent_explorer.training.film import AWAKE
from latent_explorer.training.runs import Run
from vae_core.checkpoints.folder import CheckpointError
from vae_core.runs import Frames


def _run() -> Run | None:
    name = st.session_state.get("run")
    if st.session_state["view"] != "train" or not isinstance(name, str):
        return None
    try:
        return runs.named(name)
    except ValueError:
        return None


def _of(what: Callable[[Run], str | float | None]) -> Callable[[], str | float | None]:
    def read() -> str | float | None:
        run = _run()
        return None if run is None else what(run)

    return read


def _step(run: Run) -> float | None:
    return run.status.step if run.status else None


def _changes(run: Run) -> float | None:
    return len(run.status.changes) if run.status else None


def _value(name: str) -> Callable[[Run], float | None]:
    """A number that can be changed; of several blocks, the largest."""

    def read(run: Run) -> float | None:
        value = run.status.values.get(name) if run.status else None
        return max(value.values(), default=None) if isinstance(value, dict) else value

    return read


def _kl(run: Run) -> np.ndarray:
    """KL of each dimension in the last frame, nats."""
    try:
        frames = Frames(run.folder)
    except CheckpointError:
        return np.empty(0)
    last = frames.read(len(frames) - 1, len(frames))
    return np.nan_to_num(last["kl"][0]) if len(last) else np.empty(0)


FACTS = {
    "run_state": _of(lambda run: run.state),
    "run_step": _of(_step),
    "run_rate": _of(lambda run: float(_kl(run).sum())),
    "run_awake": _of(lambda run: float((_kl(run) >= AWAKE).sum())),
    "run_changes": _of(_changes),
    "run_beta": _of(_value("beta")),
    "run_class_weight": _of(_value("class_weight")),
}
