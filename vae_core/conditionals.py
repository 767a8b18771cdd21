"""Conditional distributions of a named variable given named parents: likelihoods, posteriors and features.

Shapes: B examples, D latent dimensions, C H W image.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn
from torch.distributions import Distribution

from .distributions import OneHot, diagonal_normal
from .readings import Reading

Env = Mapping[str, Tensor]

# Keeps scales within [exp(-6), exp(4)], that is log-variances within [-12, 8], where float32 has no trouble.
LOG_SCALE_RANGE = (-6.0, 4.0)


def full_precision(x: Tensor) -> Tensor:
    """What mixed precision made half of becomes float32 again: densities are never computed in half precision."""
    return x.float() if x.dtype.itemsize < 4 else x


class Parented(nn.Module, ABC):
    """A module that reads named tensors: `given` names them, in order. classes: K, where it reads or names the class.

    may_read: names of what it is conditioned on where the environment holds it, and is summed out elsewhere.
    """

    classes: int = 0
    may_read: tuple[str, ...] = ()

    def __init__(self, *given: str):
        super().__init__()
        self.given = given

    @property
    def mean_given(self) -> tuple[str, ...]:
        """The parents that the mean depends on: all, unless some are read for the spread alone."""
        return self.given

    def parents(self, env: Env) -> list[Tensor]:
        return [env[name] for name in self.given]


class Conditional(Parented):
    """p(. | given): called with named tensors, it returns a distribution of `batch_shape` `(B,)`, or `()` without parents.

    stands_in: what the model lacks and this stands in for, as a sentence; empty where it is the model's own.
    """

    stands_in: str = ""

    @abstractmethod
    def forward(self, env: Env) -> Distribution: ...

    def start(self, images: Tensor, labels: Tensor) -> None:
        """Set what begins at the training set, before the first step: images `(N, C, H, W)` in [0, 1], labels `(N,)`."""

    def as_trained(self) -> "Conditional":
        """What the model was trained with: itself, but for one that stands in for it on pages."""
        return self


class Feature(Parented):
    """A deterministic function of the parents that several conditionals read, computed once a run.

    In the inference net only, it has no term:
    `{"h": Feature(trunk, "x"), "z_l": DiagonalGaussian(head_l, "h"), "z_u": DiagonalGaussian(head_u, "h")}`.
    Where the generative net has the name too, it is an observation derived from others, such as an image of lower resolution.
    """

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def forward(self, env: Env) -> Tensor:
        return self.net(*self.parents(env))


class DiagonalGaussian(Conditional):
    """N(mu, diag sigma^2) with (mu, log sigma) the halves of `net(*parents)`, which is `(B, 2D)`. classes: K, where a parent is the class."""

    def __init__(self, net: nn.Module, *given: str, classes: int = 0):
        super().__init__(*given)
        self.net, self.classes = net, classes

    def forward(self, env: Env) -> Distribution:
        loc, log_scale = full_precision(self.net(*self.parents(env))).chunk(2, dim=-1)
        return diagonal_normal(loc, log_scale.clamp(*LOG_SCALE_RANGE).exp())


class Point(DiagonalGaussian):
    """The code of a plain autoencoder, which has no posterior: N(mu, e^-12 I) stands in for the point mu. `net` gives mu and log sigma = -6."""

    stands_in = "a plain autoencoder gives one code and no posterior, so it has no rate and no bound"


class Given(Point):
    """A code that was given and is not encoded here: x is the code itself."""

    stands_in = "embeddings are points and no posteriors, so there is no rate and no bound"
    no_encoder = "embeddings alone have no encoder, so nothing can be encoded"


class Likelihood(Conditional):
    """p(observation | parents), scored on what `reading` makes of stored values."""

    reading: Reading
    no_decoder: str = ""
    """Why nothing can be decoded, as a sentence; empty where it can."""

    def __init__(self, net: nn.Module, *given: str):
        super().__init__(*given)
        self.net = net

    def output(self, env: Env) -> Tensor:
        """What the net says of the parents."""
        return full_precision(self.net(*self.parents(env)))


class Classifier(Conditional):
    """q(y | parents) = Cat(softmax(net(*parents))), a class as a one-hot row `(B, K)`."""

    def __init__(self, net: nn.Module, *given: str, classes: int = 0):
        super().__init__(*given)
        self.net = net
        self.classes = classes

    def forward(self, env: Env) -> Distribution:
        return OneHot(full_precision(self.net(*self.parents(env))))
