"""What a graph is given and gives of an observation and a class: how values lie in its tensors, and what they are.

Shapes: B examples, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..graphs import OnnxGraph, Port
from ..kinds import Kind, Table

# How an input is told the class.
CLASS_FORMS = ("one-hot", "index")


@dataclass(frozen=True)
class ClassInput:
    """An input of a graph that is told the class: its name, and whether it takes one-hot rows or the number of the class, from 0 on."""

    input: str
    form: str = "one-hot"

    def given(self, y: Tensor, ports: Sequence[Port]) -> dict[str, Tensor]:
        """What the input takes for one-hot rows `(B, K)`."""
        if self.form == "one-hot":
            return {self.input: y}
        number, port = y.argmax(-1), next(port for port in ports if port.name == self.input)
        return {self.input: number[:, None] if len(port.shape) > 1 else number}


def class_given(told: ClassInput | None, graph: OnnxGraph, y: Sequence[Tensor]) -> dict[str, Tensor]:
    """The class as a graph takes it, of one-hot rows `(B, K)`; nothing for a graph that reads none."""
    return told.given(y[0], graph.inputs) if told else {}


def laid_out(x: Tensor, kind: Kind, layout: str) -> Tensor:
    """Observations `(B, *shape)` as a graph reads them."""
    if layout == "channels last":
        return x.movedim(1, -1)
    return x.squeeze(1) if layout == "no channel" else x.flatten(1) if layout == "flat" else x


def back(x: Tensor, kind: Kind, layout: str) -> Tensor:
    """What a graph gives as observations `(B, *shape)`."""
    if layout == "channels last":
        return x.movedim(-1, 1)
    return x if layout == "as is" else x.reshape(len(x), *kind.shape)


def read_values(x: Tensor, kind: Kind, values: str) -> Tensor:
    """Values as they are scored, images in [0, 1] and rows in their units, as a graph reads them."""
    if values == "standardised" and isinstance(kind, Table):
        return kind.standardised(x)
    return 2 * x - 1 if values == "signed" else 255 * x if values == "bytes" else x


def shown_values(output: Tensor, kind: Kind, values: str, output_is: str) -> Tensor:
    """A decoder's output as it is shown: images in [0, 1], rows in their units."""
    if output_is == "logits":
        return output.sigmoid()
    if output_is == "probabilities":
        return output
    if values == "standardised" and isinstance(kind, Table):
        return kind.unstandardised(output)
    return (output + 1) / 2 if values == "signed" else output / 255 if values == "bytes" else output
