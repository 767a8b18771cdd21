"""A host of files for a published site: as `python -m http.server` is, and where asked for over a slow line."""

import contextlib
import functools
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHUNK = 8192


class _Line:
    """A line of so many bytes a second, shared by all that is sent over it, with a delay before each answer."""

    def __init__(self, rate: float | None, delay: float):
        self.rate, self.delay = rate, delay
        self._free, self._lock = 0.0, threading.Lock()

    def wait(self, size: int) -> None:
        if self.rate is None:
            return
        with self._lock:
            self._free = max(self._free, time.monotonic()) + size / self.rate
            until = self._free
        time.sleep(max(0.0, until - time.monotonic()))


class _Handler(SimpleHTTPRequestHandler):
    line: _Line

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        time.sleep(self.line.delay)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := source.read(CHUNK):
                self.line.wait(len(chunk))
                outputfile.write(chunk)


@contextlib.contextmanager
def hosted(
    folder: Path, bits: float | None = None, delay: float = 0.0, kinds: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a folder that is served; bits: a second of the line, without a bound unless given; delay: seconds before each answer;
    kinds: what the host says that files are, by their endings."""
    line = _Line(None if bits is None else bits / 8, delay)
    told = {**SimpleHTTPRequestHandler.extensions_map, **(kinds or {})}
    handler = type("Handler", (_Handler,), {"line": line, "extensions_map": told})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
