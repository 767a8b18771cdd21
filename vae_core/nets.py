"""Plain networks, tensors in and tensors out: none of them knows what a distribution is.

Shapes: B examples, F features, C H W image.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .plugins import Registry

Shape = tuple[int, ...]
Size = tuple[int, int]


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


def convolutional(
    *channels: int,
    features: int = 256,
    activation: Callable[[], nn.Module] = nn.SiLU,
    residual: bool = False,
) -> Nets:
    """4x4 convolutions of stride 2 down to sides of 4 to 7, then a dense layer; the decoder is the mirror image.

    `channels` are the widths of the stages, the last one repeated where an image has more: 28 -> 14 -> 7, 32 -> 16 -> 8 -> 4,
    64 -> 32 -> 16 -> 8 -> 4. Images of every size: an odd side loses its half pixel on the way down and has it back on the way up,
    100 x 75 -> 50 x 37 -> 25 x 18 -> 12 x 9 -> 6 x 4; a side that is short enough stays, 64 x 6 -> 32 x 6.
    residual: each stage ends, on the way up begins, in a `Residual` block, for images of more detail.
    """

    def blocks(width: int) -> list[nn.Module]:
        return [Residual(width, activation)] if residual else []

    def trunk(shape: Shape) -> nn.Module:
        widths, sizes = _stages(shape, channels)
        downs = [
            layer
            for (a, b), (large, small) in zip(pairwise(widths), pairwise(sizes), strict=True)
            for layer in (_down(a, b, large, small), activation(), *blocks(b))
        ]
        top = widths[-1] * math.prod(sizes[-1])
        return nn.Sequential(*downs, nn.Flatten(), nn.Linear(top, features), activation())

    def decoder(inputs: int, shape: Shape) -> nn.Module:
        widths, sizes = _stages(shape, channels)
        ups = [
            layer
            for (b, a), (small, large) in zip(pairwise(widths[::-1]), pairwise(sizes[::-1]), strict=True)
            for layer in (*blocks(b), _up(b, a, small, large), activation())
        ]
        return Joined(*_top(inputs, features, widths[-1], sizes[-1], activation), *ups[:-1])

    return Nets(trunk, features, decoder, spatial=True)


class Residual(nn.Module):
    """h + W2 a(W1 a(h)), two 3x3 convolutions beside the identity (He et al., 2016).

    W2 begins at 0, so that a training begins at the plain convolutions and needs no normalisation (Zhang et al., 2019).
    """

    def __init__(self, channels: int, activation: Callable[[], nn.Module]):
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        for parameter in second.parameters():
            nn.init.zeros_(parameter)
        self.branch = nn.Sequential(activation(), first, activation(), second)

    def forward(self, h: Tensor) -> Tensor:
        return h + self.branch(h)


def disentanglement_lib() -> Nets:
    """The nets of disentanglement_lib's studies (Locatello et al., 2019), which are those of the beta-VAE for chairs (Higgins et al., 2017).

    Convolutions of stride 2 to 32, 32, 64 and 64 channels, two of 4x4 and two of 2x2 (3x3 along an odd side), and 256 units; back through
    256 and 1024 units and convolutions of 4x4 to 64, 32 and 32 channels; ReLU. 1024 is 64 x 4 x 4, of images of 64 x 64; other sizes have
    their own. Raises ValueError for sides below 16.
    """
    channels, features = (32, 32, 64, 64), 256

    def trunk(shape: Shape) -> nn.Module:
        sizes = _four_halvings(shape)
        downs = [
            layer
            for number, ((a, b), (large, small)) in enumerate(
                zip(pairwise((shape[0], *channels)), pairwise(sizes), strict=True)
            )
            for layer in (_down(a, b, large, small) if number < 2 else _pooled(a, b, large), nn.ReLU())
        ]
        return nn.Sequential(
            *downs, nn.Flatten(), *dense(channels[-1] * math.prod(sizes[-1]), [features], nn.ReLU)
        )

    def decoder(inputs: int, shape: Shape) -> nn.Module:
        sizes = _four_halvings(shape)
        widths = (*channels[::-1], shape[0])
        top = _top(inputs, features, channels[-1], sizes[-1], nn.ReLU)
        ups = [
            layer
            for (b, a), (small, large) in zip(pairwise(widths), pairwise(sizes[::-1]), strict=True)
            for layer in (_up(b, a, small, large), nn.ReLU())
        ]
        return Joined(*top, *ups[:-1])

    return Nets(trunk, features, decoder, spatial=True)


def _four_halvings(shape: Shape) -> list[Size]:
    """Sizes from the image's to a sixteenth of it."""
    _, height, width = shape
    if min(height, width) < 16:
        raise ValueError(
            f"the nets conv-32-64 want images whose sides are at least 16, got {height} x {width}: choose others"
        )
    return [(height >> i, width >> i) for i in range(5)]


def _stages(shape: Shape, channels: Sequence[int]) -> tuple[list[int], list[Size]]:
    """Widths and sizes from the image's to the top stage's: each side is halved while it is above 7. There is one stage at least."""
    depth, *size = shape
    sizes: list[Size] = [(size[0], size[1])]
    while max(sizes[-1]) > 7 or len(sizes) == 1:
        height, width = (side // 2 if side > 7 else side for side in sizes[-1])
        sizes.append((height, width))
    return [depth, *(channels[min(i, len(channels) - 1)] for i in range(len(sizes) - 1))], sizes


def _top(
    inputs: int, features: int, channels: int, size: Size, activation: Callable[[], nn.Module]
) -> list[nn.Module]:
    """The dense layers from a code to the features of the top stage."""
    layers = dense(inputs, (features, channels * math.prod(size)), activation)
    return [*layers, nn.Unflatten(1, (channels, *size))]


def _down(a: int, b: int, large: Size, small: Size) -> nn.Conv2d:
    """A convolution that halves a side, rounded down, with four weights along it, or keeps it with three."""
    kernel, stride, _ = zip(*map(_along, large, small), strict=True)
    return nn.Conv2d(a, b, kernel, stride, 1)


def _up(b: int, a: int, small: Size, large: Size) -> "Up":
    """The way back of `_down`: a side that was odd has one pixel more than twice its half."""
    kernel, stride, rest = zip(*map(_along, large, small), strict=True)
    return Up(b, a, kernel, stride, 1, rest)


class Up(nn.ConvTranspose2d):
    """A transposed convolution that is decoded fast on a CPU where it has few outputs, as the last one of an image has.

    Each pixel of the input is a patch of the output: one product of matrices makes the patches, and `fold` adds them up where they overlap.
    torch's own takes five to six times as long to one channel of 28 x 28, which was half of what a decoder takes. With
    gradients, on a GPU and in an exported graph it is torch's own.

    Example:
        >>> up = Up(8, 1, 4, 2, 1)
        >>> h = torch.randn(2, 8, 7, 7, generator=torch.Generator().manual_seed(0))
        >>> own = nn.ConvTranspose2d.forward(up, h)
        >>> with torch.no_grad():
        ...     bool((up(h) - own).abs().max() < 1e-5)
        True
    """

    FEW = 4

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        fast = input.device.type == "cpu" and self.out_channels <= self.FEW and input.dim() == 4
        if torch.is_grad_enabled() or torch.jit.is_tracing() or output_size is not None or not fast:
            return super().forward(input, output_size)
        patches = self.weight.flatten(1).mT @ input.flatten(2)
        pads = cast(tuple[int, ...], self.padding)
        sizes = zip(input.shape[2:], self.stride, pads, self.kernel_size, self.output_padding, strict=True)
        sides = [(side - 1) * step - 2 * pad + kernel + rest for side, step, pad, kernel, rest in sizes]
        added = F.fold(patches, tuple(sides), self.kernel_size, padding=pads, stride=self.stride)
        return added if self.bias is None else added + self.bias[:, None, None]


def _along(large: int, small: int) -> tuple[int, int, int]:
    """Weights, stride and what is left over of a side that is halved or kept."""
    return (3, 1, 0) if large == small else (4, 2, large - 2 * small)


def _pooled(a: int, b: int, large: Size) -> nn.Conv2d:
    """A convolution that halves a side with two weights along it, or three where it is odd."""
    return nn.Conv2d(a, b, (2 + large[0] % 2, 2 + large[1] % 2), 2, 0)


# The presets by name. Add one and every command and page can use it.
NETS: Registry[Nets] = Registry(
    "preset of nets",
    "latent_explorer.nets",
    {
        "mlp-256": mlp(256),
        "mlp-200x2-tanh": mlp(200, 200, activation=nn.Tanh),
        "mlp-256x2": mlp(256, 256),
        "mlp-400": mlp(400),
        "mlp-512x2": mlp(512, 512),
        "conv-32": convolutional(32, 32),
        "conv-64": convolutional(64, 64, features=256),
        "conv-32-64": disentanglement_lib(),
        "res-32-64": convolutional(32, 64, residual=True),
    },
    lambda thing: isinstance(thing, Nets),
    "a Nets: a trunk, its width and a decoder",
)


def preset(name: str) -> Nets:
    """The preset of that name. Raises ValueError for an unknown one."""
    if name not in NETS:
        raise ValueError(f"no nets are called {name!r}: choose one of {', '.join(NETS)}")
    return NETS[name]
