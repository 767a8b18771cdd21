"""The server: Streamlit's pages, and beside them the live route, and one picture of an item for pages without it."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from latent_explorer import DECODE, LIVE, PICTURE, PLACES, RUNS, warm
from latent_explorer.access import Gate
from latent_explorer.ahead import Ahead
from latent_explorer.base_path import AtBase, base_path
from latent_explorer.caches import along_grid, gallery
from latent_explorer.caches.checkpoints import at_betas, checkpoint, offered
from latent_explorer.caches.encodings import thumbnail
from latent_explorer.components.shared import DISTRIBUTION
from latent_explorer.crowd import Crowd
from latent_explorer.live.fairness import in_turn
from latent_explorer.live.route import live
from latent_explorer.session.links import DIGITS
from latent_explorer.text import cleaned, said
from latent_explorer.training import keeper, route
from latent_explorer.training.allowed import why_not

BETA = "beta_"  # before a block, as in the address of a page

# For how long one thread of Python keeps the others waiting, a fifth of what is usual: an answer of the live route changes threads four
# times, and waits each time where a page runs.
SWITCH_SECONDS = 0.001


@in_turn
def decode(request: Request) -> Response:
    """The decoded posterior mean of one item as a PNG, at the betas of the query."""
    model, item = request.path_params["model"], request.path_params["item"]

    def found() -> bytes:
        if not (item.isascii() and item.isdecimal() and len(item) <= DIGITS):
            raise ValueError("an item is a whole number from 0 on")
        betas = {block: float(beta) for block, beta in request.query_params.items()}
        return thumbnail(at_betas(checkpoint(model), betas), int(item))

    return _of_model(model, found, "image/png")


@in_turn
def places(request: Request) -> Response:
    """Where the items of some panels lie along the betas of a block, the others' being those of the query."""
    model, block = request.path_params["model"], request.path_params["block"]

    def found() -> bytes:
        asked = request.query_params.items()
        others = {name.removeprefix(BETA): float(beta) for name, beta in asked if name.startswith(BETA)}
        opened = checkpoint(model)
        held = at_betas(opened, {**opened.betas, **others})
        return along_grid.answer(held, block, request.query_params.getlist("panel"))

    return _of_model(model, found, "application/octet-stream")


@in_turn
def picture(request: Request) -> Response:
    """What stands for a model in the gallery, as a PNG."""
    model = request.path_params["model"]
    return _of_model(model, lambda: gallery.picture(model), "image/png")


def _of_model(model: str, found: Callable[[], bytes], kind: str) -> Response:
    """What is found of a model that is offered, or in one sentence why it is not."""
    folder = offered().get(model)
    if folder is None:
        return PlainTextResponse(f"no model is called {cleaned(model)}", 404)
    try:
        return Response(found(), media_type=kind, headers={"Cache-Control": "private, max-age=600"})
    except (IndexError, ValueError) as error:
        return PlainTextResponse(cleaned(said(error, folder), 500), 404)


class OnlyBrowserCode:
    """Streamlit serves whatever lies in the folders of our components. Python lies there too, and compiled it names the server's own folders:
    only scripts and style sheets are handed out."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        is_ours = scope["type"] == "http" and f"/bidi-components/{DISTRIBUTION}." in path
        if is_ours and (not path.endswith((".js", ".css")) or path.endswith(".test.js")):
            await PlainTextResponse("not found", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@asynccontextmanager
async def starting(app: st.App) -> AsyncIterator[None]:
    """Once all is imported and before the first visitor comes."""
    sys.setswitchinterval(SWITCH_SECONDS)
    warm.begin()
    yield


base = base_path()
app = st.App(
    Path(__file__).with_name("main.py"),
    lifespan=starting,
    middleware=[
        Middleware(Gate),
        Middleware(Crowd),
        Middleware(AtBase, base=base),
        Middleware(OnlyBrowserCode),
        Middleware(Ahead),
    ],
    routes=[
        WebSocketRoute(f"{base}{LIVE}", live),
        Route(f"{base}{DECODE}/{{model}}/{{item}}", decode),
        Route(f"{base}{RUNS}/{{run}}/now", route.now),
        Route(f"{base}{RUNS}/{{run}}/film", route.moving),
        Route(f"{base}{RUNS}/{{run}}/steer", route.steer, methods=["POST"]),
        Route(f"{base}{RUNS}/{{run}}/fork", route.fork, methods=["POST"]),
        Route(f"{base}{PLACES}/{{model}}/{{block}}", places),
        Route(f"{base}{PICTURE}/{{model}}", picture),
    ],
)

if not why_not("localhost"):
    keeper.keep()
