"""The first sight: image, encoder, a few handles, decoder, image."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from latent_explorer.components.controls import USER_IMAGE, Block, State, drawn, first_controls
from latent_explorer.live import controls
from latent_explorer.live.standing import follow
from latent_explorer.text import key
from latent_explorer.user_image.chosen import CENTRE, STROKES, draw, is_drawing
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.kinds import Image

HANDLES, ENOUGH = 5, 3  # as many as one can try in a minute; so many of the first blocks are enough


def sight(checkpoint: Checkpoint, state: State, address: str | None, image: UserImage | None) -> None:
    """Draw it; what the visitor leaves or draws stays theirs on every page."""
    kind = checkpoint.kind
    of = f"first-{key(checkpoint.name)}"
    st.caption(
        f"An encoder turns {kind.an} into {_width(checkpoint)} numbers, its code; a decoder turns them back. Drag a handle: it is one of the numbers. {kind.legend}".rstrip()
    )

    def left() -> None:
        strokes = drawn(of)
        if strokes is not None:
            draw(strokes)
        follow(checkpoint, of)

    handles(checkpoint, state, image, narrow=False, address=address, key=of, on_change=left)


def handles(
    checkpoint: Checkpoint,
    state: State,
    image: UserImage | None,
    *,
    narrow: bool,
    address: str | None,
    key: str,
    on_change: Callable[[], None],
) -> None:
    """A picture and the most used handles. narrow: below each other, and nothing moves by itself."""
    model, kind = checkpoint.model, checkpoint.kind
    blocks = few(checkpoint)
    shown, width = sum(len(block.handles) for block in blocks), _width(checkpoint)
    scene = controls.scene(checkpoint, state, image)
    if narrow:  # where what it started from is not shown
        scene = replace(scene, pixels=scene.pixels[:1])
    first_controls(
        controls.controlled(checkpoint, state, image, address, blocks=blocks, shown=scene),
        given=scene.pixels[0] if narrow else _given(checkpoint, state, image),
        heading=f"{shown} of its {width} numbers" if shown < width else f"Its {width} numbers",
        count=len(checkpoint.atlas),
        paper=isinstance(kind, Image) and not model.no_encoder,
        aspect=kind.shape[1] / kind.shape[2] if isinstance(kind, Image) else 1.0,
        centre=st.session_state.get(CENTRE, True),
        strokes=st.session_state.get(STROKES, []) if state.start == USER_IMAGE and is_drawing() else [],
        narrow=narrow,
        key=key,
        on_change=on_change,
    )


def _given(checkpoint: Checkpoint, state: State, image: UserImage | None) -> np.ndarray:
    """What is decoded of the start alone, in its own class."""
    given = controls.fitting(checkpoint, replace(state, label=None, moved={}), image)
    return controls.scene(checkpoint, given, image).pixels[0]


def _width(checkpoint: Checkpoint) -> int:
    return sum(checkpoint.model.sizes.values())


def few(checkpoint: Checkpoint) -> list[Block]:
    """The most used handles: of what stays where the class changes, where there is such a thing, since that is what one image has of its own."""
    styles = controls.kept(checkpoint)
    blocks = controls.handles(checkpoint)
    ranked = sorted(blocks, key=lambda block: block.name not in styles)  # stable: styles first
    found: list[Block] = []
    for block in ranked:
        left = HANDLES - sum(len(chosen.handles) for chosen in found)
        if (
            HANDLES - left >= ENOUGH and len(block.handles) > 1
        ):  # blocks of one dimension are handles among others
            break
        used = [handle for handle in block.handles if handle.active][:left]
        if used:
            found.append(replace(block, handles=used))
    return found or [replace(block, handles=block.handles[:HANDLES]) for block in ranked[:1]]
