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
    forget_file,
    kept_own,
    use,
)
from latent_explorer.user_image.images import Own
from vae_core import Checkpoint

TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]


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
        own = kept_own(found)
        if refused := st.session_state.get(REFUSED):
            st.warning(refused + (" Your image before stays in use." if own is not None else ""))
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
            st.button("Remove", icon=":material/close:", on_click=forget_file, key="user-image-remove")


def own_picture(own: Own) -> bytes:
    """The image as a PNG."""
    return png(pixels(torch.from_numpy(own.pixels)))


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
