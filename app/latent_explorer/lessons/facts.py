"""The facts of the app's state that a goal reads: what pages and address say, and what follows from it for the model."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from latent_explorer.caches import checkpoints, encodings, layouts
from latent_explorer.components.controls import State
from latent_explorer.components.map.selection import Selection
from latent_explorer.lessons import figures
from latent_explorer.lessons.goals import Fact
from latent_explorer.lessons.places import PARAMETERS, WITHOUT_WIDGET
from latent_explorer.live import controls
from latent_explorer.live.route import decoder
from latent_explorer.session import links
from latent_explorer.training import facts as of_runs
from latent_explorer.user_image.chosen import chosen_image
from vae_core import Checkpoint
from vae_core.serving import Answer


def fact(name: str) -> Fact:
    """A fact by the name that a goal gives it; None where there is none, as of the code of Live on another page."""
    if name in _OF_THE_APP:
        return _OF_THE_APP[name]()
    if name in of_runs.FACTS:
        return of_runs.FACTS[name]()
    if name in figures.FACTS:
        return figures.FACTS[name]()
    if not st.session_state["checkpoint"]:
        return None
    checkpoint = checkpoints.current()
    if name in _OF_A_MODEL:
        return _OF_A_MODEL[name](checkpoint)
    kind, _, block = name.partition("_")
    if kind in _OF_A_BLOCK and block in checkpoint.model.blocks:
        return _OF_A_BLOCK[kind](checkpoint, block)
    return said(name)


def said(name: str) -> Fact:
    """What the page says under a name: its widget, or where it has none the address."""
    view = st.session_state["view"]
    if name not in PARAMETERS[view]:
        return None
    if name in st.session_state and name not in WITHOUT_WIDGET.get(view, ()):
        value = st.session_state[name]
        return value if isinstance(value, str | int | float | bool | list | None) else None
    found = st.query_params.get_all(name)
    return found[0] if len(found) == 1 else found or None


def state(checkpoint: Checkpoint) -> State | None:
    """What Live shows of this model now."""
    name, shown = st.session_state.get(controls.SHOWN, ("", None))
    return shown if st.session_state["view"] in ("start", "live") and name == checkpoint.name else None


def _moved(checkpoint: Checkpoint, block: str = "") -> int | None:
    here = state(checkpoint)
    if here is None:
        return None
    return sum(len(moves) for name, moves in here.moved.items() if block in ("", name))


def _answers(checkpoint: Checkpoint) -> list[Answer]:
    """The code of Live with its moves, and where it started."""
    here = state(checkpoint)
    if here is None or checkpoint.model.no_decoder:
        return []
    image, start = chosen_image(checkpoint), State(**{**vars(here), "moved": {}})
    found = decoder().answer([controls.request(checkpoint, each, image) for each in (here, start)])
    return [each for each in found if not isinstance(each, ValueError)]


def _class_of_code(checkpoint: Checkpoint) -> str | None:
    said_of = _probabilities(checkpoint)
    return None if said_of is None else checkpoint.atlas.classes[int(said_of.argmax())]


def _sure(checkpoint: Checkpoint) -> float | None:
    said_of = _probabilities(checkpoint)
    return None if said_of is None else float(said_of.max())


def _probabilities(checkpoint: Checkpoint) -> np.ndarray | None:
    answers = _answers(checkpoint)
    return None if not answers or answers[0].classes is None else answers[0].classes[0]


def _distance(checkpoint: Checkpoint) -> float | None:
    answers = _answers(checkpoint)
    if len(answers) < 2:
        return None
    now, start = (
        np.concatenate([answer.codes[block][0] for block in checkpoint.model.blocks]) for answer in answers
    )
    return float(np.linalg.norm(now - start))


def _selected_rows(checkpoint: Checkpoint) -> np.ndarray:
    """The images of the selection on the map."""
    asked = st.query_params.get("selection") if st.session_state["view"] == "map" else None
    try:
        selection = Selection.decode(asked) if asked else None
        hidden = links.numbers(st.query_params["hidden"], 10_000) if "hidden" in st.query_params else []
    except ValueError:
        return np.empty(0, dtype=np.intp)
    atlas = checkpoint.atlas
    return layouts.rows(checkpoint, selection, hidden, atlas.labels)


def _selected_class(checkpoint: Checkpoint) -> str | None:
    rows = _selected_rows(checkpoint)
    if not len(rows) or not checkpoint.atlas.classes:
        return None
    return checkpoint.atlas.classes[int(np.bincount(checkpoint.atlas.labels[rows]).argmax())]


def _rate(checkpoint: Checkpoint, block: str) -> float | None:
    rate = encodings.rates(checkpoint)[block][0]
    return None if rate is None else float(rate.sum())


def _active(checkpoint: Checkpoint, block: str) -> int:
    return int(encodings.rates(checkpoint)[block][2].sum())


_OF_THE_APP: dict[str, Callable[[], Fact]] = {
    "page": lambda: st.session_state["view"],
    "model": lambda: st.session_state["checkpoint"],
}
_OF_A_MODEL: dict[str, Callable[[Checkpoint], Fact]] = {
    "own_image": lambda checkpoint: chosen_image(checkpoint) is not None,
    "moved": _moved,
    "class_of_code": _class_of_code,
    "sure": _sure,
    "distance": _distance,
    "selected": lambda checkpoint: len(_selected_rows(checkpoint)),
    "selected_class": _selected_class,
}
_OF_A_BLOCK: dict[str, Callable[[Checkpoint, str], Fact]] = {
    "beta": lambda checkpoint, block: checkpoint.betas.get(block),
    "rate": _rate,
    "active": _active,
    "moved": _moved,
}
