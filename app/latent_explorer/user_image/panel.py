"""The visitor's own image: drawn or given as a file, kept for the session, and shown as the model sees it.

What is kept is what was given (strokes, or the bytes of a file), not pixels: it fits the images of every model.
"""

from typing import NamedTuple

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import encodings, user_images
from latent_explorer.components.image_grid import image_grid
from latent_explorer.components.sketch import drawing, sketch
from latent_explorer.export import menus, scripts
from latent_explorer.parts.panels import class_bars, nearest_items, small_picture
from latent_explorer.pictures import png, to_bytes
from latent_explorer.session import links
from latent_explorer.text import plain
from latent_explorer.user_image import images
from latent_explorer.user_image.images import Own
from vae_core import Checkpoint
from vae_core.explore import (
    Codes,
    class_posterior,
    codes_of,
    decode,
    ruler,
    swapped,
    traversal,
)
from vae_core.labels import has_label
from vae_core.names import LABEL
from vae_core.priors import one_hot

TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]
SKETCH, FILE, CENTRE = "own-sketch", "own-file", "own-centre"
STROKES, UPLOAD, REFUSED, SOURCE = "own-strokes", "own-upload", "own-refused", "own-source"

# The dimensions that are traversed from the visitor's image, and over how many standard deviations of the prior.
DIMENSIONS, SPAN, STEPS = 6, 3.0, 11


class Upload(NamedTuple):
    """A file that was read; `id` tells uploads apart."""

    id: str
    name: str
    data: bytes


def own_image(found: Checkpoint) -> None:
    """Where a visitor draws an image or gives one. The last of both is theirs, on every page, until they take it back."""
    shape = found.signature.shape
    beside = st.container(horizontal=True, gap="medium")
    left, right = beside.container(width=350), beside.container(width=430)
    with left:
        sketch(
            st.session_state.get(STROKES, []),
            aspect=shape[1] / shape[2],
            key=SKETCH,
            title="Draw your own image",
            decoder={
                "model": found.name,
                "betas": found.betas,
                "latents": found.model.latents,
                "centre": st.session_state.get(CENTRE, True),
            },
            on_change=_drew,
        )
    with right:
        st.file_uploader(
            "or give an image file",
            type=TYPES,
            max_upload_size=images.MEGABYTES,
            key=FILE,
            on_change=_uploaded,
            args=(shape,),
            help=f"PNG, JPEG, WebP, GIF, BMP or TIFF, at most {images.MEGABYTES} MB and {images.MEGAPIXELS} megapixels.",
        )
        st.toggle(
            "Centre it and scale it to 20/28 of the side, as MNIST’s digits are",
            value=True,
            key=CENTRE,
            persist_state="session",
        )
        own = kept_own(found)
        if refused := st.session_state.get(REFUSED):
            st.warning(refused + (" Your image stays the one before." if own is not None else ""))
        if own is not None:
            _in_use(own)


def own_expander(found: Checkpoint) -> None:
    """`own_image`, folded away, for pages on which one's own image is one choice among others."""
    with st.expander("Your own image", icon=":material/draw:"):
        own_image(found)


def _in_use(own: Own) -> None:
    """What the model is given, and how it became that."""
    with st.container(horizontal=True, vertical_alignment="center"):
        is_file = st.session_state[SOURCE] == "file"
        what = f"your file {st.session_state[UPLOAD].name}" if is_file else "your drawing"
        notes = f", {'; '.join(own.notes)}" if own.notes else ""
        small_picture(own_picture(own), f"In use: {what}{notes}.")
        if is_file:
            st.button("Remove", icon=":material/close:", on_click=_forget_file, key="own-remove")


def own_picture(own: Own) -> bytes:
    """The image as a PNG."""
    return png(to_bytes(torch.from_numpy(own.pixels) / 255))


def _drew() -> None:
    st.session_state[STROKES] = drawing(SKETCH)
    _use("drawing")


def _uploaded(shape: tuple[int, int, int]) -> None:
    """A file that cannot be used takes nothing away: the image before stays.

    So does a file that leaves the widget: that also happens on the way from one file to the next.
    """
    file, _ = st.session_state[FILE], st.session_state.pop(REFUSED, None)
    if file is None:
        return
    upload = Upload(file.file_id, file.name, file.getvalue())
    try:
        user_images.upload(upload.id, shape, upload.data)
    except ValueError as error:
        st.session_state[REFUSED] = f"{plain(file.name)}: {plain(error)}"
        return
    st.session_state[UPLOAD] = upload
    _use("file")


def _forget_file() -> None:
    st.session_state.pop(UPLOAD, None)
    _use("drawing")


def _use(source: str) -> None:
    """Take the image from there, or from the other where there is none."""
    there = {"drawing": bool(st.session_state.get(STROKES)), "file": UPLOAD in st.session_state}
    st.session_state[SOURCE] = next((name for name in (source, *there) if there[name]), source)


def kept_own(found: Checkpoint) -> Own | None:
    """The visitor's image as this model's images are, where there is one."""
    shape = found.signature.shape
    if st.session_state.get(SOURCE) == "file" and UPLOAD in st.session_state:
        upload = st.session_state[UPLOAD]
        own = user_images.upload(upload.id, shape, upload.data)
    else:
        own = images.drawn(st.session_state.get(STROKES, []), shape)
    return images.centred(own) if own is not None and st.session_state.get(CENTRE, True) else own


def codes_and_class(found: Checkpoint, own: Own) -> tuple[Codes, int | None]:
    """The code `(1, D)` of the image in each latent, and its most probable class where the model says one."""
    means, scales = _posterior(found, own)
    label = int(class_posterior(found.model, means, scales).argmax()) if has_label(found.model) else None
    return codes_of(means), label


def _posterior(found: Checkpoint, own: Own) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    pairs = user_images.own_codes(found, own)
    return {name: mean for name, (mean, _) in pairs.items()}, {
        name: scale for name, (_, scale) in pairs.items()
    }


def own_panel(found: Checkpoint, own: Own) -> None:
    """The visitor's image: as encoded, decoded, its class, the nearest test images, its style in every class, and its traversals."""
    means, scales = _posterior(found, own)
    codes, label = codes_and_class(found, own)
    left, middle, right = st.columns([1.1, 1.4, 3])
    with left:
        st.subheader("Your image")
        shown = [
            to_bytes(torch.from_numpy(own.pixels).float() / 255),
            to_bytes(decode(found.model, codes))[0],
        ]
        image_grid(
            np.stack(shown)[None],
            rows=[""],
            columns=["given", "decoded"],
            title="Your image",
            key="own-pictures",
        )
    with middle:
        class_bars(found, means, scales)
    with right:
        nearest_items(found, {name: mean[0] for name, mean in means.items()}, "your image", "own-neighbours")
    _swapped(found, codes, label)
    _traversed(found, codes, label)


def _swapped(found: Checkpoint, codes: Codes, label: int | None) -> None:
    """What the labelled blocks do not hold of the image, in every class."""
    kept = found.model.unlabelled
    if label is None or not kept or len(found.atlas.classes) < 2:
        return
    classes = found.atlas.classes
    made = swapped(found.model, {block: codes[block] for block in kept})
    image_grid(
        to_bytes(decode(found.model, made))[None],
        rows=["yours"],
        columns=[f"→ {name}" for name in classes],
        marks=[(0, label)],
        title="Your style in every class",
        key="own-swaps",
        headed=True,
    )
    with menus.beside(
        f"{' and '.join(kept)} of your image with everything else at the prior’s mean of the column’s class; outlined, its most "
        "probable class."
    ):
        script = scripts.of_codes(found, f"A style in every class, by {found.name}", made, len(classes))
        menus.menu("own-swaps", "your-style", codes=lambda: menus.table(made, to=classes), script=script)


def _traversed(found: Checkpoint, codes: Codes, label: int | None) -> None:
    """Strips of the most used dimensions, from the code of the image."""
    names = found.model.blocks
    block = names[0]
    if len(names) > 1:
        block = links.one_of("Traverse", names, key="own-block", what="block", bind=None)
    rate, variance, _ = encodings.rates(found)[block]
    used = variance if rate is None else rate
    order = used.argsort(descending=True, stable=True)[:DIMENSIONS].tolist()
    given = {LABEL: one_hot(torch.tensor([label or 0]), len(found.atlas.classes)), **codes}
    scale = ruler(found.model, block, given, SPAN, STEPS)
    start = {name: code[0] for name, code in codes.items()}
    made = traversal(start, block, order, scale.values[order])
    nearest = scale.nearest(start[block])[order].tolist()
    image_grid(
        to_bytes(decode(found.model, made).unflatten(0, (len(order), STEPS))),
        rows=[f"{block}[{dimension}]" for dimension in order],
        row_notes=[f"variance {used[d]:.2f}" if rate is None else f"KL {used[d]:.2f} nats" for d in order],
        columns=[f"{tick:+.1f} σ" if abs(tick) > 1e-6 else "0" for tick in scale.ticks.tolist()],
        marks=[(row, column) for row, column in enumerate(nearest) if column >= 0],
        title=f"Traversals of {block} from your image, in σ of its prior",
        key="own-strips",
        headed=True,
    )
    with menus.beside(
        f"each row moves one of the {len(order)} most used dimensions of {block} through its prior and leaves the rest of your image’s "
        "code where it is; outlined, the position nearest to it."
    ):
        script = scripts.of_codes(found, f"Traversals of {block} of {found.name}", made, STEPS)
        about = {"dimension": np.repeat(order, STEPS), "sigma": scale.ticks.repeat(len(order)).numpy()}
        menus.menu("own-strips", "your-traversal", codes=lambda: menus.table(made, **about), script=script)
