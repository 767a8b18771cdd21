"""What the inputs and outputs of two graphs are: by name, by option, or by a test on data; and a sentence on each that says which.

Shapes: B examples, D dimensions of a block.
"""

import contextlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..data import Data
from ..graphs import GraphError, OnnxGraph, Port
from ..kinds import Image, Kind
from ..models.declared import MOST
from ..models.foreign import (
    IMAGE_VALUES,
    SPREADS,
    TABLE_VALUES,
    Latent,
    Onnx,
    back,
    check_name,
    laid_out,
    moments,
    read_values,
    shown_values,
)

# Observations that a test looks at, and the numbers that they have at most: 16 observations however large they are.
TRIED, MOST_TRIED = 256, 4_000_000


@dataclass(frozen=True)
class Asked:
    """What is said of two graphs by whoever brings them; what is not said is found.

    mean, spread: outputs of the encoder. spread_is: one of `models.foreign.SPREADS`. reads: what the encoder reads, unit (0 to 1),
    signed (-1 to 1) or bytes (0 to 255) of images, raw or standardised of a table. reconstruction: an output of the decoder. output_is: logits,
    probabilities, or means in the values that the encoder reads.
    """

    mean: str | None = None
    spread: str | None = None
    spread_is: str | None = None
    reads: str | None = None
    reconstruction: str | None = None
    output_is: str | None = None
    likelihood: str | None = None
    gamma: float | None = None


class Found(NamedTuple):
    """The declaration of a model of two graphs, and sentences on what was found, and what is to be doubted."""

    declaration: Onnx
    notes: list[str]


@dataclass
class _Search:
    encoder: OnnxGraph
    decoder: OnnxGraph
    kind: Kind
    x: Tensor
    """Observations as they are scored: images in [0, 1], rows in their units."""
    asked: Asked
    notes: list[str] = field(default_factory=list)


def find(encoder: OnnxGraph, decoder: OnnxGraph, data: Data, asked: Asked) -> Found:
    """What two graphs take and give, on the first rows of `data`.

    Raises GraphError (one sentence) where they are no encoder and decoder, do not fit the data or each other, or give no finite numbers.
    """
    tried = max(16, min(TRIED, MOST_TRIED // data.kind.size))
    shown = data.kind.shown(data.images[:tried])
    search = _Search(encoder, decoder, data.kind, shown, asked)
    held = _held(search)
    entrance = _entrance(search, held)
    layout = _layout(search, entrance, held)
    exits = [port for port in decoder.inputs if port.name not in held]
    outputs = _encoded(search, entrance, layout, held, _values(search)[0])
    latents = _blocks(search, outputs, exits)
    told = Onnx(
        latents=latents,
        input=entrance.name,
        output=_reconstruction(search),
        layout=layout,
        likelihood=asked.likelihood,
        gamma=asked.gamma,
        held=held,
    )
    told = _tested(search, told)
    return Found(_with_spreads(search, told), search.notes)


def _held(search: _Search) -> dict[str, float]:
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


def _entrance(search: _Search, held: Mapping[str, float]) -> Port:
    """The one input of an encoder."""
    inputs = [port for port in search.encoder.inputs if port.name not in held]
    if len(inputs) != 1:
        told = ", ".join(port.told for port in inputs) or "nothing"
        raise GraphError(
            f"{search.encoder.name} takes {told}, and an encoder takes one observation: export q(z | x) alone"
        )
    return inputs[0]


def _layout(search: _Search, port: Port, held: Mapping[str, float]) -> str:
    """How an observation lies in the encoder's input."""
    sides = _layouts(search.kind)
    fitting = [name for name, shape in sides.items() if _fits(port.shape[1:], shape)]
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


def _that_runs(search: _Search, port: Port, held: Mapping[str, float], layouts: Sequence[str]) -> str:
    """The first way to lay out observations that the encoder can be run on, where its sides are free."""
    for layout in layouts:
        x = laid_out(search.x[:2], search.kind, layout)
        with contextlib.suppress(GraphError):
            search.encoder.run({port.name: x, **{name: torch.ones(len(x), 1) for name in held}})
            return layout
    return layouts[0]


WORDS = {"channels last": "with channels last", "no channel": "without a channel", "flat": "as flat rows"}


def _layouts(kind: Kind) -> dict[str, tuple[int, ...]]:
    shape = kind.shape
    if not isinstance(kind, Image):
        return {"as is": shape}
    channels, height, width = shape
    more = {"no channel": (height, width)} if channels == 1 else {}
    return {"as is": shape, "channels last": (height, width, channels), **more, "flat": (kind.size,)}


def _fits(declared: Sequence[int | None], shape: Sequence[int]) -> bool:
    return len(declared) == len(shape) and all(
        side in (None, known) for side, known in zip(declared, shape, strict=True)
    )


def _values(search: _Search) -> tuple[str, ...]:
    """The values that an encoder may read, the likeliest first."""
    choices = IMAGE_VALUES if isinstance(search.kind, Image) else TABLE_VALUES
    if search.asked.reads is None:
        return choices
    if search.asked.reads not in choices:
        raise GraphError(
            f"an encoder of {search.kind.many} does not read values that are {search.asked.reads!r}: "
            f"choose one of {', '.join(choices)}"
        )
    return (search.asked.reads,)


def _encoded(
    search: _Search, entrance: Port, layout: str, held: Mapping[str, float], values: str
) -> dict[str, Tensor]:
    """What the encoder gives. Raises GraphError for numbers that are not finite, and for rows that are probabilities of classes."""
    given = laid_out(read_values(search.x, search.kind, values), search.kind, layout)
    more = {name: torch.full((len(given), 1), value) for name, value in held.items()}
    outputs = search.encoder.run({entrance.name: given, **more})
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
    again = search.encoder.run({entrance.name: given, **more})
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


class Role(NamedTuple):
    """What an output's name says that it is: "mean" or a kind of spread, and of which block."""

    is_: str
    block: str


# What names of outputs say, the longer word first.
ROLES: dict[str, str] = {
    r"log_?variance|log_?var|z?logv|log_?sigma_?(?:2|sq|squared)|lv": "log-variance",
    r"log_?scale|log_?std(?:dev|ev)?|log_?sigma|log_?sd": "log-scale",
    r"variance|var|sigma_?(?:2|sq|squared)": "variance",
    r"std(?:dev|ev)?|sigma|scale|sd": "scale",
    r"means?|mu|loc": "mean",
}


def role_of(name: str) -> Role | None:
    """What the name of an output says.

    >>> role_of("z_l_log_variance"), role_of("mu"), role_of("output_1")
    (Role(is_='log-variance', block='z_l'), Role(is_='mean', block=''), None)
    """
    plain = re.sub(r"\W+", "_", name.lower()).strip("_")
    for words, is_ in ROLES.items():
        if match := re.fullmatch(
            rf"(?:(?P<before>.*?)_)?(?:{words})(?:_(?P<after>[a-z]\w*))?(?:_?\d)?", plain
        ):
            return Role(is_, (match["before"] or match["after"] or "").strip("_"))
    return None


def _blocks(search: _Search, outputs: Mapping[str, Tensor], exits: Sequence[Port]) -> dict[str, Latent]:
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


def _single(search: _Search, outputs: Mapping[str, Tensor], port: Port) -> Latent:
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
            mean = spread = double[0]
            search.notes.append(
                f"mean and spread: the halves of {mean}, which has {2 * size} numbers for {size} latents"
            )
        elif candidates:
            mean = _best_mean(search, outputs, candidates, port, shape)
        else:
            raise _no_code(search, outputs, port, size)
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
        elif mean not in double:
            search.notes.append("one output only: a plain autoencoder, without posterior and rate")
    return Latent(shape, port.name, mean, spread)


def _no_code(search: _Search, outputs: Mapping[str, Tensor], port: Port, size: int) -> GraphError:
    told = ", ".join(f"{name} ({' x '.join(map(str, value.shape[1:]))})" for name, value in outputs.items())
    return GraphError(
        f"{search.encoder.name} gives {told}, and {search.decoder.name} takes {port.told}: give an encoder and a decoder of one model"
    )


def _code_shape(search: _Search, outputs: Mapping[str, Tensor], port: Port) -> tuple[int, ...]:
    """The shape of the code that a decoder takes, its free sides those of the encoder's mean."""
    declared = port.shape[1:]
    if port.shape and None not in declared:
        shape = tuple(int(side) for side in declared if side is not None)
    else:
        named = [value for name, value in outputs.items() if (role := role_of(name)) and role.is_ == "mean"]
        shape = tuple((named or list(outputs.values()))[0].shape[1:])
        if port.shape and not _fits(declared, shape):
            raise _no_code(search, outputs, port, 0)
    if not 1 <= math.prod(shape) <= MOST:
        raise GraphError(
            f"{search.decoder.name} takes a code of {math.prod(shape):,} numbers, more than {MOST:,}"
        )
    return shape


def _several(search: _Search, outputs: Mapping[str, Tensor], exits: Sequence[Port]) -> dict[str, Latent]:
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
                f"call its outputs {port.name}_mean and {port.name}_log_variance"
            )
        check_name(port.name)
        shape = tuple(outputs[means[0]].shape[1:])
        if not _fits(port.shape[1:], shape):
            raise _no_code(search, outputs, port, math.prod(shape))
        blocks[port.name] = Latent(shape, port.name, means[0], spreads[0] if spreads else "")
        search.notes.append(f"{port.name}: {' and '.join([*means, *spreads[:1]])}, by name")
    return blocks


def _best_mean(
    search: _Search, outputs: Mapping[str, Tensor], names: Sequence[str], port: Port, shape: tuple[int, ...]
) -> str:
    """The output that decodes to what is nearest to the data."""
    output = _reconstruction(search)
    errors = {}
    for name in names:
        decoded = _decoded(search, {port.name: outputs[name].reshape(-1, *shape)}, output)
        errors[name] = min(reading.error for reading in _readings(search, decoded, _values(search)))
    best = min(errors, key=errors.__getitem__)
    search.notes.append(
        f"mean: {best}, by a test: decoded, it is nearer to the data than {_listed(errors, best)}"
    )
    return best


def _listed(errors: Mapping[str, float], best: str) -> str:
    return ", ".join(
        f"{name} ({errors[best]:.3g} against {error:.3g})" for name, error in errors.items() if name != best
    )


def _reconstruction(search: _Search) -> str:
    """The decoder's output that is an observation."""
    outputs, asked = search.decoder.outputs, search.asked.reconstruction
    names = [port.name for port in outputs]
    if asked is not None:
        if asked not in names:
            raise GraphError(
                f"{search.decoder.name} has no output {asked!r}: choose one of {', '.join(names)}"
            )
        return asked
    whole = [
        port
        for port in outputs
        if len(port.shape) < 2
        or any(_fits(port.shape[1:], shape) for shape in _layouts(search.kind).values())
    ]
    if not whole:
        raise GraphError(
            f"{search.decoder.name} gives {', '.join(port.told for port in outputs)}, and the data are {search.kind.many} of "
            f"{' x '.join(map(str, search.kind.shape))}: give a decoder of that size"
        )
    named = [port for port in whole if re.search(r"logits", port.name)] or [
        port for port in whole if re.search(r"mean|recon|x_?hat|decoded", port.name.lower())
    ]
    chosen = (named or whole)[0]
    if len(whole) > 1:
        rest = ", ".join(port.name for port in whole if port is not chosen)
        search.notes.append(f"reconstruction: {chosen.name}; left out: {rest}")
    return chosen.name


def _decoded(
    search: _Search, codes: Mapping[str, Tensor], output: str, held: Mapping[str, float] = {}
) -> Tensor:
    size = len(next(iter(codes.values())))
    more = {name: torch.full((size, 1), value) for name, value in held.items()}
    read = {port.name for port in search.decoder.inputs}
    found = search.decoder.run({**codes, **{name: value for name, value in more.items() if name in read}})[
        output
    ]
    if len(found) != size or found[0].numel() != search.kind.size:
        raise GraphError(
            f"{search.decoder.name} gives {output} of {' x '.join(map(str, found.shape))} for {size} codes, and the data are "
            f"{search.kind.many} of {' x '.join(map(str, search.kind.shape))}: give the decoder of this encoder"
        )
    if not found.isfinite().all():
        raise GraphError(
            f"{search.decoder.name} gives {output} that is NaN or infinite: check its weights, and what values it reads (--reads)"
        )
    return found


def _output_layout(search: _Search, found: Tensor, entrance: str) -> str:
    """How an observation lies in the decoder's output: flat rows are laid as the encoder's input is."""
    fitting = [name for name, shape in _layouts(search.kind).items() if tuple(found.shape[1:]) == shape]
    return entrance if entrance in fitting else fitting[0] if fitting else "flat"


class Reading(NamedTuple):
    """One way to read the values of both graphs, the root mean squared error of what it decodes, and E[mean^2] of its codes."""

    values: str
    output_is: str
    error: float
    moment: float = 1.0


# Readings whose errors are within this factor of the least decode alike.
ALIKE = 1.02


def _readings(search: _Search, decoded: Tensor, values: Sequence[str]) -> Iterator[Reading]:
    """The error of each way to read a decoder's output, in units of what is shown."""
    layout = _output_layout(search, decoded, "as is")
    laid = back(decoded, search.kind, layout)
    for name in values:
        for output_is in _outputs(search, name):
            shown = shown_values(laid, search.kind, name, output_is)
            yield Reading(name, output_is, _error(search, shown))


def _error(search: _Search, shown: Tensor) -> float:
    x = search.x
    if not isinstance(search.kind, Image):  # each feature in units of its own spread
        x, shown = search.kind.standardised(x), search.kind.standardised(shown)  # type: ignore[attr-defined]
    return (shown - x).square().mean().sqrt().nan_to_num(torch.inf).item()


def _outputs(search: _Search, values: str) -> list[str]:
    """What an output may be where the encoder reads these values."""
    if search.asked.output_is is not None:
        return [search.asked.output_is]
    if search.asked.likelihood in ("bernoulli", "continuous-bernoulli"):
        return ["logits", "probabilities"] if values != "signed" else ["logits", "probabilities", "means"]
    binary = isinstance(search.kind, Image) or all(kind == "binary" for kind in search.kind.types)  # type: ignore[attr-defined]
    if values in ("unit", "raw"):
        return ["probabilities", "logits"] if binary else ["means"]
    return ["means", "probabilities", "logits"] if binary else ["means"]


def _tested(search: _Search, told: Onnx) -> Onnx:
    """The declaration with the values that the encoder reads, and what the decoder's output is, which decode nearest to the data."""
    found: dict[Reading, Onnx] = {}
    for values in _values(search):
        declared = replace(told, reads=values)
        given = laid_out(read_values(search.x, search.kind, values), search.kind, told.layout)
        more = {name: torch.full((len(given), 1), value) for name, value in told.held.items()}
        outputs = search.encoder.run({told.input: given, **more})
        codes = {
            latent.input: moments(outputs, latent)[0].unflatten(-1, latent.shape)
            for latent in told.latents.values()
        }
        moment = torch.cat([code.flatten(1) for code in codes.values()], 1).square().mean().item()
        decoded = _decoded(search, codes, told.output, told.held)
        layout = _output_layout(search, decoded, told.layout)
        laid = back(decoded, search.kind, layout)
        for output_is in _outputs(search, values):
            shown = shown_values(laid, search.kind, values, output_is)
            reading = Reading(values, output_is, _error(search, shown), moment)
            found[reading] = replace(declared, output_is=output_is, output_layout=layout)
    least = min(reading.error for reading in found)
    near = [reading for reading in found if reading.error <= ALIKE * least + 1e-6]
    best = min(near, key=lambda reading: (_strangeness(reading), reading.error))
    _say_reading(search, best, list(found))
    return found[best]


def _strangeness(reading: Reading) -> float:
    """How far E[mean^2] is from the 1 of N(0, I), by its logarithm: what tells readings apart that decode alike."""
    return abs(math.log(max(reading.moment, 1e-12)))


def _say_reading(search: _Search, best: Reading, tried: Sequence[Reading]) -> None:
    others = sorted((reading for reading in tried if reading != best), key=lambda reading: reading.error)
    by = "as was asked"
    if others:
        near = others[0]
        by = f"by a test on {len(search.x)} {search.kind.many}: error {best.error:.3g}, next best {near.error:.3g} ({near.values}, {near.output_is})"
        if near.error <= ALIKE * best.error + 1e-6:
            by += f"; they decode alike, and E[mean²], 1 of a used dimension, is {best.moment:.3g} and {near.moment:.3g}"
    search.notes.append(
        f"the encoder reads {best.values} values and the decoder gives {best.output_is}, {by}"
    )
    plain = _error(search, search.x.mean(0, keepdim=True).expand_as(search.x))
    if best.error >= plain:
        search.notes.append(
            f"doubt: what is decoded is no nearer to the data ({best.error:.3g}) than their mean is ({plain:.3g}): "
            "is it the data that the model was trained on?"
        )


def _with_spreads(search: _Search, told: Onnx) -> Onnx:
    """The declaration with what each spread is: by option, by name, or by which makes E[mean^2 + sigma^2] nearest to 1, as a prior N(0, I)
    has it."""
    given = laid_out(read_values(search.x, search.kind, told.reads), search.kind, told.layout)
    more = {name: torch.full((len(given), 1), value) for name, value in told.held.items()}
    outputs = search.encoder.run({told.input: given, **more})
    latents = {name: _with_spread(search, name, latent, outputs) for name, latent in told.latents.items()}
    return replace(told, latents=latents)


def _with_spread(search: _Search, block: str, latent: Latent, outputs: Mapping[str, Tensor]) -> Latent:
    if not latent.spread:
        return latent
    asked = search.asked.spread_is
    if asked is not None:
        if asked not in SPREADS:
            raise GraphError(f"a spread is not {asked!r}: choose one of {', '.join(SPREADS)}")
        return replace(latent, spread_is=asked)
    role = role_of(latent.spread)
    if role is not None and role.is_ in SPREADS:
        search.notes.append(f"{latent.spread} is a {role.is_}, by its name")
        return replace(latent, spread_is=role.is_)
    value = outputs[latent.spread]
    value = value.chunk(2, dim=1)[1] if latent.spread == latent.mean else value
    kinds = ["log-variance", "log-scale"] if (value < 0).any() else ["variance", "scale"]
    second = {kind: _second_moment(replace(latent, spread_is=kind), outputs) for kind in kinds}
    best = min(kinds, key=lambda kind: abs(math.log(max(second[kind], 1e-12))))
    told = ", ".join(f"{moment:.3g} as a {kind}" for kind, moment in second.items())
    search.notes.append(
        f"the spread of {block} is a {best}, by a test: E[mean² + σ²], 1 under N(0, I), is {told}"
    )
    return replace(latent, spread_is=best)


def _second_moment(latent: Latent, outputs: Mapping[str, Tensor]) -> float:
    mean, log_scale = moments(outputs, latent)
    return (mean.square() + (2 * log_scale.clamp(max=20)).exp()).mean().item()
