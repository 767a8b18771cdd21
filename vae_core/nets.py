"""Plain networks, tensors in and tensors out: none of them knows what a distribution is.

Shapes: B examples, F features, C H W image.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

Shape = tuple[int, int, int]


class Joined(nn.Sequential):
    """A sequence of layers over its inputs, each flattened past the batch and concatenated."""

    @staticmethod
    def join(*inputs: Tensor) -> Tensor:
        return torch.cat([x.flatten(1) for x in inputs], dim=-1)

    def forward(self, *inputs: Tensor) -> Tensor:
        return super().forward(self.join(*inputs))


class Nets(NamedTuple):
    """A preset: a trunk from an observation to `width` features (heads are linear maps on them), and a decoder to logits. spatial: for
    images alone."""

    trunk: Callable[[Shape], nn.Module]
    width: int
    decoder: Callable[[int, Shape], nn.Module]
    spatial: bool = False


def dense(inputs: int, hidden: Sequence[int], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    """Linear and activation for each hidden width."""
    widths = [inputs, *hidden]
    pairs = [(nn.Linear(a, b), activation()) for a, b in pairwise(widths)]
    return [layer for pair in pairs for layer in pair]


def mlp(*hidden: int, activation: Callable[[], nn.Module] = nn.LeakyReLU) -> Nets:
    """D - hidden - features, and the same widths back: `mlp(256)` is the source's D-256-LeakyReLU-2d."""

    def trunk(shape: Shape) -> nn.Module:
        return Joined(*dense(math.prod(shape), hidden, activation))

    def decoder(inputs: int, shape: Shape) -> nn.Module:
        layers = dense(inputs, hidden[::-1], activation)
        return Joined(*layers, nn.Linear(hidden[0], math.prod(shape)), nn.Unflatten(1, shape))

    return Nets(trunk, hidden[-1], decoder)


def convolutional(*channels: int, features: int = 256, activation: Callable[[], nn.Module] = nn.SiLU) -> Nets:
    """4x4 convolutions of stride 2 down to a side of 4 to 7, then a dense layer; the decoder is the mirror image.

    `channels` are the widths of the stages, the last one repeated where an image has more: 28 -> 14 -> 7,
    32 -> 16 -> 8 -> 4, 64 -> 32 -> 16 -> 8 -> 4. Raises ValueError for sides that do not halve down to 4..7.
    """

    def trunk(shape: Shape) -> nn.Module:
        widths, side = _stages(shape, channels)
        downs = [layer for a, b in pairwise(widths) for layer in (nn.Conv2d(a, b, 4, 2, 1), activation())]
        return nn.Sequential(*downs, nn.Flatten(), nn.Linear(widths[-1] * side**2, features), activation())

    def decoder(inputs: int, shape: Shape) -> nn.Module:
        widths, side = _stages(shape, channels)
        ups = [
            layer
            for b, a in zip(widths[:0:-1], widths[-2::-1], strict=True)
            for layer in (nn.ConvTranspose2d(b, a, 4, 2, 1), activation())
        ]
        top = dense(inputs, (features, widths[-1] * side**2), activation)
        return Joined(*top, nn.Unflatten(1, (widths[-1], side, side)), *ups[:-1])

    return Nets(trunk, features, decoder, spatial=True)


def disentanglement_lib() -> Nets:
    """The nets of disentanglement_lib's studies (Locatello et al., 2019), which are those of the beta-VAE for chairs (Higgins et al., 2017).

    Convolutions of stride 2 to 32, 32, 64 and 64 channels, two of 4x4 and two of 2x2, and 256 units; back through 256 and 1024 units
    and convolutions of 4x4 to 64, 32 and 32 channels; ReLU. 1024 is 64 x 4 x 4, of images of 64 x 64; other sides that 16 divides have
    their own. Raises ValueError for sides that it does not.
    """
    channels, features = (32, 32, 64, 64), 256

    def trunk(shape: Shape) -> nn.Module:
        side, kernels = _sixteenth(shape), ((4, 1), (4, 1), (2, 0), (2, 0))
        downs = [
            layer
            for (a, b), (size, padding) in zip(pairwise((shape[0], *channels)), kernels, strict=True)
            for layer in (nn.Conv2d(a, b, size, 2, padding), nn.ReLU())
        ]
        return nn.Sequential(*downs, nn.Flatten(), *dense(channels[-1] * side**2, [features], nn.ReLU))

    def decoder(inputs: int, shape: Shape) -> nn.Module:
        side = _sixteenth(shape)
        top = dense(inputs, (features, channels[-1] * side**2), nn.ReLU)
        widths = (*channels[::-1], shape[0])
        ups = [layer for a, b in pairwise(widths) for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU())]
        return Joined(*top, nn.Unflatten(1, (channels[-1], side, side)), *ups[:-1])

    return Nets(trunk, features, decoder, spatial=True)


def _sixteenth(shape: Shape) -> int:
    _, height, width = shape
    if height != width or height % 16:
        raise ValueError(
            f"the nets conv-32-64 want square images of a side that 16 divides, got {height} x {width}: choose others"
        )
    return height // 16


def _stages(shape: Shape, channels: Sequence[int]) -> tuple[list[int], int]:
    """Widths from the image's channels to the top stage, and the side of the top stage."""
    depth, height, width = shape
    if height != width:
        raise ValueError(f"convolutional nets want square images, got {height} x {width}: use an MLP")
    side, stages = height, 0
    while side > 7 and side % 2 == 0:
        side, stages = side // 2, stages + 1
    if not (4 <= side <= 7 and stages):
        raise ValueError(
            f"a side of {height} does not halve down to 4..7: use an MLP, or resize to 28, 32 or 64"
        )
    return [depth, *(channels[min(i, len(channels) - 1)] for i in range(stages))], side


# The presets by name. Add one here and every command and page can use it.
NETS: dict[str, Nets] = {
    "mlp-256": mlp(256),
    "mlp-200x2-tanh": mlp(200, 200, activation=nn.Tanh),
    "mlp-256x2": mlp(256, 256),
    "mlp-400": mlp(400),
    "mlp-512x2": mlp(512, 512),
    "conv-32": convolutional(32, 32),
    "conv-64": convolutional(64, 64, features=256),
    "conv-32-64": disentanglement_lib(),
}


def preset(name: str) -> Nets:
    """The preset of that name. Raises ValueError for an unknown one."""
    if name not in NETS:
        raise ValueError(f"no nets are called {name!r}: choose one of {', '.join(NETS)}")
    return NETS[name]
