"""Probabilistic principal component analysis as a model, fitted exactly or by gradient; its algebra is in `linear`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..conditionals import DiagonalGaussian
from ..kinds import Table
from ..likelihoods import GaussianFeatures, GaussianPixels
from ..model import Model
from ..names import IMAGE
from ..nets import Joined
from ..priors import StandardNormal
from . import linear as ppca
from .declared import Declaration, Signature, Solver, need_types, positive
from .observations import entered


@dataclass(frozen=True, kw_only=True)
class PPCA(Declaration):
    """Probabilistic principal component analysis: x = W z + b + noise, the linear VAE (Tipping & Bishop, 1999).

    p(z) = N(0, I), p(x|z) = N(W z + b, s^2 I); in the principal basis the exact posterior is diagonal, so
    that the bound is the log-likelihood. Of a table, x is in units of the training rows. Fitted in closed
    form, by EM, or like every other model by gradient.

    Raises:
        ValueError: from `build`, for as many latents as pixels or more, and for a table with counts.

    Example:
        >>> from vae_core.kinds import Image
        >>> PPCA(latent=2).build(Signature(Image(1, 8, 8), ())).sizes
        {'z': 2}

    Source:
        Tipping & Bishop (1999); docs/objectives.md, section 5.
    """

    in_words = "PPCA, the linear VAE"

    latent: int = 16
    """Dimensions of z."""
    fit: Literal["closed-form", "em", "gradient"] = "closed-form"
    """closed-form (one epoch is enough), em (an epoch is an iteration), or gradient."""

    def build(self, data: Signature) -> Model:
        positive(latent=self.latent)
        sides = data.kind.size
        if self.latent >= sides:
            raise ValueError(
                f"PPCA needs fewer latents than the {sides} {data.kind.numbers}, got {self.latent}"
            )
        decoder = Joined(nn.Linear(self.latent, sides), nn.Unflatten(1, data.shape))
        if isinstance(data.kind, Table):  # in units of the training rows, one standard deviation for all
            need_types(data.kind, "PPCA", ("real", "binary"))
            likelihood = GaussianFeatures(decoder, "z", table=data.kind, shared=True)
        else:
            likelihood = GaussianPixels(decoder, "z", gamma=torch.tensor(0.3))
        posterior = entered(data.kind, Joined(nn.Linear(sides, 2 * self.latent)))
        return Model(
            p={"z": StandardNormal(self.latent), IMAGE: likelihood},
            q={"z": DiagonalGaussian(posterior, IMAGE)},
        )

    def solver(self, model: Model, images: Callable[[], Iterable[Tensor]]) -> Solver | None:
        """What an epoch does instead of gradient steps, given all training images in parts; None where it is fitted by gradient."""
        if self.fit == "gradient":
            return None
        moments = ppca.Moments.of(lambda: (_standard(model, part) for part in images()))
        units = _units(model)

        def improve() -> float:
            old = _fit_of(model)
            new = (
                ppca.closed_form(moments, self.latent)
                if self.fit == "closed-form"
                else ppca.em_step(moments, old)
            )
            try:
                _write_fit(model, new)
            except ValueError:
                raise ValueError(
                    f"{self.latent} latents of PPCA leave no noise in these data, whose likelihood then has no bound: give more "
                    "observations, or choose fewer latents"
                ) from None
            return units - ppca.log_likelihood(moments, new)

        return improve


def _standard(model: Model, values: Tensor) -> Tensor:
    """Values `(N, D)` in the units that the decoder is linear in."""
    likelihood = model.p[IMAGE]
    if not isinstance(likelihood, GaussianFeatures):
        return values.flatten(1)
    return (values - likelihood.mean) / likelihood.scale


def _units(model: Model) -> float:
    """What -log p of an observation has more in its own units than in those of `_standard`, in nats."""
    likelihood = model.p[IMAGE]
    if not isinstance(likelihood, GaussianFeatures):
        return 0.0
    return likelihood.scale.double().log().sum().item()


def _linear(net: nn.Module) -> nn.Linear:
    """The linear map that ends a net."""
    return [layer for layer in net.modules() if isinstance(layer, nn.Linear)][-1]


def _fit_of(model: Model) -> ppca.Fit:
    """The weights of a PPCA as they stand, in double precision and the principal basis."""
    likelihood: Any = model.p[IMAGE]
    linear = _linear(likelihood.net)
    weight, bias, gamma = (part.detach().double() for part in (linear.weight, linear.bias, likelihood.gamma))
    return ppca.Fit(ppca.principal(weight), bias, gamma.square())


@torch.no_grad()
def _write_fit(model: Model, fit: ppca.Fit) -> None:
    """Likelihood and exact posterior of a PPCA from a fit."""
    likelihood: Any = model.p[IMAGE]
    posterior: Any = model.q["z"]
    decoder, encoder = _linear(likelihood.net), _linear(posterior.net)
    decoder.weight.copy_(fit.weight)
    decoder.bias.copy_(fit.bias)
    likelihood.set_gamma(fit.variance.sqrt().to(likelihood.raw))
    flat = torch.zeros_like(fit.gain)
    encoder.weight.copy_(torch.cat([fit.gain, flat]))
    encoder.bias.copy_(torch.cat([-fit.gain @ fit.bias, 0.5 * fit.posterior_variances.log()]))
