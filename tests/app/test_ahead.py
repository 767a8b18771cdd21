"""What is made ready for the first visitor: modules that the browser is told of ahead, and what the server opens behind its start."""

import asyncio
from typing import Any

import pytest
from latent_explorer import ahead, warm
from latent_explorer.caches import checkpoints

from tests.app.test_components import COMPONENTS, imported


def answered(app: Any, path: str, method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of what an ASGI app answers."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(app({"type": "http", "method": method, "path": path}, receive, send))
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
