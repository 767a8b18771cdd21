"""Pairs of images that share most of their factors, as the only thing that is told of these: Ada-GVAE.

Shapes: B images, of which rows 2b and 2b + 1 are a pair; D dimensions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from ..conditionals import DiagonalGaussian, Env
from ..distributions import Draw, diagonal_normal, mean
from ..model import Inferred, Model
from .declared import Setting, Trained
from .parts import Bound, betas_for, free_priors
from .weighted import OfBeta, Weighted, of_betas


class PairsAveraged(nn.Module):
    """Inference that gives both images of a pair one posterior in the dimensions that they seem to share.

    Of the posteriors q_1, q_2 of a pair, delta_j = KL(q_1j || q_2j) says how far apart they are in dimension j;
    the pair shares the dimensions below the middle between the least and the largest delta, where both get
    N((mu_1 + mu_2) / 2, (sigma_1^2 + sigma_2^2) / 2). Held-out images come without partners and keep their own.

    Args:
        blocks: names of the latent blocks.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.eye(16)[:4].view(4, 1, 4, 4)}
        >>> found = PairsAveraged(["z"])(model, batch, mean).posteriors["z"].mean
        >>> (found[0::2] == found[1::2]).sum(-1).tolist()  # of two dimensions one is shared
        [1, 1]

    Source:
        Locatello et al. (2020), arXiv 2002.02886, section 4; docs/objectives.md, section 6 (pairs).
    """

    def __init__(self, blocks: list[str]):
        super().__init__()
        self.blocks = blocks

    def forward(self, model: Model, batch: Env, draw: Draw) -> Inferred:
        if not self.training:
            return model.infer(batch, draw)
        posteriors, env = model.infer(batch, mean)
        for block in self.blocks:
            q = posteriors[block]
            posteriors[block] = diagonal_normal(*averaged(q.mean, q.stddev))
        return Inferred(posteriors, env | {name: draw(q) for name, q in posteriors.items()})


def averaged(mean: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """The posteriors of pairs, averaged in the dimensions that each pair shares.

    Args:
        mean: `(B, D)`, rows 2b and 2b + 1 being a pair.
        scale: standard deviations, `(B, D)`.

    Returns:
        Means and standard deviations, `(B, D)` each.

    Example:
        >>> mean, scale = torch.tensor([[0.0, 0.0], [1.0, 6.0]]), torch.tensor([[1.0, 1.0], [7.0, 1.0]])
        >>> [part.tolist() for part in averaged(mean, scale)]
        [[[0.5, 0.0], [0.5, 6.0]], [[5.0, 1.0], [5.0, 1.0]]]

    Source:
        Locatello et al. (2020), arXiv 2002.02886, equations 5 to 7; the averaging is that of the group VAE (Hosoya, 2019).
    """
    means, variances = (part.unflatten(0, (-1, 2)) for part in (mean, scale.square()))
    same = shared(mean, scale)[:, None]
    means = torch.where(same, means.mean(1, keepdim=True), means)
    variances = torch.where(same, variances.mean(1, keepdim=True), variances)
    return means.flatten(0, 1), variances.sqrt().flatten(0, 1)


def shared(mean: Tensor, scale: Tensor) -> Tensor:
    """Which dimensions the images of a pair seem to share: those whose KL(q_1j || q_2j) is below (max_j + min_j) / 2.

    Args:
        mean: `(B, D)`, rows 2b and 2b + 1 being a pair.
        scale: standard deviations, `(B, D)`.

    Returns:
        `(B / 2, D)` bool.

    Example:
        >>> shared(torch.tensor([[0.0, 0.0, 0.0], [0.1, 2.0, 1.9]]), torch.ones(2, 3)).tolist()
        [[True, False, False]]

    Source:
        Locatello et al. (2020), arXiv 2002.02886, section 4.
    """
    first, second = (
        torch.distributions.Normal(mean[part::2].detach(), scale[part::2].detach(), validate_args=False)
        for part in (0, 1)
    )
    apart = kl_divergence(first, second)
    low, high = apart.aminmax(dim=-1, keepdim=True)
    return apart < (low + high) / 2


@dataclass(frozen=True, kw_only=True)
class AdaGVAE(OfBeta):
    """D + sum_k beta_k KL_k of pairs that differ in few factors, averaged where they seem to agree (Ada-GVAE; Locatello et al., 2020).

    The factors of the data are read to draw the pairs, and for nothing else: neither which factors differ nor
    their values are told.

    Raises:
        ValueError: for a beta or a number of factors that is not above 0; from `build`, for a model whose
            latents are not Gaussians given the image alone.

    Example:
        >>> from types import SimpleNamespace
        >>> AdaGVAE(beta=4.0).says(SimpleNamespace(found={}, rates=None))
        'Ada-GVAE: pairs that differ in 1 factor · β = 4'

    Source:
        Locatello et al. (2020), arXiv 2002.02886; docs/objectives.md, section 6 (pairs).
    """

    pair_changes: int = 1
    """k: the images of a pair differ in so many factors at most, drawn afresh for each pair; a batch has so many pairs as --batch says."""

    def __post_init__(self):
        super().__post_init__()
        if self.pair_changes < 1:
            raise ValueError(f"the images of a pair differ in 1 factor at least, got {self.pair_changes}")

    def pairs(self) -> int:
        return self.pair_changes

    def build(self, setting: Setting) -> Bound:
        bound = self.bound(setting, Weighted(self.beta))
        bound.inference = PairsAveraged(pairable(setting.model))
        betas_for(self.beta, setting.model)
        return bound

    def says(self, card: Trained) -> str:
        many = "1 factor" if self.pair_changes == 1 else f"up to {self.pair_changes} factors"
        return " · ".join([f"Ada-GVAE: pairs that differ in {many}", *of_betas(self.beta), *self.beside()])


def pairable(model: Model) -> list[str]:
    """The blocks that pairs may share: those whose prior reads nothing.

    Args:
        model: the model.

    Returns:
        Their names.

    Raises:
        ValueError: where there is none, or a latent reads another.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> pairable(VAE(latent=2).build(Signature(Image(1, 4, 4), ())))
        ['z']
    """
    alone = all(
        isinstance(model.q[name], DiagonalGaussian) and not set(model.q[name].given) & set(model.latents)
        for name in model.latents
    )
    blocks = list(free_priors(model))
    if not alone or not blocks:
        raise ValueError(
            "pairs need a model whose latents are Gaussians given the image alone, one of them without a class: choose vae or cdvae"
        )
    return blocks
