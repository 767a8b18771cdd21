"""The visitor's own image: drawn or given as a file, kept for the session, and shown as the model sees it.

What is kept is what was given (strokes, or the bytes of a file), not pixels: it fits the images of every model."""

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings, user_images
from latent_explorer.components.image_grid import image_grid
from latent_explorer.export import menus, scripts, tables
from latent_explorer.parts import factor_names, words
from latent_explorer.parts.panels import class_bars, nearest_items
from latent_explorer.pictures import to_bytes
from latent_explorer.session import links
from latent_explorer.text import sigmas
from latent_explorer.user_image.chosen import codes_and_class, posterior
from latent_explorer.user_image.images import UserImage
from latent_explorer.user_image.widgets import picture
from vae_core import Checkpoint
from vae_core.explore import Codes, decode, ruler, settled, swapped, traversal
from vae_core.names import LABEL
from vae_core.priors import one_hot

# The dimensions that are traversed from the visitor's image, and over how many standard deviations of the prior.
DIMENSIONS, SPAN, STEPS = 6, 3.0, 11


def user_image_panel(checkpoint: Checkpoint, image: UserImage) -> None:
    """The visitor's image: as encoded, decoded, its class, the nearest test images, its style in every class, and its traversals."""
    means, _ = posterior(checkpoint, image)
    codes, label = codes_and_class(checkpoint, image)
    left, middle, right = st.columns([1.1, 1.4, 3])
    with left:
        st.subheader(f"Your {checkpoint.kind.one}")
        shown = [
            picture(image, checkpoint),
            to_bytes(decode(checkpoint.model, codes), checkpoint.kind)[0],
        ]
        image_grid(
            np.stack(shown)[None],
            rows=[""],
            columns=["given", "decoded"],
            title=f"Your {checkpoint.kind.one}",
            key="user-image-pictures",
        )
    with middle:
        class_bars(checkpoint, user_images.classes(checkpoint, image))
    with right:
        nearest_items(
            checkpoint,
            {name: mean[0] for name, mean in means.items()},
            f"your {checkpoint.kind.one}",
            "user-image-neighbours",
        )
    _swapped(checkpoint, codes, label)
    _traversed(checkpoint, codes, label)


def _swapped(checkpoint: Checkpoint, codes: Codes, label: int | None) -> None:
    """What the labelled blocks do not hold of the image, in every class."""
    kept = checkpoint.model.styles
    if label is None or not kept or len(checkpoint.atlas.classes) < 2:
        return
    classes = checkpoint.atlas.classes
    to = links.page(st, len(classes), "user-image-swaps-page", "classes")
    made = swapped(checkpoint.model, {block: codes[block] for block in kept}, to)
    image_grid(
        to_bytes(decode(checkpoint.model, made), checkpoint.kind)[None],
        rows=["yours"],
        columns=[f"→ {classes[c]}" for c in to],
        marks=[(0, to.index(label))] if label in to else [],
        title="Your style in every class",
        key="user-image-swaps",
        headed=True,
    )
    styles = words.listed([words.latents(checkpoint.model, block) for block in kept])
    menus.under(
        "user-image-swaps",
        "your-style",
        f"Each {checkpoint.kind.one} keeps the {styles} of yours and takes {words.swapped(checkpoint.model)}.",
        "Outlined is its most probable class.",
        codes=lambda: tables.table(made, to=[classes[c] for c in to]),
        script=scripts.of_codes(checkpoint, f"A style in every class, by {checkpoint.name}", made, len(to)),
    )


def _traversed(checkpoint: Checkpoint, codes: Codes, label: int | None) -> None:
    """Strips of the most used dimensions, from the code of the image."""
    names = checkpoint.model.blocks
    block = names[0]
    if len(names) > 1:
        block = links.one_of("Traverse", names, key="user-image-block", what="block", bind=None)
    rate, variance, active = encodings.rates(checkpoint)[block]
    used = variance if rate is None else rate
    ranked = used.argsort(descending=True, stable=True).tolist()
    order = ([d for d in ranked if active[d]] or ranked)[:DIMENSIONS]
    given = {LABEL: one_hot(torch.tensor([label or 0]), len(checkpoint.atlas.classes)), **codes}
    scale = ruler(checkpoint.model, block, given, SPAN, STEPS)
    start = {name: code[0] for name, code in codes.items()}
    made = settled(checkpoint.model, traversal(start, block, order, scale.values[order]), [block])
    nearest = scale.nearest(start[block])[order].tolist()
    image_grid(
        to_bytes(decode(checkpoint.model, made).unflatten(0, (len(order), STEPS)), checkpoint.kind),
        rows=[factor_names.dimension(checkpoint, block, dimension) for dimension in order],
        row_notes=[f"variance {used[d]:.2f}" if rate is None else f"KL {used[d]:.2f} nats" for d in order],
        columns=sigmas(scale.ticks.tolist()),
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        title=f"Traversals of the {words.latents(checkpoint.model, block)} from your {checkpoint.kind.one}, in standard deviations σ of its prior",
        key="user-image-strips",
        headed=True,
    )
    about = {"dimension": np.repeat(order, STEPS), "sigma": scale.ticks.repeat(len(order)).numpy()}
    menus.under(
        "user-image-strips",
        "your-traversal",
        f"Each row moves one of the {len(order)} most used dimensions of the {words.latents(checkpoint.model, block)} through its prior and {words.moved(checkpoint.model, block)}."
        + words.estimated(checkpoint.model, block),
        f"Outlined is the position nearest to your {checkpoint.kind.one}.",
        codes=lambda: tables.table(made, **about),
        script=scripts.of_codes(checkpoint, f"Traversals of {block} of {checkpoint.name}", made, STEPS),
    )
