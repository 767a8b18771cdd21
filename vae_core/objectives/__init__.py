"""What to optimise: each objective a declaration (`OBJECTIVES`) that builds a weighting of the bound and regularisers beside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..fields import is_declaration, options, spelt
from ..plugins import Registry
from .classes import Adversary, ClassifierTerm, ClassTerm, adversaries
from .constrained import GECO, AnnealedCapacity, Capacity, Constrained, ConstrainedVAE, Geco
from .correlation import (
    BetaTCVAE,
    Discriminator,
    FactorVAE,
    RateParts,
    discriminators,
    minibatch_log_density,
    rate_parts,
)
from .covariance import DIPVAE, Covariance, covariances
from .declared import Declared, OfBound, Setting
from .multirate import MultiRate, MultiRateVAE
from .pairs import AdaGVAE, PairsAveraged
from .parts import Beta, Bound, Loss, Objective, Regulariser, Weighting, betas, betas_for
from .semisupervised import M2, SemiSupervised, class_bounds, enumerated
from .styles import StylePairs, StyleShared
from .weighted import ELBO, Weighted, elbo

# The objectives by name. A line here, or `OBJECTIVES.register` elsewhere, is all that the command line, the cards and the pages need.
OBJECTIVES: Registry[type[Declared]] = Registry(
    "objective",
    "latent_explorer.objectives",
    {
        "elbo": ELBO,
        "constrained": ConstrainedVAE,
        "capacity": AnnealedCapacity,
        "geco": GECO,
        "tc": BetaTCVAE,
        "factor": FactorVAE,
        "dip": DIPVAE,
        "pairs": AdaGVAE,
        "styles": StylePairs,
        "multi-rate": MultiRateVAE,
        "semi-supervised": M2,
    },
    lambda kind: is_declaration(kind, Declared),
    "a dataclass made from Declared, whose fields have types that are there",
)


def declare(name: str, given: Mapping[str, Any]) -> Declared:
    """The objective of that name with some options.

    Args:
        name: a name of `OBJECTIVES`.
        given: its options.

    Returns:
        The declaration, which builds the objective for one training.

    Raises:
        ValueError: (one sentence) for an unknown name, an option that it does not take, or one that it
            lacks.

    Example:
        >>> declare("tc", {"tc_beta": 6.0}).tc_alpha
        1.0
        >>> declare("elbo", {"delta": 16.0})
        Traceback (most recent call last):
        ValueError: the objective elbo takes no delta: leave it out, or choose constrained
    """
    return kind_of(name, given)(**given)


def kind_of(name: str, given: Collection[str]) -> type[Declared]:
    """The kind of objective of that name.

    Args:
        name: a name of `OBJECTIVES`.
        given: the names of the options that it is to take.

    Returns:
        The declaration's class.

    Raises:
        ValueError: as `declare` does.

    Example:
        >>> kind_of("elbo", ["beta"]).__name__
        'ELBO'
    """
    if name not in OBJECTIVES:
        raise ValueError(f"no objective is called {name!r}: choose one of {', '.join(OBJECTIVES)}")
    known = options(OBJECTIVES[name])
    for option in given:
        if option not in known:
            others = [other for other, kind in OBJECTIVES.items() if option in options(kind)]
            choice = f", or choose {' or '.join(others)}" if others else ""
            raise ValueError(f"the objective {name} takes no {spelt(option)}: leave it out{choice}")
    for option in known.values():
        if option.required and option.name not in given:
            raise ValueError(f"the objective {name} needs --{spelt(option.name)}: {_lowered(option.about)}")
    return OBJECTIVES[name]


def described(objective: Declared, blocks: Sequence[str]) -> dict[str, Any]:
    """Name and options of an objective, as a card records them: of a beta, one for each of the latent blocks.

    Args:
        objective: the declaration.
        blocks: the names of the model's latent blocks.

    Returns:
        What JSON can hold.

    Raises:
        ValueError: where betas are given for other blocks, and for an objective that is not registered.

    Example:
        >>> described(ELBO(beta=4.0), ["z_l", "z_u"])["beta"]
        {'z_l': 4.0, 'z_u': 4.0}
    """
    name = OBJECTIVES.name_of(type(objective))
    if name is None:
        raise ValueError(
            f'{type(objective).__name__} is not registered, so that no checkpoint of it could be opened: write @OBJECTIVES.register("name") above it'
        )
    given = asdict(objective)  # type: ignore[call-overload]
    if "beta" in given:
        given["beta"] = betas(given["beta"], list(blocks))
    return {"name": name, **given}


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


__all__ = [
    "DIPVAE",
    "ELBO",
    "GECO",
    "M2",
    "OBJECTIVES",
    "AdaGVAE",
    "Adversary",
    "AnnealedCapacity",
    "Beta",
    "BetaTCVAE",
    "Bound",
    "Capacity",
    "ClassTerm",
    "ClassifierTerm",
    "Constrained",
    "ConstrainedVAE",
    "Covariance",
    "Declared",
    "Discriminator",
    "FactorVAE",
    "Geco",
    "Loss",
    "MultiRate",
    "MultiRateVAE",
    "Objective",
    "OfBound",
    "PairsAveraged",
    "RateParts",
    "Regulariser",
    "SemiSupervised",
    "Setting",
    "StylePairs",
    "StyleShared",
    "Weighted",
    "Weighting",
    "adversaries",
    "betas",
    "betas_for",
    "class_bounds",
    "covariances",
    "declare",
    "described",
    "discriminators",
    "elbo",
    "enumerated",
    "kind_of",
    "minibatch_log_density",
    "rate_parts",
]
