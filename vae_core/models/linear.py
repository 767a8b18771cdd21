"""Probabilistic principal component analysis, exactly: x = W z + b + s noise (Tipping & Bishop, 1999).

Shapes: N points, D data dimensions, d latent dimensions. Double precision throughout.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """What PPCA has to know of its data: the mean `(D,)` and the covariance `(D, D)` (divided by N)."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, points: Callable[[], Iterable[Tensor]]) -> "Moments":
        """Of points `(N, D)` that come in parts, twice over: no copy of all of them is made."""
        number, mean = 0, torch.zeros(())
        for part in points():
            number, mean = number + len(part), mean + part.sum(0, dtype=torch.float64)
        mean = mean / number
        total = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=mean.device)
        for part in points():
            centred = part.double() - mean
            total += centred.T @ centred
        return cls(mean, total / number)


class Fit(NamedTuple):
    """W `(D, d)` with orthogonal columns in falling order of length, b `(D,)` and the noise variance s^2 `()`."""

    weight: Tensor
    bias: Tensor
    variance: Tensor

    @property
    def lengths(self) -> Tensor:
        """|w_j|^2, `(d,)`: in this basis W'W, and with it the posterior's covariance, is diagonal."""
        return self.weight.square().sum(0)

    @property
    def gain(self) -> Tensor:
        """M^-1 W', `(d, D)` with M = W'W + s^2 I: the posterior is N(gain (x - b), s^2 M^-1)."""
        return self.weight.T / (self.lengths + self.variance)[:, None]

    @property
    def posterior_variances(self) -> Tensor:
        """s^2 / (|w_j|^2 + s^2), `(d,)`."""
        return self.variance / (self.lengths + self.variance)


def closed_form(moments: Moments, latent: int) -> Fit:
    """The maximum-likelihood fit: W = U_d (Lambda_d - s^2)^(1/2), s^2 the mean of the D - d discarded eigenvalues."""
    values, vectors = torch.linalg.eigh(moments.covariance)
    values, vectors = values.flip(0), vectors.flip(1)
    variance = values[latent:].mean()
    return Fit(vectors[:, :latent] * (values[:latent] - variance).clamp(min=0).sqrt(), moments.mean, variance)


def random_fit(moments: Moments, latent: int, noise: Tensor) -> Fit:
    """Where EM may begin: W of normal noise `(D, d)`, as long a column as a tenth of the total variance, and the mean variance as s^2.

    >>> moments = Moments.of(lambda: [torch.eye(4)])
    >>> random_fit(moments, 2, torch.ones(4, 2).double()).variance
    tensor(0.1875, dtype=torch.float64)
    """
    total = moments.covariance.diagonal().sum()
    weight = noise.double() * (total / (10 * len(moments.mean))).sqrt()
    return Fit(principal(weight[:, :latent]), moments.mean, total / len(moments.mean))


def log_joint(fit: Fit, x: Tensor, codes: Tensor) -> Tensor:
    """log p(x, z) in nats, `(N,)`, of one point `(D,)` and codes `(N, d)`: log N(x; W z + b, s^2 I) + log N(z; 0, I)."""
    size, latent = fit.weight.shape
    off = (x - fit.bias - codes @ fit.weight.T).square().sum(1) / fit.variance + codes.square().sum(1)
    return -0.5 * (off + size * fit.variance.log() + (size + latent) * math.log(2 * math.pi))


def elbo_slope(fit: Fit, x: Tensor, mean: Tensor) -> Tensor:
    """d ELBO / d mean of q(z) = N(mean, any covariance), exactly, `(d,)`: W'(x - b - W mean) / s^2 - mean."""
    return fit.weight.T @ (x - fit.bias - fit.weight @ mean) / fit.variance - mean


def em_step(moments: Moments, fit: Fit) -> Fit:
    """One EM iteration, by which the log-likelihood never falls; W is turned to its principal axes, which changes no likelihood.

    W' = S W (s^2 I + M^-1 W'S W)^-1, s'^2 = tr(S - S W M^-1 W'^T) / D with M = W'W + s^2 I.
    """
    weight, variance, s = fit.weight, fit.variance, moments.covariance
    identity = torch.eye(weight.shape[1], dtype=weight.dtype, device=weight.device)
    solved = torch.linalg.solve(weight.T @ weight + variance * identity, weight.T @ s)
    new = torch.linalg.solve((variance * identity + solved @ weight).T, weight.T @ s).T
    left = (s.diagonal().sum() - (solved * new.T).sum()) / len(s)
    return Fit(principal(new), moments.mean, left)


def principal(weight: Tensor) -> Tensor:
    """W R with R the rotation that makes the columns orthogonal, longest first: the same likelihood."""
    directions, lengths, _ = torch.linalg.svd(weight, full_matrices=False)
    return directions * lengths


def log_likelihood(moments: Moments, fit: Fit) -> float:
    """Mean log p(x) in nats: -(D log 2 pi + log|C| + tr(C^-1 S')) / 2, C = W W' + s^2 I, S' the second moment about b.

    log|C| and C^-1 by the d-dimensional matrix M (Woodbury), so that no D-dimensional one is inverted.
    """
    size, latent = fit.weight.shape
    offset = moments.mean - fit.bias
    s = moments.covariance + torch.outer(offset, offset)
    identity = torch.eye(latent, dtype=s.dtype, device=s.device)
    m = fit.weight.T @ fit.weight + fit.variance * identity
    log_determinant = torch.logdet(m) + (size - latent) * fit.variance.log()
    explained = torch.linalg.solve(m, fit.weight.T @ s @ fit.weight).diagonal().sum()
    trace = (s.diagonal().sum() - explained) / fit.variance
    return -0.5 * (size * math.log(2 * math.pi) + log_determinant + trace).item()
