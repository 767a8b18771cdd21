"""Small reverse proxies: one that shows a server below a path, and cuts it off or hands it on, and Debian's nginx with a configuration."""

import asyncio
import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.driving import free_port

NO_NGINX = "nginx is not installed: `apt-get install nginx-light` brings it"


@dataclass
class Proxy:
    """Shows `http://127.0.0.1:port` below `prefix`, and nothing beside it.

    `strips` as `/user/ann/proxy/8501/` of JupyterHub does, or hands the path on as its `/proxy/absolute/8501/`. `host` is sent in place of
    the browser's, as nginx does unless it is told otherwise. `answered` keeps path and status of each answer, as the server was asked;
    `strays` what was asked beside the prefix. What `refuses` names is out of reach.
    """

    port: int
    prefix: str
    strips: bool = True
    host: str | None = None
    refuses: str | None = None
    own_port: int = field(default_factory=free_port)
    answered: list[tuple[str, int]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.own_port}{self.prefix}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", self.own_port)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(5)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, or one WebSocket, a connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *headers = head.rstrip().split("\r\n")
            method, path, version = line.split(" ")
            if path == self.prefix:  # as JupyterHub and nginx do
                writer.write(_told("301 Moved Permanently", f"Location: {self.address}/"))
                return
            if not path.startswith(f"{self.prefix}/"):
                self.strays.append(path)
                writer.write(_told("404 Not Found"))
                return
            if self.refuses and self.refuses in path:
                writer.write(_told("502 Bad Gateway"))
                return
            if self.strips:
                path = path.removeprefix(self.prefix)
            its_reader, its_writer = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(its_writer):
                asked = "\r\n".join([f"{method} {path} {version}", *self._headers(headers)])
                its_writer.write(f"{asked}\r\n\r\n".encode("latin-1"))
                status = await its_reader.readline()
                self.answered.append((path, int(status.split()[1])))
                writer.write(status)
                await asyncio.wait(
                    [
                        asyncio.create_task(_piped(reader, its_writer)),
                        asyncio.create_task(_piped(its_reader, writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )

    def _headers(self, headers: list[str]) -> list[str]:
        named = {header.partition(":")[0].lower(): header for header in headers}
        if self.host:
            named["host"] = f"Host: {self.host}"
        if "upgrade" not in named:
            named["connection"] = "Connection: close"
        named["x-forwarded-prefix"] = f"X-Forwarded-Prefix: {self.prefix}"
        return list(named.values())


def _told(status: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


SOCKETS = """
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_set_header Host $http_host;
"""


@contextlib.contextmanager
def nginx(folder: Path, http: str) -> Iterator[None]:
    """Debian's nginx with what stands in its `http` block, in a folder, as whoever runs the tests. Raises RuntimeError for what it refuses."""
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}\n{http}\n}}\n"
    )
    words = [str(find_nginx()), "-p", str(folder), "-c", str(file), "-e", f"{folder}/error.log"]
    checked = subprocess.run([*words, "-t"], capture_output=True, text=True)
    if checked.returncode:
        raise RuntimeError(checked.stderr)
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
