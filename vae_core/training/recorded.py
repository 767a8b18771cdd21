"""A training step as one CUDA graph: recorded once, then replayed by one call of the driver in place of some hundreds.

Small nets leave a GPU idle while Python launches their kernels. What is computed is the same, noise included: a graph reads
torch's generator where it stands. Shapes: B examples.
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

Parts = dict[str, Tensor]

# Steps before the recording, which let cuDNN and the optimiser set up what they keep.
BEFORE = 3


class NotRecorded(UserWarning):
    """Said once of a step that cannot be recorded.

    Example:
        >>> issubclass(NotRecorded, UserWarning)
        True
    """


def on_a_gpu(rows: Tensor) -> bool:
    return rows.device.type == "cuda"


class Recorded:
    """A step, `rows (B,) -> parts`, that is recorded at its fourth call and replayed from then on; one that cannot be recorded goes on as it is.

    Args:
        step: forward, backward and the optimiser's step at these rows of the data; it must neither wait for the device nor read a
            number back. Its parts are scalars on the device.

    Example:
        >>> step = Recorded(lambda rows: {"loss": rows.float().mean()})
        >>> step(torch.tensor([1, 3]))["loss"].item()
        2.0

    Source:
        https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """

    def __init__(self, step: Callable[[Tensor], Parts]):
        self.step, self.calls = step, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.rows = self.table = torch.empty(0)
        self.names: list[str] = []

    def __call__(self, rows: Tensor) -> Parts:
        if not on_a_gpu(rows) or self.calls < 0:
            return self.step(rows)
        self.calls += 1
        if self.calls <= BEFORE:
            return self._aside(rows)
        if self.graph is None and not self._record(rows):
            return self.step(rows)
        assert self.graph is not None
        self.rows.copy_(rows)
        self.graph.replay()
        # The graph writes its next parts where these are.
        return dict(zip(self.names, self.table.clone().unbind(), strict=True))

    def _aside(self, rows: Tensor) -> Parts:
        """One step on a stream of its own, as recordings want the steps before them."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            parts = self.step(rows)
        torch.cuda.current_stream().wait_stream(stream)
        return parts

    def _record(self, rows: Tensor) -> bool:
        """Whether the step could be recorded; nothing is computed."""
        graph, self.rows = torch.cuda.CUDAGraph(), rows.clone()
        torch.cuda.synchronize()
        try:
            with torch.cuda.graph(graph):
                parts = self.step(self.rows)
                self.names, self.table = list(parts), torch.stack(list(parts.values()))
        except RuntimeError as error:
            first = str(error).partition("\n")[0]
            warnings.warn(
                f"the steps of this training are launched one by one, since they cannot be recorded: {first}",
                NotRecorded,
                stacklevel=2,
            )
            self.calls = -1
            return False
        self.graph = graph
        return True
