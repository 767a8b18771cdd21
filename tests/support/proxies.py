"""Small reverse proxies: one that shows a server below a path, and cuts it off or hands it on, and Debian's nginx with a configuration."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.driving import free_port

NO_NGINX = "nginx is not installed: `apt-get install nginx-light` brings it"


@dataclass
class Proxy:
    """Shows `http://127.0.0.1:port` below `prefix`, and nothing beside it.

    `strips` as `/user/ann/proxy/8501/` of JupyterHub does, or hands the path on as its `/proxy/absolute/8501/`. `host` is sent in place of
    the browser's, as nginx does unless it is told otherwise. What `refuses` names is out of reach.
    """

    port: int
    prefix: str
    strips: bool = True
    host: str | None = None
    refuses: str | None = None
    own_port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.own_port}{self.prefix}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Path]:
        """Run it, in a process of its own; the file where each answer is a line: what the server was asked, and the status."""
        with tempfile.NamedTemporaryFile("w+") as log:
            words = [sys.executable, "-m", "tests.support.proxies", json.dumps(asdict(self))]
            process = subprocess.Popen(words, stdout=log, stdin=subprocess.DEVNULL)
            try:
                listens(self.own_port)
                yield Path(log.name)
            finally:
                process.kill()
                process.wait(10)

    async def serve(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.own_port)
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, or one WebSocket, a connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *headers = head.rstrip().split("\r\n")
            method, path, version = line.split(" ")
            if path == self.prefix:  # as JupyterHub and nginx do
                writer.write(_told("301 Moved Permanently", f"Location: {self.address}/"))
            elif not path.startswith(f"{self.prefix}/"):
                writer.write(_told("404 Not Found"))
            elif self.refuses and self.refuses in path:
                writer.write(_told("502 Bad Gateway"))
            else:
                path = path.removeprefix(self.prefix) if self.strips else path
                asked = "\r\n".join([f"{method} {path} {version}", *self._headers(headers), "", ""])
                await self._handed_on(path, asked.encode("latin-1"), reader, writer)

    async def _handed_on(
        self, path: str, asked: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        its_reader, its_writer = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.closing(its_writer):
            its_writer.write(asked)
            status = await its_reader.readline()
            print(path, status.split()[1].decode(), flush=True)
            writer.write(status)
            pipes = [_piped(reader, its_writer), _piped(its_reader, writer)]
            await asyncio.wait(map(asyncio.create_task, pipes), return_when=asyncio.FIRST_COMPLETED)

    def _headers(self, headers: list[str]) -> list[str]:
        named = {header.partition(":")[0].lower(): header for header in headers}
        if self.host:
            named["host"] = f"Host: {self.host}"
        if "upgrade" not in named:
            named["connection"] = "Connection: close"
        named["x-forwarded-prefix"] = f"X-Forwarded-Prefix: {self.prefix}"
        return list(named.values())


def _told(status: str, *headers: str) -> bytes:
    told = ["Content-Type: text/plain", f"Content-Length: {len(status)}", "Connection: close", *headers]
    return "\r\n".join([f"HTTP/1.1 {status}", *told, "", status]).encode()


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


def listens(port: int, seconds: float = 20) -> None:
    """Wait until somebody listens on a port of this machine."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


SOCKETS = """
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_set_header Host $http_host;
"""


@contextlib.contextmanager
def nginx(folder: Path, http: str, port: int) -> Iterator[Path]:
    """Debian's nginx with what stands in its `http` block, in a folder, as whoever runs the tests, once it listens on a port.

    Gives the file where each answer is a line: the server that was asked, and what for. Raises RuntimeError for what it refuses.
    """
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ log_format asked '$upstream_addr $request_uri'; access_log {folder}/access.log asked;\n"
        f"{temporary}\n{http}\n}}\n"
    )
    words = [str(find_nginx()), "-p", str(folder), "-c", str(file), "-e", f"{folder}/error.log"]
    checked = subprocess.run([*words, "-t"], capture_output=True, text=True)
    if checked.returncode:
        raise RuntimeError(checked.stderr)
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        listens(port)
        yield folder / "access.log"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(Proxy(**json.loads(sys.argv[1])).serve())
