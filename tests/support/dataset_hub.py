"""A server of this machine in the place of Hugging Face's hub of data sets: as much of its interface as `datasets.load_dataset` asks of it."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.local_server import LocalServer

COMMIT = "a" * 40


class DatasetHub(LocalServer):
    """Repositories of files, `held["owner/name"]["data/train.parquet"]`. `cut` says after how many bytes the sending of a file breaks off."""

    def __init__(self, held: dict[str, dict[str, bytes]]):
        self.held, self.cut, self.asked = held, {}, []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                hub.answer(self, sent=self.rfile.read(length))

            def log_message(self, *words: Any) -> None:
                pass

        super().__init__(Handler)

    def answer(self, handler: Any, body: bool = True, sent: bytes = b"") -> None:
        path = unquote(urlsplit(handler.path).path).strip("/")
        self.asked.append(f"{handler.command} {path}")
        parts = path.split("/")
        if parts[:2] == ["api", "datasets"] and "/".join(parts[2:4]) in self.held:
            return self._told(handler, self.held["/".join(parts[2:4])], parts[2:], sent)
        if parts[:1] == ["datasets"] and parts[3:4] == ["resolve"]:
            files, name = self.held.get("/".join(parts[1:3]), {}), "/".join(parts[5:])
            if name in files:
                return self._file(handler, name, files[name], body)
        return self._json(handler, {"error": "not found"}, 404)

    def _told(self, handler: Any, files: dict[str, bytes], parts: list[str], sent: bytes) -> None:
        entries = [
            {"type": "file", "path": name, "size": len(held), "oid": hashlib.sha1(held).hexdigest()}
            for name, held in files.items()
        ]
        folders = {name.rpartition("/")[0] for name in files} - {""}
        entries += [{"type": "directory", "path": name, "size": 0, "oid": COMMIT} for name in sorted(folders)]
        kind = parts[2] if len(parts) > 2 else ""
        if kind == "tree":
            below = "/".join(parts[4:])
            return self._json(handler, [each for each in entries if each["path"].startswith(below)])
        if kind == "paths-info":
            told = json.loads(sent)
            return self._json(handler, [each for each in entries if each["path"] in told["paths"]])
        return self._json(
            handler,
            {
                "id": "/".join(parts[:2]),
                "sha": COMMIT,
                "private": False,
                "gated": False,
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "siblings": [{"rfilename": name} for name in files],
            },
        )

    def _json(self, handler: Any, told: Any, status: int = 200) -> None:
        data = json.dumps(told).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        if status == 404:
            handler.send_header(
                "X-Error-Code", "RepoNotFound" if "/api/" in handler.path else "EntryNotFound"
            )
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    def _file(self, handler: Any, name: str, held: bytes, body: bool) -> None:
        start = 0
        if (asked := handler.headers.get("Range", "")).startswith("bytes="):
            start = int(asked.removeprefix("bytes=").partition("-")[0] or 0)
        handler.send_response(206 if start else 200)
        handler.send_header("X-Repo-Commit", COMMIT)
        handler.send_header("ETag", f'"{hashlib.sha1(held).hexdigest()}"')
        handler.send_header("Content-Length", str(len(held) - start))
        handler.send_header("Accept-Ranges", "bytes")
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(held) - 1}/{len(held)}")
        handler.end_headers()
        if body:
            handler.wfile.write(held[start : self.cut.get(name, len(held))])
            handler.close_connection = True
