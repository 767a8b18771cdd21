"""What the inputs and outputs of two graphs are: by name, by option, or by a test on data; and a sentence on each that says which.

Shapes: B examples, D dimensions of a block.
"""

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..data import Data
from ..graphs import WHOLE, GraphError, OnnxGraph, Port, wants_floats
from ..kinds import Image
from ..models.declared import MOST
from ..models.foreign import SPREADS, Latent, Onnx, check_name
from ..models.values import laid_out, read_values
from ..priors import one_hot
from .halves import side_of_mean
from .labels import find_classes
from .reading import readings, tested, with_spreads
from .search import (
    MOST_TRIED,
    TRIED,
    WORDS,
    Asked,
    Search,
    decoded_by,
    fits,
    layouts,
    reconstruction_of,
    role_of,
    values_of,
)


class Found(NamedTuple):
    """The declaration of a model of two graphs, and sentences on what was found, and what is to be doubted."""

    declaration: Onnx
    notes: list[str]


def find(
    encoder: OnnxGraph, decoder: OnnxGraph, data: Data, asked: Asked, codes: Tensor | None = None
) -> Found:
    """What two graphs take and give, on the first rows of `data`, which may be decoded of `codes`.

    Raises GraphError (one sentence) where they are no encoder and decoder, do not fit the data or each other, or give no finite numbers.
    """
    tried = max(16, min(TRIED, MOST_TRIED // data.kind.size))
    shown = data.kind.shown(data.images[:tried])
    y = one_hot(data.labels[:tried], len(data.classes))
    told_codes = None if codes is None else codes[:tried].flatten(1)
    search = Search(encoder, decoder, data.kind, shown, asked, y=y, codes=told_codes)
    held = _held(search)
    find_classes(search, held)
    entrance = _entrance(search, held)
    layout = _layout(search, entrance, held)
    label = search.decoder_class and search.decoder_class.input
    exits = [port for port in decoder.inputs if port.name not in {*held, label}]
    for graph, port in ((encoder, entrance), *((decoder, port) for port in exits)):
        if port.type in WHOLE:
            raise wants_floats(graph.name, port)
    outputs = _encoded(search, entrance, layout, held, values_of(search)[0])
    latents = _blocks(search, outputs, exits)
    told = Onnx(
        latents=latents,
        input=entrance.name,
        output=reconstruction_of(search),
        layout=layout,
        likelihood=asked.likelihood,
        gamma=asked.gamma,
        held=held,
        encoder_class=search.encoder_class,
        decoder_class=search.decoder_class,
    )
    told = tested(search, told)
    return Found(with_spreads(search, told), search.notes)


def _held(search: Search) -> dict[str, float]:
    """Inputs beside x and the latents that are one number an example, such as a beta: held at 1."""
    names = {
        port.name
        for graph in (search.encoder, search.decoder)
        for port in graph.inputs
        if port.name.startswith("beta_") and port.shape[1:] in ((1,), (None,))
    }
    if names:
        search.notes.append(f"{', '.join(sorted(names))}: held at 1")
    return dict.fromkeys(sorted(names), 1.0)


def _entrance(search: Search, held: Mapping[str, float]) -> Port:
    """The one input of an encoder."""
    label = search.encoder_class and search.encoder_class.input
    inputs = [port for port in search.encoder.inputs if port.name not in {*held, label}]
    if len(inputs) != 1:
        told = ", ".join(port.told for port in inputs) or "nothing"
        raise GraphError(
            f"{search.encoder.name} takes {told}, and an encoder takes one observation, and at most the class beside it (--label): "
            "export q(z | x) or q(z | x, y) alone"
        )
    return inputs[0]


def _layout(search: Search, port: Port, held: Mapping[str, float]) -> str:
    """How an observation lies in the encoder's input."""
    sides = layouts(search.kind)
    fitting = [name for name, shape in sides.items() if fits(port.shape[1:], shape)]
    if not port.shape or not fitting:
        size = " (--size brings images to another size)" if isinstance(search.kind, Image) else ""
        raise GraphError(
            f"{search.encoder.name} takes {port.told}, and the data are {search.kind.many} of "
            f"{' x '.join(map(str, search.kind.shape))}: give the data that it was trained on{size}"
        )
    chosen = fitting[0] if len(fitting) == 1 else _that_runs(search, port, held, fitting)
    if chosen != "as is":
        search.notes.append(f"the encoder reads observations {WORDS[chosen]}")
    return chosen


def _that_runs(search: Search, port: Port, held: Mapping[str, float], layouts: Sequence[str]) -> str:
    """The first way to lay out observations that the encoder can be run on, where its sides are free."""
    for layout in layouts:
        x = laid_out(search.x[:2], search.kind, layout)
        with contextlib.suppress(GraphError):
            search.encoded({port.name: x, **{name: torch.ones(len(x), 1) for name in held}})
            return layout
    return layouts[0]


def _encoded(
    search: Search, entrance: Port, layout: str, held: Mapping[str, float], values: str
) -> dict[str, Tensor]:
    """What the encoder gives. Raises GraphError for numbers that are not finite, and for rows that are probabilities of classes."""
    given = laid_out(read_values(search.x, search.kind, values), search.kind, layout)
    more = {name: torch.full((len(given), 1), value) for name, value in held.items()}
    outputs = search.encoded({entrance.name: given, **more})
    for name, value in outputs.items():
        if bad := int((~value.flatten(1).isfinite()).any(1).sum()) if value.dim() > 1 else 0:
            raise GraphError(
                f"{search.encoder.name} gives {name} that is NaN or infinite for {bad} of {len(given)} {search.kind.many}: "
                "check its weights, and what values it reads (--reads)"
            )
    kept = {name: value for name, value in outputs.items() if value.dim() > 1 and len(value) == len(given)}
    if not kept:
        raise GraphError(f"{search.encoder.name} gives no code for each observation: export q(z | x)")
    if len(kept) == 1 and _is_classifier(*kept.values()):
        name, value = next(iter(kept.items()))
        raise GraphError(
            f"{search.encoder.name} gives {name}, {value.shape[1]} shares that add up to 1: this is a classifier, "
            "and not an encoder"
        )
    again = search.encoded({entrance.name: given, **more})
    moving = {name for name in kept if not torch.allclose(kept[name], again[name], atol=1e-4, rtol=1e-4)}
    if moving and len(moving) == len(kept):
        raise GraphError(
            f"{search.encoder.name} gives another code at every run: export the mean of q(z | x), and not a draw of it"
        )
    if moving:
        search.notes.append(f"left out, since a draw: {', '.join(sorted(moving))}")
    return {name: value for name, value in kept.items() if name not in moving}


def _is_classifier(value: Tensor) -> bool:
    rows = value.flatten(1)
    return bool(rows.shape[1] > 1 and (rows >= 0).all() and ((rows.sum(1) - 1).abs() < 1e-3).all())


def _blocks(search: Search, outputs: Mapping[str, Tensor], exits: Sequence[Port]) -> dict[str, Latent]:
    """The latents of a model: for each input of the decoder the outputs of the encoder that are its mean and spread."""
    asked = search.asked
    for name in (asked.mean, asked.spread):
        if name is not None and name not in outputs:
            raise GraphError(
                f"{search.encoder.name} has no output {name!r} for each observation: choose one of {', '.join(outputs)}"
            )
    if not exits:
        raise GraphError(f"{search.decoder.name} takes no code: export p(x | z)")
    if len(exits) == 1:
        return {_called(exits[0].name): _single(search, outputs, exits[0])}
    return _several(search, outputs, exits)


def _called(name: str) -> str:
    """The name of a block: the decoder's input where that is a name, else z."""
    try:
        check_name(name)
    except ValueError:
        return "z"
    return name if len(name) < 12 and not re.fullmatch(r"(?i)(inputs?|latents?|onnx)_?\w*", name) else "z"


def _single(search: Search, outputs: Mapping[str, Tensor], port: Port) -> Latent:
    asked = search.asked
    shape = _code_shape(search, outputs, port)
    size = math.prod(shape)
    fitting = [name for name, value in outputs.items() if value[0].numel() == size]
    double = [name for name, value in outputs.items() if value[0].numel() == 2 * size]
    mean, spread = asked.mean, asked.spread
    if mean is None:
        named = [name for name in fitting if (role := role_of(name)) and role.is_ == "mean"]
        candidates = [name for name in fitting if name != spread]
        if len(named) == 1:
            mean = named[0]
            search.notes.append(f"mean: {mean}, by its name")
        elif len(candidates) == 1:
            mean = candidates[0]
            search.notes.append(f"mean: {mean}, the only output of {size} numbers")
        elif not candidates and len(double) == 1:
            mean = double[0]
        elif candidates:
            mean = _best_mean(search, outputs, candidates, port, shape)
        else:
            raise _no_code(search, outputs, port, size)
    if mean in double and spread in (None, mean):
        along = side_of_mean(search, mean, outputs[mean], port, shape)
        where = f" along side {along}" if outputs[mean].dim() > 2 else ""
        search.notes.append(
            f"mean and spread: the halves of {mean}{where}, which has {2 * size} numbers for {size} latents"
        )
        return Latent(shape, port.name, mean, mean, along=along)
    if spread is None:
        rest = [name for name in fitting if name != mean]
        named = [name for name in rest if (role := role_of(name)) and role.is_ in SPREADS]
        spread = named[0] if len(named) == 1 else rest[0] if rest else ""
        if spread:
            search.notes.append(
                f"spread: {spread}, {'by its name' if named else 'the next output of that size'}"
            )
            if left := [name for name in rest if name != spread]:
                search.notes.append(f"left out: {', '.join(left)}")
        else:
            search.notes.append("one output only: a plain autoencoder, without posterior and rate")
    return Latent(shape, port.name, mean, spread)


def _no_code(search: Search, outputs: Mapping[str, Tensor], port: Port, size: int) -> GraphError:
    told = ", ".join(f"{name} ({' x '.join(map(str, value.shape[1:]))})" for name, value in outputs.items())
    return GraphError(
        f"{search.encoder.name} gives {told}, and {search.decoder.name} takes {port.told}: give an encoder and a decoder of one model"
    )


def _code_shape(search: Search, outputs: Mapping[str, Tensor], port: Port) -> tuple[int, ...]:
    """The shape of the code that a decoder takes, its free sides those of the encoder's mean."""
    declared = port.shape[1:]
    if port.shape and None not in declared:
        shape = tuple(int(side) for side in declared if side is not None)
    else:
        named = [value for name, value in outputs.items() if (role := role_of(name)) and role.is_ == "mean"]
        shape = tuple((named or list(outputs.values()))[0].shape[1:])
        if port.shape and not fits(declared, shape):
            raise _no_code(search, outputs, port, 0)
    if not 1 <= math.prod(shape) <= MOST:
        raise GraphError(
            f"{search.decoder.name} takes a code of {math.prod(shape):,} numbers, more than {MOST:,}"
        )
    return shape


def _several(search: Search, outputs: Mapping[str, Tensor], exits: Sequence[Port]) -> dict[str, Latent]:
    """Blocks whose names the decoder's inputs and the encoder's outputs share, such as z_l: z_l_mean, z_l_log_variance."""
    blocks: dict[str, Latent] = {}
    for port in exits:
        roles = {
            name: role for name in outputs if (role := role_of(name)) and role.block == port.name.lower()
        }
        means = [name for name, role in roles.items() if role.is_ == "mean"]
        spreads = [name for name, role in roles.items() if role.is_ in SPREADS]
        if len(means) != 1:
            raise GraphError(
                f"{search.decoder.name} takes {', '.join(port.told for port in exits)}, and the encoder gives no mean of {port.name}: "
                f"call its outputs {port.name}_mean and {port.name}_log_variance, or say that it is the class (--label {port.name}); hold what else the decoder is told, such as a temperature, at a number as you export it"
            )
        check_name(port.name)
        shape = tuple(outputs[means[0]].shape[1:])
        if not fits(port.shape[1:], shape):
            raise _no_code(search, outputs, port, math.prod(shape))
        blocks[port.name] = Latent(shape, port.name, means[0], spreads[0] if spreads else "")
        search.notes.append(f"{port.name}: {' and '.join([*means, *spreads[:1]])}, by name")
    return blocks


def _best_mean(
    search: Search, outputs: Mapping[str, Tensor], names: Sequence[str], port: Port, shape: tuple[int, ...]
) -> str:
    """The output that decodes to what is nearest to the data."""
    output = reconstruction_of(search)
    errors = {}
    for name in names:
        decoded = decoded_by(search, {port.name: outputs[name].reshape(-1, *shape)}, output)
        errors[name] = min(reading.error for reading in readings(search, decoded, values_of(search), output))
    best = min(errors, key=errors.__getitem__)
    search.notes.append(
        f"mean: {best}, by a test: decoded, it is nearer to the data than {_listed(errors, best)}"
    )
    return best


def _listed(errors: Mapping[str, float], best: str) -> str:
    return ", ".join(
        f"{name} ({errors[best]:.3g} against {error:.3g})" for name, error in errors.items() if name != best
    )
