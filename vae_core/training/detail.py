"""One batch of a training in detail: its terms, the gradient of each layer, its images, and what the first of them are encoded to."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..distributions import Sampler
from ..explore import encode
from ..names import LABEL

if TYPE_CHECKING:
    from .loop import Run
    from .portrait import Portrait

# Rows of a batch that are shown.
ROWS = 8


def detail(
    run: "Run", portrait: "Portrait | None", parts: Mapping[str, Tensor], rows: Tensor | None
) -> dict[str, Any]:
    """What JSON can hold of the batch that a training has just learned from: `rows` of its images, with these terms of the loss.

    Gradients are those of the step, before they were clipped; codes are posterior means after it, of images whose noise is drawn anew.
    """
    scale = max(1.0, float(run.norm) / run.options.clip) if run.norm is not None else 1.0
    told: dict[str, Any] = {
        "parts": {name: round(float(value), 6) for name, value in parts.items()},
        "gradients": gradient_norms({name: p.grad for name, p in run.model.named_parameters()}, scale),
    }
    if rows is None:
        return told
    told["rows"] = rows.tolist()
    if portrait is not None:
        batch = run.data.batch(rows[:ROWS], Sampler.seeded(0))
        if LABEL in run.model.latents:
            del batch[LABEL]
        codes = encode(portrait.model, batch)
        pictures = portrait.pictures(run.data.kind.shown(run.data.images[rows[:ROWS]]))
        told["codes"] = {name: codes[name].mean.tolist() for name in portrait.blocks}
        told["pictures"] = base64.b64encode(pictures.tobytes()).decode()
    return told


def gradient_norms(named: Mapping[str, Tensor | None], scale: float) -> dict[str, float]:
    """The norm of the gradient of each layer, |g|_2 over all of its parameters, times a scale; by the layer's name.

    >>> import torch
    >>> gradient_norms({"p.weight": torch.tensor([3.0]), "p.bias": torch.tensor([4.0]), "q.weight": None}, 2.0)
    {'p': 10.0}
    """
    squares: dict[str, float] = {}
    for name, gradient in named.items():
        if gradient is not None:
            layer = name.rpartition(".")[0]
            squares[layer] = squares.get(layer, 0.0) + gradient.float().square().sum().item()
    return {layer: scale * square**0.5 for layer, square in squares.items()}
