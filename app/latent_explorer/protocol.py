"""What the server and the browser have to agree on, written for the browser: `python -m latent_explorer.protocol`.

The numbers and the forms of requests stand in Python, where each belongs; this writes `components/shared/protocol.js` from them, and a
test compares.
"""

import json
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from latent_explorer import LIVE
from latent_explorer.components import controls, shared
from latent_explorer.components.map import selection
from latent_explorer.live import route
from latent_explorer.user_image import images
from vae_core import serving

TARGET = Path(__file__).parent / "components" / "shared" / "protocol.js"

CONSTANTS: dict[str, tuple[Any, str]] = {
    "LIVE_ROUTE": (LIVE, "the server's route for images while a pointer moves"),
    "ALIGNMENT": (shared.ALIGNMENT, "bytes at whose multiples the arrays of an envelope start"),
    "MOST_ROWS": (serving.MOST_ROWS, "images of one request"),
    "MOST_ITEMS": (serving.MOST_ITEMS, "images whose codes one code may be a sum of"),
    "MAX_VERTICES": (selection.MAX_VERTICES, "corners of a selection"),
    "LEVELS": (selection.LEVELS, "the last of the places on an axis of a map"),
    "STARTS": (list(controls.STARTS), "where a code can start on the Live page"),
    "SEEDS": (controls.SEEDS, "seeds of a draw, from 0 on"),
    "COLDEST": (controls.COLDEST, "the least temperature of a draw"),
    "HOTTEST": (controls.HOTTEST, "the greatest"),
    "DECIMALS": (controls.DECIMALS, "decimals of a coordinate that was moved"),
    "UNIT": (images.UNIT, "parts of the paper's width, in which strokes are measured"),
}

# A request of the browser may hold a drawing too, which the server makes into an image.
FORMS: dict[str, tuple[type, dict[str, type]]] = {
    "Stroke": (route.Stroke, {}),
    "Request": (serving.Asked, {"drawing": route.Drawing}),
    "AnswerHeader": (route.AnswerHeader, {}),
}

NAMES = {str: "string", int: "number", float: "number", bool: "boolean"}


def written() -> str:
    """The text of the module."""
    lines = [
        "// What the server has to agree on: `python -m latent_explorer.protocol` writes this file from it.",
        "",
    ]
    for name, (value, words) in CONSTANTS.items():
        kind = "/** @type {const} */ " if isinstance(value, list) else ""
        text = f"{kind}({json.dumps(value)})" if kind else _plain(value)
        lines.append(f"export const {name} = {text}; // {words}")
    for name, (form, more) in FORMS.items():
        lines += ["", "/**", f" * {(form.__doc__ or '').splitlines()[0]}", f" * @typedef {{object}} {name}"]
        fields = {**_fields(form), **{key: (_type(kind), False) for key, kind in more.items()}}
        lines += [
            f" * @property {{{kind}}} {key if needed else f'[{key}]'}"
            for key, (kind, needed) in fields.items()
        ]
        lines.append(" */")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _fields(form: type) -> dict[str, tuple[str, bool]]:
    """The type of each field of a TypedDict, and whether it must be there."""
    needed = form.__required_keys__  # type: ignore[attr-defined]
    return {key: (_type(kind), key in needed) for key, kind in get_type_hints(form).items()}


def _type(kind: Any) -> str:
    """A type as JSDoc says it.

    >>> _type(dict[str, list[tuple[int, float]]])
    'Record<string, [number, number][]>'
    """
    if is_typeddict(kind):
        fields = (f"{key}{'' if needed else '?'}: {of}" for key, (of, needed) in _fields(kind).items())
        return f"{{{', '.join(fields)}}}"
    inner = [_type(part) for part in get_args(kind)]
    match get_origin(kind):
        case None:
            return NAMES[kind]
        case origin if origin is list:
            return f"{inner[0]}[]"
        case origin if origin is tuple:
            return f"[{', '.join(inner)}]"
        case _:
            return f"Record<{', '.join(inner)}>"


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
