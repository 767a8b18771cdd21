"""Where a traversal starts: an item, a draw of the prior, its mean, or the visitor's image."""

from typing import Any, NamedTuple

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from latent_explorer.caches import encodings
from latent_explorer.components.controls import USER_IMAGE as OWN
from latent_explorer.components.controls import State
from latent_explorer.export import scripts
from latent_explorer.live import controls
from latent_explorer.parts import words
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image import linked
from latent_explorer.user_image.chosen import chosen_image, codes_and_class, not_in_a_link
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.distributions import Sampler, mean
from vae_core.explore import prior_codes
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

IMAGE, DRAW, MEAN = STARTS = ("image", "prior draw", "prior mean")


USER_IMAGE = "your image"


class Start(NamedTuple):
    """Where a traversal starts: a code `(1, D)` for each latent, the class it goes with, the lines of a script that make the codes, what it
    is, and the part of a request of the live route that says it."""

    codes: dict[str, torch.Tensor]
    label: int | None
    lines: list[str]
    says: str
    asked: dict[str, Any]


def of_item(checkpoint: Checkpoint, item: int) -> Start:
    atlas = checkpoint.atlas
    return Start(
        encodings.item_codes(checkpoint, [item]),
        int(atlas.labels[item]),
        scripts.codes_of_items(checkpoint, [item]),
        f"{checkpoint.kind.one} {item}",
        controls.asked(checkpoint, State(item=item)),
    )


def of_prior(checkpoint: Checkpoint, label: int | None, seed: int | None) -> Start:
    """A draw from the prior, or without a seed its mean."""
    atlas = checkpoint.atlas
    model = checkpoint.model
    inputs = {} if label is None else {LABEL: one_hot(torch.tensor([label]), len(atlas.classes))}
    codes = prior_codes(model, inputs, draw=mean if seed is None else Sampler.seeded(seed))
    asked = {
        **({} if label is None else {"label": [label]}),
        **({} if seed is None else {"draw": {"seed": seed}}),
    }
    lines = scripts.codes_from_prior(checkpoint, label, seed)
    return Start(codes, label, lines, MEAN if seed is None else DRAW, asked)


def of_user_image(checkpoint: Checkpoint, image: UserImage) -> Start:
    """The visitor's image, with the class that the model itself reads in it."""
    codes, label = codes_and_class(checkpoint, image)
    asked = controls.asked(checkpoint, State(OWN), image)
    return Start(codes, label, scripts.codes_written(codes), f"your {checkpoint.kind.one}", asked)


def chosen_start(
    checkpoint: Checkpoint, left: DeltaGenerator, middle: DeltaGenerator, right: DeltaGenerator
) -> tuple[Start, State | None]:
    """The controls of where the traversal starts, in three places beside each other; and where controls would stand there, of an image."""
    atlas = checkpoint.atlas
    labelled = has_label(checkpoint.model)
    image = chosen_image(checkpoint)
    starts = STARTS if image is None else (*STARTS, USER_IMAGE)
    if image is None and st.query_params.get("start") == USER_IMAGE:
        not_in_a_link()
    else:
        links.settle("start", starts, "start")
    links.belonging("item", encodings.items_of(checkpoint), 0)
    said = {IMAGE: checkpoint.kind.one, USER_IMAGE: f"your {checkpoint.kind.one}"}
    start = left.selectbox(
        "Start from",
        starts,
        key="start",
        bind="query-params",
        format_func=lambda option: str(said.get(option, option)),
    )
    linked.write(start == USER_IMAGE)
    if start == IMAGE:
        item = links.whole(
            middle, words.capital(checkpoint.kind.one), 0, len(atlas) - 1, "item", checkpoint.kind.one
        )
        right.caption(plain(words.class_of(atlas, item)))
        return of_item(checkpoint, item), State(item=item, betas=dict(checkpoint.betas))
    if start == USER_IMAGE and image is not None:
        start_of_image = of_user_image(checkpoint, image)
        if start_of_image.label is not None:
            middle.caption(f"class {plain(atlas.classes[start_of_image.label])}, as the model reads it")
        return start_of_image, State(OWN, betas=dict(checkpoint.betas))
    seed, label = None, None
    if start == DRAW:
        seed = links.whole(middle, "Seed", 0, 9999, "seed", "seed")
    if labelled:
        links.settle("class", atlas.classes, "class")
        place = right if start == DRAW else middle
        label = atlas.classes.index(place.selectbox("Class", atlas.classes, key="class", bind="query-params"))
    return of_prior(checkpoint, label, seed), None
