"""Serve the app and drive it in headless Chromium: for the browser tests, and for the benchmarks and the screenshots."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from latent_explorer import OPENS_VARIABLE

T = TypeVar("T")

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The browser to drive: $CHROMIUM, or a chromium or chrome on the path."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@contextlib.contextmanager
def served(
    models: Path | None = None,
    *,
    port: int = 0,
    window: bool = False,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "latent_explorer"),
    folder: Path | None = None,
    options: Sequence[str] = (),
) -> Iterator[str]:
    """Start `latent-explorer app` in a folder, on a port, a free one unless it is given; the address of the running server."""
    port = port or free_port()
    words = [*command, "app", "--host", "127.0.0.1", "--port", str(port), *options]
    if not window:
        words.append("--no-browser")
    if models:
        words += ["--models", str(models)]
        environment = {
            OPENS_VARIABLE: "",
            **(environment or {}),
        }  # on the bundled one, whatever the folder holds
    with running(words, port, environment=environment, folder=folder) as address:
        yield address


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(
    words: Sequence[str],
    port: int,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[str]:
    """Run a command that serves a Streamlit app on a port; the address, once it answers."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as log:
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        process = subprocess.Popen(words, cwd=folder, env={**os.environ, **(environment or {})}, **streams)
        _logs[address] = log
        _processes[address] = process
        try:
            _wait(f"{address}/_stcore/health", process)
            yield address
        finally:
            del _logs[address], _processes[address]
            process.terminate()
            process.wait(30)  # a busy machine takes its time


COLOURS = re.compile(r"\x1b\[[0-9;]*m")

_logs: dict[str, IO[str]] = {}
_processes: dict[str, subprocess.Popen] = {}


def kill(address: str) -> None:
    """End the server of an address as a lost machine does, without a word."""
    _processes[address].kill()
    _processes[address].wait(10)


def last_traceback(url: str, most: int = 4000) -> str:
    """The end of what the server of an address has printed, from its last traceback on; nothing where there is none."""
    for address, log in _logs.items():
        if url.startswith(address):
            printed = os.pread(log.fileno(), 1 << 20, max(0, os.fstat(log.fileno()).st_size - (1 << 20)))
            plain = COLOURS.sub(
                "", printed.decode(errors="replace")
            )  # Streamlit draws its own in a coloured box
            _, found, after = plain.rpartition("Traceback (most recent call last)")
            return (found + after)[-most:] if found else ""
    return ""


def _wait(url: str, process: subprocess.Popen, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with exit code {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    raise TimeoutError(f"no answer from {url} within {seconds} s")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser. Raises RuntimeError where none is installed."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        raise RuntimeError(
            "no Chromium was found: install it, or name it in the environment variable CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def eventually(page: Any, holds: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether a condition comes to hold within some seconds: a page takes its time on a busy machine."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        page.wait_for_timeout(50)
    return found


def settled(page: Any, read: Callable[[], T], quiet: float = 0.4, seconds: float = 15) -> T:
    """What is read of a page, once it has stayed equal for a while."""
    end, before = time.monotonic() + seconds, read()
    since = time.monotonic()
    while time.monotonic() - since < quiet and time.monotonic() < end:
        page.wait_for_timeout(50)
        if (now := read()) != before:
            before, since = now, time.monotonic()
    return before
