"""The way out: a checkpoint's nets and priors as ONNX graphs, with a small JSON that says what each takes and gives.

Shapes: B examples, D dimensions of a block, K classes.
"""

import copy
import io
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..checkpoints import Checkpoint, atomic, opened, versions
from ..conditionals import Env, Feature
from ..distributions import NormalizingFlow, mean
from ..explore import likelihood_of
from ..flows import ClassFlow, Flow
from ..graphs import read_graph
from ..model import Model
from ..multirate import rate_name, rates_of
from ..names import IMAGE, LABEL, LIBRARY, RATE
from .parameters import ABOUT, parameters, shown_parameters

# The opset of the graphs that are written: old enough for every runtime of the last years, and for browsers.
OPSET = 17

MANIFEST = "onnx.json"

BETA, NOISE = "beta_", "noise"

# What the names of a flow's two graphs end in.
DRAW, DENSITY = "_draw", "_log_density"

# What a graph may differ from the model that it is made of, beside a number of that size.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Part:
    """A function of named tensors that becomes a graph: its name, inputs with their shapes past the batch, and what it gives."""

    name: str
    inputs: dict[str, tuple[int, ...]]
    function: Callable[[Env], dict[str, Tensor]]


class _Positional(nn.Module):
    """A part as torch.onnx.export takes it: tensors in the order of its inputs, to tensors."""

    def __init__(self, model: Model, part: Part):
        super().__init__()
        self.model, self.part = model, part

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.part.function(dict(zip(self.part.inputs, values, strict=True))).values())


@torch.no_grad()
def export_onnx(checkpoint: Checkpoint | Path | str, out: Path | str) -> list[Path]:
    """Write encoder, decoder and priors of a checkpoint as ONNX: opset 17, every batch size.

    encoder.onnx: x, y (B, K), one-hot, where the encoder is told the class, and beta_<block> (B, 1) of a multi-rate model -> <block>_mean and
    <block>_log_variance (B, D), y_probabilities (B, K) of a latent class, and what is derived from x. encoder_given_y.onnx: the same with a
    latent class given, where a posterior reads it. decoder.onnx: each latent by its name, and y where the decoder reads the class -> x_mean,
    and the parameters of p(x | latents). prior_<block>.onnx: its parents, if any -> the
    parameters of the prior; of a flow, which has none, prior_<block>_draw.onnx: noise of N(0, I) -> a draw, and
    prior_<block>_log_density.onnx: a code -> log p, nats. x is what the likelihood scores, float32. Each graph is compared with the model, and the greatest difference
    stands in the JSON.

    Args:
        checkpoint: what is written, its folder, or the name of a bundled one.
        out: the folder to write to; each file is replaced atomically.

    Returns:
        The files written, the JSON last.

    Raises:
        ValueError: for a model whose nets are ONNX already, and where onnx is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import vae_core
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in export_onnx(vae_core.load("vae-mnist"), folder)]
        ['encoder.onnx', 'decoder.onnx', 'prior_z.onnx', 'onnx.json']
    """
    checkpoint = opened(checkpoint)
    if checkpoint.card.model.name == "onnx":
        raise ValueError(f"{checkpoint.name} is ONNX already: copy the graphs out of its folder")
    folder, model = Path(out), checkpoint.model
    if reason := model.no_decoder or model.no_encoder:
        raise ValueError(f"{checkpoint.name} has no nets to write: {reason}")
    whole = copy.deepcopy(Model(model.p, model.q)).eval().cpu()  # at no beta
    graphs, files = {}, []
    for part in parts_of(whole, checkpoint.kind.shape):
        data, told = graph_of(whole, part)
        files.append(folder / f"{part.name}.onnx")
        with atomic(files[-1]) as file:
            file.write(data)
        graphs[part.name] = {"file": files[-1].name, **told}
    with atomic(folder / MANIFEST) as file:
        file.write((json.dumps(_manifest(checkpoint, graphs), indent=1) + "\n").encode())
    return [*files, folder / MANIFEST]


def parts_of(model: Model, shape: tuple[int, ...]) -> list[Part]:
    """Encoder, decoder and a prior for each latent of a model that is held at nothing."""
    return [*_encoders(model, shape), _decoder(model), *_priors(model, shape)]


def _encoders(model: Model, shape: tuple[int, ...]) -> list[Part]:
    betas = betas_of(model, {parent for net in model.q.values() for parent in net.given})

    def encode(values: Env) -> dict[str, Tensor]:
        inferred = model.infer(with_rates(values), mean)
        told = _joined({name: parameters(q) for name, q in inferred.posteriors.items()})
        derived = {name: inferred.env[name] for name in _derived(model)}
        return told | {f"{name}_value": value for name, value in derived.items()}

    told = {LABEL: (model.classes,)} if LABEL in model.encoder_reads else {}
    parts = [Part("encoder", {IMAGE: shape, **told, **betas}, encode)]
    if LABEL in model.latents and any(LABEL in net.given for net in model.q.values()):
        parts.append(Part("encoder_given_y", {IMAGE: shape, LABEL: (model.classes,), **betas}, encode))
    return parts


def decoder_inputs(model: Model) -> tuple[list[str], dict[str, tuple[int, ...]]]:
    """What is generated on the way from codes to x, and of what: the latents, the class and the betas that are read there."""
    sizes = sizes_of(model)
    wanted, made = {IMAGE}, []
    for name in reversed(list(model.p)):
        if name in wanted and name not in sizes:
            wanted.update(model.p[name].given)
            made.insert(0, name)
    read = [name for name in (*model.p, LABEL) if name in wanted and name in sizes]
    return made, {name: (sizes[name],) for name in dict.fromkeys(read)} | betas_of(model, wanted)


def _decoder(model: Model) -> Part:
    made, inputs = decoder_inputs(model)

    def decode(values: Env) -> dict[str, Tensor]:
        env, told = with_rates(values), {}
        for name in made:
            distribution = model.p[name](env)
            told[name] = shown_parameters(distribution)
            env[name] = distribution.mean
        return _joined(told)

    return Part("decoder", inputs, decode)


def _priors(model: Model, shape: tuple[int, ...]) -> list[Part]:
    sizes = {name: (size,) for name, size in sizes_of(model).items()}
    sizes |= {name: tuple(value.shape[1:]) for name, value in _derived_values(model, shape).items()}
    parts = []
    for name in model.p:
        if name in model.latents or name == LIBRARY:
            given = model.p[name].given
            inputs = {parent: sizes[parent] for parent in given if parent in sizes} | betas_of(
                model, set(given)
            )
            if isinstance(model.p[name], Flow | ClassFlow):
                parts.extend(_flow(model, name, inputs))
                continue

            def prior(values: Env, name: str = name) -> dict[str, Tensor]:
                return _joined({name: parameters(model.p[name](with_rates(values)))})

            parts.append(Part(f"prior_{name}", inputs, prior))
    return parts


def _flow(model: Model, name: str, inputs: dict[str, tuple[int, ...]]) -> list[Part]:
    """What a flow prior has in the place of parameters: a draw from noise, and a log density."""
    size = (model.sizes[name],)

    def draw(values: Env) -> dict[str, Tensor]:
        return {name: cast(NormalizingFlow, model.p[name](values)).pushed(values[NOISE])}

    def density(values: Env) -> dict[str, Tensor]:
        return {name + DENSITY: model.p[name](values).log_prob(values[name])}

    return [
        Part(f"prior_{name}{DRAW}", {**inputs, NOISE: size}, draw),
        Part(f"prior_{name}{DENSITY}", {**inputs, name: size}, density),
    ]


def _derived(model: Model) -> list[str]:
    """The observations that are derived from x."""
    return [name for name, net in model.q.items() if isinstance(net, Feature) and name in model.p]


def _derived_values(model: Model, shape: tuple[int, ...]) -> dict[str, Tensor]:
    names = _derived(model)
    return {name: model.infer({IMAGE: torch.zeros(1, *shape)}, only=[name]).env[name] for name in names}


def sizes_of(model: Model) -> dict[str, int]:
    """The width of all that a decoder is given: each latent, the class, the library size."""
    sizes = dict(model.sizes)
    if LABEL in {*model.inputs(), *model.encoder_reads}:
        sizes[LABEL] = model.classes
    return sizes | ({LIBRARY: 1} if LIBRARY in model.p else {})


def betas_of(model: Model, read: set[str]) -> dict[str, tuple[int, ...]]:
    """The betas that are among what is read, as inputs of a graph."""
    return {BETA + block: (1,) for block in rates_of(model) if rate_name(block) in read}


def with_rates(values: Env) -> dict[str, Tensor]:
    """The same with log beta in the place of each beta."""
    return {
        RATE + name.removeprefix(BETA) if name.startswith(BETA) else name: value.log()
        if name.startswith(BETA)
        else value
        for name, value in values.items()
    }


def _joined(told: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {f"{name}_{part}": value for name, parts in told.items() for part, value in parts.items()}


def example_of(model: Model, part: Part, count: int) -> dict[str, Tensor]:
    """Inputs of a part, `count` of each: betas within their range, classes one-hot, else noise in [0, 1]."""
    generator, values = torch.Generator().manual_seed(count), {}
    for name, shape in part.inputs.items():
        value = torch.rand(count, *shape, generator=generator)
        if name.startswith(BETA):
            low, high = rates_of(model)[name.removeprefix(BETA)].exposed
            value = low + (high - low) * value
        elif name == LABEL:
            value = torch.eye(shape[0])[torch.arange(count) % shape[0]]
        elif name in (IMAGE, LIBRARY):
            value = value.round() + (name == LIBRARY)
        values[name] = value
    return values


def graph_of(model: Model, part: Part) -> tuple[bytes, dict[str, Any]]:
    """The graph of a part, and what it takes and gives. Raises ValueError where it does not give what the model does."""
    data, expected, batched = traced(model, part)
    found = read_graph(data, f"{part.name}.onnx").run(example_of(model, part, 3))
    difference = max(_difference(found[name], expected[name]) for name in expected)
    if not difference <= 10 * TOLERANCE:
        raise ValueError(
            f"the graph of {part.name} differs from the model by {difference:.1e}: report this as a fault"
        )
    shapes = {name: tuple(value.shape) for name, value in expected.items()}
    return data, {
        "inputs": [_told(name, shape) for name, shape in part.inputs.items()],
        "outputs": [
            _told(name, shape[1:]) if name in batched else _told(name, shape, batched=False)
            for name, shape in shapes.items()
        ],
        "difference": float(f"{difference:.1e}"),
    }


def traced(
    model: Model, part: Part, counts: tuple[int, int] = (2, 3)
) -> tuple[bytes, dict[str, Tensor], set[str]]:
    """The graph of a part; what the model gives of three examples; and the names of what has a row for each example. counts: of examples that
    it is traced with, and that it is tried with."""
    example, other = (example_of(model, part, count) for count in counts)
    expected, smaller = part.function(other), part.function(example)
    batched = {*part.inputs, *(name for name in expected if expected[name].shape != smaller[name].shape)}
    buffer = io.BytesIO()
    torch.onnx.register_custom_op_symbolic("aten::expm1", _expm1, OPSET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of this exporter's age, and of what is the same at every run
        torch.onnx.export(
            _Positional(model, part).eval(),
            tuple(example.values()),
            buffer,  # type: ignore[arg-type]
            input_names=list(part.inputs),
            output_names=list(expected),
            dynamic_axes={name: {0: "batch"} for name in batched},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue(), expected, batched


def _expm1(graph: Any, x: Any) -> Any:
    """exp(x) - 1 = 2 sinh(x / 2) exp(x / 2), which ONNX has no operator of: exact for small x too."""
    half = graph.op("Div", x, graph.op("Constant", value_t=torch.tensor(2.0)))
    product = graph.op("Mul", graph.op("Sinh", half), graph.op("Exp", half))
    return graph.op("Mul", product, graph.op("Constant", value_t=torch.tensor(2.0)))


def _difference(found: Tensor, expected: Tensor) -> float:
    """The greatest of |a - b| / max(1, |b|)."""
    return ((found - expected).abs() / expected.abs().clamp(min=1)).max().item()


def _told(name: str, shape: tuple[int, ...], batched: bool = True) -> dict[str, Any]:
    return {"name": name, "shape": [*(["batch"] if batched else []), *shape], "about": _about(name)}


def _about(name: str) -> str:
    if name == IMAGE:
        return "an observation, as the likelihood scores it"
    if name == LABEL:
        return "the class, one-hot"
    if name == NOISE:
        return "draws of N(0, I), of which a flow makes draws of the block"
    if name == LIBRARY:
        return "the sum of the counts of a row"
    if name.startswith(BETA):
        return f"beta of the block {name.removeprefix(BETA)}"
    found = [part for part in ABOUT if name.endswith(f"_{part}")]
    longest = max(found, key=len, default="")
    whose = name.removesuffix(f"_{longest}") if longest else name
    return f"{whose}: {ABOUT[longest]}" if longest else f"the latent block {name}"


def _manifest(checkpoint: Checkpoint, graphs: Mapping[str, Any]) -> dict[str, Any]:
    card, rates = checkpoint.card, rates_of(checkpoint.model)
    return {
        "format": 1,
        "opset": OPSET,
        "model": asdict(card.model),
        "latents": checkpoint.model.sizes,
        "betas": {block: list(rate.exposed) for block, rate in rates.items()},
        "data": {"name": card.data.name, **checkpoint.kind.exposed(), "classes": list(card.data.classes)},
        "x": likelihood_of(checkpoint.model).reading.about,
        "graphs": dict(graphs),
        "weights": checkpoint.weights,
        "versions": versions(),
    }
