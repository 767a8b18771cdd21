"""Probabilistic principal component analysis as a model, fitted exactly or by gradient; its algebra is in `linear`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..conditionals import DiagonalGaussian, GaussianPixels
from ..model import Model
from ..names import IMAGE
from ..nets import Joined
from ..priors import StandardNormal
from . import linear as ppca
from .declared import Declaration, Signature, Solver, positive


@dataclass(frozen=True, kw_only=True)
class PPCA(Declaration):
    """Probabilistic principal component analysis: x = W z + b + noise, the linear VAE (Tipping & Bishop, 1999).

    p(z) = N(0, I), p(x|z) = N(W z + b, s^2 I); in the principal basis the exact posterior is diagonal, so that
    the bound is the log-likelihood. Fitted in closed form, by EM, or like every other model by gradient.
    """

    latent: int = 16
    """Dimensions of z."""
    fit: Literal["closed-form", "em", "gradient"] = "closed-form"
    """closed-form (one epoch is enough), em (an epoch is an iteration), or gradient."""

    def build(self, data: Signature) -> Model:
        positive(latent=self.latent)
        sides = math.prod(data.shape)
        if self.latent >= sides:
            raise ValueError(f"PPCA needs fewer latents than the {sides} pixels, got {self.latent}")
        decoder = Joined(nn.Linear(self.latent, sides), nn.Unflatten(1, data.shape))
        return Model(
            p={
                "z": StandardNormal(self.latent),
                IMAGE: GaussianPixels(decoder, "z", gamma=torch.tensor(0.3)),
            },
            q={"z": DiagonalGaussian(Joined(nn.Linear(sides, 2 * self.latent)), IMAGE)},
        )

    def solver(self, model: Model, images: Callable[[], Tensor]) -> Solver | None:
        """What an epoch does instead of gradient steps, given all training images; None where it is fitted by gradient."""
        if self.fit == "gradient":
            return None
        moments = ppca.Moments.of(images().flatten(1))

        def improve() -> float:
            old = _fit_of(model)
            new = (
                ppca.closed_form(moments, self.latent)
                if self.fit == "closed-form"
                else ppca.em_step(moments, old)
            )
            _write_fit(model, new)
            return -ppca.log_likelihood(moments, new)

        return improve


def _fit_of(model: Model) -> ppca.Fit:
    """The weights of a PPCA as they stand, in double precision and the principal basis."""
    likelihood: Any = model.p[IMAGE]
    linear = likelihood.net[0]
    weight, bias, gamma = (part.detach().double() for part in (linear.weight, linear.bias, likelihood.gamma))
    return ppca.Fit(ppca.principal(weight), bias, gamma.square())


@torch.no_grad()
def _write_fit(model: Model, fit: ppca.Fit) -> None:
    """Likelihood and exact posterior of a PPCA from a fit."""
    likelihood: Any = model.p[IMAGE]
    posterior: Any = model.q["z"]
    likelihood.net[0].weight.copy_(fit.weight)
    likelihood.net[0].bias.copy_(fit.bias)
    likelihood.set_gamma(fit.variance.sqrt().to(likelihood.raw))
    flat = torch.zeros_like(fit.gain)
    posterior.net[0].weight.copy_(torch.cat([fit.gain, flat]))
    posterior.net[0].bias.copy_(torch.cat([-fit.gain @ fit.bias, 0.5 * fit.posterior_variances.log()]))
