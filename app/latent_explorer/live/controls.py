"""The state of the Live page: as a request for images, as a link, and what its handles are."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings
from latent_explorer.components.controls import (
    COLDEST,
    DECIMALS,
    HOTTEST,
    ITEM,
    PRIOR,
    SEEDS,
    STARTS,
    USER_IMAGE,
    Along,
    Block,
    Controlled,
    Handle,
    Scene,
    State,
)
from latent_explorer.live.route import decoder, rounded
from latent_explorer.parts import factor_names, words
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image.chosen import not_in_a_link
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.explore import Direction, reach, reach_along
from vae_core.labels import has_label
from vae_core.models.foreign import place_of
from vae_core.serving import Answer, Picture, Request

MOST_MOVES = 256  # of a link: a direction moves every coordinate of its block
SHOWN = "live-shown"  # the model and the state that a page showed last, for what looks at it from elsewhere
NAMES = ("start", "item", "seed", "temperature", "move", "class")  # in the address


def request(checkpoint: Checkpoint, state: State, image: UserImage | None = None) -> Request:
    """What the live route is asked for a state, as the component asks it."""
    label = None if state.label is None else (state.label,)
    draw = {"seed": state.seed, "temperature": state.temperature} if state.start == PRIOR else {}
    held = checkpoint.model.coded if label is None else kept(checkpoint)
    picture = (
        Picture(image.values.tobytes(), tuple(held))
        if state.start == USER_IMAGE and image is not None
        else None
    )
    held = held if state.start == ITEM else []
    mixes = dict.fromkeys(held, (((state.item, 1.0),),))
    return Request(
        0,
        checkpoint.name,
        1,
        mixes=mixes,
        label=label,
        picture=picture,
        betas=state.betas,
        moved=state.moved,
        back=True,
        classes=True,
        **draw,  # type: ignore[arg-type]
    )


def asked(checkpoint: Checkpoint, state: State, image: UserImage | None = None) -> dict[str, Any]:
    """The part of `request` that says which code a state has, as the browser asks for it."""
    found = request(checkpoint, state, image)
    parts: dict[str, Any] = {}
    if found.mixes:
        parts["mix"] = {
            name: [[list(pair) for pair in row] for row in rows] for name, rows in found.mixes.items()
        }
    if found.picture:
        pixels = base64.b64encode(found.picture.pixels).decode()
        parts["image"] = {"pixels": pixels, "latents": list(found.picture.latents)}
    if found.label is not None:
        parts["label"] = list(found.label)
    if found.seed is not None:
        parts["draw"] = {"seed": found.seed, "temperature": found.temperature}
    if found.moved:
        parts["move"] = found.moved
    return parts


def controlled(
    checkpoint: Checkpoint,
    state: State,
    image: UserImage | None,
    address: str | None,
    *,
    blocks: Sequence[Block] | None = None,
    shown: Scene | None = None,
) -> Controlled:
    """What the controls are told of a model. blocks: all handles unless given; shown: what the state looks like, where it is known."""
    model, atlas = checkpoint.model, checkpoint.atlas
    return Controlled(
        checkpoint.name,
        handles(checkpoint) if blocks is None else blocks,
        state,
        scene(checkpoint, state, image) if shown is None else shown,
        latents=model.coded,
        kept=kept(checkpoint),
        below={block: below for block in model.blocks if (below := model.below(block))},
        labels=atlas.labels,
        classes=atlas.classes if has_label(model) else (),
        user_image=None if image is None else image.values.tobytes(),
        fitted=words.fitted_classes(model),
        kind=checkpoint.kind,
        address=address,
    )


def kept(checkpoint: Checkpoint) -> list[str]:
    """The blocks that stay when the class changes."""
    return checkpoint.model.styles


def scene(checkpoint: Checkpoint, state: State, image: UserImage | None = None) -> Scene:
    """What a state looks like, with its moves and without. Raises ValueError for a state that the model cannot show."""
    start = State(**{**vars(state), "moved": {}})
    answers = decoder().answer([request(checkpoint, state, image), request(checkpoint, start, image)])
    for answer in answers:
        if isinstance(answer, ValueError):
            raise answer
    shown: list[Answer] = answers  # type: ignore[assignment]
    said = None if shown[0].classes is None else np.round(shown[0].classes[0].astype(float), 4).tolist()
    return Scene(
        np.concatenate([answer.pixels for answer in shown]),
        rounded(shown[0].codes),
        said,
        rounded(shown[1].codes),
    )


def codes(scene: Scene) -> dict[str, torch.Tensor]:
    """The codes of a scene, `(1, D)` for each latent."""
    return {name: torch.tensor(rows) for name, rows in scene.codes.items()}


def handles(checkpoint: Checkpoint) -> list[Block]:
    """A handle for each dimension of each block, those that are used most first."""
    return [_block(checkpoint, name) for name in checkpoint.model.blocks]


def _block(checkpoint: Checkpoint, name: str) -> Block:
    rate, variance, active = encodings.rates(checkpoint)[name]
    low, high = reach(checkpoint.model, name, torch.from_numpy(checkpoint.atlas.means[name]))
    used = variance if rate is None else rate
    shape = " at channel/row/column" if len(place_of(checkpoint.model, name, 0)) == 3 else ""
    return Block(
        name,
        f"{words.capital(words.latents(checkpoint.model, name))} · {words.dimensions(len(used))}{shape}",
        "variance" if rate is None else "KL, nats",
        [
            Handle(
                d,
                round(low[d].item(), DECIMALS),
                round(high[d].item(), DECIMALS),
                f"{used[d]:.2f}",
                bool(active[d]),
                place_of(checkpoint.model, name, d),
                found.factor if (found := factor_names.factor(checkpoint, name, d)) else "",
                factor_names.in_words(found) if found else "",
            )
            for d in used.argsort(descending=True, stable=True).tolist()
        ],
    )


def along(checkpoint: Checkpoint, directions: Iterable[Direction]) -> list[Along]:
    """A handle for each direction."""
    found = []
    for direction in directions:
        means = torch.from_numpy(checkpoint.atlas.means[direction.block])
        low, high = reach_along(checkpoint.model, direction.block, means, direction.unit)
        ends = round(low, DECIMALS), round(high, DECIMALS)
        vector = [float(f"{value:.6g}") for value in direction.unit.tolist()]
        found.append(Along(direction.name, direction.block, vector, *ends, direction.says))
    return found


def from_link(checkpoint: Checkpoint, image: UserImage | None = None) -> State:
    """The state that the address asks for; a sentence on the page for each part that cannot be had."""
    classes = checkpoint.atlas.classes if has_label(checkpoint.model) else ()
    start = st.query_params.get("start")
    if start == USER_IMAGE and image is None:
        not_in_a_link()
    else:
        links.check("start", STARTS, "start")
    label = None
    if classes:
        links.check("class", [*classes, "all"], "class")
        asked = st.query_params.get("class")
        label = classes.index(asked) if asked in classes else None
    return fitting(
        checkpoint,
        State(
            start if start in STARTS else ITEM,
            links.number("item", 0, len(checkpoint.atlas) - 1, checkpoint.kind.one) or 0,
            label,
            links.number("seed", 0, SEEDS - 1, "seed") or 0,
            _temperature(),
            moved_in(checkpoint, st.query_params.get("move", "")),
        ),
        image,
    )


def fitting(checkpoint: Checkpoint, state: State, image: UserImage | None = None) -> State:
    """A state with what there is: the model's betas, a class where a draw needs one, no item or coordinate beyond the last."""
    classes = len(checkpoint.atlas.classes) if has_label(checkpoint.model) else 0
    label = state.label if state.label is not None and 0 <= state.label < classes else None
    if state.start == PRIOR and classes and label is None:
        label = 0
    widths = {name: checkpoint.atlas.means[name].shape[1] for name in checkpoint.model.blocks}
    moved = {
        name: {d: value for d, value in moves.items() if 0 <= d < widths[name] and np.isfinite(value)}
        for name, moves in state.moved.items()
        if name in widths
    }
    return State(
        state.start if state.start in STARTS and (state.start != USER_IMAGE or image is not None) else ITEM,
        min(max(state.item, 0), len(checkpoint.atlas) - 1),
        label,
        max(state.seed, 0),
        min(max(state.temperature, COLDEST), HOTTEST) if np.isfinite(state.temperature) else 1.0,
        {name: moves for name, moves in moved.items() if moves},
        {
            **checkpoint.betas,
            **{name: beta for name, beta in state.betas.items() if name in checkpoint.betas},
        },
    )


def address() -> dict[str, str | None]:
    """What the address says of a state."""
    return {name: st.query_params.get(name) for name in NAMES}


def in_address(checkpoint: Checkpoint, state: State) -> dict[str, str | int | None]:
    """What the address says of a state; what is as usual is left out."""
    classes = checkpoint.atlas.classes
    prior = state.start == PRIOR
    moves = [
        f"{name}.{d}~{value:g}" for name, each in state.moved.items() for d, value in sorted(each.items())
    ]
    return {
        "start": None if state.start == ITEM else state.start,
        "item": state.item or None if state.start == ITEM else None,
        "seed": state.seed if prior else None,
        "temperature": f"{state.temperature:g}" if prior else None,
        "move": "~".join(moves[:MOST_MOVES]) or None,
        "class": None if state.label is None else classes[state.label],
    }


def in_words(checkpoint: Checkpoint, state: State) -> str:
    """Where a state stands, in a few words."""
    one = checkpoint.kind.one
    start = {ITEM: f"{one} {state.item}", USER_IMAGE: f"your {one}", PRIOR: f"draw {state.seed} of the prior"}
    label = "" if state.label is None else f" as {checkpoint.atlas.classes[state.label]}"
    return start[state.start] + label + (", moved" if state.moved else "")


def _temperature() -> float:
    asked = st.query_params.get("temperature")
    temperature = links.amount("temperature", COLDEST, HOTTEST, "temperature") if asked else None
    return 1.0 if temperature is None else temperature


def moved_in(checkpoint: Checkpoint, text: str) -> dict[str, dict[int, float]]:
    """What `in_address` says: block.dimension~value, one after the other."""
    words = text.split("~") if text else []
    moved: dict[str, dict[int, float]] = {}
    try:
        if len(words) % 2:
            raise ValueError("a place stands without its value")
        for place, value in zip(words[::2], words[1::2], strict=True):
            name, _, dimension = place.rpartition(".")
            if (
                name not in checkpoint.model.blocks
                or not 0 <= int(dimension) < checkpoint.atlas.means[name].shape[1]
            ):
                raise ValueError(f"{checkpoint.name} has no {place[:80]}")
            number = float(value)
            if not abs(number) <= 1000:
                raise ValueError(f"{value[:80]} is out of reach")
            moved.setdefault(name, {})[int(dimension)] = number
    except ValueError as error:
        st.warning(f"This link’s moves cannot be read: {plain(error)}. Write them as block.dimension~value.")
        return {}
    return moved
