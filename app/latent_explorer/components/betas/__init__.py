"""One observation at nine betas of a block, with a marker to drag: what is kept of it, which dimensions are active, the frontier, and two maps of one scale."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import streamlit as st

from latent_explorer.components.shared import pack, served

_component = served("betas")

LEVELS = 65535  # of a coordinate on a map


class Left(NamedTuple):
    """What the visitor left: the betas, and the beta that the present one is compared with."""

    betas: dict[str, float]
    since: float

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """Read what the browser reported, None for anything else."""
        try:
            betas = {str(block): float(beta) for block, beta in value["betas"].items()}
            found = cls(betas, float(value["since"]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None
        return found if all(0 < beta < float("inf") for beta in (*betas.values(), found.since)) else None


def beta_strip(
    header: Mapping[str, Any],
    pixels: np.ndarray,
    places: np.ndarray,
    labels: np.ndarray,
    *,
    reach: float,
    key: str,
    on_change: Callable[[], None],
) -> None:
    """Draw it; what the visitor leaves is told to `on_change`, which asks `left` for it.

    Args:
        header: everything but the arrays, as `betas.js` says it (`BetasData`).
        pixels: what is decoded at each column, at the present betas, and where it is at hand the original, (n, H, W, C), uint8.
        places: of the dots at each beta of the map, (R, N, 2).
        labels: the class of each dot, (N,).
        reach: no dot lies further than this from 0.
        key: identifies the component across reruns.
        on_change: called before the run that follows a release.
    """
    data = message(header, pixels, places, labels, reach, _report(key).get("reports", 0))
    _component(key=key, data=data, on_state_change=on_change)


def message(
    header: Mapping[str, Any],
    pixels: np.ndarray,
    places: np.ndarray,
    labels: np.ndarray,
    reach: float,
    reports: int = 0,
) -> bytes:
    """What the browser is sent; reports: how many of its own it answers to."""
    levels = np.round((np.clip(places / reach, -1, 1) + 1) / 2 * LEVELS).astype(np.uint16)
    sent = {**header, "shape": list(pixels.shape), "reach": reach, "reports": reports}
    return pack(sent, pixels.ravel(), levels.ravel(), labels.astype(np.uint16))


def left(key: str) -> Left | None:
    """What the visitor left, None where nothing has been touched."""
    return Left.from_json(_report(key))


def _report(key: str) -> Mapping[str, Any]:
    report = st.session_state.get(key)
    state = report.get("state") if isinstance(report, Mapping) else None
    return state if isinstance(state, Mapping) else {}


def columns(positions: Sequence[float], count: int) -> list[float]:
    """So many of the positions, evenly spread, both ends among them.

    >>> columns([1.0, 2.0, 3.0, 4.0, 5.0], 3)
    [1.0, 3.0, 5.0]
    """
    steps = len(positions) - 1
    return [positions[round(steps * number / (count - 1))] for number in range(count)]
