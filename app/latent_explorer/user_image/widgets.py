"""Where a visitor draws an image or gives a file."""

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from latent_explorer.caches import user_images
from latent_explorer.components.sketch import drawing, sketch
from latent_explorer.parts.panels import small_picture
from latent_explorer.pictures import png, to_bytes
from latent_explorer.text import plain
from latent_explorer.user_image import images, linked, rows
from latent_explorer.user_image.chosen import (
    CENTRE,
    FILE,
    REFUSED,
    ROW,
    ROW_IN_LINK,
    ROW_TEXT,
    SKETCH,
    SOURCE,
    STROKES,
    UPLOAD,
    Upload,
    chosen_image,
    draw,
    forget_file,
    take_row,
    use,
)
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.kinds import Table

ROW_REFUSED = "user-row-refused"  # why what stands in the field was not taken

TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"]


def image_input(checkpoint: Checkpoint, given: Callable[[], None] | None = None) -> None:
    """Where a visitor draws an image or gives one. The last of both is theirs, on every page, until they take it back. `given` is called
    once they have."""
    if isinstance(checkpoint.kind, Table):
        return row_input(checkpoint, checkpoint.kind, given)
    shape = checkpoint.kind.shape
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
                "latents": checkpoint.model.coded,
                "centre": st.session_state.get(CENTRE, True),
            },
            on_change=lambda: _drew(given),
        )
    with right:
        st.file_uploader(
            "or upload an image",
            type=TYPES,
            max_upload_size=images.MEGABYTES,
            key=FILE,
            on_change=_uploaded,
            args=(shape, given),
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
            st.warning(
                refused + (f" Your {checkpoint.kind.one} before stays in use." if image is not None else "")
            )
        if image is not None:
            _in_use(checkpoint, image)


def image_expander(
    checkpoint: Checkpoint, given: Callable[[], None] | None = None, expanded: bool = False
) -> None:
    """`image_input`, folded away, for pages on which one's own image is one choice among others."""
    title = "Your own row" if isinstance(checkpoint.kind, Table) else f"Your own {checkpoint.kind.one}"
    with st.expander(title, icon=":material/draw:", expanded=expanded):
        image_input(checkpoint, given)


def row_input(checkpoint: Checkpoint, table: Table, given: Callable[[], None] | None = None) -> None:
    """Where a visitor pastes a row of a table. One that cannot be used takes nothing away."""
    shown = [checkpoint.kind.features[number] for number in range(min(table.size, 3))]
    with st.form("user-row-form", border=False):
        if ROW_TEXT not in st.session_state:
            st.session_state[ROW_TEXT] = st.session_state.get(ROW, "")
        st.text_area(
            "Your own row",
            placeholder="\n".join(f"{name}: 1.5" for name in shown) + ("\n…" if table.size > 3 else ""),
            help=f"{table.size:,} numbers in the order of the features; or a line for each, as `name: number`; or two lines of a CSV file, "
            "the names and the numbers.",
            height=120,
            key=ROW_TEXT,
        )
        st.form_submit_button("Use it", icon=":material/check:", on_click=_pasted, args=(table, given))
    if refused := st.session_state.get(ROW_REFUSED):
        st.warning(
            refused + (" Your row before stays in use." if chosen_image(checkpoint) is not None else "")
        )
    if (row := chosen_image(checkpoint)) is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            long = "" if st.session_state.get(ROW_IN_LINK) else ", which is too long for a link"
            small_picture(as_png(row, checkpoint), f"In use: your row{long}.")
            st.button("Remove", icon=":material/close:", on_click=forget_row, key="user-row-remove")


def _pasted(table: Table, given: Callable[[], None] | None) -> None:
    """A row that cannot be used takes nothing away: the one before stays."""
    text = st.session_state[ROW_TEXT] or ""
    st.session_state.pop(ROW_REFUSED, None)
    try:
        row = rows.read(text, table)
    except ValueError as error:
        st.session_state[ROW_REFUSED] = plain(error)
        return
    take_row(text, rows.encode(row))
    if given:
        given()


def forget_row() -> None:
    for name in (ROW, ROW_IN_LINK, ROW_TEXT, ROW_REFUSED):
        st.session_state.pop(name, None)


def _in_use(checkpoint: Checkpoint, image: UserImage) -> None:
    """What the model is given, and how it became that."""
    with st.container(horizontal=True, vertical_alignment="center"):
        is_file = st.session_state[SOURCE] == "file"
        what = (
            f"your file {st.session_state[UPLOAD].name}, which no link carries" if is_file else "your drawing"
        )
        if not is_file and linked.text() is None:
            what += ", which is too long for a link"
        notes = f", {'; '.join(image.notes)}" if image.notes else ""
        small_picture(as_png(image, checkpoint), f"In use: {what}{notes}.")
        if is_file:
            st.button("Remove", icon=":material/close:", on_click=forget_file, key="user-image-remove")


def as_png(image: UserImage, checkpoint: Checkpoint) -> bytes:
    """The picture of the image or row as a PNG."""
    return png(picture(image, checkpoint))


def picture(image: UserImage, checkpoint: Checkpoint) -> np.ndarray:
    """What is shown of the image or row, `(H, W)` or `(H, W, 3)`."""
    shown = checkpoint.kind.shown(torch.from_numpy(image.values)[None])
    return to_bytes(shown, checkpoint.kind)[0]


def _drew(given: Callable[[], None] | None) -> None:
    draw(drawing(SKETCH))
    if given:
        given()


def _uploaded(shape: tuple[int, int, int], given: Callable[[], None] | None) -> None:
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
    if given:
        given()
