"""The live route: over one WebSocket a page asks for decoded images while a pointer moves, without a rerun of its script.

A request is JSON (`vae_core.serving.Request`), with the strokes of a drawing in place of an image's pixels where it is one; an answer the envelope of `pack`: a header with the request's `id`, and pixels or an
`error`. Whatever a visitor sends, the connection and the server go on.
"""

import asyncio
import base64
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
from latent_explorer.text import cleaned, said
from latent_explorer.user_image import images
from vae_core import Checkpoint
from vae_core.kinds import Image
from vae_core.serving import Answer, Batcher, LiveDecoder, Request, parsed

# Bounds: visitors connected at once, and the images a second that one of them may ask for (a full grid at thirty a second), after a
# burst of as many. Who asks for more waits; nobody else does.
MOST_CONNECTIONS, MOST_IMAGES = 256, 4096


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
    """The header of an answer: the request's number, the shape `(n, H, W, C)` of the pixels that follow, or what is wrong."""

    id: Required[int]
    shape: list[int]
    codes: dict[str, list[list[float]]]
    classes: list[list[float]]
    error: str


TRY_AGAIN_LATER = 1013  # RFC 6455's registry of close codes


async def live(socket: WebSocket) -> None:
    """Answer one visitor, request after request, until it goes."""
    if not allowed(socket.headers.get("origin"), socket.headers.get("host")):
        await socket.close()  # before it is accepted: the browser sees 403
        return
    await socket.accept()
    if len(_connected) >= MOST_CONNECTIONS:
        await socket.close(TRY_AGAIN_LATER, f"{MOST_CONNECTIONS} visitors are connected already")
        return
    _connected.add(socket)
    allowance = Allowance(MOST_IMAGES)
    try:
        while True:
            await socket.send_bytes(await _reply(await _received(socket), allowance))
    except (WebSocketDisconnect, RuntimeError):
        pass  # it has gone: Starlette raises RuntimeError for a send after that
    finally:
        _connected.discard(socket)


_connected: set[WebSocket] = set()


async def _received(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    return message.get("text") or ""


async def _reply(text: str, allowance: "Allowance") -> bytes:
    number = 0
    try:
        asked = parsed(text)
        if "drawing" in asked:  # takes milliseconds, which the other visitors' answers are not to wait for
            asked["image"] = await asyncio.to_thread(_picture, asked)
        request = Request.of(asked)
        number = request.number
        await asyncio.sleep(allowance.wait(request.n))
        return _packed(number, await batcher()(request))
    except (ValueError, RuntimeError) as error:
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


def _packed(number: int, answer: Answer) -> bytes:
    header = {"id": number, "shape": answer.pixels.shape, "codes": rounded(answer.codes)}
    if answer.classes is not None:
        header["classes"] = np.round(answer.classes.astype(float), 4).tolist()
    return pack(header, answer.pixels)


def rounded(codes: Mapping[str, np.ndarray]) -> dict[str, list[list[float]]]:
    """Codes as a page reads them: to four decimals, a thousandth of what the eye sees."""
    return {name: np.round(rows.astype(float), 4).tolist() for name, rows in codes.items()}


class Allowance:
    """A bucket of images that fills at `rate` a second and holds one second's worth."""

    def __init__(self, rate: float):
        self._rate, self._left, self._at = rate, rate, time.monotonic()

    def wait(self, n: int) -> float:
        """Take n out, and say for how many seconds whoever asks has to wait for them."""
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate) - n
        self._at = now
        return max(0.0, -self._left / self._rate)


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
    return LiveDecoder(_find, "cuda" if torch.cuda.is_available() else "cpu")


@cache
def batcher() -> Batcher:
    return Batcher(decoder().answer)


def _find(name: str) -> Checkpoint:
    if name not in offered():
        raise ValueError(f"no model is called {name[:80]!r}: it may have been renamed or removed")
    return checkpoint(name)
