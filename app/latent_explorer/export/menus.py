"""What a visitor takes along from a figure: the picture, its codes, an animation, and the script that makes it.

Shapes: N codes, D dimensions, R rows of pictures, T positions in each, H W pixels (or H W 3).
"""

import csv as comma_separated
import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from latent_explorer.components.figure import save

Table = Mapping[str, np.ndarray]
"""Columns `(N,)` and blocks of columns `(N, D)` by name."""

STEPS, MILLISECONDS = (
    31,
    60,
)  # of an animation: positions from one end to the other, and how long each is shown
SIDE, LABEL, GAP = (
    112,
    18,
    6,
)  # pixels: the least side of a picture in an animation, the line above it, what lies between
GROUND, INK = 24, 230


def beside(seen: str) -> DeltaGenerator:
    """The line under a figure that says what one sees; the place at its right is for the figure's menu."""
    left, right = st.columns([7, 1], gap="medium")
    left.caption(f"What you see: {seen}")
    return right


def menu(
    figure: str,
    name: str,
    *,
    codes: Callable[[], Table] | None = None,
    frames: Callable[[], tuple[np.ndarray, Sequence[str]]] | None = None,
    script: str | None = None,
) -> None:
    """Draw the menu under the figure with this key: its picture, and what else is given, in files of this name.

    `codes` and `frames` (the arguments of `animation`) are called only when a file is asked for, outside of a page's run: they
    must not call Streamlit. `script` is Python, from `latent_explorer.snippets`.
    """
    with st.popover(
        "Keep",
        icon=":material/download:",
        key=f"keep-{figure}",
        help="Picture, data and code of this figure",
        width="stretch",
    ):
        with _line("Picture, as on the page"):
            save(figure, name)
        if codes:
            with _line("Numbers behind it"):
                _file("CSV", lambda: csv(codes()), f"{name}.csv", "text/csv")
                _file("NPZ", lambda: npz(codes()), f"{name}.npz", "application/octet-stream")
        if frames:
            with _line("Animation, there and back"):
                _file("GIF", lambda: animation(*frames(), "GIF"), f"{name}.gif", "image/gif")
                _file("WebP", lambda: animation(*frames(), "WEBP"), f"{name}.webp", "image/webp")
        if script:
            st.caption("Python that makes this picture, with `vae_core` alone")
            st.code(script, language="python", height=320)


def _line(text: str) -> DeltaGenerator:
    """A row of the menu: what the buttons give, then the buttons."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(text)
    return row


def _file(label: str, made: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(label, made, name, mime, key=f"keep-{name}", on_click="ignore")


def table(codes: Mapping[str, Tensor], **about: Sequence[int | str] | np.ndarray) -> Table:
    """Codes `(N, D)` of each latent behind columns `(N,)` that say what each row is."""
    return {
        **{name: np.asarray(values) for name, values in about.items()},
        **{name: code.cpu().numpy() for name, code in codes.items()},
    }


def csv(columns: Table) -> bytes:
    """A header, then one line for each row; dimension j of a block `z` is called z[j].

    >>> csv({"item": np.array([3]), "z": np.array([[0.5, -1.0]], dtype=np.float32)}).decode().splitlines()
    ['item,z[0],z[1]', '3,0.5,-1.0']
    """
    names, parts = [], []
    for name, values in columns.items():
        names += [name] if values.ndim == 1 else [f"{name}[{j}]" for j in range(values.shape[1])]
        parts.append(
            values.reshape(len(values), -1).astype(str)
        )  # the shortest text that gives the same float
    text = io.StringIO()
    comma_separated.writer(text, lineterminator="\n").writerows([names, *np.concatenate(parts, axis=1)])
    return text.getvalue().encode()


def npz(columns: Table) -> bytes:
    """The columns as arrays by name, compressed; `numpy.load` reads it without unpickling."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **columns)
    return buffer.getvalue()


def animation(images: np.ndarray, names: Sequence[str], kind: str) -> bytes:
    """Rows of pictures `(R, T, H, W)` or `(R, T, H, W, 3)`, uint8, as a GIF or WEBP that runs through the T positions and back.

    The rows are side by side, each under its name; pixels stay sharp and, in a WebP or in grey, exact.
    """
    there = [_frame(images[:, t], names) for t in range(images.shape[1])]
    first, *rest = [*there, *there[-2:0:-1]]
    options = {"lossless": True} if kind == "WEBP" else {}
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0, **options)
    return buffer.getvalue()


def _frame(pictures: np.ndarray, names: Sequence[str]) -> Image.Image:
    """Pictures `(R, H, W)` or `(R, H, W, 3)` side by side, in a few lines where they are many."""
    height, width = pictures.shape[1:3]
    factor = max(1, -(-SIDE // max(height, width)))
    across = min(len(pictures), int(np.ceil(np.sqrt(2 * len(pictures)))))  # wider than high, as a screen is
    label = LABEL if any(names) else 0
    step_x, step_y = width * factor + GAP, height * factor + label + GAP
    size = across * step_x + GAP, -(-len(pictures) // across) * step_y + GAP
    colour = pictures.ndim == 4
    frame = Image.new("RGB" if colour else "L", size, (GROUND,) * 3 if colour else GROUND)
    pen, font = ImageDraw.Draw(frame), ImageFont.load_default(LABEL - 5)
    for place, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        x, y = GAP + place % across * step_x, GAP + place // across * step_y
        pen.text((x, y), name, (INK,) * 3 if colour else INK, font)
        enlarged = picture.repeat(factor, 0).repeat(factor, 1)
        frame.paste(Image.fromarray(enlarged), (x, y + label))
    return frame
