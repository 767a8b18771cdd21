"""What a visitor may ask of a model, and what is answered: the protocol of the live route, written once.

Shapes: n rows of a request, D dimensions, K classes, C H W image.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Required, TypedDict

import numpy as np

# Bounds of one request: characters of its text, images, items that one code is a sum of.
MOST_CHARACTERS, MOST_ROWS, MOST_ITEMS = 64_000, 128, 64

# A weight or a coordinate beyond this is no place that a handle reaches, and would overflow in a net.
LARGEST = 1e4

# Bytes of an image that is to be encoded.
MOST_BYTES = 40_000

# Items and their weights: a code is the sum of the items' posterior means: ((item, weight), ...).
WeightedItems = tuple[tuple[int, float], ...]


class AskedImage(TypedDict):
    """Pixels `(C, H, W)` in base64, and the latents that are to be their posterior means."""

    pixels: str
    latents: list[str]


class AskedDraw(TypedDict, total=False):
    """A draw of the prior: from which seed, at which temperature."""

    seed: int
    temperature: float


class AskedTraversal(TypedDict, total=False):
    """Rows in which one dimension of a block, or one direction in it, goes through its prior: `Traversal`."""

    block: Required[str]
    dimensions: list[int]
    directions: list[list[float]]
    span: Required[float]
    steps: Required[int]
    label: int


class Asked(TypedDict, total=False):
    """A request as its JSON says it, which `Request.of` reads; what each part means stands there.

    Example:
        >>> asked: Asked = {"id": 7, "model": "vae-mnist", "codes": {"z": [[0.5, 1.0]]}}
        >>> Request.of(asked).n
        1
    """

    id: int
    model: Required[str]
    n: int
    codes: dict[str, list[list[float]]]
    mix: dict[str, list[list[tuple[int, float]]]]
    label: list[int]
    image: AskedImage
    draw: AskedDraw
    betas: dict[str, float]
    move: dict[str, dict[int, float]]
    traverse: AskedTraversal
    back: bool
    classes: bool


class Traversal(NamedTuple):
    """Rows in which one code goes along directions of a block and then along dimensions of it, each through its prior.

    Attributes:
        block: the latent that moves.
        dimensions: which of its dimensions.
        directions: unit vectors, `(n, D)`.
        span: how far on either side of the prior's mean, in its standard deviations.
        steps: how many positions.
        label: the class whose prior says how far, where the code itself has none.

    Example:
        >>> Traversal("z", (3, 1), np.zeros((0, 8), np.float32), 3.0, 11).n
        22
    """

    block: str
    dimensions: tuple[int, ...]
    directions: np.ndarray
    span: float
    steps: int
    label: int | None = None

    @property
    def n(self) -> int:
        """How many codes it has."""
        return (len(self.dimensions) + len(self.directions)) * self.steps


class Picture(NamedTuple):
    """An image of the visitor's own, and the latents that are to be its posterior means.

    Attributes:
        pixels: the bytes of `(C, H, W)`, or the numbers of a row.
        latents: their names.

    Example:
        >>> len(Picture(bytes(28 * 28), ("z",)).pixels)
        784
    """

    pixels: bytes
    latents: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What a visitor wants to see, n observations: some variables are fixed, the rest is generated.

    The latents that nothing fixes are the means of their priors, or draws.

    Attributes:
        number: comes back with the answer.
        model: the name of the checkpoint.
        n: how many observations: as many as there are codes or labels, and where there are none, as many as `n` says, one unless it does.
        codes: latents that are fixed, `(n, D)` each.
        mixes: latents that are fixed at weighted sums of the posterior means of atlas items, n sums each.
        label: the class, n numbers.
        picture: latents that are fixed at the posterior means of an image, n being 1.
        betas: of the blocks of a multi-rate model; a block that is left out has its usual one.
        seed: of draws from the priors; their means unless given.
        temperature: of those draws.
        moved: `moved[block][dimension]` is put in place of what a code had there, afterwards.
        traversal: what then becomes of the one code that the rest says: n rows of it.
        back: answer with the codes that were decoded too.
        classes: answer with what the priors say of their class too.

    Example:
        >>> Request.read('{"id": 7, "model": "a", "codes": {"z": [[0.5, 1.0]]}}').codes["z"].tolist()
        [[0.5, 1.0]]
    """

    number: int
    model: str
    n: int
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    mixes: dict[str, tuple[WeightedItems, ...]] = field(default_factory=dict)
    label: tuple[int, ...] | None = None
    picture: Picture | None = None
    betas: dict[str, float] = field(default_factory=dict)
    seed: int | None = None
    temperature: float = 1.0
    moved: dict[str, dict[int, float]] = field(default_factory=dict)
    traversal: Traversal | None = None
    back: bool = False
    classes: bool = False

    @classmethod
    def read(cls, text: str) -> "Request":
        """A request from JSON. Raises ValueError with one sentence for anything that is none.

        >>> Request.read('{"id": 7, "model": "a", "codes": {"z": [[0.5, 1.0]]}}').codes["z"].tolist()
        [[0.5, 1.0]]
        """
        return cls.of(parsed(text))

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "Request":
        """A request from what `parsed` made of its text. Raises ValueError as `read` does."""
        codes = {name: _matrix(name, rows) for name, rows in _table(asked, "codes").items()}
        mixes = {name: _weighted_items(name, rows) for name, rows in _table(asked, "mix").items()}
        label = _label(asked.get("label"))
        sizes = {
            len(rows) for rows in [*codes.values(), *mixes.values(), *([] if label is None else [label])]
        }
        if len(sizes) > 1:
            raise ValueError(f"codes, mix and label need equally many rows, not {sorted(sizes)}")
        n = sizes.pop() if sizes else _whole("n", asked.get("n", 1))
        picture = _picture(asked.get("image"))
        if picture and n != 1:
            raise ValueError("an image is encoded to one row, so it goes with one row of everything else")
        traversal = _traversal(_table(asked, "traverse"))
        if traversal and n != 1:
            raise ValueError(f"a traversal starts from one code, not from {n}")
        n = traversal.n if traversal else n
        if not 1 <= n <= MOST_ROWS:
            raise ValueError(f"a request asks for 1 to {MOST_ROWS} images, this one for {n}")
        draw = _table(asked, "draw")
        return cls(
            _whole("id", asked.get("id", 0)),
            asked["model"],
            n,
            codes,
            mixes,
            label,
            picture,
            {name: _number(f"beta of {name}", beta) for name, beta in _table(asked, "betas").items()},
            _whole("seed", draw["seed"]) if "seed" in draw else None,
            _number("temperature", draw.get("temperature", 1.0)),
            {name: _moves(name, moves) for name, moves in _table(asked, "move").items()},
            traversal,
            bool(asked.get("back", False)),
            bool(asked.get("classes", False)),
        )


def parsed(text: str) -> dict[str, Any]:
    """The JSON object of a request.

    Args:
        text: of the request.

    Returns:
        The object, as JSON has it.

    Raises:
        ValueError: for a text that is too long, or none, or does not name its model.

    Example:
        >>> parsed('{"model": "vae-mnist", "label": [3]}')
        {'model': 'vae-mnist', 'label': [3]}
        >>> parsed("[]")
        Traceback (most recent call last):
        ValueError: a request is a JSON object that names its model
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"a request has at most {MOST_CHARACTERS:,} characters, this one {len(text):,}: ask for fewer images"
        )
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the request is no JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("model"), str):
        raise ValueError("a request is a JSON object that names its model")
    return asked


class Answer(NamedTuple):
    """What is answered to a request.

    Attributes:
        pixels: grey or colour, `(n, H, W, C)`, uint8.
        codes: where they were asked for, the codes they were decoded from, `(n, D)` by latent.
        classes: where it was asked for, p(class | codes), `(n, K)` (`explore.class_of_codes`).
        took: seconds from the beginning of the batch that it was decoded in to its end.

    Example:
        >>> Answer(np.zeros((2, 28, 28, 1), np.uint8), {}).pixels.shape
        (2, 28, 28, 1)
    """

    pixels: np.ndarray
    codes: dict[str, np.ndarray]
    classes: np.ndarray | None = None
    took: float = 0.0


def _table(asked: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = asked.get(key) or {}
    if not isinstance(table, dict):
        raise ValueError(f"{key} of a request is an object of names and values")
    return table


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:  # nor NaN
        raise ValueError(f"{what} must be a number of at most {LARGEST:g}, not {str(value)[:40]}")
    return float(value)


def _whole(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{what} must be a whole number from 0 on, not {str(value)[:40]}")
    return value


def _check_count(rows: Any, what: str = "images") -> None:
    """Raises ValueError for more of them than a request asks for, before anything is made of each."""
    if isinstance(rows, list | dict) and len(rows) > MOST_ROWS:
        raise ValueError(f"a request asks for 1 to {MOST_ROWS} {what}, this one for {len(rows)}")


def _matrix(name: str, rows: Any) -> np.ndarray:
    _check_count(rows)
    try:
        matrix = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        matrix = np.empty(0)
    if matrix.ndim != 2 or not matrix.size or not (np.abs(matrix) <= LARGEST).all():
        raise ValueError(f"codes of {name} are rows of finite numbers, equally many in each")
    return matrix.astype(np.float32)


def _weighted_items(name: str, rows: Any) -> tuple[WeightedItems, ...]:
    _check_count(rows)
    wrong = ValueError(f"mix of {name} has rows of 1 to {MOST_ITEMS} pairs [item, weight]")
    try:
        sums = tuple(
            tuple((_whole("item", item), _number("weight", weight)) for item, weight in row) for row in rows
        )
    except (TypeError, ValueError):
        raise wrong from None
    if not sums or not all(1 <= len(row) <= MOST_ITEMS for row in sums):
        raise wrong
    return sums


def _traversal(asked: Mapping[str, Any]) -> Traversal | None:
    if not asked:
        return None
    numbers, vectors = asked.get("dimensions") or [], asked.get("directions") or []
    if not isinstance(asked.get("block"), str) or not isinstance(numbers, list):
        raise ValueError("traverse names its block, and dimensions of it in a list")
    _check_count(numbers, "dimensions")
    directions = _matrix("directions", vectors) if vectors else np.empty((0, 0), np.float32)
    span, steps = _number("span", asked.get("span")), _whole("steps", asked.get("steps"))
    if not span > 0 or not 2 <= steps <= MOST_ROWS:
        raise ValueError(f"a traversal has a span above 0 and 2 to {MOST_ROWS} steps")
    dimensions = tuple(_whole("dimension", number) for number in numbers)
    label = None if asked.get("label") is None else _whole("label", asked["label"])
    return Traversal(asked["block"], dimensions, directions, span, steps, label)


def _picture(asked: Any) -> Picture | None:
    if asked is None:
        return None
    try:
        pixels = base64.b64decode(asked["pixels"], validate=True)
        latents = tuple(asked["latents"])
    except (TypeError, KeyError, ValueError):
        raise ValueError("image is an object of pixels, in base64, and latents, a list of names") from None
    if len(pixels) > MOST_BYTES or not all(isinstance(name, str) for name in latents):
        raise ValueError(f"an image has at most {MOST_BYTES:,} bytes, and its latents are names")
    return Picture(pixels, latents)


def _label(label: Any) -> tuple[int, ...] | None:
    if label is None:
        return None
    if not isinstance(label, list) or not label:
        raise ValueError("label is a list of class numbers, one for each image")
    _check_count(label)
    return tuple(_whole("label", number) for number in label)


def _moves(name: str, moves: Any) -> dict[int, float]:
    if not isinstance(moves, dict) or not all(key.isdecimal() and len(key) < 6 for key in moves):
        raise ValueError(f"move of {name} is an object of dimensions and values")
    return {int(key): _number(f"{name}[{key}]", value) for key, value in moves.items()}
