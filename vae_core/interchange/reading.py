"""By which reading of values, outputs and spreads two graphs make sense: tests on data.

Shapes: B examples, D dimensions of a block.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..graphs import GraphError
from ..models.foreign import SPREADS, Latent, Onnx, moments
from ..models.values import back, laid_out, read_values, shown_values
from .search import Search, decoded_by, error_of, output_layout, outputs_of, role_of, values_of


class Reading(NamedTuple):
    """One way to read the values of both graphs, the root mean squared error of what it decodes, and E[mean^2] of its codes."""

    values: str
    output_is: str
    error: float
    moment: float = 1.0


# A second moment beyond this factor of 1 is that of no spread under N(0, I).
CLEAR = 1.5
# Readings whose errors are within this factor of the least decode alike.
ALIKE = 1.02


def readings(search: Search, decoded: Tensor, values: Sequence[str], output: str) -> Iterator[Reading]:
    """The error of each way to read a decoder's output of that name, in units of what is shown."""
    layout = output_layout(search, decoded, "as is")
    laid = back(decoded, search.kind, layout)
    for name in values:
        for output_is in outputs_of(search, name, output):
            shown = shown_values(laid, search.kind, name, output_is)
            yield Reading(name, output_is, error_of(search, shown))


def tested(search: Search, told: Onnx) -> Onnx:
    """The declaration with the values that the encoder reads, and what the decoder's output is, which decode nearest to the data."""
    found: dict[Reading, Onnx] = {}
    for values in values_of(search):
        declared = replace(told, reads=values)
        given = laid_out(read_values(search.x, search.kind, values), search.kind, told.layout)
        more = {name: torch.full((len(given), 1), value) for name, value in told.held.items()}
        outputs = search.encoded({told.input: given, **more})
        codes = {
            latent.input: moments(outputs, latent)[0].unflatten(-1, latent.shape)
            for latent in told.latents.values()
        }
        moment = torch.cat([code.flatten(1) for code in codes.values()], 1).square().mean().item()
        decoded = decoded_by(search, codes, told.output, told.held)
        layout = output_layout(search, decoded, told.layout)
        laid = back(decoded, search.kind, layout)
        for output_is in outputs_of(search, values, told.output):
            shown = shown_values(laid, search.kind, values, output_is)
            reading = Reading(values, output_is, error_of(search, shown), moment)
            found[reading] = replace(declared, output_is=output_is, output_layout=layout)
    least = min(reading.error for reading in found)
    near = [reading for reading in found if reading.error <= ALIKE * least + 1e-6]
    best = min(near, key=lambda reading: (_strangeness(reading), reading.error))
    _say_reading(search, best, list(found))
    return found[best]


def _strangeness(reading: Reading) -> float:
    """How far E[mean^2] is from the 1 of N(0, I), by its logarithm: what tells readings apart that decode alike."""
    return abs(math.log(max(reading.moment, 1e-12)))


def _say_reading(search: Search, best: Reading, tried: Sequence[Reading]) -> None:
    others = sorted((reading for reading in tried if reading != best), key=lambda reading: reading.error)
    by = "as was asked or named"
    if others:
        near = others[0]
        by = f"by a test on {len(search.x)} {search.kind.many}: error {best.error:.3g}, next best {near.error:.3g} ({near.values}, {near.output_is})"
        if near.error <= ALIKE * best.error + 1e-6:
            by += f"; they decode alike, and E[mean²], 1 of a used dimension, is {best.moment:.3g} and {near.moment:.3g}"
    search.notes.append(
        f"the encoder reads {best.values} values and the decoder gives {best.output_is}, {by}"
    )
    plain = error_of(search, search.x.mean(0, keepdim=True).expand_as(search.x))
    if best.error >= plain:
        search.notes.append(
            f"doubt: what is decoded is no nearer to the data ({best.error:.3g}) than their mean is ({plain:.3g}): "
            "is it the data that the model was trained on?"
        )


def with_spreads(search: Search, told: Onnx) -> Onnx:
    """The declaration with what each spread is: by option, by name, or by which makes E[mean^2 + sigma^2] nearest to 1, as a prior N(0, I)
    has it."""
    given = laid_out(read_values(search.x, search.kind, told.reads), search.kind, told.layout)
    more = {name: torch.full((len(given), 1), value) for name, value in told.held.items()}
    outputs = search.encoded({told.input: given, **more})
    latents = {name: _with_spread(search, name, latent, outputs) for name, latent in told.latents.items()}
    return replace(told, latents=latents)


def _with_spread(search: Search, block: str, latent: Latent, outputs: Mapping[str, Tensor]) -> Latent:
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
    value = value.chunk(2, dim=latent.along)[1] if latent.spread == latent.mean else value
    kinds = ["log-variance", "log-scale"] if (value < 0).any() else ["variance", "scale"]
    second = {kind: _second_moment(search, replace(latent, spread_is=kind), outputs) for kind in kinds}
    best = min(kinds, key=lambda kind: abs(math.log(max(second[kind], 1e-12))))
    told = ", ".join(f"{moment:.3g} as a {kind}" for kind, moment in second.items())
    what = "E[mean² + σ²], 1 under N(0, I)" if search.codes is None else "E[z mean + σ²], 1 of z ~ N(0, I)"
    search.notes.append(f"the spread of {block} is a {best}, by a test: {what}, is {told}")
    if not 1 / CLEAR < second[best] < CLEAR:
        search.notes.append(
            f"doubt: none of these is near 1, so the spread of {block} may be something else, and its rate with it: say what it is by --spread-is"
        )
    return replace(latent, spread_is=best)


def _second_moment(search: Search, latent: Latent, outputs: Mapping[str, Tensor]) -> float:
    """E[mean^2 + sigma^2], the second moment of the aggregate posterior. At observations that are decoded of known codes z, which have no
    noise, means vary less: there E[z mean + sigma^2] is 1 in the linear case, where mean = (1 - sigma^2) z."""
    mean, log_scale = moments(outputs, latent)
    other = mean if search.codes is None else search.codes
    return (other * mean + (2 * log_scale.clamp(max=20)).exp()).mean().item()
