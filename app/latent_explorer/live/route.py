"""The live route: over one WebSocket a page asks for decoded images while a pointer moves, without a rerun of its script.

A request is JSON (`vae_core.serving.Request`), with the strokes of a drawing in place of an image's pixels where it is one; an answer the envelope of `pack`: a header with the request's `id`, and pixels or an
`error`. Whatever a visitor sends, the connection and the server go on.
"""

import base64
import gc
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Required, TypedDict
from urllib.parse import urlsplit

import numpy as np
import streamlit as st
import torch
from starlette.websockets import WebSocket, WebSocketDisconnect

from latent_explorer.caches.checkpoints import checkpoint, offered
from latent_explorer.components.shared import pack
from latent_explorer.live.fairness import Room, Visitor
from latent_explorer.text import cleaned, said
from latent_explorer.user_image import images
from vae_core import Checkpoint
from vae_core.kinds import Image
from vae_core.serving import Answer, Batcher, LiveDecoder, Request, parsed


class Stroke(TypedDict):
    """A stroke of a drawing: points x, y, x, y, ... and width in `images.UNIT`ths of the paper's width, ink from 0 to 255."""

    width: int
    ink: int
    points: list[float]


class Drawing(TypedDict):
    """Strokes that make an image, whether it is centred, and the latents that are to be its posterior means."""

    strokes: list[Stroke]
    latents: list[str]
    centre: bool


class AnswerHeader(TypedDict, total=False):
    """The header of an answer: the request's number, the shape `(n, H, W, C)` of the pixels that follow, or what is wrong; ms to pause."""

    id: Required[int]
    shape: list[int]
    codes: dict[str, list[list[float]]]
    classes: list[list[float]]
    error: str
    pause: int


async def live(socket: WebSocket) -> None:
    """Answer one visitor, request after request, until it goes."""
    if not allowed(socket.headers.get("origin"), socket.headers.get("host")):
        await socket.close()  # before it is accepted: the browser sees 403
        return
    await socket.accept()
    visitor = await room.enter(socket)
    try:
        while (text := await visitor.text()) is not None:
            await socket.send_bytes(await _reply(text, visitor))
            await visitor.rest()
    except (WebSocketDisconnect, RuntimeError):
        pass  # it has gone: Starlette raises RuntimeError for a send after that
    finally:
        room.go(visitor)


room = Room()


async def _reply(text: str, visitor: Visitor) -> bytes:
    number = 0
    try:
        with visitor.pays():
            asked = parsed(text)
        if "drawing" in asked:  # takes milliseconds, which the other visitors' answers are not to wait for
            asked["image"] = await visitor.beside(lambda: _picture(asked))
        with visitor.pays():
            request = Request.of(asked)
        number, asked_at = request.number, time.monotonic()
        answer = await batcher()(request, (visitor.address, visitor.number))
        pause = visitor.pace(time.monotonic() - asked_at - answer.took)
        with visitor.pays():
            return _packed(number, answer, round(1000 * pause))
    except (ValueError, RuntimeError) as error:
        with visitor.pays():
            return pack({"id": number, "error": cleaned(said(error), 1000)})


def _picture(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The image that the strokes of a `drawing` make for the model, in a request's form. Raises ValueError where nothing is drawn."""
    drawing = asked["drawing"]
    try:
        kind = _find(asked["model"]).kind
        if not isinstance(kind, Image):
            raise ValueError("a drawing is an image, and this model reads rows of a table")
        image = images.drawn(drawing["strokes"], kind.shape)
        centre, latents = bool(drawing["centre"]), list(drawing["latents"])
    except (KeyError, TypeError):
        raise ValueError("drawing is an object of strokes, latents and whether to centre it") from None
    if image is None:
        raise ValueError("nothing is drawn yet")
    pixels = (images.centred(image) if centre else image).values
    return {"pixels": base64.b64encode(pixels.tobytes()).decode(), "latents": latents}


def _packed(number: int, answer: Answer, pause: int) -> bytes:
    header = {"id": number, "shape": answer.pixels.shape, "codes": rounded(answer.codes)}
    if pause:
        header["pause"] = pause
    if answer.classes is not None:
        header["classes"] = np.round(answer.classes.astype(float), 4).tolist()
    return pack(header, answer.pixels)


def rounded(codes: Mapping[str, np.ndarray]) -> dict[str, list[list[float]]]:
    """Codes as a page reads them: to four decimals, a thousandth of what the eye sees."""
    return {name: np.round(rows.astype(float), 4).tolist() for name, rows in codes.items()}


def allowed(origin: str | None, host: str | None) -> bool:
    """Whether a page of this origin may connect: a page of this server, or one that Streamlit's settings name.

    No origin is no browser, so no page of somebody else's acts in a visitor's name.
    """
    if origin is None or not st.get_option("server.enableCORS"):
        return True
    try:
        same = bool(host) and urlsplit(origin).netloc == host
    except ValueError:  # such as http://[
        return False
    return same or origin in st.get_option("server.corsAllowedOrigins")


@cache
def decoder() -> LiveDecoder:
    """The one decoder of this server, on the GPU where there is one."""
    # What is loaded by now stays: torch's million objects are no more looked through, 150 ms, each time that somebody's requests have made
    # enough objects for a full collection.
    gc.collect()
    gc.freeze()
    return LiveDecoder(_find, "cuda" if torch.cuda.is_available() else "cpu")


@cache
def batcher() -> Batcher:
    return Batcher(decoder().answer)


def _find(name: str) -> Checkpoint:
    if name not in offered():
        raise ValueError(f"no model is called {name[:80]!r}: it may have been renamed or removed")
    return checkpoint(name)
