"""Priors of latent blocks. Unlabelled: normal, mixture, vamp, flow; labelled: prototypes, class, class-mixture, class-flow.

Shapes: B examples, D latent dimensions, K classes, M components. A class arrives as a one-hot row `(B, K)` under the name `y`.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution

from .conditionals import LOG_SCALE_RANGE, Conditional, Env, Feature
from .distributions import MIXTURE_DIVERGENCES, GaussianMixture, OneHot, diagonal_normal
from .flows import ClassFlow, Flow
from .names import IMAGE, LABEL
from .plugins import Registry


class StandardNormal(Conditional):
    """N(0, I) in D dimensions."""

    loc: Tensor

    def __init__(self, dimensions: int):
        super().__init__()
        self.register_buffer("loc", torch.zeros(dimensions))

    def forward(self, env: Env) -> Distribution:
        return diagonal_normal(self.loc, torch.ones_like(self.loc))


class Mixture(Conditional):
    """sum_i w_i N(m_i, diag s_i^2), M components with learned weights, means and scales.

    divergence: how KL(q || p) is had, a name in `distributions.MIXTURE_DIVERGENCES`. Monte Carlo at the decoder's draw is unbiased;
    hershey-olsen is an upper bound with little slack; convexity is one that makes a learned mixture collapse to one Gaussian.
    Means start at distance ~2 from each other, so that a component has something of its own to win.
    """

    def __init__(self, components: int, dimensions: int, divergence: str = "monte-carlo"):
        super().__init__()
        _at_least_one(components=components)
        if divergence not in MIXTURE_DIVERGENCES:
            raise ValueError(
                f"no divergence is called {divergence!r}: choose one of {', '.join(MIXTURE_DIVERGENCES)}"
            )
        self.divergence = divergence
        self.logits = nn.Parameter(torch.zeros(components))
        self.means = nn.Parameter(torch.randn(components, dimensions) * math.sqrt(2 / dimensions))
        self.log_scales = nn.Parameter(torch.zeros(components, dimensions))

    def forward(self, env: Env) -> Distribution:
        parts = diagonal_normal(self.means, self.log_scales.clamp(*LOG_SCALE_RANGE).exp())
        return MIXTURE_DIVERGENCES[self.divergence].of(self.logits, parts)


class Vamp(Conditional):
    """(1/M) sum_k q(z | u_k): the mixture of the posteriors of M learned pseudo-inputs (Tomczak & Welling, 2018).

    The prior that is best for a given encoder is its aggregate posterior; this is that posterior over M images of its own.
    `encoder` is the part of the model's own inference net that ends in q(z | x), referred to and not owned: its weights live
    in the inference net alone. Pseudo-inputs are kept in (0, 1) by a sigmoid, and start at training images.
    """

    def __init__(
        self, encoder: Mapping[str, Conditional | Feature], components: int, shape: tuple[int, int, int]
    ):
        super().__init__()
        _at_least_one(components=components)
        self._encoder = tuple(encoder.items())  # a tuple hides the modules: they are not registered twice
        self.logits = nn.Parameter(torch.randn(components, *shape))

    @property
    def pseudo_inputs(self) -> Tensor:
        """The images u_k, `(M, C, H, W)` in (0, 1)."""
        return self.logits.sigmoid()

    def forward(self, env: Env) -> Distribution:
        values: dict[str, Any] = {IMAGE: self.pseudo_inputs}
        for name, net in self._encoder:
            values[name] = net(values)
        log_weights = torch.zeros(len(self.logits), device=self.logits.device)
        return GaussianMixture.of(log_weights, values[self._encoder[-1][0]])

    @torch.no_grad()
    def start(self, images: Tensor, labels: Tensor) -> None:
        """Pseudo-inputs begin at the first M images, pulled off the ends of [0, 1]."""
        chosen = images[: len(self.logits)]
        self.logits[: len(chosen)] = torch.logit(0.05 + 0.9 * chosen)


LAYOUTS = ("axes", "simplex", "orthogonal")


class Prototypes(Conditional):
    """N(m_c, I) with fixed means at distance s from the origin (Almudevar et al., arXiv 2401.09180, fix theirs too).

    Fixed, because nothing in the bound pushes learned means apart; for s >= 6 the classes hardly overlap. layout:
    axes, m_c = s e_c, every pair s sqrt(2) apart, D >= K; simplex, every pair s sqrt(2 K / (K - 1)) apart, as far as K points can
    be, D >= K - 1; orthogonal, m_c = s T_c e with a random rotation T_c for each class as in the original, where |m_c| is about
    mean_norm sqrt(D), any D.
    """

    means: Tensor

    def __init__(
        self, classes: int, dimensions: int, separation: float, given: str = LABEL, layout: str = "axes"
    ):
        super().__init__(given)
        self.classes = classes
        if not 0 < separation < math.inf:
            raise ValueError(f"the separation of prototypes must be above 0, got {separation}")
        self.register_buffer("means", separation * _directions(layout, classes, dimensions))

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        loc = y @ self.means
        return diagonal_normal(loc, torch.ones_like(loc))


def _directions(layout: str, classes: int, dimensions: int) -> Tensor:
    """Unit vectors `(K, D)`, one a class."""
    if layout not in LAYOUTS:
        raise ValueError(f"no layout of prototypes is called {layout!r}: choose one of {', '.join(LAYOUTS)}")
    if layout == "orthogonal":
        return F.normalize(
            torch.randn(classes, dimensions, generator=torch.Generator().manual_seed(0)), dim=-1
        )
    needed = classes - 1 if layout == "simplex" else classes
    if dimensions < needed:
        raise ValueError(
            f"prototypes of {classes} classes need at least {needed} labelled dimensions, got {dimensions}"
        )
    if layout == "axes":
        return torch.eye(classes, dimensions)
    centred = torch.eye(classes) - 1 / classes
    _, _, axes = torch.linalg.svd(centred)
    return F.pad(F.normalize(centred @ axes[:needed].T, dim=-1), (0, dimensions - needed))


class ClassGaussians(Conditional):
    """N(m_c, diag s_c^2) with learned means and scales, one Gaussian per class, drawn at distance ~1 from each other."""

    def __init__(self, classes: int, dimensions: int, given: str = "y"):
        super().__init__(given)
        self.classes = classes
        self.means = nn.Parameter(torch.randn(classes, dimensions) / math.sqrt(2 * dimensions))
        self.log_scales = nn.Parameter(torch.zeros(classes, dimensions))

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        return diagonal_normal(y @ self.means, (y @ self.log_scales).clamp(*LOG_SCALE_RANGE).exp())


class ClassMixture(Conditional):
    """sum_i w_ci N(m_ci, diag s_ci^2): a learned mixture of M components for each class."""

    def __init__(self, classes: int, dimensions: int, components: int, given: str = LABEL):
        super().__init__(given)
        _at_least_one(components=components)
        self.classes = classes
        self.logits = nn.Parameter(torch.zeros(classes, components))
        self.means = nn.Parameter(torch.randn(classes, components, dimensions) * math.sqrt(2 / dimensions))
        self.log_scales = nn.Parameter(torch.zeros(classes, components, dimensions))

    def forward(self, env: Env) -> Distribution:
        (y,) = self.parents(env)
        means, log_scales = (torch.einsum("bk,kmd->bmd", y, part) for part in (self.means, self.log_scales))
        parts = diagonal_normal(means, log_scales.clamp(*LOG_SCALE_RANGE).exp())
        return GaussianMixture.of(y @ self.logits, parts)


class Constant(Conditional):
    """A mixture of Gaussians that is given and not learned, of M components for each of K classes, or of no class: weights, means and log
    scales are buffers `(K, M, ...)`, with one row where no class is read.

    own: the prior that the model was trained with, where this one was fitted to its encodings and stands in for pages.
    """

    log_weights: Tensor
    means: Tensor
    log_scales: Tensor

    def __init__(
        self,
        dimensions: int,
        components: int = 1,
        classes: int = 0,
        stands_in: str = "",
        own: Conditional | None = None,
    ):
        super().__init__(*([LABEL] if classes else []))
        _at_least_one(components=components)
        self.classes, self.stands_in = classes, stands_in
        rows = max(1, classes)
        self.register_buffer("log_weights", torch.full((rows, components), -math.log(components)))
        self.register_buffer("means", torch.zeros(rows, components, dimensions))
        self.register_buffer("log_scales", torch.zeros(rows, components, dimensions))
        self.own = own

    def forward(self, env: Env) -> Distribution:
        parts = (self.log_weights, self.means, self.log_scales)
        if self.classes:
            (y,) = self.parents(env)
            weights, means, log_scales = (torch.einsum("bk,k...->b...", y, part) for part in parts)
        else:
            weights, means, log_scales = (part[0] for part in parts)
        scales = log_scales.clamp(*LOG_SCALE_RANGE).exp()
        if means.shape[-2] == 1:
            return diagonal_normal(means[..., 0, :], scales[..., 0, :])
        return GaussianMixture.of(weights, diagonal_normal(means, scales))

    def as_trained(self) -> Conditional:
        return self.own or self

    @torch.no_grad()
    def set(self, means: Tensor, log_scales: Tensor, log_weights: Tensor | None = None) -> None:
        """Means and log scales `(K, M, D)`, and log weights `(K, M)`: equal unless given."""
        self.means.copy_(means)
        self.log_scales.copy_(log_scales)
        if log_weights is not None:
            self.log_weights.copy_(log_weights)


class ClassFrequencies(Conditional):
    """p(y) = Cat(pi), `(K,)`: uniform, or from `start` on the frequencies in the training set (with one added to each count)."""

    log_pi: Tensor

    def __init__(self, classes: int):
        super().__init__()
        self.classes = classes
        self.register_buffer("log_pi", torch.full((classes,), -math.log(classes)))

    def forward(self, env: Env) -> Distribution:
        return OneHot(self.log_pi)

    @torch.no_grad()
    def start(self, images: Tensor, labels: Tensor) -> None:
        """The maximum-likelihood estimate but for the one added to each count, so that no class is impossible."""
        counts = torch.bincount(labels, minlength=len(self.log_pi)) + 1.0
        self.log_pi.copy_((counts / counts.sum()).log())


# The priors by name, as the option of a declaration spells them. Those that others register are called with (D, components) where no class
# is read, and with (K, D, components) where one is; components are None unless they are given.
UNLABELLED: Registry[Callable[..., Conditional]] = Registry(
    "prior",
    "latent_explorer.priors",
    {"normal": StandardNormal, "mixture": Mixture, "vamp": Vamp, "flow": Flow},
    callable,
    "a Conditional, or a function that makes one",
)
LABELLED: Registry[Callable[..., Conditional]] = Registry(
    "class prior",
    "latent_explorer.class_priors",
    {
        "prototypes": Prototypes,
        "class": ClassGaussians,
        "class-mixture": ClassMixture,
        "class-flow": ClassFlow,
    },
    callable,
    "a Conditional, or a function that makes one",
)

# Those that `Flow` and `ClassFlow` are called.
FLOWS = {"flow", "class-flow"}


def unlabelled_prior(
    name: str,
    dimensions: int,
    components: int | None = None,
    *,
    divergence: str = "monte-carlo",
    encoder: Mapping[str, Conditional | Feature] | None = None,
    shape: tuple[int, int, int] = (1, 1, 1),
    flow: Mapping[str, Any] = {},
) -> Conditional:
    """The named prior of a block that no class conditions: 10 components of a mixture, 500 of a vamp unless given.

    `encoder` and `shape` are what a vamp needs, `flow` the transforms and width of a flow. Raises ValueError for an unknown name.
    """
    _may_have(name, components, UNLABELLED, ("normal", "flow"))
    if name == "normal":
        return StandardNormal(dimensions)
    if name == "mixture":
        return Mixture(10 if components is None else components, dimensions, divergence)
    if name == "flow":
        return Flow(dimensions, **flow)
    if name == "vamp" and encoder is not None:
        return Vamp(encoder, 500 if components is None else components, shape)
    if name in UNLABELLED and name != "vamp":
        return UNLABELLED[name](dimensions, components)
    raise ValueError(
        f"no prior of an unlabelled block is called {name!r}: choose one of {', '.join(UNLABELLED)}"
    )


def labelled_prior(
    name: str,
    classes: int,
    dimensions: int,
    components: int | None = None,
    *,
    separation: float | None = None,
    layout: str = "axes",
    flow: Mapping[str, Any] = {},
) -> Conditional:
    """The named prior of a block under its class: 3 components a class of a class-mixture, a separation of 8 unless given.

    Raises ValueError for an unknown name.
    """
    _may_have(name, components, LABELLED, ("prototypes", "class", "class-flow"))
    if name == "prototypes":
        return Prototypes(classes, dimensions, 8.0 if separation is None else separation, layout=layout)
    if name == "class":
        return ClassGaussians(classes, dimensions)
    if name == "class-flow":
        return ClassFlow(classes, dimensions, **flow)
    if name == "class-mixture":
        return ClassMixture(classes, dimensions, 3 if components is None else components)
    if name in LABELLED:
        return LABELLED[name](classes, dimensions, components)
    raise ValueError(f"no prior of a labelled block is called {name!r}: choose one of {', '.join(LABELLED)}")


def either_prior(
    name: str,
    classes: int,
    dimensions: int,
    components: int | None = None,
    *,
    flow: Mapping[str, Any] = {},
) -> Conditional:
    """The named prior of a block that a class may condition or not, p(z) or p(z | y). Raises ValueError for an unknown name."""
    if name in LABELLED:
        return labelled_prior(name, classes, dimensions, components, flow=flow)
    return unlabelled_prior(name, dimensions, components, flow=flow)


def _may_have(name: str, components: int | None, priors: Iterable[str], without: Collection[str]) -> None:
    """Raises ValueError where components are given to a prior that has none: they would be left out without a word."""
    if components is not None and name in without:
        raise ValueError(
            f"the prior {name} has no components, and {components} are asked for: leave them out, or choose "
            f"{' or '.join(other for other in priors if other not in without)}"
        )


def _at_least_one(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


def bayes_error(distance: float) -> float:
    """Error of Bayes' rule between two N(m, I) whose means are `distance` apart: Phi(-distance / 2).

    >>> round(bayes_error(2.0), 4)
    0.1587
    """
    return 0.5 * math.erfc(distance / (2 * math.sqrt(2)))


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels `(B,)` as rows `(B, K)` of float32: a class is a tensor like every other variable. Without classes they are empty.

    >>> one_hot(torch.tensor([1]), 3).tolist()
    [[0.0, 1.0, 0.0]]
    """
    if not classes:
        return torch.zeros(*labels.shape, 0, device=labels.device)
    return F.one_hot(labels, classes).float()
