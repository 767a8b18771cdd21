"""Every beta in one training: each example has betas of its own, which the nets read too.

Shapes: B examples.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.distributions import Uniform

from ..conditionals import Env
from ..distributions import Draw
from ..model import Terms
from ..multirate import Rate, rate_name, rates_of
from .declared import OfBound, Setting, Trained
from .parts import Bound, Rising, not_negative


class MultiRate(Rising):
    """D + sum_k beta_k KL_k, `(B,)` nats, with betas of its own for each example, which the nets read too.

    log beta_k is uniform over the range that the rates were made for, or drawn more often from its ends,
    which are fitted worst (with the shares of `ENDS`); a batch that holds a rate keeps it. The nets learn all
    rates at once; in a warm-up all betas of the loss rise from 0, so that no latent is given up before it could say anything.

    Args:
        rates: the range of each block.
        ends: draw more often from the ends.
        warmup: batches over which the betas of the loss rise.

    Example:
        >>> from vae_core.distributions import Sampler
        >>> weighting = MultiRate({"z": Rate(exposed=(0.5, 2.0), trained=(0.3, 3.0))})
        >>> batch = weighting.completed({"x": torch.zeros(3, 1, 4, 4)}, Sampler.seeded(0))
        >>> batch["log_beta_z"].shape
        torch.Size([3, 1])

    Source:
        Bae et al. (2023), arXiv 2212.03905; docs/objectives.md, section 6 (every price at once).
    """

    # Parts of the range with the shares of the draws that come from them; the rest is uniform.
    ENDS = ((0.0, 0.3, 0.2), (0.65, 1.0, 0.45))

    def __init__(self, rates: Mapping[str, Rate], ends: bool = False, warmup: int = 0):
        super().__init__(warmup)
        self.ranges = {block: tuple(map(math.log, rate.trained)) for block, rate in rates.items()}
        self.parts = self.ENDS if ends else ()

    def completed(self, batch: Env, draw: Draw) -> Env:
        missing = [block for block in self.ranges if rate_name(block) not in batch]
        return {
            **batch,
            **{rate_name(block): self._drawn(block, next(iter(batch.values())), draw) for block in missing},
        }

    def _drawn(self, block: str, like: Tensor, draw: Draw) -> Tensor:
        """One log beta an example, `(B, 1)`."""
        low, high = self.ranges[block]
        zero = torch.zeros(len(like), 1, device=like.device)
        unit = Uniform(zero, zero + 1, validate_args=False)
        place = draw(unit)
        if self.parts:
            left = draw(unit)
            for start, end, share in self.parts:
                here, left = (left >= 0) & (left < share), left - share
                place = torch.where(here, start + (end - start) * place, place)
        return low + (high - low) * place

    def forward(self, terms: Terms, batch: Env) -> Tensor:
        betas = {block: batch[rate_name(block)].squeeze(-1).exp() for block in self.ranges}
        rate = reduce(torch.add, (betas[name] * kl for name, kl in terms.kl.items()))
        return terms.distortion + self.risen(rate)


@dataclass(frozen=True, kw_only=True)
class MultiRateVAE(OfBound):
    """D + sum_k beta_k KL_k with betas drawn for each example, for a model that is conditioned on them (Bae et al., 2023).

    Raises:
        ValueError: for a negative weight; from `build`, for a model without rates.

    Example:
        >>> from types import SimpleNamespace
        >>> MultiRateVAE().says(SimpleNamespace(found={}, rates=(0.1, 10.0)))
        'every β from 0.1 to 10'

    Source:
        Bae et al. (2023), arXiv 2212.03905; docs/objectives.md, section 6 (every price at once).
    """

    rated: ClassVar[bool] = True

    beta_draws: Literal["uniform", "ends"] = "uniform"
    """How log beta is drawn: uniformly over its range; ends: more often at the ends, which are fitted worst."""
    beta_warmup: int = 0
    """Steps over which the betas of the loss rise from 0, so that fewer latents are given up for good."""

    def __post_init__(self):
        super().__post_init__()
        not_negative(beta_warmup=self.beta_warmup)

    def build(self, setting: Setting) -> Bound:
        rates = rates_of(setting.model)
        if not rates:
            raise ValueError(
                "the objective multi-rate is for a model with --rates: give them, or choose elbo"
            )
        return self.bound(setting, MultiRate(rates, self.beta_draws == "ends", self.beta_warmup))

    def says(self, card: Trained) -> str:
        reach = " from {:g} to {:g}".format(*card.rates) if card.rates else ""
        return " · ".join([f"every β{reach}", *self.beside()])
