"""Objectives as declarations, like models: a dataclass whose fields are the options of the command line and the entry of a card.

`build` makes the objective for one training, `says` tells a person what it asks for.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple, Protocol

from ..fields import WhileTraining
from ..labels import has_label
from ..model import Model
from ..multirate import rates_of
from ..names import LABEL
from .classes import Adversary, ClassifierTerm, ClassTerm, adversaries
from .parts import Bound, Objective, Regulariser, Weighting, above_zero, not_negative


class Setting(NamedTuple):
    """What an objective has to know of a training.

    Attributes:
        model: the model.
        classes: the number of classes.
        steps: the number of steps in all.
        images: the number of training images.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> Setting(model, classes=0, steps=1000, images=60_000).steps
        1000
    """

    model: Model
    classes: int
    steps: int
    images: int


class Trained(Protocol):
    """What an objective reads of a card: what it found by itself, and the range of betas that the model answers to."""

    @property
    def found(self) -> Mapping[str, float]: ...

    @property
    def rates(self) -> Sequence[float] | None: ...


class Declared(ABC):
    """The numbers of an objective, the fields of a dataclass, and how to build it for one training.

    Raises:
        ValueError: for numbers that make no objective, when they are given.

    Example:
        >>> from vae_core.objectives import OBJECTIVES
        >>> [name for name, kind in OBJECTIVES.items() if not kind.comparable]
        ['constrained', 'capacity', 'geco', 'factor']
    """

    rated: ClassVar[bool] = False
    """Whether it draws the betas of a model that is conditioned on them."""
    comparable: ClassVar[bool] = True
    """Whether the losses of two epochs measure the same: not where the objective itself learns or is annealed."""

    @abstractmethod
    def build(self, setting: Setting) -> Objective:
        """The objective of one training. Raises ValueError (one sentence) for a model that it does not fit."""

    @abstractmethod
    def says(self, card: Trained) -> str:
        """What it asks for, in one line, with what the training found."""

    def lend(self, objective: Objective, setting: Setting) -> None:
        """Puts the numbers of the fields that can be changed while training (`fields.WhileTraining`) into an objective that was built of
        earlier ones, which keeps what it has learned. Raises ValueError for what cannot be put into it."""
        raise ValueError(f"{type(self).__name__} has nothing that can be changed while it trains")

    def idle(self, objective: Objective, setting: Setting) -> frozenset[str]:
        """The fields that can be changed while training and mean nothing in this one."""
        return frozenset()

    def labelled(self) -> int | None:
        """How many images tell their class; None for all of them."""
        return None

    def pairs(self) -> int | Literal["style"] | None:
        """In how many factors the images of a pair differ at most, or that they are of one style, where a batch is made of pairs; None for
        single images."""
        return None


@dataclass(frozen=True, kw_only=True)
class OfBound(Declared):
    """What every weighting of the bound can have beside it.

    Raises:
        ValueError: for a negative weight.

    Example:
        >>> from vae_core.objectives import ELBO
        >>> ELBO(class_weight=20.0).beside()
        ['class term × 20']

    Source:
        docs/objectives.md, sections 7 and 8.
    """

    class_weight: Annotated[float, WhileTraining(0.0, 100.0)] = 0.0
    """alpha of the class term: alpha * CE(class by the bound, class), the softmax over classes of their bounds."""
    classifier_weight: Annotated[float, WhileTraining(0.0, 100.0)] = 1.0
    """lambda of a model with a classifier: lambda * CE(q(y|x), y)."""
    adversary: Annotated[float, WhileTraining(0.0, 10.0)] = 0.0
    """Weight of an adversary that keeps the class out of the unlabelled block."""
    adversary_hidden: int = 128
    """Units in each of its two hidden layers."""
    adversary_rate: float | None = None
    """A learning rate of its own, held for the whole training; it is trained with the model unless given."""
    adversary_reads: Literal["draws", "posterior"] = "draws"
    """What it reads: draws and means of the posterior; posterior: mean and log scale together as well."""

    def __post_init__(self):
        not_negative(
            class_weight=self.class_weight,
            classifier_weight=self.classifier_weight,
            adversary=self.adversary,
        )
        above_zero(
            adversary_hidden=self.adversary_hidden,
            adversary_rate=1.0 if self.adversary_rate is None else self.adversary_rate,
        )

    def bound(self, setting: Setting, weighting: Weighting, *added: Regulariser) -> Bound:
        """The weighting with the regularisers that the fields ask for, and others. Raises ValueError for a model of many betas."""
        if rates_of(setting.model) and not self.rated:
            raise ValueError(
                "a model with --rates draws betas of its own: leave out --objective, --beta and --beta-warmup"
            )
        self._check_classes(setting)
        beside: list[Regulariser] = [ClassTerm(self.class_weight)] if self.class_weight else []
        if self.classifier_weight and LABEL in setting.model.latents:
            beside.append(ClassifierTerm(self.classifier_weight))
        if self.adversary:
            beside += adversaries(
                setting.model,
                self.adversary,
                setting.classes,
                hidden=self.adversary_hidden,
                rate=self.adversary_rate,
                reads=self.adversary_reads,
            )
        return Bound(weighting, [*beside, *added])

    def _check_classes(self, setting: Setting) -> None:
        if (self.class_weight or self.adversary) and setting.classes < 2:
            number = "one class" if setting.classes else "no classes"
            raise ValueError(
                f"--class-weight and --adversary need classes to tell apart, and the data has {number}: leave them out"
            )
        if self.class_weight and not has_label(setting.model):
            raise ValueError(
                "no variable of this model is conditioned on the class: leave out --class-weight, or choose cdvae, cvae or joint"
            )

    def idle(self, objective: Objective, setting: Setting) -> frozenset[str]:
        assert isinstance(objective, Bound)
        means = {
            "class_weight": setting.classes > 1 and has_label(setting.model),
            "classifier_weight": LABEL in setting.model.latents,
            "adversary": any(isinstance(part, Adversary) for part in objective.regularisers),
        }
        return frozenset(name for name, there in means.items() if not there)

    def lend(self, objective: Objective, setting: Setting) -> None:
        """Terms without parameters come when they are first asked for; one that is no longer asked for stays, with a weight of 0."""
        assert isinstance(objective, Bound)
        self._check_classes(setting)
        parts = objective.regularisers
        there = {type(part) for part in parts}
        if self.adversary and Adversary not in there:
            raise ValueError(
                "an adversary learns from the first step on: begin with --adversary, or fork the training with it"
            )
        if self.class_weight and ClassTerm not in there:
            parts.append(ClassTerm(self.class_weight))
        if self.classifier_weight and ClassifierTerm not in there and LABEL in setting.model.latents:
            parts.append(ClassifierTerm(self.classifier_weight))
        for part in parts:
            if isinstance(part, Adversary):
                part.strength = self.adversary
            elif isinstance(part, ClassTerm | ClassifierTerm):
                part.weight = self.class_weight if isinstance(part, ClassTerm) else self.classifier_weight
        self.weigh(objective)

    def weigh(self, bound: Bound) -> None:
        """Puts the numbers of the weighting, and of regularisers of its own, into a bound that was built of earlier ones."""

    def beside(self) -> list[str]:
        """What the regularisers say."""
        return sayings(
            ("class term × {:g}", self.class_weight),
            ("adversary × {:g}", self.adversary),
        )


def sayings(*pairs: tuple[str, float | None]) -> list[str]:
    """The texts whose number is there and is not 0, with it.

    >>> sayings(("class term × {:g}", 20.0), ("adversary × {:g}", 0.0))
    ['class term × 20']
    """
    return [text.format(number) for text, number in pairs if number]
