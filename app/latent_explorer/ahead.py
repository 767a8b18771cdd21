"""The browser is told of the modules that a page will ask for while it still reads Streamlit's own: of each chain of imports it would
otherwise learn link by link, and only once the script has run. And there is something to see meanwhile."""

import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latent_explorer import opening
from latent_explorer.components.shared import DISTRIBUTION

COMPONENTS = Path(__file__).parent / "components"
STATIC = Path(streamlit.__file__).parent / "static" / "static" / "js"

# What every page shows, and pages by the last part of their address.
EVERYWHERE = ("glossary", "presenting", "copy_link")
PAGES = {
    "": ("controls",),
    "live": ("controls",),
    "map": ("map", "image_grid"),
    "traverse": ("image_grid",),
    "generate": ("image_grid",),
    "rate_distortion": ("betas",),
}

_IMPORTS = re.compile(r"""^(?:import|}).*?\sfrom\s+"(\.[^"]+)";$""", re.M)
_PACKED = re.compile(r"""\b(?:from|import)["'`](\./[^"'`]+\.js)["'`]""")


class Ahead:
    """Writes `modulepreload` into the page of the server, and what it shows until it is there; all else goes through untouched."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        page = scope["path"].rpartition("/")[2]
        shown = opening.of(page, scope.get("query_string", b""))
        begun: list[Message] = []
        parts: list[bytes] = []

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                begun.append(message)
            elif not begun or message["type"] != "http.response.body":
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(parts).replace(b"</head>", links(page) + b"</head>", 1)
                    body = body.replace(b"<body>", b"<body>" + shown, 1)
                    await send(_of_length(begun[0], len(body)))
                    await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, with_links)


def _is_page(start: Message) -> bool:
    told = dict(start["headers"])
    return (
        start["status"] == 200
        and told.get(b"content-type", b"").startswith(b"text/html")
        and b"content-encoding" not in told
    )


def _of_length(start: Message, length: int) -> Message:
    """The start of an answer of so many bytes; what told the file that it was made of is left out."""
    kept = [
        pair for pair in start["headers"] if pair[0] not in (b"content-length", b"etag", b"last-modified")
    ]
    return {**start, "headers": [*kept, (b"content-length", str(length).encode())]}


@cache
def links(page: str) -> bytes:
    """The lines for a page: `<link rel="modulepreload" …>`, relative as all that Streamlit's own page asks for."""
    ours = [
        f"./_stcore/bidi-components/{DISTRIBUTION}.{folder}/{name}"
        for folder in (*PAGES.get(page, ()), *EVERYWHERE)
        for name in modules(folder)
    ]
    theirs = [f"./static/js/{name}" for name in chunks("BidiComponent")]
    low = [
        f'<link rel="modulepreload" fetchpriority="low" crossorigin href="{name}">'
        for name in (*theirs, *ours)
    ]
    return "".join(f"{line}\n" for line in low).encode()


def modules(folder: str) -> list[str]:
    """The modules of a component, its `index.js` first, and all that they import, by their paths below the folder of all components."""
    found, left = [], [COMPONENTS / folder / "index.js"]
    while left:
        path = left.pop(0)
        if path not in found:
            found.append(path)
            names = _IMPORTS.findall(path.read_text(encoding="utf-8"))
            left += [(path.parent / name).resolve() for name in names]
    return [path.relative_to(COMPONENTS).as_posix() for path in found]


def chunks(name: str) -> list[str]:
    """Streamlit's file of that name and those that it imports; none where its build names them otherwise."""
    found, left = [], [path.name for path in STATIC.glob(f"{name}.*.js")]
    while left:
        file = left.pop(0)
        if file not in found and (STATIC / file).is_file():
            found.append(file)
            left += [each[2:] for each in _PACKED.findall((STATIC / file).read_text(encoding="utf-8"))]
    return found
