"""What every objective is made of: a weighting of the bound, and regularisers beside it.

Sum over dimensions, mean over the batch, nats. Shapes: B examples.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ..conditionals import Env
from ..distributions import Draw, rsample
from ..model import Inferred, Model, Terms
from ..names import LABEL

Beta = float | Mapping[str, float]


class Loss(NamedTuple):
    """What an objective gives for a batch.

    Attributes:
        total: what to minimise, `()` nats.
        parts: its unweighted terms by name, means over the batch in nats, without gradient.

    Example:
        >>> import torch
        >>> Loss(torch.tensor(12.0), {"distortion": torch.tensor(10.0), "rate_z": torch.tensor(2.0)}).total.item()
        12.0
    """

    total: Tensor
    parts: dict[str, Tensor]


class Objective(nn.Module, ABC):
    """What is optimised: called with a model and a batch, it gives a `Loss`.

    What is learned or counted beside the model is a parameter or buffer of it.

    Example:
        >>> import torch
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> from vae_core.objectives import elbo
        >>> objective: Objective = elbo()
        >>> sorted(objective(model, {"x": torch.zeros(3, 1, 4, 4)}).parts)
        ['distortion', 'rate_z']
    """

    @abstractmethod
    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss: ...

    def state(self) -> dict[str, float]:
        """What the objective itself has found, by name, such as the multiplier of a constraint."""
        return {}

    def groups(self) -> list[dict[str, Any]]:
        """Its parameters that Adam trains by options of their own, as groups of an optimiser; others go with the model's."""
        return []


class Weighting(nn.Module, ABC):
    """From the terms of the bound, and the batch they are of, to one number an example, `(B,)`, or for the batch, `()`, in nats.

    Example:
        >>> import torch
        >>> class NegativeBound(Weighting):
        ...     def forward(self, terms: Terms, batch: Env) -> Tensor:
        ...         return -terms.elbo
        >>> terms = Terms({"x": torch.tensor([-10.0])}, {"z": torch.tensor([2.0])}, {})
        >>> NegativeBound()(terms, {})
        tensor([12.])
    """

    @abstractmethod
    def forward(self, terms: Terms, batch: Env) -> Tensor: ...

    def completed(self, batch: Env, draw: Draw) -> Env:
        """The batch with the inputs that the weighting itself chooses."""
        return batch

    def state(self) -> dict[str, float]:
        return {}


class Rising(Weighting):
    """A weighting whose rates may rise from 0 to their full weight over the first `warmup` batches of a training.

    >>> import torch
    >>> class Rate(Rising):
    ...     def forward(self, terms: Terms, batch: Env) -> Tensor:
    ...         return self.risen(terms.rate)
    >>> rate, terms = Rate(warmup=2), Terms({}, {"z": torch.tensor([8.0])}, {})
    >>> [rate(terms, {}).item() for _ in range(3)], rate.eval()(terms, {}).item()
    ([4.0, 8.0, 8.0], 8.0)
    """

    batches: Tensor

    def __init__(self, warmup: int):
        super().__init__()
        self.warmup = warmup
        if warmup:
            self.register_buffer("batches", torch.zeros(()))

    def risen(self, rate: Tensor) -> Tensor:
        """The rate `(B,)` by its present share."""
        if not (self.warmup and self.training):
            return rate
        self.batches += 1
        return rate * (self.batches / self.warmup).clamp(max=1.0)


class Regulariser(nn.Module, ABC):
    """A term beside the bound, `weight` times one number an example, `(B,)` nats.

    `name` stands in progress and history. `adam`: options by which its own parameters are trained, where
    they do not go with the model's.

    Args:
        weight: its factor in the loss.

    Example:
        >>> import torch
        >>> class Size(Regulariser):
        ...     name = "size"
        ...     def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor:
        ...         return inferred.env["z"].square().sum(-1)
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> batch = {"x": torch.zeros(3, 1, 4, 4)}
        >>> inferred = model.infer(batch)
        >>> list(Size(0.1).loss(model, batch, inferred, model.terms(batch, inferred=inferred)).parts)
        ['size']
    """

    name: str
    adam: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, weight: float):
        super().__init__()
        self.weight = weight

    @abstractmethod
    def forward(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Tensor: ...

    def loss(self, model: Model, batch: Env, inferred: Inferred, terms: Terms) -> Loss:
        """What it adds to the loss of a batch and to its parts."""
        value = self(model, batch, inferred, terms).mean()
        return Loss(self.weight * value, {self.name: value.detach()})


class AsTheModel(nn.Module):
    """The posteriors and draws of a batch as the model infers them."""

    def forward(self, model: Model, batch: Env, draw: Draw) -> Inferred:
        return model.infer(batch, draw)


# What gives posteriors and draws of a batch: a module, called with a model, the batch and how to draw.
Inference = nn.Module


class Bound(Objective):
    """weighting(terms) + sum of regularisers, mean over the batch, in nats.

    `names` restricts the terms of the bound to some variables: one stage of a model that is trained stage
    by stage. `inference` gives the posteriors and draws, those of the model itself unless an objective changes them.

    Args:
        weighting: of the terms of the bound.
        regularisers: what is added to it.

    Example:
        >>> import torch
        >>> from vae_core.objectives import Weighted
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> loss = Bound(Weighted(beta=4.0))(model, {"x": torch.zeros(3, 1, 4, 4)})
        >>> bool(torch.isclose(loss.total, loss.parts["distortion"] + 4 * loss.parts["rate_z"]))
        True

    Source:
        docs/objectives.md, sections 1 and 6.
    """

    def __init__(self, weighting: Weighting, regularisers: Sequence[Regulariser] = ()):
        super().__init__()
        self.weighting, self.regularisers = weighting, nn.ModuleList(regularisers)
        self.names: Collection[str] | None = None
        self.inference: Inference = AsTheModel()

    def forward(self, model: Model, batch: Env, draw: Draw = rsample) -> Loss:
        batch = self.weighting.completed(batch, draw)
        inferred = self.inference(model, batch, draw)
        terms = model.terms(batch, draw, inferred)
        total, parts = self.weighting(_only(terms, self.names), batch).mean(), parts_of(terms)
        for regulariser in self.regularisers:
            added: Loss = regulariser.loss(model, batch, inferred, terms)  # type: ignore[operator]
            total, parts = total + added.total, parts | added.parts
        return Loss(total, parts)

    def state(self) -> dict[str, float]:
        return self.weighting.state()

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(p.parameters()), **p.adam} for p in self.regularisers if p.adam]  # type: ignore[dict-item]


def betas(beta: Beta, blocks: list[str]) -> dict[str, float]:
    """One beta for each latent block.

    Args:
        beta: one number for all of them, or one for each.
        blocks: the names of the blocks.

    Returns:
        The beta of each block.

    Raises:
        ValueError: for a block the model lacks, or one left out.

    Example:
        >>> betas(2.0, ["z_l", "z_u"])
        {'z_l': 2.0, 'z_u': 2.0}
    """
    if not isinstance(beta, Mapping):
        return dict.fromkeys(blocks, float(beta))
    if set(beta) != set(blocks):
        raise ValueError(
            f"beta is given for {', '.join(beta)}, but the latent blocks are {', '.join(blocks)}: "
            "give one number, or one for each block"
        )
    return {name: float(beta[name]) for name in blocks}


def betas_for(beta: Beta, model: Model, blocks: Collection[str] | None = None) -> dict[str, float]:
    """One beta for each latent block of a model: `betas`, and betas under which the loss has a minimum.

    Where z2 is inferred from z1 (bottom-up), KL_1 = E log q(z1|x) / p(z1|z2) falls without end as z2 repeats the draw
    of z1, and KL_2 rises as much: beta_1 KL_1 + beta_2 KL_2 is beta_1 KL(q(z1, z2) || p) + (beta_2 - beta_1) KL_2, which is bounded
    below where beta_1 <= beta_2 alone.

    Args:
        beta: one number for all blocks, or one for each.
        model: whose blocks.
        blocks: their names, those of the model unless given.

    Returns:
        The beta of each block.

    Raises:
        ValueError: as `betas`, and for a block that costs more than one that is inferred from it.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import Ladder, Signature
        >>> model = Ladder().build(Signature(Image(1, 4, 4), ()))
        >>> betas_for({"z1": 1.0, "z2": 4.0}, model)
        {'z1': 1.0, 'z2': 4.0}

    Source:
        docs/objectives.md, section 10.
    """
    found = betas(beta, list(model.blocks if blocks is None else blocks))
    for name in model.by_draws:
        for upper in set(model.p[name].given) & model.informed_by(name) & set(found):
            if found[name] > found[upper]:
                raise ValueError(
                    f"beta of {name} is {found[name]:g} and that of {upper}, which is inferred from {name}, {found[upper]:g}: the loss has no minimum, "
                    f"since {upper} repeats the draw of {name}; give {upper} at least {found[name]:g}, or choose --inference top-down"
                )
    return found


def free_priors(model: Model) -> dict[str, Distribution]:
    """The priors that read nothing, neither the class nor another latent, by block."""
    return {name: model.p[name]({}) for name in model.latents if not model.p[name].given and name != LABEL}


def parts_of(terms: Terms) -> dict[str, Tensor]:
    """Distortion (of each observed variable where there are several) and rate of each block, means over the batch."""
    several = len(terms.log_likelihood) > 1
    fits = {f"distortion_{n}" if several else "distortion": -v for n, v in terms.log_likelihood.items()}
    rates = {f"rate_{name}": kl for name, kl in terms.kl.items()}
    return {name: value.detach().mean() for name, value in {**fits, **rates}.items()}


def _only(terms: Terms, names: Collection[str] | None) -> Terms:
    if names is None:
        return terms
    fits, rates = ({n: v for n, v in part.items() if n in names} for part in (terms.log_likelihood, terms.kl))
    return Terms(fits, rates, terms.score)


def above_zero(**values: float) -> None:
    """Raises ValueError naming the first that is not a number above 0."""
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{_spelt(name)} must be above 0, got {value}")


def not_negative(**values: float) -> None:
    """Raises ValueError naming the first that is not a number of 0 or more."""
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{_spelt(name)} must be 0 or more, got {value}")


def _spelt(name: str) -> str:
    return name.replace("_", "-")
