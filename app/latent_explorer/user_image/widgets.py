"""Where a visitor draws an image or gives a file."""

import streamlit as st
import torch

from latent_explorer.caches import user_images
from latent_explorer.components.sketch import drawing, sketch
from latent_explorer.parts.panels import small_picture
from latent_explorer.pictures import pixels, png
from latent_explorer.text import plain
from latent_explorer.user_image import images
from latent_explorer.user_image.chosen import (
    CENTRE,
    FILE,
    REFUSED,
    SKETCH,
    SOURCE,
    STROKES,
    UPLOAD,
    Upload,
    chosen_image,
    forget_file,
    use,
)
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint

TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]


def image_input(checkpoint: Checkpoint) -> None:
    """Where a visitor draws an image or gives one. The last of both is theirs, on every page, until they take it back."""
    shape = checkpoint.signature.shape
    beside = st.container(horizontal=True, gap="medium")
    left, right = beside.container(width=350), beside.container(width=430)
    with left:
        sketch(
            st.session_state.get(STROKES, []),
            aspect=shape[1] / shape[2],
            key=SKETCH,
            title="Draw your own image",
            decoder={
                "model": checkpoint.name,
                "betas": checkpoint.betas,
                "latents": checkpoint.model.latents,
                "centre": st.session_state.get(CENTRE, True),
            },
            on_change=_drew,
        )
    with right:
        st.file_uploader(
            "or upload an image",
            type=TYPES,
            max_upload_size=images.MEGABYTES,
            key=FILE,
            on_change=_uploaded,
            args=(shape,),
            help=f"PNG, JPEG, WebP, GIF, BMP or TIFF, at most {images.MEGABYTES} MB and {images.MEGAPIXELS} megapixels.",
        )
        st.toggle(
            "Centre and scale it as MNIST’s digits are",
            value=True,
            key=CENTRE,
            persist_state="session",
        )
        image = chosen_image(checkpoint)
        if refused := st.session_state.get(REFUSED):
            st.warning(refused + (" Your image before stays in use." if image is not None else ""))
        if image is not None:
            _in_use(image)


def image_expander(checkpoint: Checkpoint) -> None:
    """`image_input`, folded away, for pages on which one's own image is one choice among others."""
    with st.expander("Your own image", icon=":material/draw:"):
        image_input(checkpoint)


def _in_use(image: UserImage) -> None:
    """What the model is given, and how it became that."""
    with st.container(horizontal=True, vertical_alignment="center"):
        is_file = st.session_state[SOURCE] == "file"
        what = f"your file {st.session_state[UPLOAD].name}" if is_file else "your drawing"
        notes = f", {'; '.join(image.notes)}" if image.notes else ""
        small_picture(as_png(image), f"In use: {what}{notes}.")
        if is_file:
            st.button("Remove", icon=":material/close:", on_click=forget_file, key="user-image-remove")


def as_png(image: UserImage) -> bytes:
    """The image as a PNG."""
    return png(pixels(torch.from_numpy(image.pixels)))


def _drew() -> None:
    st.session_state[STROKES] = drawing(SKETCH)
    use("drawing")


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
    use("file")
