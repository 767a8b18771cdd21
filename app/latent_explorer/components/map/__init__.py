"""Linked maps of latent space: hover for a picture, lasso or box for a selection, click to open an item.

All panels live in one component, so a lasso in one lights up the same items in the others without a round
trip to the server. The server only hears of finished gestures.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import streamlit as st

from latent_explorer import palette
from latent_explorer.components.map.selection import Grid, Selection
from latent_explorer.components.shared import kind_words, pack, served
from vae_core.kinds import Kind
from vae_core.model import Model

_component = served("map")


@dataclass(frozen=True, eq=False)
class Ellipse:
    """A Gaussian drawn over a panel as the outline at ``sigmas`` standard deviations."""

    centre: np.ndarray  # (2,)
    covariance: np.ndarray  # (2, 2)
    label: str = ""
    class_index: int | None = None  # gives the colour; None draws in the text colour
    sigmas: float = 2.0
    kind: Literal["prior", "posterior"] = "prior"

    def to_json(self) -> dict[str, Any]:
        """Return centre, radii and tilt, which is what a canvas can draw."""
        variances, axes = np.linalg.eigh(np.asarray(self.covariance, dtype=np.float64))
        radii = self.sigmas * np.sqrt(np.maximum(variances, 0.0))
        return {
            "centre": _shortened(self.centre),
            "radii": _shortened(radii[::-1]),  # eigh sorts upwards, the tilt is that of the longer axis
            "tilt": _shortened([np.arctan2(axes[1, 1], axes[0, 1])])[0],
            "label": self.label,
            "class": self.class_index,
            "sigmas": self.sigmas,
            "kind": self.kind,
        }


@dataclass(frozen=True, eq=False)
class Contour:
    """The smallest region of a panel with a share of a prior's draws, by the outlines of its pieces and holes."""

    rings: Sequence[np.ndarray]  # (n, 2) each, the longest first
    share: float
    label: str = ""
    class_index: int | None = None
    kind: Literal["prior"] = "prior"

    def to_json(self) -> dict[str, Any]:
        """Return x and y of the corners of each outline, one after the other, finer than a screen shows them."""
        return {
            "rings": [[float(f"{value:.4g}") for value in np.asarray(ring).flat] for ring in self.rings],
            "label": self.label,
            "class": self.class_index,
            "share": self.share,
            "kind": self.kind,
        }


Shape = Ellipse | Contour


def _shortened(values: Iterable[float]) -> list[float]:
    """Numbers with seven digits, finer than any screen and half as long: every run sends them."""
    return [float(f"{value:.7g}") for value in values]


@dataclass(frozen=True)
class PlaneOfCodes:
    """Where a place of a panel is a code: each of its axes is a dimension of a block, which together are all that these blocks have or not
    (then the rest is an item's)."""

    axes: tuple[tuple[str, int], tuple[str, int]]
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what the browser is sent."""
        return {"axes": [list(axis) for axis in self.axes], "whole": self.whole}


@dataclass(frozen=True, eq=False)
class Panel:
    """One map: the same items as in the other panels, at other places."""

    name: str  # identifies the panel in a selection
    title: str
    xy: np.ndarray  # (N, 2)
    shapes: Sequence[Shape] = ()
    axes: tuple[str, str] = ("UMAP 1", "UMAP 2")
    guest: np.ndarray | None = None  # (2,), the place of an image that is none of the items: a star
    frame: np.ndarray | None = None  # (M, 2), what the map is drawn round, although the items move
    blocks: tuple[str, ...] = ()  # the latents that a place of the map stands for, the name unless given
    of_item: Callable[[int], Sequence[Shape]] = lambda item: ()  # what to outline for the opened item
    plane: PlaneOfCodes | None = None

    def told(self, shapes: Sequence[Shape]) -> dict[str, Any]:
        """What the browser is sent of it beside its points and its prior's outlines, with some more of them."""
        return {
            "name": self.name,
            "title": self.title,
            "axes": list(self.axes),
            "blocks": list(self.blocks or (self.name,)),
            "shapes": [shape.to_json() for shape in shapes],
            "guest": None if self.guest is None else np.asarray(self.guest, float).tolist(),
            "plane": self.plane.to_json() if self.plane else None,
        }


@dataclass(frozen=True)
class Decoder:
    """What the live route needs to decode sums of items: the model's name, its betas and all its latents. between: whether places between items
    can be decoded, and not only the items have pictures."""

    model: str
    latents: Sequence[str]
    betas: Mapping[str, float]
    between: bool = True
    below: Mapping[str, Sequence[str]] = field(
        default_factory=dict
    )  # by block, those that are generated from it

    @classmethod
    def of(cls, name: str, model: Model, betas: Mapping[str, float]) -> "Decoder":
        """What decodes the codes of a model."""
        below = {block: model.below(block) for block in model.blocks}
        generated = {block: names for block, names in below.items() if names}
        return cls(name, model.coded, betas, not model.no_decoder, generated)

    def to_json(self) -> dict[str, Any]:
        """Return what the browser is sent."""
        below = {block: list(names) for block, names in self.below.items()}
        usual = {"model": self.model, "latents": list(self.latents), "betas": dict(self.betas)}
        return {
            **usual,
            **({} if self.between else {"between": False}),
            **({"below": below} if below else {}),
        }


@dataclass(frozen=True)
class MapState:
    """What the map shows: the selection, the opened item and the classes switched off in the legend."""

    selection: Selection | None = None
    item: int | None = None
    hidden: tuple[int, ...] = ()


def latent_map(
    panels: Sequence[Panel],
    labels: np.ndarray,
    class_names: Sequence[str],
    *,
    key: str,
    decoder: Decoder | None = None,
    thumbnails: str | None = None,
    along: str | None = None,
    selection: Selection | None = None,
    kept: Selection | None = None,
    item: int | None = None,
    hidden: Collection[int] = (),
    colours: Sequence[str] | None = None,
    scale: tuple[str, str, str] | None = None,
    kind: Kind | None = None,
    height: str | None = "420px",
    found: np.ndarray | None = None,
    elsewhere: Callable[[Selection], np.ndarray | None] = lambda selection: None,
    on_change: Callable[[], None] | None = None,
) -> MapState:
    """Draw linked maps of the same N items and return what the user selected, opened and hid.

    Args:
        panels: the maps, side by side.
        labels: the class of each item, (N,) integers from 0 on.
        class_names: the name of each class, for the legend and the tooltip.
        key: identifies the map across reruns.
        decoder: what decodes items and places between them while the pointer moves; nothing without one.
        thumbnails: URL template of an item's picture, such as ``"/decode/my-model/{item}"``, where the live route is off.
        along: URL template of where the items lie along the betas of a ``{block}``, for the browser to move them while a handle of beta moves.
        selection: the selection to show, e.g. restored from a link.
        kept: another selection, whose outline is drawn under the name A.
        item: the item to mark as opened.
        hidden: the classes to switch off.
        colours: of the classes, those of the palette unless given.
        scale: where the classes are the steps of a scale: its name, and the values at its ends.
        kind: what the items are, images unless given.
        height: of each panel, as CSS; None lets them grow with the window as the page of the maps wants it.
        found: items that stand out where nothing is selected.
        elsewhere: the items of a selection that was made on a map which is not among the panels, None where there is no such map.
        on_change: called when the user has changed any of the three.

    ``selection``, ``item`` and ``hidden`` are commands when they change between two runs; what the user does
    afterwards replaces them. Passing the returned state back in the next run is fine, and so is never passing
    anything. What does not fit the panels, such as an item number of another data set, is dropped.
    """
    labels = np.asarray(labels)
    _check(panels, labels, class_names)
    grids = [Grid.of(panel.xy, panel.frame) for panel in panels]
    origins_and_steps = [[*grid.origin.tolist(), *grid.step.tolist()] for grid in grids]
    classes = labels.astype(np.uint8 if len(class_names) <= 256 else np.uint16)
    columns = [np.ascontiguousarray(column) for grid in grids for column in grid.cells.T]
    priors = [[shape.to_json() for shape in panel.shapes if shape.kind == "prior"] for panel in panels]
    digest = _digest(
        json.dumps([origins_and_steps, priors]).encode(), *(a.tobytes() for a in (classes, *columns))
    )

    memory = _Memory.of(key)
    commands = {
        "selection": selection.to_json() if selection else None,
        "item": None if item is None else int(item),
        "hidden": sorted(int(c) for c in hidden),
    }
    wanted = memory.state(commands, reported=_reported(key))
    state, lit = _fitting(wanted, panels, len(labels), len(class_names), elsewhere)

    # Points, with the priors' outlines, and state travel as two messages: Streamlit sends a message again whenever any
    # part of it changed, and half a megabyte of unchanged coordinates should not follow every click.
    with st.container(gap=None):
        _component(
            key=f"{key}-points",
            data=pack(
                {"map": key, "digest": digest, "grids": origins_and_steps, "priors": priors},
                classes,
                *columns,
            ),
        )
        _component(
            key=key,
            data={
                "map": key,
                "digest": digest,
                "frame": _digest(json.dumps(origins_and_steps).encode()),
                "panels": [panel.told(_shapes(panel, state.item)) for panel in panels],
                "classes": list(class_names),
                "colours": list(colours or palette.colours(len(class_names))),
                "scale": list(scale) if scale else None,
                "kind": kind_words(kind),
                "decoder": decoder.to_json() if decoder else None,
                "thumbnails": thumbnails,
                "along": along,
                "height": height,
                "kept": kept.to_json() if kept else None,
                "selection": state.selection.to_json() if state.selection else None,
                "lit": _bits(lit, len(labels)),
                "found": _bits(found, len(labels)),
                "item": state.item,
                "hidden": list(state.hidden),
            },
            on_selection_change=on_change or _nothing,
            on_item_change=on_change or _nothing,
            on_hidden_change=on_change or _nothing,
        )
    return state


def _shapes(panel: Panel, item: int | None) -> list[Shape]:
    """The panel's shapes beside its prior's, and those of the opened item."""
    return [
        *(shape for shape in panel.shapes if shape.kind != "prior"),
        *(panel.of_item(item) if item is not None else ()),
    ]


def _digest(*parts: bytes) -> str:
    return hashlib.blake2b(b"".join(parts), digest_size=8).hexdigest()


class _Memory:
    """Decides, per field, whether the script or the user spoke last. It lasts as long as the session.

    The browser's report and the script's argument are both still there in every later run, long after they
    were new, so what counts is which of the two has changed since the previous run.
    """

    def __init__(self) -> None:
        self._commands: dict[str, Any] = {}
        self._reports: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    @classmethod
    def of(cls, key: str) -> "_Memory":
        """Return the memory of the map with this key in the current session."""
        return st.session_state.setdefault(f"{key}-memory", cls())

    def state(self, commands: dict[str, Any], reported: dict[str, Any]) -> dict[str, Any]:
        """Return the current value of every field; a new report wins over a new command."""
        for name, command in commands.items():
            if name in reported and reported[name] != self._reports.get(name):
                self._values[name] = reported[name].get("value")
            elif name not in self._commands or command != self._commands[name]:
                self._values[name] = command
        self._commands, self._reports = dict(commands), dict(reported)
        return dict(self._values)


def _reported(key: str) -> dict[str, Any]:
    """Return what the browser has reported so far, per name ``{"value": ..., "at": time}``.

    The time tells a repeated report, such as opening the same item once more, from an old one.
    """
    reports = st.session_state.get(key)
    return {f: r for f, r in reports.items() if isinstance(r, dict)} if isinstance(reports, dict) else {}


def _bits(items: np.ndarray | None, count: int) -> str | None:
    """Some of so many items, a bit for each, in base64."""
    if items is None:
        return None
    members = np.zeros(count, dtype=bool)
    members[items] = True
    return base64.b64encode(np.packbits(members).tobytes()).decode()


def _fitting(
    wanted: dict[str, Any],
    panels: Sequence[Panel],
    items: int,
    classes: int,
    elsewhere: Callable[[Selection], np.ndarray | None],
) -> tuple[MapState, np.ndarray | None]:
    """Keep of a wanted state what exists in these panels, and the items of a selection that was made on another map."""
    selection, lit = Selection.from_json(wanted["selection"]), None
    if selection and selection.panel not in {panel.name for panel in panels}:
        lit = elsewhere(selection)
        selection = None if lit is None else selection
    item = wanted["item"]
    if not isinstance(item, int) or not 0 <= item < items:
        item = None
    hidden = wanted["hidden"] if isinstance(wanted["hidden"], list) else []
    kept = tuple(sorted({c for c in hidden if isinstance(c, int) and 0 <= c < classes}))
    return MapState(selection, item, kept), lit


def _check(panels: Sequence[Panel], labels: np.ndarray, class_names: Sequence[str]) -> None:
    """Raise ``ValueError`` for panels that do not describe the same items."""
    if not panels or len({panel.name for panel in panels}) < len(panels):
        raise ValueError("a map needs at least one panel, and every panel a name of its own")
    for panel in panels:
        if len(panel.xy) != len(labels):
            raise ValueError(
                f"panel {panel.name!r} has {len(panel.xy)} points, but there are {len(labels)} labels"
            )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(f"labels must lie between 0 and {len(class_names) - 1}, the last of the class names")


def _nothing() -> None:
    """Stand in for a callback: Streamlit surfaces only those events that have one."""
