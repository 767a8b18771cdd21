"""Nets that answer to every beta: one training, all rates (Bae et al., 2023, arXiv 2212.03905).

The rate of a block is an input of the model, `log_beta_<block>` `(B, 1)`, which gates in the nets read; the objective weighs each
example by the same beta. Shapes: B examples, R rates, F features.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .model import Model
from .names import RATE
from .nets import Joined

# Training draws betas from a range wider than the exposed one by this factor on both sides: the ends are fitted worst.
MARGIN = 1.5

# No beta is smaller, or its inverse larger: beyond, one of the two terms of the bound is nothing but rounding.
LEAST = 1e-6


def rate_name(block: str) -> str:
    """The input that says at which beta a block is: its log, `(B, 1)`.

    >>> rate_name("z_l")
    'log_beta_z_l'
    """
    return RATE + block


Range = tuple[float, float]


def checked_range(low: float, high: float) -> Range:
    """The lowest and the highest beta, as they are. Raises ValueError for an empty range, and for one beyond rounding."""
    if not 0 < low < high < math.inf:
        raise ValueError(
            f"rates are the lowest and the highest beta, above 0, such as 0.1 10; got {low:g} {high:g}"
        )
    if low < LEAST or high > 1 / LEAST:
        raise ValueError(
            f"rates lie between {LEAST:g} and {1 / LEAST:g}, got {low:g} {high:g}: give a narrower range"
        )
    return low, high


class Rates(nn.Module):
    """The log betas of some blocks, `(B, 1)` each, as numbers `(B, R)` of mean 0 and variance 1 over the ranges trained on.

    `ranges` are the ranges of betas that a user is offered, by block; training draws them log-uniformly from wider ones (`trained`).
    Raises ValueError for an empty range.
    """

    def __init__(self, ranges: Mapping[str, Range]):
        super().__init__()
        self.ranges = {block: checked_range(*exposed) for block, exposed in ranges.items()}

    @property
    def blocks(self) -> tuple[str, ...]:
        return tuple(self.ranges)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(rate_name, self.blocks))

    def trained(self, block: str) -> Range:
        """The range that the betas of a block are drawn from."""
        low, high = self.ranges[block]
        return low / MARGIN, high * MARGIN

    def forward(self, *log_betas: Tensor) -> Tensor:
        columns = []
        for block, log_beta in zip(self.blocks, log_betas, strict=True):
            low, high = map(math.log, self.trained(block))
            columns.append((log_beta - (low + high) / 2) * (2 * math.sqrt(3) / (high - low)))
        return torch.cat(columns, -1)

    def only(self, *blocks: str) -> "Rates":
        """The same ranges for some of the blocks."""
        return Rates({block: self.ranges[block] for block in blocks})


class Rate(NamedTuple):
    """The betas of one block: the range that a user is offered, and the wider one that was trained on."""

    exposed: Range
    trained: Range


def opening(a: Tensor) -> Tensor:
    """sigmoid(a), the gate of a hidden unit: it can always open again."""
    return a.sigmoid()


def closing(a: Tensor) -> Tensor:
    """sqrt(max(0, 1 - exp(a))), the gate of a latent dimension: it closes for good where the dimension does not pay.

    Exact in the linear case: a linear beta-VAE with noise s has W = U diag sqrt(lambda_j - beta s^2)_+, which is
    U Lambda^(1/2) with this gate at a = log beta + log(s^2 / lambda_j) on each latent, at every beta.
    """
    return (1 - a.exp()).relu().sqrt()


class GateKind(NamedTuple):
    """A kind of gate, and the argument at which it begins: nearly open at every rate. A closed `closing` has no gradient, so it must not begin
    closed."""

    gate: Callable[[Tensor], Tensor]
    beginning: float


UNITS = GateKind(opening, 1.0)

# The gates of latent dimensions by name.
GATES: dict[str, GateKind] = {"closing": GateKind(closing, -3.0), "opening": GateKind(opening, 3.0)}

# Features of the hyper-network that all gates of a net share, and how many linear maps it mixes where latents come in or go out.
FEATURES, MAPS = 16, 4


class Features(nn.Module):
    """What gates read: the standardised rates t and SiLU(A t + a), one hidden layer of a hyper-network, `(B, R + 16)`."""

    def __init__(self, rates: Rates):
        super().__init__()
        self.rates = rates
        self.hidden = nn.Linear(len(rates.blocks), FEATURES)
        for parameter in self.hidden.parameters():
            nn.init.uniform_(parameter, -2, 2)  # bends all over the range of t

    @property
    def width(self) -> int:
        return len(self.rates.blocks) + FEATURES

    def forward(self, *log_betas: Tensor) -> Tensor:
        t = self.rates(*log_betas)
        return torch.cat([t, F.silu(self.hidden(t))], dim=-1)


class Gate(nn.Module):
    """Scale and shift of each unit, `h <- g(w . f + b) h + v . f`, by the features f of the rates."""

    def __init__(self, features: int, units: int, kind: GateKind):
        super().__init__()
        self.gate = kind.gate
        self.scale = nn.Linear(features, units)
        self.shift = nn.Linear(features, units, bias=False)
        nn.init.uniform_(self.scale.weight, -0.3, 0.3)
        nn.init.constant_(self.scale.bias, kind.beginning)
        nn.init.zeros_(self.shift.weight)

    def forward(self, h: Tensor, f: Tensor) -> Tensor:
        ones = [1] * (h.dim() - 2)
        scale, shift = (part.view(*part.shape, *ones) for part in (self.gate(self.scale(f)), self.shift(f)))
        return h * scale + shift


class Blend(nn.Module):
    """sum_k a_k(f) W_k x: what a linear map between latents and features becomes at other rates, since dimensions turn as they die."""

    def __init__(self, features: int, inputs: int, outputs: int):
        super().__init__()
        self.maps = nn.Linear(inputs, MAPS * outputs, bias=False)
        self.shares = nn.Linear(features, MAPS)
        nn.init.uniform_(self.shares.weight, -0.05, 0.05)
        nn.init.zeros_(self.shares.bias)

    def forward(self, x: Tensor, f: Tensor) -> Tensor:
        return torch.einsum("bk,bko->bo", self.shares(f), self.maps(x).unflatten(-1, (MAPS, -1)))


class Gated(nn.Module):
    """A sequence of layers with a gate on the units of each hidden affine map or convolution, before its activation.

    Its last inputs are the log betas. `latents` is how many of its first inputs are latents: each has a gate too, of the kind `gates`, and the
    layer that reads them is a blend. What it is told beside them, such as the class, costs no rate and has no gate.
    """

    def __init__(self, net: nn.Sequential, rates: Rates, latents: int = 0, gates: str = "closing"):
        super().__init__()
        self.net, self.features, self.latents = net, Features(rates), latents
        width = self.features.width
        self.gates = nn.ModuleDict({str(i): Gate(width, units, UNITS) for i, units in _hidden(net).items()})
        self.entry = nn.ModuleList()
        if latents:
            first: Any = net[0]
            self.entry.extend([Gate(width, latents, GATES[gates]), Blend(width, latents, first.out_features)])

    def forward(self, *inputs: Tensor) -> Tensor:
        count = len(self.features.rates.blocks)
        f = self.features(*inputs[-count:])
        x = Joined.join(*inputs[:-count]) if isinstance(self.net, Joined) else inputs[0]
        for number, layer in enumerate(self.net):
            x = self._enter(layer, x, f) if number == 0 and self.entry else layer(x)
            if str(number) in self.gates:
                x = self.gates[str(number)](x, f)
        return x

    def _enter(self, layer: nn.Module, x: Tensor, f: Tensor) -> Tensor:
        gate, blend = self.entry
        latents = gate(x[:, : self.latents], f)
        return layer(torch.cat([latents, x[:, self.latents :]], dim=-1)) + blend(latents, f)


def _hidden(net: nn.Sequential) -> dict[int, int]:
    """The places of the affine layers that an activation follows, and their units."""
    layers = list(net)
    affine = {
        i: getattr(layer, "out_features", getattr(layer, "out_channels", 0))
        for i, layer in enumerate(layers[:-1])
    }
    return {i: units for i, units in affine.items() if units and not isinstance(layers[i + 1], nn.Unflatten)}


class GatedHead(nn.Module):
    """A linear head that is a blend, with a gate on each output. In the linear case the mean takes the decoder's gate, and log sigma_j
    moves with (log beta + log(s^2 / lambda_j)) / 2."""

    def __init__(self, head: nn.Linear, rates: Rates, gates: str = "closing"):
        super().__init__()
        self.head, self.features = head, Features(rates)
        self.gate = Gate(self.features.width, head.out_features, GATES[gates])
        self.blend = Blend(self.features.width, head.in_features, head.out_features)

    def forward(self, h: Tensor, *log_betas: Tensor) -> Tensor:
        f = self.features(*log_betas)
        return self.gate(self.head(h) + self.blend(h, f), f)


class GatedEncoder(nn.Module):
    """A gated head behind gated layers, of all rates: mean and log scale from features and what stands beside them, such as the class."""

    def __init__(self, layers: nn.Sequential, head: nn.Linear, rates: Rates, gates: str = "closing"):
        super().__init__()
        self.count = len(rates.blocks)
        self.layers, self.head = Gated(layers, rates), GatedHead(head, rates, gates)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.head(self.layers(*inputs), *inputs[-self.count :])


def rates_of(model: Model) -> dict[str, Rate]:
    """The ranges of betas of each block that has a rate input; empty for a model of one beta."""
    rates: dict[str, Rate] = {}
    for module in model.modules():
        if isinstance(module, Rates):
            rates |= {block: Rate(exposed, module.trained(block)) for block, exposed in module.ranges.items()}
    return {name: rates[name] for name in model.latents if name in rates}


def usual(model: Model) -> dict[str, float]:
    """Where a multi-rate model is unless asked otherwise: at beta = 1, the bound itself, or the exposed beta that is nearest to it."""
    return {block: min(max(1.0, low), high) for block, ((low, high), _) in rates_of(model).items()}


def at(model: Model, betas: float | Mapping[str, float]) -> Model:
    """The model at these betas: one for each block of `rates_of(model)`, or one number for all; weights are shared.

    A model of one beta is given back as it is. Raises ValueError for a block without a rate, a block left out, or a beta that was not
    trained on.
    """
    rates = rates_of(model)
    asked = betas if isinstance(betas, Mapping) else dict.fromkeys(rates, betas)
    if set(asked) != set(rates):
        raise ValueError(
            f"betas are given for {', '.join(asked) or 'no block'}, but the blocks with a rate are {', '.join(rates) or 'none'}"
        )
    for block, beta in asked.items():
        low, high = rates[block].trained
        if not low * (1 - 1e-6) <= beta <= high * (1 + 1e-6):
            raise ValueError(f"beta of {block} must be between {low:g} and {high:g}, got {beta:g}")
    if not asked:
        return model
    weight = next(model.parameters())
    held = {rate_name(block): weight.new_full((1, 1), math.log(beta)) for block, beta in asked.items()}
    return model.holding(held)


def beta_grid(model: Model, points: int) -> list[dict[str, float]]:
    """`points` betas for each block over its exposed range, in every combination; nothing for a model of one beta.

    Equal steps of log beta, the nearest inner one put where the model usually stands: what is shown first is measured, not interpolated.
    """
    stands = usual(model)
    steps = {block: _steps(rate.exposed, points, stands[block]) for block, rate in rates_of(model).items()}
    return (
        [dict(zip(steps, betas, strict=True)) for betas in itertools.product(*steps.values())]
        if steps
        else []
    )


def _steps(exposed: Range, points: int, stands: float) -> list[float]:
    low, high = map(math.log, exposed)
    steps = [float(f"{math.exp(low + (high - low) * i / (points - 1)):.4g}") for i in range(points)]
    inner = steps[1:-1]
    if stands in steps or not inner:
        return steps
    nearest = min(inner, key=lambda beta: abs(math.log(beta / stands)))
    return [stands if beta == nearest else beta for beta in steps]
