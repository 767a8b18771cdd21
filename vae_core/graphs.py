"""ONNX graphs: read, checked and run on the CPU by onnxruntime. A graph is data: nothing of a file's is executed but the operators of the standard.

Shapes: B examples.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .files import at_least

# What a graph may take on disk, its weights included: protobuf, which ONNX is written in, reads no more.
MOST_BYTES = 2 * 1024**3 - 1

# Whose operators are run: the standard's, and those that are part of onnxruntime itself.
STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})

# The types of numbers that graphs are given and give.
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}

# The types of whole numbers that an input may have, such as the number of a class.
WHOLE = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}

# Numbers that a graph of a free batch is given at once: what nets make of more falls out of a CPU's caches.
AT_ONCE = 2_000_000

# Turns of all loops around a node, how deep graphs are nested, and through which operators a number of turns may come from a shape.
MOST_TURNS, MOST_DEPTH = 1_000_000, 32
FROM_SHAPES = ("Gather", "Squeeze", "Unsqueeze", "Slice", "Cast", "Identity", "Reshape")

INSTALL = "install what it needs with `pip install 'latent-explorer[onnx]'`"


class GraphError(ValueError):
    """A file that is no graph which can be run; the message is one sentence that says what to do."""


class Port(NamedTuple):
    """An input or output of a graph: its name, its sides (None where they are free), and the type of its numbers."""

    name: str
    shape: tuple[int | None, ...]
    type: str

    @property
    def told(self) -> str:
        """Its name and shape in words.

        >>> Port("x", (None, 1, 28, 28), "tensor(float)").told
        'x (batch x 1 x 28 x 28)'
        """
        sides = [
            "batch" if i == 0 and side is None else str(side or "any") for i, side in enumerate(self.shape)
        ]
        return f"{self.name} ({' x '.join(sides) or 'one number'})"


@dataclass(frozen=True)
class OnnxGraph:
    """A graph that was checked, ready to run. name: of its file, for messages."""

    name: str
    data: bytes

    @cached_property
    def session(self) -> Any:
        return _session(self.data, self.name)

    @cached_property
    def digest(self) -> bytes:
        """The SHA-256 of the file, 32 bytes."""
        return hashlib.sha256(self.data).digest()

    def __deepcopy__(self, memo: Any) -> "OnnxGraph":
        return self  # a session is run from many threads at once, and cannot be copied

    @property
    def inputs(self) -> list[Port]:
        return [_port(part) for part in self.session.get_inputs()]

    @property
    def outputs(self) -> list[Port]:
        return [_port(part) for part in self.session.get_outputs()]

    @property
    def batch(self) -> int | None:
        """The number of examples that it takes at once, where that is fixed."""
        fixed = {port.shape[0] for port in self.inputs if port.shape} - {None}
        return fixed.pop() if fixed else None

    def run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Its outputs by name, float32 on the CPU, for inputs `(B, ...)`; a graph of a fixed batch is run again and again.

        Raises GraphError where the graph fails on them.
        """
        size, at_once = max((len(value) for value in values.values()), default=0), self.batch
        if at_once is None:
            numbers = sum(value[0].numel() for value in values.values() if len(value))
            at_once = max(1, AT_ONCE // max(1, numbers))
            if size <= at_once:
                return self._run(values)
            starts = range(0, size, at_once)
            free = [self._run({n: v[start : start + at_once] for n, v in values.items()}) for start in starts]
            return {name: torch.cat([part[name] for part in free]) for name in free[0]}
        if size == at_once:
            return self._run(values)
        parts = [self._padded(values, start, at_once) for start in range(0, size, at_once)]
        return {name: torch.cat([part[name] for part in parts])[:size] for name in parts[0]}

    def _padded(self, values: Mapping[str, Tensor], start: int, at_once: int) -> dict[str, Tensor]:
        def padded(value: Tensor) -> Tensor:
            part = value[start : start + at_once]
            return torch.cat([part, part[-1:].expand(at_once - len(part), *part.shape[1:])])

        return self._run({name: padded(value) for name, value in values.items()})

    def _run(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        given = {
            port.name: values[port.name].detach().cpu().numpy().astype((TYPES | WHOLE)[port.type])
            for port in self.inputs
        }
        try:
            found = self.session.run(None, given)
        except Exception as error:  # each operator fails in its own way
            raise GraphError(f"{self.name} cannot be run: {_said(error)}") from None
        pairs = zip(self.outputs, found, strict=True)
        return {
            port.name: torch.from_numpy(np.array(value)).float()
            for port, value in pairs
            if port.type in TYPES
        }


def read_graph(source: Path | bytes, name: str = "", embedded: bool = True) -> OnnxGraph:
    """The graph of a file, or of its bytes, with its weights. embedded: whether all of it has to be in the one file; weights beside it are
    else taken from the folder of the file, and from no other.

    Raises GraphError, one sentence, for what is no ONNX, is larger than 2 GB, wants operators that are not of the standard, an opset
    that is too new, or files from elsewhere; and where onnx is not installed.
    """
    onnx = _onnx()
    if isinstance(source, Path):
        name = name or source.name
        data = _bytes(source)
    else:
        data = source
    try:
        model = onnx.load_model_from_string(data)
    except Exception:  # protobuf has its own kinds of errors
        model = None
    if model is None or (not model.graph.node and not model.graph.output):
        raise GraphError(f"{name} is no ONNX file: give one that torch.onnx.export or the like wrote")
    _check_operators(model, name)
    _check_loops(model, name)
    outside = list(_outside(model))
    if outside:
        if embedded or not isinstance(source, Path):
            raise GraphError(f"{name} keeps weights in other files ({outside[0]}): import it again")
        data = _embedded(model, source, outside)
    _ = (graph := OnnxGraph(name, data)).session  # what cannot be run is said now
    for port in graph.inputs:
        if port.type not in TYPES and not (port.type in WHOLE and len(graph.inputs) > 1):
            raise wants_floats(name, port)
    return graph


def wants_floats(name: str, port: Port) -> GraphError:
    """What is said of an input of other numbers than floats."""
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    return GraphError(f"{name} takes {port.name} as {kind}: export it with an input of floats")


def _onnx() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401 - asked for here, so that the sentence is one
    except ImportError:
        raise GraphError(f"reading and writing ONNX needs onnx and onnxruntime: {INSTALL}") from None
    return onnx


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise GraphError(f"there is no file {path}: give an .onnx file")
        if path.stat().st_size > MOST_BYTES:
            raise GraphError(
                f"{path.name} has {at_least(path.stat().st_size, 1e9)} GB, more than the 2 GB that a graph may have"
            )
        return path.read_bytes()
    except OSError as error:
        raise GraphError(f"{path} cannot be read: {error.strerror}") from None


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and all within its nodes."""
    yield graph
    for node in graph.node:
        yield from _within(node)


def _within(node: Any) -> Iterator[Any]:
    for inner in _bodies(node):
        yield from _graphs(inner)


def _bodies(node: Any) -> Iterator[Any]:
    """The graphs of a node, such as the body of a loop."""
    for attribute in node.attribute:
        yield from ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs)


def _nodes(model: Any) -> Iterator[Any]:
    """All nodes, those of functions and of the bodies of loops too."""
    for graph in _graphs(model.graph):
        yield from graph.node
    for function in model.functions:
        for node in function.node:
            yield node
            for graph in _within(node):
                yield from graph.node


def _check_operators(model: Any, name: str) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    for node in _nodes(model):
        if node.domain not in STANDARD and (node.domain, node.op_type) not in own:
            raise GraphError(
                f"{name} wants the operator {node.domain}.{node.op_type}, which is not of the standard: "
                "export it with operators of ONNX alone"
            )
    newest = _onnx().defs.onnx_opset_version()
    asked = max((opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")), default=0)
    if asked > newest:
        raise GraphError(
            f"{name} is of opset {asked}, and the installed onnx knows those up to {newest}: "
            "export it with an older opset, for example 17"
        )


def _check_loops(model: Any, name: str) -> None:
    """Raises GraphError for a loop that may not end. One whose turns are a constant, or counted by a tensor's shape, does."""
    functions = {(function.domain, function.name): function for function in model.functions}

    def visit(graph: Any, scope: Mapping[str, Any], turns: int, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise GraphError(f"{name} is nested more than {MOST_DEPTH} deep: export it flat")
        scope = {**scope, **{output: node for node in graph.node for output in node.output}}
        scope |= {tensor.name: tensor for tensor in getattr(graph, "initializer", ())}
        for node in graph.node:
            inside = turns * (_turns(node, scope, name) if node.op_type == "Loop" else 1)
            if inside > MOST_TURNS:
                raise GraphError(f"{name} has loops of {inside:,} turns, and at most {MOST_TURNS:,} are run")
            for inner in _bodies(node):
                visit(inner, scope, inside, depth + 1)
            if called := functions.get((node.domain, node.op_type)):
                visit(called, {}, inside, depth + 1)

    visit(model.graph, {}, 1, 0)


def _turns(loop: Any, scope: Mapping[str, Any], name: str) -> int:
    """How often a loop is run at most; 1 where a shape says it, which memory bounds."""
    source: Any = scope.get(loop.input[0]) if loop.input else None
    while getattr(source, "op_type", "") in FROM_SHAPES:
        source = scope.get(source.input[0])
    if getattr(source, "op_type", "") in ("Shape", "Size"):
        return 1
    if getattr(source, "op_type", "") == "Constant":
        source = next((part.t for part in source.attribute if part.HasField("t")), None)
    if source is None or not hasattr(source, "data_type"):
        raise GraphError(
            f"{name} has a loop that nothing bounds: export it with a number of turns that is written in the graph"
        )
    from onnx import numpy_helper

    return int(numpy_helper.to_array(source).reshape(-1)[0])


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors that hold values: initialisers and constants."""
    for graph in _graphs(model.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else []) + list(attribute.tensors)
            for sparse in ([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []) + list(
                attribute.sparse_tensors
            ):
                yield from (sparse.values, sparse.indices)


def _outside(model: Any) -> Iterator[str]:
    """The files beside it that its tensors lie in."""
    for tensor in _tensors(model):
        if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
            yield next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def _embedded(model: Any, path: Path, outside: Sequence[str]) -> bytes:
    """The file with the weights that lie beside it. Raises GraphError for such as lie elsewhere, and for too many."""
    home, total = path.parent.resolve(), path.stat().st_size
    for place in dict.fromkeys(outside):
        file = home / place
        inside = place and not Path(place).is_absolute() and file.resolve().is_relative_to(home)
        if not inside or file.is_symlink():
            raise GraphError(
                f"{path.name} wants weights from {place or 'nowhere'}, outside its folder: move them beside it"
            )
        if not file.is_file():
            raise GraphError(f"{path.name} lacks its weights, {place}: put that file beside it")
        total += file.stat().st_size
    if total > MOST_BYTES:
        raise GraphError(
            f"{path.name} and its weights have {total / 1e9:.1f} GB, more than the 2 GB that a graph may have"
        )
    try:
        _onnx().load_external_data_for_model(model, str(home))
        return model.SerializeToString()
    except Exception as error:
        raise GraphError(f"the weights of {path.name} cannot be read: {short(error)}") from None


def _session(data: bytes, name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    _bound_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # each kind of file that it does not like has its own
        raise GraphError(f"{name} cannot be run by onnxruntime: {_said(error)}") from None


@cache
def _bound_memory() -> None:
    """From now on all graphs of this process share one arena of `most_memory`: a graph that asks for more fails, and the process goes on."""
    import onnxruntime

    arena = onnxruntime.OrtArenaCfg(most_memory(), -1, -1, -1)
    of_cpu = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(of_cpu, arena)


def most_memory() -> int:
    """Bytes that graphs may take together, their weights included: half of the machine's memory, or 4 GB where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 4 * 1024**3


def _said(error: Exception) -> str:
    """Why it was not run."""
    if "Available memory of" in str(error) or "bad_alloc" in str(error) or "Failed to allocate" in str(error):
        return f"it asks for more memory than the {most_memory() / 1e9:.0f} GB that graphs may take here"
    return short(error)


def _port(part: Any) -> Port:
    sides = tuple(side if isinstance(side, int) and side > 0 else None for side in part.shape or ())
    return Port(part.name, sides, part.type)


def short(error: Exception) -> str:
    """The first sentence of what a library says, without codes."""
    words = " ".join(str(error).split())
    words = words.split(" : ", 3)[-1] if words.startswith("[ONNXRuntimeError]") else words
    return words[:200] or type(error).__name__
