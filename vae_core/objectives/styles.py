"""Pairs of images of one style, such as two letters of a font: one image says the style that both are decoded with.

Shapes: B images, of which rows 2b and 2b + 1 are a pair; D dimensions.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ..conditionals import Env
from ..distributions import Draw, diagonal_normal, mean
from ..model import Inferred, Model
from .declared import Setting, Trained
from .pairs import pairable
from .parts import Bound, betas_for
from .weighted import OfBeta, Weighted, of_betas

Shared = Literal["first", "other"]


class StyleShared(nn.Module):
    """Inference that takes the style of a pair's images from one of them, in the blocks that hold the style.

    first: both have the posterior of the first, one style of two images. other: each has that of the other. For either
    log p(x_2 | y) >= E log p(x_2 | z_l, z_u) - KL(q(z_l | x_2) || p(z_l | y)) - KL(q(z_u | x_1) || p(z_u)), z_l ~ q(z_l | x_2) and
    z_u ~ q(z_u | x_1), is a bound, as any q gives one. What z_u holds of the class of x_1 is of no use to x_2. The bound of a pair that has
    one z_u counts its rate once, and the sum over its images twice: a beta of 0.5 is that bound. Held-out images come without partners and
    keep their own.

    Args:
        blocks: names of the latent blocks that pairs share.
        shared: whose posterior it is.

    Example:
        >>> import torch
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.eye(16)[:4].view(4, 1, 4, 4)}
        >>> own, first = model.infer(batch).posteriors["z"].mean, StyleShared(["z"])(model, batch, mean).posteriors["z"].mean
        >>> bool(torch.equal(first, own[[0, 0, 2, 2]]))
        True

    Source:
        Bouchacourt et al. (2018), arXiv 1705.08841, whose groups share a latent; Jha et al. (2018), arXiv 1804.10469, exchange it.
    """

    def __init__(self, blocks: list[str], shared: Shared = "first"):
        super().__init__()
        self.blocks, self.shared = blocks, shared

    def forward(self, model: Model, batch: Env, draw: Draw) -> Inferred:
        if not self.training:
            return model.infer(batch, draw)
        posteriors, env = model.infer(batch, mean)
        for block in self.blocks:
            q = posteriors[block]
            posteriors[block] = diagonal_normal(self._given(q.mean), self._given(q.stddev))
        return Inferred(posteriors, env | {name: draw(q) for name, q in posteriors.items()})

    def _given(self, values: Tensor) -> Tensor:
        """For each row the values `(B, D)` of the one whose style it has."""
        pairs = values.unflatten(0, (-1, 2))
        return (pairs.flip(1) if self.shared == "other" else pairs[:, :1].expand_as(pairs)).flatten(0, 1)


@dataclass(frozen=True, kw_only=True)
class StylePairs(OfBeta):
    """D + sum_k beta_k KL_k of pairs of one style, both images decoded with the style latents of one.

    The data have to say which images are of one style, by a column called font, writer or style; neither the style nor what it
    consists of is told.

    Raises:
        ValueError: for a beta that is not above 0; from `build`, for a model whose latents are not Gaussians given the image alone.

    Example:
        >>> from types import SimpleNamespace
        >>> StylePairs(beta=0.5).says(SimpleNamespace(found={}, rates=None))
        'pairs of one style, that of the first · β = 0.5'

    Source:
        Bouchacourt et al. (2018), arXiv 1705.08841; docs/objectives.md, section 6 (pairs of one style).
    """

    pair_style: Shared = "first"
    """Whose style both images of a pair are decoded with: that of the first, or each with that of the other."""

    def pairs(self) -> Literal["style"]:
        return "style"

    def build(self, setting: Setting) -> Bound:
        bound = self.bound(setting, Weighted(self.beta))
        bound.inference = StyleShared(pairable(setting.model), self.pair_style)
        betas_for(self.beta, setting.model)
        return bound

    def says(self, card: Trained) -> str:
        return " · ".join(
            [f"pairs of one style, that of the {self.pair_style}", *of_betas(self.beta), *self.beside()]
        )
