"""A model as graphs and tables that answer what a visitor asks (`serving.Request`) without torch: what a published page decodes with.

Shapes: B examples, D dimensions of a latent, K classes, C H W image.
"""

import copy
import io
import math
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MixtureSameFamily, Normal, OneHotCategorical

from ..checkpoints import Checkpoint
from ..conditionals import Env
from ..distributions import NormalizingFlow, Sampler, mean
from ..explore import class_of_codes, encode, likelihood_of, with_class
from ..explore.codes import codes_of
from ..graphs import INSTALL, read_graph
from ..kinds import Image
from ..labels import has_label
from ..model import Model
from ..multirate import rates_of, usual
from ..names import IMAGE, LABEL, LIBRARY
from ..readings import Reading
from .parameters import parameters
from .written import NOISE, Part, betas_of, decoder_inputs, sizes_of, traced, with_rates

PIXELS, PICTURE, SHARES = "pixels", "picture", "shares"

# Grey levels that a picture of the page may differ from the app's.
LEVELS = 1

# Codes at which that is measured.
TRIED = 256

# Weights of a tensor of fewer numbers than this stay as they are.
FEW = 64


@dataclass
class Answering:
    """What answers in the place of a model.

    Attributes:
        graphs: ONNX by name: decode, encode, classes, and of priors that no table holds prior_<name> and draw_<name>.
        tables: parameters of priors that read the class or nothing, by "<name>.<parameter>": `(1, ...)`, or `(K, ...)` with a row a class.
        told: what a program has to know of them, plain numbers and words.
    """

    graphs: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)


@torch.no_grad()
def answering(checkpoint: Checkpoint) -> Answering:
    """The graphs and tables of a checkpoint, weights in half precision where no pixel then differs by more than a grey level.

    decode: what the decoder reads -> picture `(B, H, W, C)` uint8. encode: pixels `(1, C, H, W)` within [0, 1] -> a code of each latent.
    classes: a code -> shares `(B, K)`. Codes, betas and classes have the names of the model's variables.

    Args:
        checkpoint: with a decoder, and nets that are torch's.

    Returns:
        Graphs, tables, and a description of both.

    Raises:
        ValueError: one sentence, for a model that does not export.

    Example:
        >>> import vae_core
        >>> found = answering(vae_core.load("ppca-mnist"))
        >>> sorted(found.graphs), found.tables["z.mean"].shape, found.told["precision"]
        (['decode', 'encode'], (1, 16), 'half')
    """
    name = checkpoint.name
    if checkpoint.card.model.name == "onnx":
        raise ValueError(
            f"{name} does not export: its nets are ONNX graphs of another program, which only the app runs"
        )
    if reason := checkpoint.model.no_decoder:
        raise ValueError(f"{name} has no decoder to export: {reason}")
    model = copy.deepcopy(Model(checkpoint.model.p, checkpoint.model.q)).eval().cpu()  # at no beta
    found = Answering()
    try:
        parts = _parts(model, checkpoint)
        # One image is encoded at a time: where a class is looked for, how many are is part of the graph.
        one = {"encode": (1, 1)}
        exact = {part.name: traced(model, part, one.get(part.name, (2, 3)))[0] for part in parts}
        found.told["priors"] = [
            _prior(model, variable, found, exact) for variable in _before_the_image(model)
        ]
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, NotImplementedError) as error:
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"{name} does not export to ONNX: {line[:200]}") from error
    half = {name: halved(graph) for name, graph in exact.items()}
    codes = _tried(model, checkpoint, parts[0])
    wanted = parts[0].function(codes)[PICTURE].numpy().astype(int)
    off = {"half": _off(half["decode"], codes, wanted), "single": _off(exact["decode"], codes, wanted)}
    # The picture of a row is bars, whose ends are all or nothing: no level says how near two of them are.
    precision = "half" if off["half"] <= LEVELS and isinstance(checkpoint.kind, Image) else "single"
    found.graphs = half if precision == "half" else exact
    found.told |= _told(model, checkpoint, {part.name: list(part.inputs) for part in parts})
    found.told |= {"precision": precision, "off": off[precision]}
    return found


def _off(graph: bytes, codes: Env, wanted: np.ndarray) -> int:
    """The greatest difference of a pixel from what is wanted, grey levels."""
    values = {name: value.numpy() for name, value in codes.items()}
    (shown,) = read_graph(graph, "decode.onnx").session.run([PICTURE], values)
    return int(np.abs(shown.astype(int) - wanted).max())


def halved(graph: bytes) -> bytes:
    """The same graph with weights stored in half precision and turned to single precision when it is read: half as long.

    Args:
        graph: of ONNX, its weights inside.

    Returns:
        The graph.

    Raises:
        ValueError: where onnx is not installed.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise ValueError(f"publishing a model needs onnx: {INSTALL}") from None
    model = onnx.load(io.BytesIO(graph))
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or math.prod(tensor.dims) < FEW:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    return model.SerializeToString()


# ---- the graphs


def _parts(model: Model, checkpoint: Checkpoint) -> list[Part]:
    """Decode first, then what there is of the others."""
    kind = checkpoint.kind
    parts = [_decode(model, checkpoint)]
    if isinstance(kind, Image) and not model.no_encoder:
        parts.append(_encode(model, checkpoint))
    if model.labelled:
        parts.append(_classes(model))
    return parts


def _decode(model: Model, checkpoint: Checkpoint) -> Part:
    _, read = decoder_inputs(model)
    # The library size of counts is no coordinate: the mean of its prior stands for it, as on the app's pages.
    inputs = {name: size for name, size in read.items() if name != LIBRARY}
    shown, kind = likelihood_of(model).reading.shown, checkpoint.kind

    def decode(values: Env) -> dict[str, Tensor]:
        given = dict(with_rates(values))
        if LIBRARY in read:
            given[LIBRARY] = mean(model.p[LIBRARY]({})).expand(values[next(iter(inputs))].shape[0], 1)
        x = model.generate(given, only=[IMAGE])[IMAGE]
        return {PICTURE: kind.picture(shown(x)).permute(0, 2, 3, 1)}

    return Part("decode", inputs, decode)


class _Same:
    """The noise of one observation, the same at each call: what is drawn of pixels is then a rule that a graph can hold."""

    def __init__(self, shape: tuple[int, ...]):
        whole, cpu = (1, *shape), torch.device("cpu")
        self.greys = Sampler.seeded(0).grey(whole, cpu)
        self.uniforms = Sampler.seeded(0).uniform(whole, cpu)

    def grey(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        return self.greys.float()

    def uniform(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        return self.uniforms


def _encode(model: Model, checkpoint: Checkpoint) -> Part:
    shape = checkpoint.kind.shape
    reading: Reading = likelihood_of(model).reading
    noise = cast(Sampler, _Same(shape))
    read = {parent for net in model.q.values() for parent in net.given}
    if LABEL in {*model.encoder_reads, *model.coded}:  # the bound is looked at under each class
        read |= {parent for net in model.p.values() for parent in net.given}

    def encoded(values: Env) -> dict[str, Tensor]:
        given = with_rates({name: value for name, value in values.items() if name != PIXELS})
        x = reading.of((values[PIXELS] * 255).round(), noise)
        batch = with_class(model, {IMAGE: x, **given})
        means = {**batch, **{name: q.mean for name, q in encode(model, batch).items()}}
        return codes_of({name: means[name] for name in model.coded})

    return Part("encode", {PIXELS: shape, **betas_of(model, read)}, encoded)


def _classes(model: Model) -> Part:
    sizes = {name: size for name, size in sizes_of(model).items() if name != LABEL}
    read = {parent for name in model.labelled for parent in model.p[name].given}
    inputs = {
        name: (sizes[name],) for name in model.blocks if name in model.labelled or name in read
    } | betas_of(model, read)

    def classes(values: Env) -> dict[str, Tensor]:
        found = class_of_codes(model, with_rates(values))
        return {SHARES: cast(Tensor, found)}

    return Part("classes", inputs, classes)


# ---- the priors


def _before_the_image(model: Model) -> list[str]:
    """What is generated up to the last latent, in order."""
    names = list(model.p)
    return names[: max(names.index(name) for name in model.latents) + 1]


def _prior(model: Model, name: str, found: Answering, graphs: dict[str, bytes]) -> dict[str, Any]:
    """One variable of the generative net: its parameters as a table, or as a graph where it reads more than the class."""
    net = model.p[name]
    told = {"name": name, "given": list(net.given), "latent": name in model.latents}
    if set(net.given) <= {LABEL}:
        env = {LABEL: torch.eye(model.classes)} if net.given else {}
        form, values = _form(net(env), told["latent"])
        batched = {
            key: value if net.given else value.reshape(1, *_past(value, key)) for key, value in values.items()
        }
        found.tables |= {f"{name}.{key}": value.detach().numpy() for key, value in batched.items()}
        told |= {"form": form, "by": "table"}
    else:
        shapes = {parent: (size,) for parent, size in sizes_of(model).items()}
        shapes |= _derived(model, net.given)
        inputs = {parent: (math.prod(shapes[parent]),) for parent in net.given if parent in shapes}
        inputs |= betas_of(model, set(net.given))

        def prior(values: Env) -> dict[str, Tensor]:
            given = {
                n: value.reshape(-1, *shapes[n]) if n in shapes else value for n, value in values.items()
            }
            return {
                n: value.flatten(1) for n, value in _form(net(with_rates(given)), told["latent"])[1].items()
            }

        part = Part(f"prior_{name}", inputs, prior)
        graphs[part.name] = traced(model, part)[0]
        told |= {
            "form": _form(_example(model, name), told["latent"])[0],
            "by": "graph",
            "reads": list(inputs),
        }
    if told["form"] == "flow":
        graphs[f"draw_{name}"] = traced(model, _pushed(model, name))[0]
    return told


def _past(value: Tensor, key: str) -> tuple[int, ...]:
    """The shape of a parameter without its batch: means and log variances of components have two axes, all others one."""
    axes = 2 if key in ("means", "log_variances") else 1
    return tuple(value.shape[-axes:])


def _form(distribution: Distribution, latent: bool) -> tuple[str, dict[str, Tensor]]:
    """What a distribution is drawn as, and its parameters; of what is observed on the way, only the mean is wanted."""
    inner = distribution.base_dist if isinstance(distribution, Independent) else distribution
    if not latent:
        return "value", {"mean": mean(distribution)}
    if isinstance(inner, NormalizingFlow):
        return "flow", {"mean": mean(distribution)}
    for form, kind in (("mixture", MixtureSameFamily), ("class", OneHotCategorical), ("normal", Normal)):
        if isinstance(inner, kind):
            return form, parameters(distribution)
    raise ValueError(f"a prior that is a {type(inner).__name__} cannot be drawn on a page")


def _example(model: Model, name: str) -> Distribution:
    """The prior of a variable at means of what it reads."""
    given = {LABEL: torch.eye(model.classes)[:1]} if LABEL in model.inputs() else {}
    env = {**given, **with_rates({f"beta_{block}": torch.ones(1, 1) for block in rates_of(model)})}
    return model.p[name](model.generate(env, only=[*model.p[name].given]) if model.p[name].given else env)


def _derived(model: Model, names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """The shape of what is read of variables that are no latents."""
    rest = [name for name in names if name in model.p and name not in model.latents]
    if not rest:
        return {}
    given = {LABEL: torch.eye(model.classes)[:1]} if LABEL in model.inputs() else {}
    values = model.generate(given, only=rest)
    return {name: tuple(values[name].shape[1:]) for name in rest}


def _pushed(model: Model, name: str) -> Part:
    net, sizes = model.p[name], sizes_of(model)
    inputs = {parent: (sizes[parent],) for parent in net.given if parent in sizes}

    def draw(values: Env) -> dict[str, Tensor]:
        return {name: cast(NormalizingFlow, net(values)).pushed(values[NOISE])}

    return Part(f"draw_{name}", {**inputs, NOISE: (sizes[name],)}, draw)


# ---- what is said of them, and what is tried


def _told(model: Model, checkpoint: Checkpoint, inputs: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "inputs": inputs,
        "latents": list(model.latents),
        "coded": list(model.coded),
        "sizes": dict(model.sizes),
        "classes": model.classes,
        "labelled": has_label(model),
        "below": {block: model.below(block) for block in model.blocks},
        "betas": {
            block: {
                "usual": beta,
                "low": rates_of(model)[block].trained[0],
                "high": rates_of(model)[block].trained[1],
            }
            for block, beta in usual(model).items()
        },
        "shape": list(checkpoint.kind.shape),
    }


def _tried(model: Model, checkpoint: Checkpoint, part: Part) -> dict[str, Tensor]:
    """Codes of items of the atlas, evenly spread, as inputs of the decoder: at the usual betas, and at the ends of their range."""
    count, classes = len(checkpoint.atlas), model.classes
    items = np.unique(np.linspace(0, count - 1, min(TRIED, count)).round().astype(int))
    values = {}
    for place, name in enumerate(part.inputs):
        if name.startswith("beta_"):
            low, high = rates_of(model)[name.removeprefix("beta_")].exposed
            chosen = [usual(model)[name.removeprefix("beta_")], low, high]
            values[name] = torch.tensor([chosen[(i // (1 + place)) % 3] for i in range(len(items))])[:, None]
        elif name == LABEL and name not in checkpoint.atlas.means:
            values[name] = torch.eye(classes)[torch.from_numpy(checkpoint.atlas.labels[items])]
        else:
            values[name] = codes_of({name: torch.from_numpy(checkpoint.atlas.means[name][items])})[name]
    return values
