"""A model that was trained elsewhere: its nets are ONNX graphs, and a card says what their inputs and outputs are.

Shapes: B examples, D dimensions of a block, C H W image, F features.
"""

import copy
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..conditionals import LOG_SCALE_RANGE, Conditional, DiagonalGaussian, Env, Feature, Likelihood, Point
from ..distributions import diagonal_normal
from ..graphs import OnnxGraph, Port, read_graph
from ..kinds import Image, Kind, Table
from ..likelihoods import (
    BernoulliFeatures,
    BernoulliPixels,
    ContinuousBernoulliPixels,
    GaussianFeatures,
    GaussianPixels,
    OptimalGaussianPixels,
)
from ..model import Model
from ..names import IMAGE, LABEL
from ..priors import Constant, StandardNormal
from ..readings import AS_STORED, GREY
from .declared import Declaration, Signature, positive
from .values import CLASS_FORMS, ClassInput, back, class_given, laid_out, read_values, shown_values

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"

# What an encoder's second output may say of the spread of the posterior, as log sigma.
SPREADS: dict[str, Callable[[Tensor], Tensor]] = {
    "log-variance": lambda value: value / 2,
    "log-scale": lambda value: value,
    "variance": lambda value: value.clamp(min=1e-20).log() / 2,
    "scale": lambda value: value.clamp(min=1e-10).log(),
}

# What values a graph reads of an observation.
IMAGE_VALUES = ("unit", "signed", "bytes")
TABLE_VALUES = ("raw", "standardised")

# What a decoder's output is: log odds, numbers from 0 to 1, or means in the values that the encoder reads.
OUTPUTS = ("logits", "probabilities", "means")

# How the numbers of an observation lie in a graph's tensor.
LAYOUTS = ("as is", "channels last", "no channel", "flat")

# The likelihoods that may be given; of images and of tables.
IMAGE_LIKELIHOODS = ("bernoulli", "continuous-bernoulli", "gaussian-fixed", "gaussian-optimal")
TABLE_LIKELIHOODS = ("gaussian", "bernoulli")

FITTED_CLASSES = (
    "class means and Gaussians were fitted to the encodings, since the model has no prior of its classes"
)
FITTED = "the prior was fitted to the encodings, since the model has none that can be read"
UNSCORED = "no likelihood was given when the model was imported"

# Names that mean something else in a model, or of a dictionary of modules.
TAKEN = {"x", "y", "h", "coarse", "library", "joint", *dir(nn.ModuleDict)}


@dataclass(frozen=True)
class Latent:
    """A latent block: the decoder's input, the encoder's outputs, and its shape past the batch, (D,) or (C, H, W).

    spread: empty for a plain autoencoder; the same as mean where one output holds both, the mean in its first half along the side `along`,
    from 1 past the batch.
    prior: normal, fitted or given, of `components` Gaussians, and whether it reads the class. fitted_classes: whether Gaussians of the
    classes that were fitted to encodings stand in for p(z | c) on pages.
    """

    shape: tuple[int, ...]
    input: str
    mean: str
    spread: str = ""
    spread_is: str = "log-variance"
    prior: str = "normal"
    components: int = 1
    labelled: bool = False
    fitted_classes: bool = False
    along: int = 1

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Onnx(Declaration):
    """A model that was trained elsewhere, its encoder and decoder ONNX graphs: q(z|x) diagonal Gaussian, or one code of a plain autoencoder.

    Attributes:
        latents: the latent blocks by name.
        input: the encoder's input that is the observation.
        output: the decoder's output that is the observation.
        layout: how an observation lies in the encoder's input, of `LAYOUTS`.
        output_layout: and in the decoder's output.
        reads: what values the encoder reads, of `IMAGE_VALUES` or `TABLE_VALUES`.
        output_is: what the decoder's output is, of `OUTPUTS`.
        likelihood: p(x | z); None where it is not known.
        gamma: the standard deviation of a pixel of gaussian-fixed.
        held: further inputs of both graphs, each one number.
        encoder_class: the encoder's input that is the class, where it is told one.
        decoder_class: and the decoder's.

    Example:
        >>> told = Onnx(latents={"z": Latent((4,), "z", "mu", "logvar")}, input="x", output="decoded")
        >>> told.latents["z"].size
        4
    """

    in_words = "model from elsewhere"

    latents: dict[str, Latent]
    input: str
    output: str
    layout: str = "as is"
    output_layout: str = "as is"
    reads: str = "unit"
    output_is: str = "probabilities"
    likelihood: str | None = None
    gamma: float | None = None
    held: dict[str, float] = field(default_factory=dict)
    encoder_class: ClassInput | None = None
    decoder_class: ClassInput | None = None

    def __post_init__(self):
        for name in ("encoder_class", "decoder_class"):
            if isinstance(told := getattr(self, name), Mapping):
                object.__setattr__(self, name, ClassInput(**told))
            if (of := getattr(self, name)) is not None:
                _one_of("form of a class", of.form, CLASS_FORMS)
        blocks = {
            name: latent if isinstance(latent, Latent) else _latent(latent)
            for name, latent in self.latents.items()
        }
        object.__setattr__(self, "latents", blocks)
        for name, latent in blocks.items():
            check_name(name)
            positive(
                **{
                    f"the dimensions of {name}": latent.size,
                    "components": latent.components,
                    "along": latent.along,
                }
            )
            if latent.spread and latent.spread_is not in SPREADS:
                raise ValueError(f"the spread of {name} is one of {', '.join(SPREADS)}")
        if not blocks:
            raise ValueError("a model has one latent block at least")
        object.__setattr__(self, "held", {name: float(value) for name, value in self.held.items()})
        _one_of("layout", self.layout, LAYOUTS)
        _one_of("layout", self.output_layout, LAYOUTS)
        _one_of("reading", self.reads, (*IMAGE_VALUES, *TABLE_VALUES))
        _one_of("output", self.output_is, OUTPUTS)

    def beside(self, folder: Path) -> Self:
        other = copy.copy(self)
        object.__setattr__(other, "_graphs", [read_graph(folder / name) for name in (ENCODER, DECODER)])
        return other

    def of(self, encoder: OnnxGraph, decoder: OnnxGraph) -> Self:
        """The declaration with the graphs that `build` takes."""
        other = copy.copy(self)
        object.__setattr__(other, "_graphs", [encoder, decoder])
        return other

    def build(self, data: Signature) -> Model:
        graphs = getattr(self, "_graphs", None)
        if graphs is None:
            raise ValueError(
                "a model of ONNX graphs has no gradients and is not trained here: train it where it was made, and import it"
            )
        if (self.encoder_class or self.decoder_class) and not data.classes:
            raise ValueError("its graphs read the class, and the data have none: give data with labels")
        encoder, decoder = Encoder(graphs[0], self, data.kind), Decoder(graphs[1], self, data.kind)
        p: dict[str, Conditional] = {name: self._prior(latent, data) for name, latent in self.latents.items()}
        h = Feature(encoder, IMAGE, *([LABEL] if self.encoder_class else []))
        h.classes = len(data.classes) if self.encoder_class else 0
        q: dict[str, Conditional | Feature] = {"h": h}
        start = 0
        for name, latent in self.latents.items():
            part = Slice(start, 2 * latent.size)
            q[name] = (DiagonalGaussian if latent.spread else Point)(part, "h")
            start += 2 * latent.size
        x = self._observed(decoder, data.kind)
        x.classes = len(data.classes) if self.decoder_class else 0
        model = Model({**p, IMAGE: x}, q)
        self._check(graphs, model, data.kind)
        return model

    def _check(self, graphs: list[OnnxGraph], model: Model, kind: Kind) -> None:
        """Raises ValueError where the graphs have no such inputs and outputs, or of other shapes."""
        encoder, decoder = graphs
        outputs = {name for latent in self.latents.values() for name in (latent.mean, latent.spread) if name}
        entrances = {latent.input for latent in self.latents.values()}
        labels = [{told.input} if told else set() for told in (self.encoder_class, self.decoder_class)]
        _there(encoder.name, {self.input, *outputs, *labels[0]}, [*encoder.inputs, *encoder.outputs])
        _there(decoder.name, {self.output, *entrances, *labels[1]}, [*decoder.inputs, *decoder.outputs])
        with torch.no_grad():
            label = {LABEL: torch.eye(model.classes)[:1]} if model.classes else {}
            codes = model.infer({IMAGE: torch.zeros(1, *kind.shape), **label}).env
            found = {name: codes[name].shape[1] for name in self.latents}
            if found != {name: latent.size for name, latent in self.latents.items()}:
                raise ValueError(f"{encoder.name} gives codes of {found} numbers")
            del codes[IMAGE]
            shape = tuple(model.generate(codes, only=[IMAGE])[IMAGE].shape[1:])
        if shape != kind.shape:
            raise ValueError(f"{decoder.name} gives observations of {shape}")

    def _prior(self, latent: Latent, data: Signature) -> Conditional:
        classes, size = len(data.classes), latent.size
        own: Conditional = StandardNormal(size)
        if latent.prior != "normal":
            lacks = FITTED if latent.prior == "fitted" else ""
            own = Constant(size, latent.components, classes if latent.labelled else 0, lacks)
        return Constant(size, 1, classes, FITTED_CLASSES, own) if latent.fitted_classes else own

    def _observed(self, decoder: nn.Module, kind: Kind) -> Likelihood:
        name, given = self.likelihood, (*self.latents, *([LABEL] if self.decoder_class else []))
        if name is None:
            return Unscored(decoder, *given, kind=kind)
        fitting = IMAGE_LIKELIHOODS if isinstance(kind, Image) else TABLE_LIKELIHOODS
        _one_of("likelihood", name, fitting)
        if isinstance(kind, Table):
            return (
                GaussianFeatures(decoder, *given, table=kind)
                if name == "gaussian"
                else BernoulliFeatures(decoder, *given)
            )
        if name == "gaussian-fixed":
            if self.gamma is None:
                raise ValueError(
                    "the likelihood gaussian-fixed needs its gamma: give --gamma, for example 0.1"
                )
            return GaussianPixels(decoder, *given, gamma=torch.tensor(self.gamma), learned=False)
        kinds: Mapping[str, Callable[..., Likelihood]] = {
            "bernoulli": BernoulliPixels,
            "continuous-bernoulli": ContinuousBernoulliPixels,
            "gaussian-optimal": OptimalGaussianPixels,
        }
        return kinds[name](decoder, *given)


def _latent(told: Mapping[str, Any]) -> Latent:
    return Latent(**{**told, "shape": tuple(told["shape"])})


def _one_of(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"no {what} is called {value!r}: choose one of {', '.join(choices)}")


def _there(name: str, wanted: set[str], ports: Sequence[Port]) -> None:
    if missing := sorted(wanted - {port.name for port in ports}):
        raise ValueError(f"{name} has no input or output {missing[0]!r}")


def check_name(name: str) -> None:
    """Raises ValueError for a block that cannot be called so."""
    if (
        not re.fullmatch(r"[A-Za-z]\w{0,40}", name)
        or name in TAKEN
        or name.startswith(("log_beta_", "beta_"))
    ):
        raise ValueError(f"a latent block cannot be called {name!r}: choose another name")


class Slice(nn.Module):
    """Some columns of its input."""

    def __init__(self, start: int, width: int):
        super().__init__()
        self.start, self.width = start, width

    def forward(self, h: Tensor) -> Tensor:
        return h[:, self.start : self.start + self.width]


class GraphNet(nn.Module):
    """A net that is an ONNX graph: onnxruntime runs it on the CPU, whatever device its tensors are on. It has no gradients.

    digest: the SHA-256 of the graph, so that the weights' fingerprint is that of the graphs too.
    """

    digest: Tensor

    def __init__(self, graph: OnnxGraph, held: Mapping[str, float]):
        super().__init__()
        self.graph, self.inputs_held = graph, dict(held)
        self.register_buffer("digest", torch.frombuffer(bytearray(graph.digest), dtype=torch.uint8))

    def run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The outputs for some inputs, on their device. Raises ValueError where gradients are asked for."""
        first = next(iter(values.values()))
        if torch.is_grad_enabled() and any(value.requires_grad for value in values.values()):
            raise ValueError(
                f"{self.graph.name} is an ONNX graph, which has no gradients: train where it was made"
            )
        read = {port.name for port in self.graph.inputs}
        held = {n: torch.full((len(first), 1), v) for n, v in self.inputs_held.items() if n in read}
        return {name: value.to(first.device) for name, value in self.graph.run({**values, **held}).items()}

    def check(self) -> None:
        """Raises ValueError where the weights that were loaded are of another graph."""
        if bytes(self.digest.cpu().numpy()) != self.graph.digest:
            raise ValueError(f"{self.graph.name} is another graph than the card's: import the model again")


class Encoder(GraphNet):
    """From an observation `(B, *shape)` to mean and log scale of each block, side by side `(B, 2 sum D)`."""

    def __init__(self, graph: OnnxGraph, told: Onnx, kind: Kind):
        super().__init__(graph, told.held)
        self.told, self.kind = told, kind

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        laid = laid_out(read_values(x, self.kind, self.told.reads), self.kind, self.told.layout)
        outputs = self.run({self.told.input: laid, **class_given(self.told.encoder_class, self.graph, y)})
        parts = [part for latent in self.told.latents.values() for part in moments(outputs, latent)]
        return torch.cat(parts, -1)


def moments(outputs: Mapping[str, Tensor], latent: Latent) -> tuple[Tensor, Tensor]:
    """Mean and log scale of a block `(B, D)` in the outputs of an encoder; the least log scale for a plain autoencoder."""
    mean, spread = outputs[latent.mean], outputs.get(latent.spread)
    if latent.spread == latent.mean and spread is not None:  # both in one
        mean, spread = mean.chunk(2, dim=latent.along)
    mean = mean.flatten(1)
    if spread is None:
        return mean, torch.full_like(mean, LOG_SCALE_RANGE[0])
    return mean, SPREADS[latent.spread_is](spread.flatten(1))


class Decoder(GraphNet):
    """From codes `(B, D)`, one for each block, to what the likelihood's net gives: log odds, or the mean as it is shown."""

    def __init__(self, graph: OnnxGraph, told: Onnx, kind: Kind):
        super().__init__(graph, told.held)
        self.told, self.kind = told, kind

    def forward(self, *codes: Tensor) -> Tensor:
        latents = self.told.latents.values()
        given = {
            latent.input: code.unflatten(-1, latent.shape)
            for latent, code in zip(latents, codes[: len(latents)], strict=True)
        }
        given |= class_given(self.told.decoder_class, self.graph, codes[len(latents) :])
        found = back(self.run(given)[self.told.output], self.kind, self.told.output_layout)
        if self.told.likelihood in ("bernoulli", "continuous-bernoulli"):
            return log_odds(found, self.kind, self.told)
        shown = shown_values(found, self.kind, self.told.reads, self.told.output_is)
        if self.told.likelihood == "gaussian" and isinstance(self.kind, Table):
            return self.kind.standardised(shown)
        return shown


def log_odds(output: Tensor, kind: Kind, told: Onnx) -> Tensor:
    if told.output_is == "logits":
        return output
    return torch.logit(shown_values(output, kind, told.reads, told.output_is), eps=1e-6)


class Unscored(Likelihood):
    """The mean of x alone, where no likelihood is known: N(x; net, s^2) with s the root mean squared error of the training rows stands in."""

    stands_in = UNSCORED
    spread: Tensor

    def __init__(self, net: nn.Module, *given: str, kind: Kind):
        super().__init__(net, *given)
        self.reading = GREY if isinstance(kind, Image) else AS_STORED
        self.register_buffer("spread", torch.ones(kind.shape))

    def forward(self, env: Env) -> Distribution:
        loc = self.output(env)
        return diagonal_normal(loc, self.spread.expand_as(loc), event=loc.dim() - 1)


def place_of(model: Model, block: str, dimension: int) -> tuple[int, ...]:
    """Where a dimension of a block lies in a code of C x H x W, from 0; empty for a code that is a row."""
    nets = [net for net in graph_nets(model) if isinstance(net, Decoder)]
    shape = nets[0].told.latents[block].shape if nets and block in nets[0].told.latents else ()
    if len(shape) < 2:
        return ()
    return tuple(int(place) for place in np.unravel_index(dimension, shape))


def graph_nets(model: Model) -> list[GraphNet]:
    """The nets of a model that are ONNX graphs."""
    return [module for module in model.modules() if isinstance(module, GraphNet)]
