"""A model that is at hand in Python, as two functions or modules of torch: exported, and brought in as its graphs are.

Shapes: B examples, D dimensions of a block.
"""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..checkpoints import Checkpoint
from ..data import Data, Dataset, open_data
from ..graphs import GraphError, OnnxGraph, read_graph, short
from ..models.values import laid_out
from ..names import LABEL
from ..priors import one_hot
from .brought import Report, bring_graphs
from .parameters import parameters
from .search import Asked, layouts
from .written import OPSET

Net = nn.Module | Callable[..., Any]

# What a graph may differ from the function that it was traced of, beside a number of that size.
TRACED = 1e-3


def bring(
    encoder: Any,
    decoder: Net | None = None,
    *,
    data: str | Path | Dataset,
    out: Path | str,
    report: Report = lambda line: None,
    opening: Mapping[str, Any] | None = None,
    **asked: Any,
) -> Checkpoint:
    """A trained model of PyTorch as the folder of a checkpoint, which every command and page opens.

    Args:
        encoder: from observations `(B, *shape)` to mean and spread of the code, `(B, D)` or `(B, C, H, W)` each: a tuple, a dictionary, a
            distribution, or one tensor, of both side by side or of a plain autoencoder's code. Or one model that has `encode` and `decode`.
            A second argument without a default is the class, as one-hot rows `(B, K)` or as its number `(B,)`: what it takes is tried.
        decoder: from codes to observations; it too may be told the class.
        data: what it was trained on, as `open_data` takes it.
        out: the folder to write; it must not hold a checkpoint.
        report: told what is found.
        opening: how the data are opened, as `open_data` takes it.
        asked: what is known of the nets, the fields of `interchange.Asked`; the rest is found by a test.

    Returns:
        The checkpoint, without an atlas: `latent-explorer atlas out` makes one for the app.

    Raises:
        ValueError: one sentence, where the two are no encoder and decoder of such data, or cannot be exported.

    Example:
        >>> from tempfile import mkdtemp
        >>> net = torch.nn.Linear(64, 4)
        >>> back = torch.nn.Sequential(torch.nn.Linear(4, 64), torch.nn.Sigmoid())
        >>> theirs = bring(lambda x: net(x.flatten(1)), back, data="digits", out=mkdtemp())
        >>> theirs.model.sizes
        {'z': 4}
    """
    if decoder is None:
        if not (callable(getattr(encoder, "encode", None)) and callable(getattr(encoder, "decode", None))):
            raise ValueError(
                "give an encoder and a decoder, or one model that has both as its methods encode and decode"
            )
        encoder, decoder = encoder.encode, encoder.decode
    back: Net = decoder  # type: ignore[assignment]
    dataset = open_data(data, report=report, **(opening or {}))
    train = dataset.split("train", 8)
    shown, how = train.kind.shown(train.images[:]), asked_of(asked)
    ways = {layout: laid_out(shown, train.kind, layout) for layout in layouts(train.kind)}
    taken = [layout for layout, x in ways.items() if _takes(encoder, x, train)] or ["as is"]

    def encoded(layout: str) -> tuple[OnnxGraph, dict[str, Tensor]]:
        x = ways[layout]
        return exported(encoder, x, "encoder", "x", _class(encoder, "encoder", x, train, how))

    first, told = encoded(taken[0])
    z = _code(back, told, train, how)
    second, decoded = exported(back, z, "decoder", "z", _class(back, "decoder", z, train, how))
    # A net that flattens takes every layout: it reads observations as its decoder lays them.
    laid = next(
        (way for way in taken[1:] if any(ways[way].shape == value.shape for value in decoded.values())), None
    )
    if laid is not None and not any(ways[taken[0]].shape == value.shape for value in decoded.values()):
        first, _ = encoded(laid)
    return bring_graphs(first, second, dataset, Path(out), how, {}, "", report)


def _takes(net: Net, x: Tensor, train: Data) -> bool:
    """Whether a function runs on observations that lie so, told the class in either form where it is told one."""
    labels = train.labels[: len(x)].clamp(min=0)
    forms = [[one_hot(labels, len(train.classes))], [labels]] if _told_class(net) and train.classes else [[]]
    for form in forms:
        with contextlib.suppress(Exception), _still(net):  # whatever somebody's net raises
            _run(net, [x, *form])
            return True
    return False


def asked_of(asked: Mapping[str, Any]) -> Asked:
    """What is said of a model. Raises ValueError for what is not asked."""
    try:
        return Asked(**asked)
    except TypeError as error:
        raise ValueError(
            f"{short(error)}: what can be said of a model is {', '.join(vars(Asked()))}"
        ) from None


def _told_class(net: Net) -> bool:
    """Whether a function has to be given something beside its first argument."""
    try:
        parameters = list(
            inspect.signature(net.forward if isinstance(net, nn.Module) else net).parameters.values()
        )
    except (TypeError, ValueError):  # of a function that is not written in Python
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 and positional[1].default is inspect.Parameter.empty


def _class(net: Net, name: str, example: Tensor, train: Data, asked: Asked) -> Tensor | None:
    """The classes of some rows in the form that a function takes them, None for one that is told none. Raises ValueError where it takes
    neither form, or both."""
    if not _told_class(net):
        return None
    if not train.classes:
        raise ValueError(
            f"the {name} takes a second argument, the class, and the data have none: give data with labels"
        )
    labels = train.labels[: len(example)].clamp(min=0)
    forms = {"one-hot": one_hot(labels, len(train.classes)), "index": labels}
    if asked.label_is is not None:
        forms = {form: value for form, value in forms.items() if form == asked.label_is}
    taken, errors = [], []
    for value in forms.values():
        try:
            with _still(net):
                _run(net, [example, value])
            taken.append(value)
        except Exception as error:  # whatever somebody's net raises
            errors.append(short(error))
    if len(taken) != 1:
        why = (
            f"takes neither: {errors[0]}"
            if errors
            else "takes both: say label_is='one-hot' or label_is='index'"
        )
        raise ValueError(
            f"the {name} takes a second argument, the class, which is told as one-hot rows or as a number, and it {why}"
        )
    return taken[0]


def exported(
    net: Net, example: Tensor, name: str, input_name: str, y: Tensor | None = None
) -> tuple[OnnxGraph, dict[str, Tensor]]:
    """The graph of a function of one tensor, and of the class where it is told that, and what it gave for the example. Raises ValueError
    where it cannot be had, or gives something else than the function does."""
    given = {input_name: example, **({} if y is None else {LABEL: y})}
    with _still(net):
        part = _Named(net)
        held = _put(part, list(given.values()))
        found = _given(part, held, name)
        buffer = io.BytesIO()
        names = list(found)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                torch.onnx.export(
                    part,
                    tuple(value[:2] for value in held),
                    buffer,  # type: ignore[arg-type]
                    input_names=list(given),
                    output_names=names,
                    dynamic_axes={label: {0: "batch"} for label in [*given, *names]},
                    opset_version=OPSET,
                    dynamo=False,
                )
            except Exception as error:  # every operator without a form in ONNX has its own
                raise ValueError(f"the {name} cannot be written as ONNX: {short(error)}") from None
        again = _given(part, held, name)
    graph = read_graph(_counted_from_front(buffer.getvalue()), name)
    try:
        runs = graph.run(given)
    except GraphError as error:
        raise ValueError(
            f"the {name}, written as ONNX, does not run on {len(example)} rows after it was traced on two: what it computes may not depend on len(x), "
            f"so make zeros of its input's size by 0 * x[:, :1] ({short(error)[:80]})"
        ) from None
    for label, value in found.items():
        steady = torch.allclose(value, again[label], atol=1e-5)
        if steady and not torch.allclose(runs[label], value, rtol=TRACED, atol=TRACED):
            raise ValueError(
                f"the {name}, written as ONNX, gives another {label} than it does itself: what it computes may not depend on the number "
                "of rows, or on Python's own decisions"
            )
    return graph, found


def _counted_from_front(data: bytes) -> bytes:
    """The graph, with the sides of its transposes counted from the front: the exporter writes those of `movedim(-1, 1)` as they are given,
    which no runtime takes."""
    import onnx

    model = onnx.load_model_from_string(data)
    for node in model.graph.node:
        for attribute in node.attribute if node.op_type == "Transpose" else ():
            if attribute.name == "perm":
                attribute.ints[:] = [side % len(attribute.ints) for side in attribute.ints]
    return model.SerializeToString()


class _Named(nn.Module):
    """A function of one tensor whose outputs have names; the modules that it uses are its own, so that their weights are written."""

    def __init__(self, net: Net):
        super().__init__()
        self.net = (net,)  # as it is, were it a module or not
        self.owners = nn.ModuleList(_modules(net))

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        return tuple(named(self.net[0](*given)).values())


def _run(net: Net, given: Sequence[Tensor]) -> Any:
    with torch.no_grad():
        return net(*_put(_Named(net), given))


def _put(part: _Named, given: Sequence[Tensor]) -> list[Tensor]:
    """Values where a net has its weights."""
    device = next((parameter.device for parameter in part.parameters()), torch.device("cpu"))
    return [value.to(device) for value in given]


def _given(part: _Named, given: Sequence[Tensor], name: str) -> dict[str, Tensor]:
    with torch.no_grad():
        try:
            found = named(part.net[0](*given))
        except Exception as error:  # whatever somebody's net raises
            raise ValueError(
                f"the {name} cannot be run on a tensor of {' x '.join(map(str, given[0].shape))}: {short(error)}"
            ) from None
    if not found:
        raise ValueError(f"the {name} gives no tensor with a row for each of its inputs")
    return {label: value.detach().cpu().float() for label, value in found.items()}


def named(given: Any) -> dict[str, Tensor]:
    """The tensors that a net gives, by name: those of a dictionary, of a named tuple, of a distribution, or numbered.

    >>> list(named((torch.zeros(2, 3), torch.zeros(2, 3))))
    ['output_0', 'output_1']
    >>> list(named(torch.distributions.Normal(torch.zeros(2, 3), 1.0)))
    ['mean', 'log_variance']
    """
    if isinstance(given, Distribution):
        return parameters(given)
    if (inner := getattr(given, "latent_dist", None)) is not None:  # diffusers' AutoencoderKL
        return {"mean": inner.mean, "log_variance": inner.logvar}
    if isinstance(given, Tensor):
        pairs = [("output", given)]
    elif isinstance(given, Mapping):
        pairs = [(str(key), value) for key, value in given.items()]
    else:
        labels = getattr(given, "_fields", None) or [f"output_{i}" for i in range(len(given))]
        pairs = list(zip(labels, given, strict=True))
    return {label: value for label, value in pairs if isinstance(value, Tensor) and value.dim() > 1}


def _code(decoder: Net, told: Mapping[str, Tensor], train: Data, asked: Asked) -> Tensor:
    """A code that the decoder takes: the encoder's first output, or its first half along some side."""
    first = next(iter(told.values()))
    sides = [side for side, size in enumerate(first.shape) if side and size % 2 == 0]
    halves = [first.chunk(2, side)[0] for side in sides]
    halves = [half.squeeze(side) for side, half in zip(sides, halves, strict=True)] + halves
    errors, taken = [], []
    for code in (first, *halves):
        try:
            label = _class(decoder, "decoder", code, train, asked)
            with _still(decoder):
                found = named(_run(decoder, [code] if label is None else [code, label]))
        except Exception as error:
            errors.append(short(error))
            continue
        if any(value[0].numel() == train.kind.size for value in found.values()):
            return code
        taken.append(code)  # a linear layer takes rows of any shape
    if taken:
        return taken[0]
    raise ValueError(
        f"the decoder does not take what the encoder gives, {' x '.join(map(str, first.shape[1:]))}: {errors[0]}"
    )


def _modules(net: Any) -> list[nn.Module]:
    """The modules that a function uses: itself, that whose method it is, and those that it closes over."""
    if isinstance(net, nn.Module):
        return [net]
    owner = getattr(net, "__self__", None)
    if isinstance(owner, nn.Module):
        return [owner]
    if not inspect.isfunction(net):
        return []
    used = inspect.getclosurevars(net)
    return [
        part
        for scope in (used.nonlocals, used.globals)
        for value in scope.values()
        for part in _modules_in(value)
    ]


def _modules_in(value: Any) -> list[nn.Module]:
    if isinstance(value, nn.Module):
        return [value]
    owner = getattr(value, "__self__", None)
    return [owner] if isinstance(owner, nn.Module) else []


@contextlib.contextmanager
def _still(net: Any) -> Iterator[None]:
    """The modules of a function in evaluation mode and single precision, which every operator of a graph has, and as they were afterwards."""
    modules = [part for owner in _modules(net) for part in owner.modules()]
    before = [part.training for part in modules]
    tensors = [
        (tensor, tensor.data)
        for part in modules
        for tensor in (*part.parameters(recurse=False), *part.buffers(recurse=False))
        if tensor.is_floating_point() and tensor.dtype != torch.float32
    ]
    try:
        for part in modules:
            part.training = False
        for tensor, own in tensors:
            tensor.data = own.float()
        yield
    finally:
        for part, training in zip(modules, before, strict=True):
            part.training = training
        for tensor, own in tensors:
            tensor.data = own
