"""The server: Streamlit's pages, and beside them the live route, and one picture of an item for pages without it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script is run by its path: the packages stand above it

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from app import LIVE
from app.live import live
from app.resources import DECODE, at_betas, checkpoint, offered, thumbnail


def decode(request: Request) -> Response:
    """The decoded posterior mean of one item as a PNG, at the betas of the query. A plain function: Starlette runs it off the event
    loop."""
    model, item = request.path_params["model"], request.path_params["item"]
    if model not in offered():
        return PlainTextResponse(f"no model is called {model}", 404)
    try:
        betas = {block: float(beta) for block, beta in request.query_params.items()}
        picture = thumbnail(at_betas(checkpoint(model), betas), item)
    except (IndexError, ValueError) as error:
        return PlainTextResponse(str(error), 404)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})


app = st.App(
    Path(__file__).with_name("main.py"),
    routes=[WebSocketRoute(LIVE, live), Route(f"{DECODE}/{{model}}/{{item:int}}", decode)],
)
