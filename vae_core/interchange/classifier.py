"""A classifier of one's own beside a model, as an ONNX graph: what it says of what is decoded, and the least change of a code that alters it.

Shapes: N observations, D latent dimensions, K classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ..graphs import GraphError, OnnxGraph, Port, read_graph
from ..kinds import Image, Kind
from ..models.foreign import IMAGE_VALUES, LAYOUTS, TABLE_VALUES
from ..models.values import laid_out, read_values

# The file that is looked for in a checkpoint's folder.
CLASSIFIER = "classifier.onnx"
# Classes that an answer may have, and the least probability whose logarithm is taken.
MOST_CLASSES, LEAST = 1000, 1e-12
# Of the search: points of a line that are looked at at once, how often a line is narrowed, steps of the refinement, other ends that are tried,
# and half the width of differences.
POINTS, NARROWED, STEPS, TRIED, WIDTH = 16, 4, 12, 4, 1e-2


@dataclass(frozen=True)
class Classifier:
    """A graph that was checked against what a model decodes.

    Attributes:
        graph: the graph.
        kind: what it is given.
        layout: how an observation lies in its input.
        values: what values it reads: of images unit, signed or bytes, of rows raw or standardised.
        output: the name of the output that answers.
        gives: whether that is "probabilities" or "logits".
        classes: the names of its answers.

    Source:
        docs/bring-your-own-model.md, A classifier beside a model.
    """

    graph: OnnxGraph
    kind: Kind
    layout: str
    values: str
    output: str
    gives: str
    classes: tuple[str, ...]

    def scores(self, shown: Tensor) -> Tensor:
        """log p(class | x), `(N, K)`, of observations as they are shown, `(N, *shape)`. Raises GraphError for answers that are not finite."""
        x = given(shown, self.kind, self.layout, self.values)
        return log_probabilities(_answers(self.graph, self.output, x), self.gives)

    def told(self) -> str:
        """What it takes, in words."""
        return f"{self.graph.name} reads {self.values} values and gives {self.gives} of {len(self.classes)} classes"


def read_classifier(
    path: Path, kind: Kind, classes: Sequence[str], shown: Tensor, labels: Tensor | None = None
) -> Classifier:
    """The classifier of a file, checked on observations.

    Args:
        path: the ONNX file.
        kind: what the model decodes.
        classes: the names of the data's classes, which name its answers where they are as many.
        shown: some observations as they are shown, `(N, *shape)`.
        labels: their classes `(N,)`, which tell what values it reads: those by which it is right most often. Without them, images in [0, 1] and rows
            in their own units.

    Returns:
        The classifier.

    Raises:
        GraphError: one sentence, for what is no such graph.
    """
    graph = read_graph(path, path.name, embedded=False)
    if len(graph.inputs) != 1:
        names = ", ".join(port.told for port in graph.inputs) or "none"
        raise GraphError(
            f"{graph.name} takes {len(graph.inputs)} inputs ({names}): a classifier takes one, {kind.an}"
        )
    layout = _layout(graph, graph.inputs[0], kind)
    known = IMAGE_VALUES if isinstance(kind, Image) else TABLE_VALUES
    output = _output(graph, given(shown[:2], kind, layout, known[0]))
    answers = {one: _answers(graph, output, given(shown, kind, layout, one)) for one in known}
    count = max(2, answers[known[0]].shape[1])
    if count > MOST_CLASSES:
        raise GraphError(f"{graph.name} answers {count:,} classes: give one of at most {MOST_CLASSES:,}")
    gives = "probabilities" if are_probabilities(torch.cat(list(answers.values()))) else "logits"
    known_classes = len(classes) == count
    values = known[0]
    if labels is not None and known_classes:
        right = [(log_probabilities(answers[one], gives).argmax(-1) == labels).sum().item() for one in known]
        values = known[right.index(max(right))]
    named = tuple(classes) if known_classes else tuple(f"answer {c}" for c in range(count))
    return Classifier(graph, kind, layout, values, output, gives, named)


def given(shown: Tensor, kind: Kind, layout: str, values: str) -> Tensor:
    """Observations as the graph takes them."""
    return laid_out(read_values(shown.float(), kind, values), kind, layout)


def are_probabilities(answers: Tensor) -> bool:
    """Whether answers `(N, K)` are probabilities: rows that add up to 1, or of one number each, numbers in [0, 1]."""
    inside = ((answers >= 0) & (answers <= 1)).all()
    return bool(inside and (answers.shape[1] == 1 or ((answers.sum(1) - 1).abs() < 1e-3).all()))


def log_probabilities(answers: Tensor, gives: str) -> Tensor:
    """log p `(N, K)` of answers; of one number a row, those of two classes, of which it is the second.

    >>> log_probabilities(torch.tensor([[0.25, 0.75]]), "probabilities").exp().tolist()
    [[0.25, 0.75]]
    >>> log_probabilities(torch.tensor([[0.0]]), "logits").exp().tolist()
    [[0.5, 0.5]]
    """
    if gives == "probabilities":
        both = torch.cat([1 - answers, answers], 1) if answers.shape[1] == 1 else answers
        return both.clamp(min=LEAST).log()
    both = torch.cat([torch.zeros_like(answers), answers], 1) if answers.shape[1] == 1 else answers
    return both.log_softmax(1)


def _answers(graph: OnnxGraph, output: str, x: Tensor) -> Tensor:
    found = graph.run({graph.inputs[0].name: x})[output]
    found = found[:, None] if found.ndim == 1 else found
    if not found.isfinite().all():
        raise GraphError(f"{graph.name} answers NaN or infinite values: mend the classifier")
    return found


def _layout(graph: OnnxGraph, port: Port, kind: Kind) -> str:
    """How an observation lies in the input."""
    example = torch.zeros(2, *kind.shape)
    options = [layout for layout in LAYOUTS if layout != "no channel" or kind.shape[0] == 1]
    options = options if isinstance(kind, Image) else ["as is"]
    for layout in options:
        sides = tuple(laid_out(example, kind, layout).shape)[1:]
        fits = len(port.shape) == len(sides) + 1 and all(
            side in (None, own) for side, own in zip(port.shape[1:], sides, strict=True)
        )
        if fits:
            return layout
    wanted = " x ".join(map(str, kind.shape))
    raise GraphError(
        f"{graph.name} takes {port.told}, and this model’s {kind.many} are {wanted}: give a classifier of those"
    )


def _output(graph: OnnxGraph, x: Tensor) -> str:
    """The output that answers: the first of a row of numbers for each observation."""
    found = graph.run({graph.inputs[0].name: x})
    for name, value in found.items():
        if value.ndim in (1, 2) and len(value) == len(x) and value[0].numel():
            return name
    shapes = ", ".join(port.told for port in graph.outputs)
    raise GraphError(
        f"{graph.name} gives {shapes}: a classifier gives one row of numbers for each observation"
    )


class Change(NamedTuple):
    """A change of a code that alters an answer, the least one near it.

    Attributes:
        code: just beyond the boundary, `(D,)`.
        size: how far it lies from the start, by Euclidean distance.
        before: the number of the answer at the start.
        after: and of that beyond the boundary.
    """

    code: Tensor
    size: float
    before: int
    after: int


Scores = Callable[[Tensor], Tensor]


@torch.no_grad()
def least_change(scores: Scores, start: Tensor, others: Tensor) -> Change | None:
    """The least change of a code that alters an answer, as far as a local search finds it.

    From the start z towards other codes the first place where the answer differs is found on the line (a line search). There the boundary is taken
    for a plane, with the gradient g of log p(before) - log p(after) by central differences, and z is projected onto it, z + (g·(b - z) / |g|^2) g; the
    first other answer on that ray is the next b, as long as it is nearer. For a boundary that is a plane the result is exact; else it is a local
    minimum, and a smaller change may exist elsewhere.

    Args:
        scores: log p(class | code) `(N, K)` of codes `(N, D)`.
        start: the code, `(D,)`.
        others: codes to look towards, `(M, D)`, such as the nearest ones with another answer.

    Returns:
        The change, None where the answer is the same towards all of the others.

    Example:
        >>> def scores(z):  # the answer is 1 where z_0 > 1
        ...     return torch.stack([1 - z[:, 0], z[:, 0] - 1], 1).log_softmax(1)
        >>> found = least_change(scores, torch.zeros(2), torch.tensor([[3.0, 3.0]]))
        >>> round(found.size, 2), found.before, found.after
        (1.0, 0, 1)

    Source:
        Moosavi-Dezfooli, Fawzi & Frossard (2016), DeepFool, here in a latent space and from the boundary back.
    """
    before = int(scores(start[None]).argmax())
    found = [change for other in others[:TRIED] if (change := _first(scores, start, other, before))]
    if not found:
        return None
    best = min(found, key=lambda change: change.size)
    for _ in range(STEPS):
        nearer = _nearer(scores, start, best)
        if nearer is None or nearer.size > best.size * (1 - 1e-4):
            break
        best = nearer
    return best


def _first(scores: Scores, start: Tensor, end: Tensor, before: int) -> Change | None:
    """The first place on the line from the start to an end where the answer is another."""
    low, high, after = 0.0, 1.0, -1
    for _ in range(NARROWED):
        shares = torch.linspace(low, high, POINTS + 1)[1:]
        answers = scores(start + shares[:, None] * (end - start)).argmax(1)
        other = torch.nonzero(answers != before).flatten()
        if not len(other):
            return None
        place = int(other[0])
        after = int(answers[place])
        low, high = (low if place == 0 else shares[place - 1].item()), shares[place].item()
    code = start + high * (end - start)
    return Change(code, torch.linalg.vector_norm(code - start).item(), before, after)


def _nearer(scores: Scores, start: Tensor, at: Change) -> Change | None:
    """The change that the plane through a place of the boundary gives; None where there is no plane, and no other answer beyond it."""
    size = len(start)
    steps = WIDTH * torch.eye(size)
    found = scores(torch.cat([at.code + steps, at.code - steps]))
    margin = found[:, at.before] - found[:, at.after]
    gradient = (margin[:size] - margin[size:]) / (2 * WIDTH)
    length = gradient.square().sum()
    if not length > 0:
        return None
    projected = (gradient @ (at.code - start)) / length * gradient
    # A boundary that bends away lies beyond the plane: the ray goes on for a while.
    return _first(scores, start, start + 1.3 * projected, at.before)
