"""Choosing images of the maps by number, each with its picture, and which latents take part in what is made of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from latent_explorer.caches import encodings
from latent_explorer.parts import words
from latent_explorer.parts.panels import small_picture
from latent_explorer.session import links
from latent_explorer.user_image.images import UserImage
from latent_explorer.user_image.widgets import as_png
from vae_core import Checkpoint

ALL = "all"


def items_of(
    checkpoint: Checkpoint, pattern: Sequence[int], draw: np.random.Generator | None = None
) -> list[int]:
    """Different items, of one class where the pattern has the same number: the first of the first classes, or drawn ones.

    An atlas of too few classes or items repeats some.
    """
    labels = checkpoint.atlas.labels
    order = np.unique(labels) if draw is None else draw.permutation(np.unique(labels))
    chosen: list[int] = []
    for number in pattern:
        members = np.flatnonzero(labels == order[number % len(order)])
        left = np.setdiff1d(members, chosen)
        left = left if len(left) else members
        chosen.append(int(left[0] if draw is None else draw.choice(left)))
    return chosen


def choose(
    checkpoint: Checkpoint,
    names: Mapping[str, str],
    pattern: Sequence[int],
    button: str,
    image: UserImage | None = None,
) -> list[int]:
    """An input for each name, by its key, with the item's decoded picture below it; the button draws others. `own` takes the first's place."""

    def draw() -> None:
        st.session_state.update(
            dict(zip(names, items_of(checkpoint, pattern, np.random.default_rng()), strict=False))
        )

    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = [
            _choose_one(checkpoint, key, name, default, image if number == 0 else None)
            for number, ((key, name), default) in enumerate(
                zip(names.items(), items_of(checkpoint, pattern), strict=False)
            )
        ]
        st.button(button, icon=":material/shuffle:", key=f"draw-{next(iter(names))}", on_click=draw)
    return chosen


def _choose_one(checkpoint: Checkpoint, key: str, name: str, default: int, image: UserImage | None) -> int:
    atlas, last = checkpoint.atlas, len(checkpoint.atlas) - 1
    links.belonging(key, encodings.items_of(checkpoint), default)
    with st.container(width=155, gap="small"):  # two share a line of the narrowest phone
        item = links.whole(st, name, 0, last, key, checkpoint.kind.one, default, disabled=image is not None)
        if image is None:
            told = " · ".join(filter(None, (f"{checkpoint.kind.one} {item}", words.class_of(atlas, item))))
            small_picture(encodings.thumbnail(checkpoint, item), told, lines=2)
        else:
            small_picture(as_png(image, checkpoint), f"your {checkpoint.kind.one}")
    return item


def moving(checkpoint: Checkpoint, key: str, what: str) -> list[str]:
    """Which latents take part; nobody is asked where there is one."""
    latents = checkpoint.model.coded
    if len(latents) == 1:
        return latents
    options = [ALL, *latents]
    chosen = links.one_of(what, options, key=key, what="latent")
    return latents if chosen == ALL else [chosen]


def held(checkpoint: Checkpoint, moved: Sequence[str], whose: str) -> str:
    """What is said of the latents that take no part."""
    model = checkpoint.model
    rest = [words.variable(model, name) for name in model.coded if name not in moved]
    return f" Kept {whose}: {words.listed(rest)}." if rest else ""


def has_class(checkpoint: Checkpoint, moved: Sequence[str]) -> bool:
    """Whether a class is among the latents that take part: between two of them there is nothing."""
    return bool(set(moved) - set(checkpoint.model.blocks))
