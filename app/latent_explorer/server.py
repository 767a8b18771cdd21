"""The server: Streamlit's pages, and beside them the live route, and one picture of an item for pages without it."""

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from latent_explorer import LIVE
from latent_explorer.links import DIGITS
from latent_explorer.live import live
from latent_explorer.resources import DECODE, at_betas, checkpoint, offered, thumbnail
from latent_explorer.text import cleaned, said


def decode(request: Request) -> Response:
    """The decoded posterior mean of one item as a PNG, at the betas of the query. A plain function: Starlette runs it off the event
    loop."""
    model, item = request.path_params["model"], request.path_params["item"]
    folder = offered().get(model)
    if folder is None:
        return PlainTextResponse(f"no model is called {cleaned(model)}", 404)
    if not (item.isascii() and item.isdecimal() and len(item) <= DIGITS):
        return PlainTextResponse("an item is a whole number from 0 on", 404)
    try:
        betas = {block: float(beta) for block, beta in request.query_params.items()}
        picture = thumbnail(at_betas(checkpoint(model), betas), int(item))
    except (IndexError, ValueError) as error:
        return PlainTextResponse(cleaned(said(error, folder), 500), 404)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})


app = st.App(
    Path(__file__).with_name("main.py"),
    routes=[WebSocketRoute(LIVE, live), Route(f"{DECODE}/{{model}}/{{item}}", decode)],
)
