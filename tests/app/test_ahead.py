"""What is made ready for the first visitor: modules that the browser is told of ahead, and what the server opens behind its start."""

import asyncio
from typing import Any

import numpy as np
import pytest
from latent_explorer import OPENS_VARIABLE, ahead, opening, warm
from latent_explorer.caches import checkpoints
from PIL import Image

from tests.app.test_components import COMPONENTS, imported


def answered(
    app: Any, path: str, method: str = "GET", query: bytes = b""
) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of what an ASGI app answers."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(app({"type": "http", "method": method, "path": path, "query_string": query}, receive, send))
    return dict(sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:])


def serving(kind: str, body: bytes, *more: tuple[bytes, bytes]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *more]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body[:4], "more_body": True})
        await send({"type": "http.response.body", "body": body[4:]})

    return ahead.Ahead(app)


PAGE = b"<html><head></head><body></body></html>"


def test_a_page_names_the_modules_that_it_will_ask_for():
    headers, body = answered(serving("text/html; charset=utf-8", PAGE, (b"etag", b"x")), "/base/live")
    assert int(headers[b"content-length"]) == len(body)
    assert b"etag" not in headers
    assert b'href="./_stcore/bidi-components/latent-explorer.controls/controls/index.js">' in body
    assert body.replace(ahead.links("live"), b"") == PAGE


@pytest.mark.parametrize(
    ("kind", "more"), [("text/plain", ()), ("text/html", ((b"content-encoding", b"gzip"),))]
)
def test_all_else_goes_through_as_it_is(kind: str, more: tuple):
    headers, body = answered(serving(kind, PAGE, *more), "/")
    assert (headers[b"content-length"], body) == (str(len(PAGE)).encode(), PAGE)


@pytest.mark.parametrize(
    "folder", sorted({*ahead.EVERYWHERE, *(one for each in ahead.PAGES.values() for one in each)})
)
def test_the_modules_of_a_component_are_those_that_it_imports(folder: str):
    found = {COMPONENTS / name for name in ahead.modules(folder)}
    assert COMPONENTS / folder / "index.js" in found
    assert found == {COMPONENTS / folder / "index.js"} | {other for path in found for other in imported(path)}


def test_streamlits_own_component_is_there_with_what_it_imports():
    assert len(ahead.chunks("BidiComponent")) > 1
    assert ahead.chunks("NothingOfThisName") == []


def test_what_the_first_page_shows_is_ready_and_no_script_is_run(monkeypatch: pytest.MonkeyPatch):
    checkpoints._checkpoint.clear()
    warm._first_model()
    monkeypatch.setattr(checkpoints, "load", lambda folder: pytest.fail("the first page would open it"))
    assert checkpoints.checkpoint(next(iter(checkpoints.offered()))).atlas is not None
    modules = warm._modules()
    assert "latent_explorer.sections.map.maps" in modules
    assert not [name for name in modules if ".views" in name or name.endswith(("main", "__main__"))]


def test_start_has_something_to_see_before_any_script_has_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(OPENS_VARIABLE, raising=False)
    headers, body = answered(serving("text/html", PAGE), "/base/")
    assert int(headers[b"content-length"]) == len(body) < 40_000
    assert b"<body>" + opening.of("", b"") in body
    assert b"data:image/png;base64," in body


@pytest.mark.parametrize(
    ("path", "query", "opens"), [("/map", b"", ""), ("/", b"model=x", ""), ("/", b"", "runs/x")]
)
def test_nothing_of_the_first_model_is_seen_where_another_page_or_model_is_asked_for(
    path: str, query: bytes, opens: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(OPENS_VARIABLE, opens)
    _, body = answered(serving("text/html", PAGE), path, query=query)
    assert b"opening" not in body


def test_what_is_seen_is_what_the_model_draws():
    with Image.open(opening.STRIP) as strip:
        kept, drawn = np.asarray(strip).astype(int), opening.drawn().astype(int)
    assert kept.shape == drawn.shape == (opening.SIDE, opening.SIDE * opening.FRAMES)
    assert np.abs(kept - drawn).max() <= 2  # another processor rounds otherwise
