"""What a visitor may open by its path or name, and how much of it.

The command `app` says in the environment which folder bounds them, or that only this machine is served. A server that was told neither
opens no paths.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from latent_explorer import DATA_ROOT_VARIABLE, LOCAL_VARIABLE
from vae_core.data import DATASETS, idx, known
from vae_core.data.mnist import mnist_folder

# Said where the server was told of no folder and serves other machines too.
NO_PATHS = (
    "this server opens uploads and no paths: it serves other machines and was started without --data-root"
)


LONGEST = 4096  # characters of a path


class Bounds(NamedTuple):
    """`root` is the folder below which paths are opened, None for no paths; `everything` where its user may open whatever they can read,
    and download data by its name."""

    root: Path | None
    everything: bool = False


def bounds() -> Bounds:
    """What this visitor may open."""
    given = os.environ.get(DATA_ROOT_VARIABLE)
    local = bool(os.environ.get(LOCAL_VARIABLE)) and _comes_from_here()
    if given:
        return Bounds(Path(given))
    return Bounds(Path(Path.cwd().anchor), everything=True) if local else Bounds(None)


def _comes_from_here() -> bool:
    """Whether the browser calls this server by a name of this machine."""
    return is_here(called_of_session())


def called_of_session() -> str | None:
    """The host that the browser calls for whom a page is drawn."""
    try:
        return called(st.context.headers)
    except Exception:  # outside a session there are no headers
        return None


PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-prefix", "x-real-ip", "via")


def called(headers: Mapping[str, str]) -> str | None:
    """The host that a browser calls, as far as its headers tell: a proxy beside this server may put `localhost` in its place, and then
    the page's origin, or what proxies add, gives it away.

    >>> called({"Host": "localhost:8501", "Origin": "http://localhost:8501"})
    'localhost:8501'
    >>> called({"Host": "localhost:8501", "Origin": "https://lab.example"}), called({"Host": "localhost", "Via": "1.1 x"})
    ('lab.example', 'a proxy')
    """
    named = {name.lower(): value for name, value in headers.items()}
    host, origin = named.get("host"), named.get("origin")
    if not is_here(host):
        return host
    if origin and not is_here(origin.rpartition("/")[2]):
        return origin.rpartition("/")[2] or origin
    return "a proxy" if any(name in named for name in PROXIED) else host


def is_here(host: str | None) -> bool:
    """Whether a browser that names this host means this machine: a proxy, and a page that lends its name to it, use another.

    >>> is_here("localhost:8501"), is_here("[::1]:8501"), is_here("rebound.example:8501"), is_here(None)
    (True, True, False, True)
    """
    if host is None:
        return True
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed(what: str, within: Bounds) -> str | Path:
    """The name of a data set, or the whole path of a file or folder that a visitor may open.

    Raises ValueError, one sentence that names what was typed and no other path, for what is not there and for what lies, or leads, out of
    the bounds.
    """
    if not what:
        raise ValueError("there is nothing to open yet: give a folder, a file or the name of a data set")
    if len(what) > LONGEST:
        raise ValueError(
            f"{what[:40]}… is longer than any path: give a folder, a file or the name of a data set"
        )
    if known(what):
        if not within.everything and (what not in DATASETS or (what == "mnist" and mnist_folder()[1])):
            raise ValueError(
                f"{what} would have to be downloaded to this server: run `latent-explorer data {what}` on your own machine"
            )
        return what
    if within.root is None:
        raise ValueError(NO_PATHS)
    try:
        return _path(what, within.root.resolve(), within.everything)
    except (
        OSError,
        RuntimeError,
    ) as error:  # a name that no file can have, a link to itself, no right to look
        why = getattr(error, "strerror", None) or "its path leads nowhere"
        raise ValueError(f"{what} cannot be opened: {why}") from None


def _path(what: str, root: Path, everything: bool) -> Path:
    """The whole path, after checking that nothing below it leaves the root."""
    if "\0" in what:
        raise ValueError("no path holds a null character: give another")
    typed = Path(what).expanduser() if everything else Path(what)
    real = ((Path.cwd() if everything else root) / typed).resolve()
    if not real.is_relative_to(root):
        raise ValueError(
            f"{what} does not lie in the folder that this server opens data from: give one that does"
        )
    if not (real.exists() or idx.is_idx(real)):
        raise ValueError(
            f"there is no data set, file or folder called {what}: give one that is there, or one of the names {', '.join(DATASETS)}"
        )
    if not everything:
        _check_links(real, root, what)
    return real


def _check_links(path: Path, root: Path, what: str) -> None:
    """Raises ValueError for a link below a folder, or among the files that are read with one, which leaves the root or leads back."""
    links = [file for file in idx.files(path).values() if file.is_symlink()]
    for folder, folders, files in os.walk(path):
        links += [link for name in (*folders, *files) if (link := Path(folder, name)).is_symlink()]
    for link in links:
        real = link.resolve()
        if not real.is_relative_to(root):
            raise ValueError(
                f"{what} holds a link, {link.name}, out of the folder that this server opens data from: put a copy in its place"
            )
        if real.is_dir() and link.is_relative_to(real):
            raise ValueError(f"{what} holds a link, {link.name}, that leads back to where it lies: remove it")


def there(within: Bounds, most: int = 30) -> list[str]:
    """The names of what lies in the folder that a server opens data from; nothing where that is not bounded."""
    if within.root is None or within.everything:
        return []
    try:
        return sorted(entry.name for entry in os.scandir(within.root) if not entry.name.startswith("."))[
            :most
        ]
    except OSError:
        return []
