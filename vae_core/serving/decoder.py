"""The model behind a live route: requests become variables that are fixed, and those alike are decoded together.

Shapes: n rows of a request, D dimensions, K classes, C H W image.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..checkpoints import Checkpoint
from ..data import Data
from ..data.embedded import pictures_in
from ..distributions import Draw, Sampler, mean
from ..explore import (
    along_direction,
    class_of_codes,
    codes_of,
    decode,
    encode,
    prior_codes,
    ruler,
    settled,
    traversal,
    with_class,
)
from ..labels import has_label
from ..model import Model
from ..multirate import rate_name, rates_of, usual
from ..names import IMAGE, LABEL
from ..priors import one_hot
from .request import Answer, Picture, Request, Traversal, WeightedItems

# Seconds for which a model is taken to be the one that was found: looking costs more than decoding.
LOOK_AGAIN = 1.0

# Models that are held ready at once.
MOST_KNOWN = 16


class Frozen:
    """The model of a checkpoint on one device, ready to answer: requests become variables that are fixed, and images.

    Args:
        checkpoint: the checkpoint, which has an atlas.
        device: where the model is to be.

    Raises:
        CheckpointError: for a checkpoint without an atlas, or with a damaged one.

    Example:
        >>> from vae_core.checkpoints import load
        >>> frozen = Frozen(load("ppca-mnist"))
        >>> frozen.fixed(Request.of({"model": "ppca-mnist", "mix": {"z": [[[0, 1.0]]]}}))["z"].shape
        torch.Size([1, 16])
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device | str = "cpu"):
        device = torch.device(device)
        self.name, self.device = checkpoint.name, device
        self.model: Model = (
            checkpoint.model if device.type == "cpu" else copy.deepcopy(checkpoint.model).to(device)
        )
        self.atlas_grid, self.shape = checkpoint.atlas_grid, checkpoint.signature.shape
        self.classes, self.kind = len(checkpoint.signature.classes), checkpoint.signature.kind
        self.usual, self.trained = (
            usual(checkpoint.model),
            {block: rate.trained for block, rate in rates_of(checkpoint.model).items()},
        )
        self.widths = {
            name: values.shape[1]
            for name, values in self.atlas_grid.atlases[0].means.items()
            if name in checkpoint.model.latents
        }
        if LABEL in self.model.coded:  # of a class that is no latent an item has its own
            self.widths.setdefault(LABEL, self.classes)
        self.labelled = has_label(checkpoint.model)
        self.pictures = (
            pictures_in(checkpoint.folder, len(self.atlas_grid.atlases[0])) if self.model.no_decoder else None
        )

    def fixed(self, request: Request) -> dict[str, Tensor]:
        """Every variable that a request fixes, `(n, D)`. Raises ValueError for what does not fit the model."""
        if self.model.no_decoder and not _of_items(request):
            raise ValueError(self.model.no_decoder)
        if request.traversal is None:
            return self._fixed(request)
        start = replace(request, traversal=None, n=1)
        return self._traversed(self._whole(self._fixed(start), [start], _draw(start)), request.traversal)

    def _fixed(self, request: Request) -> dict[str, Tensor]:
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
        needed = [name for name in self.model.inputs(*values) if name not in values]
        if set(self.model.coded) <= set(values):  # the class is read for the spread alone
            needed = [name for name in needed if name != LABEL]
        if needed:
            raise ValueError(f"{self.name} needs {', '.join(needed)} to generate the rest: give a label")
        return {name: value.to(self.device) for name, value in (values | rates).items()}

    @torch.inference_mode()
    def decode(self, fixed: Mapping[str, Tensor], requests: Sequence[Request], draw: Draw) -> list[Answer]:
        """The answers to requests whose fixed variables are stacked in `fixed`."""
        latents = self.model.coded
        codes = self._whole(fixed, requests, draw)
        images = self._images(codes, requests)
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

    @torch.inference_mode()
    def _whole(
        self, fixed: Mapping[str, Tensor], requests: Sequence[Request], draw: Draw
    ) -> dict[str, Tensor]:
        """What is fixed with the latents that are not, and moved."""
        codes = dict(fixed)
        if not set(self.model.coded) <= set(codes):
            codes |= prior_codes(self.model, fixed, sum(request.n for request in requests), draw)
        self._move(codes, requests)
        return codes

    @torch.inference_mode()
    def _traversed(self, start: Mapping[str, Tensor], asked: Traversal) -> dict[str, Tensor]:
        """The rows of a traversal of one code `(1, D)`, directions first, `(n, D)`."""
        width = self._width(asked.block)
        if asked.block not in self.model.blocks or max(asked.dimensions, default=0) >= width:
            raise ValueError(
                f"{self.name} has no dimension {max(asked.dimensions, default=0)} of {asked.block} to traverse"
            )
        if len(asked.directions) and asked.directions.shape[1] != width:
            raise ValueError(f"a direction in {asked.block} of {self.name} has {width} dimensions")
        given = start if asked.label is None else {LABEL: self._label([asked.label]).to(self.device), **start}
        scale = ruler(self.model, asked.block, given, asked.span, asked.steps)
        units = torch.from_numpy(asked.directions).to(self.device)
        rows = [along_direction(self.model, start, asked.block, unit, scale.along(unit)) for unit in units]
        if asked.dimensions:
            code, order = {name: part[0] for name, part in start.items()}, list(asked.dimensions)
            moved = traversal(code, asked.block, order, scale.values[order])
            rows.append(settled(self.model, moved, [asked.block]))
        return {name: torch.cat([row[name] for row in rows]) for name in start}

    def _images(self, codes: Mapping[str, Tensor], requests: Sequence[Request]) -> np.ndarray:
        """What is decoded of codes, `(n, H, W, C)`; where nothing can be decoded, the pictures of the items that they are of."""
        if not self.model.no_decoder:
            return self.kind.picture(decode(self.model, codes)).movedim(1, -1).cpu().numpy()
        if self.pictures is None:
            return self.kind.picture(codes[self.model.blocks[0]].cpu()).movedim(1, -1).numpy()
        items = [item for request in requests for ((item, _),) in request.mixes[self.model.blocks[0]]]
        return np.moveaxis(self.pictures[items], 1, -1)

    def _move(self, codes: dict[str, Tensor], requests: Sequence[Request]) -> None:
        """Put the moved coordinates in their places, parents first; what hangs below one of them is generated anew before its own moves."""
        for name in [name for name in self.model.p if any(name in request.moved for request in requests)]:
            below = self.model.below(name)
            for part in (name, *below):
                codes[part] = codes[part].clone()
            start = 0
            for request in requests:
                rows = slice(start, start + request.n)
                moves = {} if request.traversal else request.moved.get(name, {})  # that has moved before
                for dimension, value in moves.items():
                    codes[name][rows, dimension] = value
                if below and moves:
                    anew = settled(self.model, {n: code[rows] for n, code in codes.items()}, [name])
                    for part in below:
                        codes[part][rows] = anew[part]
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

    def _mixed(self, name: str, rows: Sequence[WeightedItems], betas: Mapping[str, float]) -> Tensor:
        """sum_i w_i E q(z | x_i) of each mixture, `(n, D)`; a class is the most probable one of the sum."""
        items = np.array([item for row in rows for item, _ in row])
        weights = np.array([weight for row in rows for _, weight in row], dtype=np.float32)
        self._width(name)
        if items.max() >= (count := len(self.atlas_grid.atlases[0])):
            raise ValueError(f"{self.name} has items 0 to {count - 1:,}, not {items.max():,}")
        if name == LABEL and name not in self.model.latents:
            own = torch.from_numpy(self.atlas_grid.atlases[0].labels[items])
            means = one_hot(own, self.classes).numpy() * weights[:, None]
        else:
            means = self.atlas_grid.means_of(name, items, betas) * weights[:, None]
        starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
        return codes_of({name: torch.from_numpy(np.add.reduceat(means, starts, axis=0))})[name]

    @torch.inference_mode()
    def _encoded(self, picture: Picture, rates: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """E q(z | x) of some latents, `(1, D)`, the pixels drawn as those of the atlas were; a class that is read and not given is the likeliest
        by the bound."""
        shape = self.shape
        if len(picture.pixels) != math.prod(shape) * self.kind.dtype.itemsize:
            raise ValueError(
                f"{self.name} encodes {self.kind.many} of {' x '.join(map(str, shape))} bytes, not {len(picture.pixels):,}"
                if self.kind.dtype.itemsize == 1
                else f"{self.name} encodes {self.kind.many} of {math.prod(shape):,} numbers of {self.kind.dtype.itemsize} bytes, "
                f"not {len(picture.pixels):,} bytes"
            )
        for name in picture.latents:
            self._width(name)
        stored = torch.frombuffer(bytearray(picture.pixels), dtype=self.kind.dtype).view(1, *shape)
        data = Data("own", "test", stored, torch.zeros(1, dtype=torch.long), (), kind=self.kind).scored_by(
            self.model
        )
        batch = {IMAGE: data.drawn(), **rates}
        batch = with_class(self.model, {name: value.to(self.device) for name, value in batch.items()})
        means = {**batch, **{name: q.mean for name, q in encode(self.model, batch).items()}}
        return codes_of({name: means[name].cpu() for name in picture.latents})

    def _label(self, label: Sequence[int]) -> Tensor:
        if not self.labelled:
            raise ValueError(f"{self.name} is not conditioned on a class: leave the label out")
        if max(label) >= self.classes:
            raise ValueError(f"{self.name} has classes 0 to {self.classes - 1}, not {max(label)}")
        return one_hot(torch.tensor(label), self.classes)


def _of_items(request: Request) -> bool:
    """Whether it asks for items of the atlas alone, as they are."""
    alone = all(len(row) == 1 for rows in request.mixes.values() for row in rows)
    changed = request.codes or request.picture or request.moved or request.traversal
    return bool(request.mixes) and alone and not changed


def _draw(request: Request) -> Draw:
    """What stands for a prior: its mean, or draws."""
    return mean if request.seed is None else Sampler.seeded(request.seed, request.temperature)


class LiveDecoder:
    """Answers many requests at once: those for the same model that fix the same variables are one batch.

    Args:
        find: gives the checkpoint of a name, the same object until it has changed; it raises ValueError
            where there is none.
        device: where models are to be.

    Example:
        >>> from vae_core.checkpoints import load
        >>> answers = LiveDecoder(load).answer([Request(0, "ppca-mnist", n=2), Request(1, "gone", n=1)])
        >>> answers[0].pixels.shape, type(answers[1]).__name__
        ((2, 28, 28, 1), 'CheckpointError')
    """

    def __init__(self, find: Callable[[str], Checkpoint], device: torch.device | str = "cpu"):
        self._find, self._device = find, device
        self._frozen: dict[str, _Known] = {}

    def answer(self, requests: Sequence[Request]) -> list[Answer | ValueError]:
        """An answer to each request, or what is wrong with it in one sentence."""
        answers: list[Answer | ValueError] = [ValueError("not answered")] * len(requests)
        groups: dict[Any, list[tuple[int, dict[str, Tensor]]]] = {}
        used: dict[str, Frozen] = {}
        for i, request in enumerate(requests):
            try:
                frozen = used[request.model] = self._model(request.model)
                fixed = frozen.fixed(request)
            except ValueError as error:
                answers[i] = error
                continue
            alone = i if request.seed is not None else None
            groups.setdefault((request.model, tuple(sorted(fixed)), alone), []).append((i, fixed))
        for (name, *_), members in groups.items():
            places = [i for i, _ in members]
            stacked = {key: torch.cat([fixed[key] for _, fixed in members]) for key in members[0][1]}
            decoded = used[name].decode(stacked, [requests[i] for i in places], _draw(requests[places[0]]))
            for i, answer in zip(places, decoded, strict=True):
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
        if (
            len(self._frozen) > MOST_KNOWN
        ):  # those that nobody has asked for longest are found again when somebody does
            kept = sorted(self._frozen.copy().items(), key=lambda each: each[1].looked)[-MOST_KNOWN:]
            self._frozen = dict(kept)
        return frozen


class _Known(NamedTuple):
    looked: float
    checkpoint: Checkpoint
    frozen: Frozen
