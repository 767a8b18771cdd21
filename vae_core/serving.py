"""The model behind a live route: requests of many visitors are checked, gathered and decoded together by one frozen model a device.

Shapes: n rows of a request, D dimensions, K classes, C H W image.
"""

import asyncio
import base64
import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Required, TypedDict, TypeVar

import numpy as np
import torch
from torch import Tensor

from .checkpoints import Checkpoint
from .data import Data
from .distributions import Draw, Sampler, mean
from .explore import class_of_codes, codes_of, decode, encode, prior_codes
from .labels import has_label
from .model import Model
from .multirate import rate_name, rates_of, usual
from .names import IMAGE, LABEL
from .priors import one_hot

T = TypeVar("T")

# Bounds of one request: characters of its text, images, items that one code is a sum of.
MOST_CHARACTERS, MOST_ROWS, MOST_ITEMS = 64_000, 128, 64

# Images that are decoded at once. More requests wait for the next batch.
MOST_AT_ONCE = 256

# A weight or a coordinate beyond this is no place that a handle reaches, and would overflow in a net.
LARGEST = 1e4

# Seconds for which a model is taken to be the one that was found: looking costs more than decoding.
LOOK_AGAIN = 1.0

# Bytes of an image that is to be encoded.
MOST_BYTES = 40_000

# A code as a weighted sum of items: ((item, weight), ...).
Mixture = tuple[tuple[int, float], ...]


class AskedImage(TypedDict):
    """Pixels `(C, H, W)` in base64, and the latents that are to be their posterior means."""

    pixels: str
    latents: list[str]


class AskedDraw(TypedDict, total=False):
    """A draw of the prior: from which seed, at which temperature."""

    seed: int
    temperature: float


class Asked(TypedDict, total=False):
    """A request as its JSON says it, which `Request.of` reads; what each part means stands there."""

    id: int
    model: Required[str]
    codes: dict[str, list[list[float]]]
    mix: dict[str, list[list[tuple[int, float]]]]
    label: list[int]
    image: AskedImage
    draw: AskedDraw
    betas: dict[str, float]
    move: dict[str, dict[int, float]]
    back: bool
    classes: bool


class Picture(NamedTuple):
    """An image of the visitor's own, the bytes of `(C, H, W)`, and the latents that are to be its posterior means."""

    pixels: bytes
    latents: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What a visitor wants to see, n images: some variables are fixed, the rest is generated.

    `codes` fixes latents `(n, D)`, `mixes` fixes them at weighted sums of the posterior means of atlas items, n mixtures each, and
    `label` fixes the class, n numbers; `picture` fixes latents at the posterior means of an image, n being 1. The other latents are the means of their priors, or draws at a `temperature` from `seed`.
    Afterwards `moved[block][dimension]` is put in place of what a code had there. `betas` are those of a multi-rate model; a block that
    is left out has its usual one. `number` comes back with the answer; with `back` also the codes that were decoded, and with `classes`
    what the priors say of their class.
    """

    number: int
    model: str
    n: int
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    mixes: dict[str, tuple[Mixture, ...]] = field(default_factory=dict)
    label: tuple[int, ...] | None = None
    picture: Picture | None = None
    betas: dict[str, float] = field(default_factory=dict)
    seed: int | None = None
    temperature: float = 1.0
    moved: dict[str, dict[int, float]] = field(default_factory=dict)
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
        mixes = {name: _mixtures(name, rows) for name, rows in _table(asked, "mix").items()}
        label = _label(asked.get("label"))
        sizes = {
            len(rows) for rows in [*codes.values(), *mixes.values(), *([] if label is None else [label])]
        }
        if len(sizes) > 1:
            raise ValueError(f"codes, mix and label need equally many rows, not {sorted(sizes)}")
        n = sizes.pop() if sizes else 1
        picture = _picture(asked.get("image"))
        if picture and n != 1:
            raise ValueError("an image is encoded to one row, so it goes with one row of everything else")
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
            bool(asked.get("back", False)),
            bool(asked.get("classes", False)),
        )


def parsed(text: str) -> dict[str, Any]:
    """The JSON object of a request. Raises ValueError for a text that is too long, or none, or does not name its model."""
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
    """Grey or colour pixels `(n, H, W, C)`, uint8; where they were asked for, the codes they were decoded from, `(n, D)` by latent, and
    p(class | codes), `(n, K)` (`explore.class_of_codes`)."""

    pixels: np.ndarray
    codes: dict[str, np.ndarray]
    classes: np.ndarray | None = None


class Frozen:
    """The model of a checkpoint on one device, ready to answer: requests become variables that are fixed, and images."""

    def __init__(self, found: Checkpoint, device: torch.device | str = "cpu"):
        device = torch.device(device)
        self.name, self.device = found.name, device
        self.model: Model = found.model if device.type == "cpu" else copy.deepcopy(found.model).to(device)
        self.ladder, self.shape = found.ladder, found.signature.shape
        self.classes = len(found.signature.classes)
        self.usual, self.trained = (
            usual(found.model),
            {block: rate.trained for block, rate in rates_of(found.model).items()},
        )
        self.widths = {
            name: values.shape[1]
            for name, values in self.ladder.rungs[0].means.items()
            if name in found.model.latents
        }
        self.labelled = has_label(found.model)

    def fixed(self, request: Request) -> dict[str, Tensor]:
        """Every variable that a request fixes, `(n, D)`. Raises ValueError for what does not fit the model."""
        betas = self._betas(request.betas)
        values = {name: self._code(name, rows) for name, rows in request.codes.items()}
        values |= {name: self._mixed(name, rows, betas) for name, rows in request.mixes.items()}
        rates = {rate_name(name): torch.full((request.n, 1), math.log(beta)) for name, beta in betas.items()}
        if request.picture is not None:
            values |= self._encoded(request.picture, rates)
        for name, moves in request.moved.items():
            if name == LABEL or max(moves, default=0) >= self._width(name):
                raise ValueError(f"{self.name} has no dimension {max(moves, default=0)} of {name} to move")
        if request.label is not None:
            values[LABEL] = self._label(request.label)
        if needed := [name for name in self.model.inputs(*values) if name not in values]:
            raise ValueError(f"{self.name} needs {', '.join(needed)} to generate the rest: give a label")
        return {name: value.to(self.device) for name, value in (values | rates).items()}

    @torch.inference_mode()
    def decode(self, fixed: Mapping[str, Tensor], requests: Sequence[Request], draw: Draw) -> list[Answer]:
        """The answers to requests whose fixed variables are stacked in `fixed`."""
        n = sum(request.n for request in requests)
        latents = self.model.latents
        codes = dict(fixed)
        if not set(latents) <= set(codes):
            codes |= prior_codes(self.model, fixed, n, draw)
        self._move(codes, requests)
        images = (decode(self.model, codes) * 255).round().byte().movedim(1, -1).cpu().numpy()
        said = None
        if any(request.classes for request in requests):
            said = class_of_codes(self.model, {name: codes[name] for name in latents})
        answers, start = [], 0
        for request in requests:
            rows = slice(start, start + request.n)
            back = {name: codes[name][rows].cpu().numpy() for name in latents} if request.back else {}
            classes = said[rows].cpu().numpy() if request.classes and said is not None else None
            answers.append(Answer(images[rows], back, classes))
            start += request.n
        return answers

    def _move(self, codes: dict[str, Tensor], requests: Sequence[Request]) -> None:
        """Put the moved coordinates in their places."""
        for name in {name for request in requests for name in request.moved}:
            codes[name] = codes[name].clone()
        start = 0
        for request in requests:
            for name, moves in request.moved.items():
                for dimension, value in moves.items():
                    codes[name][start : start + request.n, dimension] = value
            start += request.n

    def _betas(self, asked: Mapping[str, float]) -> dict[str, float]:
        if unknown := sorted(set(asked) - set(self.usual)):
            raise ValueError(f"{self.name} has no beta of {', '.join(unknown)}")
        betas = self.usual | dict(asked)
        for block, beta in betas.items():
            low, high = self.trained[block]
            if not low * (1 - 1e-6) <= beta <= high * (1 + 1e-6):
                raise ValueError(f"beta of {block} is between {low:g} and {high:g}, not {beta:g}")
        return betas

    def _width(self, name: str) -> int:
        if name not in self.widths:
            raise ValueError(f"{self.name} has no latent {name!r}; it has {', '.join(self.widths)}")
        return self.widths[name]

    def _code(self, name: str, rows: np.ndarray) -> Tensor:
        if rows.shape[1] != self._width(name):
            raise ValueError(f"{name} of {self.name} has {self._width(name)} dimensions, not {rows.shape[1]}")
        return codes_of({name: torch.from_numpy(rows)})[name]

    def _mixed(self, name: str, rows: Sequence[Mixture], betas: Mapping[str, float]) -> Tensor:
        """sum_i w_i E q(z | x_i) of each mixture, `(n, D)`; a class is the most probable one of the sum."""
        items = np.array([item for row in rows for item, _ in row])
        weights = np.array([weight for row in rows for _, weight in row], dtype=np.float32)
        self._width(name)
        if items.max() >= (count := len(self.ladder.rungs[0])):
            raise ValueError(f"{self.name} has items 0 to {count - 1:,}, not {items.max():,}")
        means = self.ladder.means_of(name, items, betas) * weights[:, None]
        starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
        return codes_of({name: torch.from_numpy(np.add.reduceat(means, starts, axis=0))})[name]

    @torch.inference_mode()
    def _encoded(self, picture: Picture, rates: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """E q(z | x) of some latents, `(1, D)`, the pixels drawn as those of the atlas were."""
        shape = self.shape
        if len(picture.pixels) != math.prod(shape):
            raise ValueError(
                f"{self.name} encodes images of {' x '.join(map(str, shape))} bytes, not {len(picture.pixels):,}"
            )
        for name in picture.latents:
            self._width(name)
        image = torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8).view(1, *shape)
        data = Data("own", "test", image, torch.zeros(1, dtype=torch.long), ()).scored_by(self.model)
        batch = {IMAGE: data.drawn(), **rates}
        posteriors = encode(self.model, {name: value.to(self.device) for name, value in batch.items()})
        return codes_of({name: posteriors[name].mean.cpu() for name in picture.latents})

    def _label(self, label: Sequence[int]) -> Tensor:
        if not self.labelled:
            raise ValueError(f"{self.name} is not conditioned on a class: leave the label out")
        if max(label) >= self.classes:
            raise ValueError(f"{self.name} has classes 0 to {self.classes - 1}, not {max(label)}")
        return one_hot(torch.tensor(label), self.classes)


class Decoder:
    """Answers many requests at once: those for the same model that fix the same variables are one batch.

    `find` gives the checkpoint of a name, the same object until it has changed; it raises ValueError where there is none.
    """

    def __init__(self, find: Callable[[str], Checkpoint], device: torch.device | str = "cpu"):
        self._find, self._device = find, device
        self._frozen: dict[str, _Known] = {}

    def answer(self, requests: Sequence[Request]) -> list[Answer | ValueError]:
        """An answer to each request, or what is wrong with it in one sentence."""
        answers: list[Answer | ValueError] = [ValueError("not answered")] * len(requests)
        groups: dict[Any, list[tuple[int, dict[str, Tensor]]]] = {}
        for i, request in enumerate(requests):
            try:
                frozen = self._model(request.model)
                fixed = frozen.fixed(request)
            except ValueError as error:
                answers[i] = error
                continue
            alone = i if request.seed is not None else None
            groups.setdefault((request.model, tuple(sorted(fixed)), alone), []).append((i, fixed))
        for (name, *_), members in groups.items():
            places = [i for i, _ in members]
            stacked = {key: torch.cat([fixed[key] for _, fixed in members]) for key in members[0][1]}
            first = requests[places[0]]
            draw = mean if first.seed is None else Sampler.seeded(first.seed, first.temperature)
            found = self._frozen[name].frozen.decode(stacked, [requests[i] for i in places], draw)
            for i, answer in zip(places, found, strict=True):
                answers[i] = answer
        return answers

    def _model(self, name: str) -> Frozen:
        known, now = self._frozen.get(name), time.monotonic()
        if known and now - known.looked < LOOK_AGAIN:
            return known.frozen
        checkpoint = self._find(name)
        frozen = (
            known.frozen if known and known.checkpoint is checkpoint else Frozen(checkpoint, self._device)
        )
        self._frozen[name] = _Known(now, checkpoint, frozen)
        return frozen


class _Known(NamedTuple):
    looked: float
    checkpoint: Checkpoint
    frozen: Frozen


class Batcher:
    """What arrives while one batch is decoded makes the next batch: nobody waits for company, and a crowd shares the work.

    The decoding runs on a thread of its own, so that the event loop goes on.
    """

    def __init__(self, answer: Callable[[Sequence[Request]], Sequence[Answer | ValueError]]):
        self._answer = answer
        self._waiting: list[tuple[Request, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task | None = None
        # One thread of torch: the pages' threads want the other cores, and these batches are small.
        self._thread = ThreadPoolExecutor(1, "decode", initializer=partial(torch.set_num_threads, 1))

    async def __call__(self, request: Request) -> Answer:
        """The answer to one request. Raises ValueError with the sentence that says what is wrong with it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._next()
            try:
                answers = await loop.run_in_executor(self._thread, self._answer, [r for r, _ in batch])
            except Exception as error:
                # A defect must not leave visitors without an answer, nor end the loop for the others.
                answers = [RuntimeError(f"the server failed at this request ({type(error).__name__})")] * len(
                    batch
                )
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue  # its visitor has gone
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    def _next(self) -> list[tuple[Request, asyncio.Future[Answer]]]:
        """The first that wait, as many as are decoded at once."""
        rows, count = 0, 0
        for request, _ in self._waiting:
            rows += request.n
            if count and rows > MOST_AT_ONCE:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


def _table(asked: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = asked.get(key) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{key} of a request is an object of names and values")
    return found


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:  # nor NaN
        raise ValueError(f"{what} must be a number of at most {LARGEST:g}, not {str(value)[:40]}")
    return float(value)


def _whole(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{what} must be a whole number from 0 on, not {str(value)[:40]}")
    return value


def _matrix(name: str, rows: Any) -> np.ndarray:
    try:
        found = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if found.ndim != 2 or not found.size or not (np.abs(found) <= LARGEST).all():
        raise ValueError(f"codes of {name} are rows of finite numbers, equally many in each")
    return found.astype(np.float32)


def _mixtures(name: str, rows: Any) -> tuple[Mixture, ...]:
    wrong = ValueError(f"mix of {name} has rows of 1 to {MOST_ITEMS} pairs [item, weight]")
    try:
        found = tuple(
            tuple((_whole("item", item), _number("weight", weight)) for item, weight in row) for row in rows
        )
    except (TypeError, ValueError):
        raise wrong from None
    if not found or not all(1 <= len(row) <= MOST_ITEMS for row in found):
        raise wrong
    return found


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
    return tuple(_whole("label", number) for number in label)


def _moves(name: str, moves: Any) -> dict[int, float]:
    if not isinstance(moves, dict) or not all(key.isdecimal() and len(key) < 6 for key in moves):
        raise ValueError(f"move of {name} is an object of dimensions and values")
    return {int(key): _number(f"{name}[{key}]", value) for key, value in moves.items()}
