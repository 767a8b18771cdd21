"""A picture and a handle for everything it is made of: dragging one decodes live, releasing it reports the state."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import streamlit as st

from latent_explorer import palette
from latent_explorer.components.shared import feature_names, kind_words, served
from vae_core.kinds import Kind

_component = served("controls")

ITEM, PRIOR, USER_IMAGE = STARTS = ("item", "prior", "own")

# A draw of the prior: its seed is one of so many, and its temperature lies between these.
SEEDS, COLDEST, HOTTEST = 10_000, 0.0, 2.0

# Decimals of a coordinate that is moved: what is shown while a handle moves is what the link will say.
DECIMALS = 3


@dataclass(frozen=True)
class State:
    """Where the controls stand: a start, the coordinates that were moved away from it, and the betas.

    The start is the code of an `item`, of the visitor's own image, or a draw of the prior at a `temperature` (0: without noise) from `seed`. A `label` puts the blocks
    that read the class at the prior of that class; None leaves an item its own.
    """

    start: str = ITEM
    item: int = 0
    label: int | None = None
    seed: int = 0
    temperature: float = 1.0
    moved: dict[str, dict[int, float]] = field(default_factory=dict)
    betas: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """Read what the browser reported, None for anything that is no state."""
        try:
            return cls(
                str(value["start"]),
                int(value["item"]),
                None if value["label"] is None else int(value["label"]),
                int(value["seed"]),
                float(value["temperature"]),
                {
                    str(block): {int(dimension): float(number) for dimension, number in moves.items()}
                    for block, moves in value["moved"].items()
                },
                {str(block): float(beta) for block, beta in value["betas"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None


@dataclass(frozen=True)
class Handle:
    """A handle on one dimension: where it can go, and how much the dimension is used. place: of a code of C x H x W, channel, row and
    column, from 0; handles beyond those that stand open fold by channel. factor: the name of the known one that it tells, where that is clear;
    tells: how clear, in words."""

    dimension: int
    low: float
    high: float
    used: str
    active: bool
    place: Sequence[int] = ()
    factor: str = ""
    tells: str = ""


@dataclass(frozen=True)
class Block:
    """The handles of a latent block, in the order in which they are shown."""

    name: str
    title: str
    unit: str  # of how much a dimension is used
    handles: Sequence[Handle]


@dataclass(frozen=True)
class Along:
    """A handle on a direction: the unit vector of a block, how far it can go, and a word on it. Its place is v·z; moving it moves all coordinates
    that it has."""

    name: str
    block: str
    vector: Sequence[float]
    low: float
    high: float
    note: str


@dataclass(frozen=True, eq=False)
class Scene:
    """What a state looks like: two pictures `(2, H, W, C)`, with the moves and without, the codes with them and p(class | codes), and the codes
    without."""

    pixels: np.ndarray
    codes: Mapping[str, list[list[float]]]
    classes: list[float] | None
    start: Mapping[str, list[list[float]]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Controlled:
    """A model, where its controls stand, and what that looks like.

    Attributes:
        model: the name that the live route knows.
        blocks: the handles.
        state: the state to show, a command where it differs from what the user left.
        scene: what that state looks like, for the first sight and for where the live route is out of reach.
        latents: all latents of the model, a class among them.
        kept: the blocks that stay when the class changes.
        below: by block, those that are generated anew where it is moved.
        labels: the class of each item, (N,).
        classes: the names of the classes; none where the model is not conditioned on one.
        user_image: the pixels of the visitor's image, where there is one.
        fitted: whether the priors of the classes are stood in for by Gaussians that were fitted.
        kind: what the model reads, images unless given.
        address: what the browser puts into the present entry of its history, and then runs the script again; None leaves it as it is.
    """

    model: str
    blocks: Sequence[Block]
    state: State
    scene: Scene
    latents: Sequence[str]
    kept: Sequence[str]
    below: Mapping[str, Sequence[str]]
    labels: np.ndarray
    classes: Sequence[str]
    user_image: bytes | None
    fitted: bool
    kind: Kind | None
    address: str | None

    def sent(self, key: str) -> dict[str, Any]:
        """What the browser is told of it at a key."""
        # How many reports this answers to: the browser takes no older answer for a newer one.
        return {"reports": _report(key).get("reports", 0), **self.told()}

    def told(self) -> dict[str, Any]:
        """The same wherever it is shown; all but the labels, which only some controls read."""
        return {
            "model": self.model,
            "blocks": [asdict(block) for block in self.blocks],
            "state": asdict(self.state),
            "shape": list(self.scene.pixels.shape),
            "pixels": _base64(self.scene.pixels),
            "codes": dict(self.scene.codes),
            "startCodes": dict(self.scene.start),
            "said": self.scene.classes,
            "saidBy": "Gaussians fitted to the encodings" if self.fitted else "the priors",
            "latents": list(self.latents),
            "kind": kind_words(self.kind),
            **({"features": features} if (features := feature_names(self.kind)) else {}),
            "kept": list(self.kept),
            "below": {block: list(names) for block, names in self.below.items()},
            "classes": list(self.classes),
            "colours": palette.colours(len(self.classes)),
            "userImage": None if self.user_image is None else base64.b64encode(self.user_image).decode(),
            "address": self.address,
        }


def live_controls(
    controlled: Controlled,
    *,
    positions: Mapping[str, Sequence[float]],
    directions: Sequence[Along] = (),
    key: str,
    on_change: Callable[[], None],
) -> None:
    """Draw picture and handles; what the user leaves is told to `on_change`, which asks `left` for it.

    Args:
        controlled: the model, and where its controls stand.
        positions: the betas that a handle of each block can take, in increasing order.
        directions: handles on directions, before those on coordinates.
        key: identifies the component across reruns.
        on_change: called before the run that follows a release.
    """
    more = {
        "directions": [asdict(direction) for direction in directions],
        "labels": _base64(controlled.labels.astype("<u2")),
        "positions": {block: list(betas) for block, betas in positions.items()},
    }
    _mounted(controlled.sent(key) | more, key, on_change)


def first_controls(
    controlled: Controlled,
    *,
    given: np.ndarray,
    heading: str,
    count: int,
    paper: bool,
    aspect: float,
    centre: bool,
    strokes: Sequence[Any],
    narrow: bool = False,
    key: str,
    on_change: Callable[[], None],
) -> None:
    """Draw an image, its encoder, a few handles, the decoder and what comes out; the handles move by themselves until somebody touches them.

    Args: as those of `live_controls`, and
        given: the image on the left, (H, W, C).
        heading: over the handles.
        count: of items, of which another is taken at random.
        paper: whether one can draw.
        aspect: the paper's height over its width.
        centre: whether a drawing is centred.
        strokes: the visitor's drawing, where the state starts there.
        narrow: only what comes out and the handles, below each other; nothing moves by itself.
    """
    more = {
        "given": "" if narrow else _base64(given),
        "narrow": narrow,
        "heading": heading,
        "count": count,
        "paper": paper,
        "aspect": aspect,
        "centre": centre,
        "strokes": list(strokes),
    }
    _mounted(controlled.sent(key) | more, key, on_change)


def _mounted(data: Mapping[str, Any], key: str, on_change: Callable[[], None]) -> None:
    again = lambda: None  # noqa: E731 - the run itself is what is wanted
    _component(key=key, data=data, on_state_change=on_change, on_arrived_change=again)


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def drawn(key: str) -> list[dict[str, Any]] | None:
    """The strokes of what the visitor drew there, None where the state does not start from a drawing."""
    strokes = _report(key).get("strokes")
    return strokes if isinstance(strokes, list) else None


def left(key: str) -> State | None:
    """The state that the user left, None where nothing has been touched."""
    return State.from_json(_report(key))


def _report(key: str) -> Mapping[str, Any]:
    report = st.session_state.get(key)
    state = report.get("state") if isinstance(report, Mapping) else None
    return state if isinstance(state, Mapping) else {}
