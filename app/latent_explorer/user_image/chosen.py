"""Which image is the visitor's: what was drawn or given last, kept for the session, and its codes.

What is kept is what was given (strokes, or the bytes of a file), not pixels: it fits the images of every model.
"""

from typing import Any, NamedTuple

import streamlit as st
import torch

from latent_explorer.caches import user_images
from latent_explorer.user_image import drawing, images, rows
from latent_explorer.user_image.images import UserImage
from vae_core import Checkpoint
from vae_core.explore import Codes, codes_of
from vae_core.kinds import Table

SKETCH, FILE, CENTRE = "user-image-sketch", "user-image-file", "user-image-centre"


STROKES, UPLOAD, REFUSED, SOURCE = (
    "user-image-strokes",
    "user-image-upload",
    "user-image-refused",
    "user-image-source",
)


# The text of a visitor's row of a table, and what a link says of it; nothing where it is too long.
ROW, ROW_IN_LINK = "user-row", "user-row-in-link"
ROW_TEXT = "user-row-text"  # of the field where it is pasted


# What is looked at, on whatever page it was chosen (`session.current`): here, the visitor's own.
CURRENT, OWN = "current", "own"


# Said where a link asks for the image or row of whoever sent it, and brings neither a drawing nor a row along.
NOT_IN_A_LINK = "This link uses its sender’s own image or row, which it does not carry: drawings and short rows go along, files and long ones do not. Give one of yours on the page Map."


def not_in_a_link() -> None:
    """Say so, unless the link has a drawing or a row: whatever is wrong with that was said where it was read."""
    if not {"drawing", "row"} & set(st.query_params):
        st.warning(NOT_IN_A_LINK)


class Upload(NamedTuple):
    """A file that was read; `id` tells uploads apart."""

    id: str
    name: str
    data: bytes


def forget_file() -> None:
    st.session_state.pop(UPLOAD, None)
    use("drawing")


def use(source: str) -> None:
    """Take the image from there, or from the other where there is none. It is what is looked at from now on."""
    there = {"drawing": bool(st.session_state.get(STROKES)), "file": UPLOAD in st.session_state}
    st.session_state[SOURCE] = next((name for name in (source, *there) if there[name]), source)
    if any(there.values()):
        st.session_state[CURRENT] = "", OWN


def draw(strokes: list[Any]) -> None:
    """Take a drawing, as few numbers as a link can carry."""
    try:
        st.session_state[STROKES] = drawing.kept(strokes)
    except (KeyError, TypeError, ValueError, OverflowError):  # of what is no drawing, nothing will be seen
        st.session_state[STROKES] = strokes
    use("drawing")


def take_row(text: str, in_link: str) -> None:
    """Take a row of a table, and what a link is to say of it. It is what is looked at from now on."""
    st.session_state[ROW], st.session_state[ROW_IN_LINK] = text, in_link
    st.session_state.pop(ROW_TEXT, None)  # the field says the row that is in use, also one of a link
    st.session_state[CURRENT] = "", OWN


def is_drawing() -> bool:
    """Whether the image in use is a drawing."""
    return st.session_state.get(SOURCE) == "drawing" and bool(st.session_state.get(STROKES))


def chosen_image(checkpoint: Checkpoint) -> UserImage | None:
    """The visitor's image as this model's images are, where there is one, and an encoder."""
    if checkpoint.model.no_encoder:
        return None
    kind = checkpoint.kind
    if isinstance(kind, Table):
        return rows.fitting(st.session_state.get(ROW, ""), kind)
    shape = kind.shape
    if st.session_state.get(SOURCE) == "file" and UPLOAD in st.session_state:
        upload = st.session_state[UPLOAD]
        image = user_images.upload(upload.id, shape, upload.data)
    else:
        image = images.drawn(st.session_state.get(STROKES, []), shape)
    return images.centred(image) if image is not None and st.session_state.get(CENTRE, True) else image


def codes_and_class(checkpoint: Checkpoint, image: UserImage) -> tuple[Codes, int | None]:
    """The code `(1, D)` of the image in each latent, and its most probable class where the model says one."""
    means, _ = posterior(checkpoint, image)
    said = user_images.classes(checkpoint, image)
    return codes_of(means), None if said is None else int(said.argmax())


def posterior(
    checkpoint: Checkpoint, image: UserImage
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    pairs = user_images.codes(checkpoint, image)
    return {name: mean for name, (mean, _) in pairs.items()}, {
        name: scale for name, (_, scale) in pairs.items()
    }
