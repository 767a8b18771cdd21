"""What a card says of a training that was steered: the numbers that were changed while it ran, and the run that it was forked from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """A number that was changed while training.

    Attributes:
        step: steps that were done before.
        epoch: in which, from 1 on.
        name: of the option of the training or its objective.
        before: its value until then, or one for each block.
        after: and from then on.

    Example:
        >>> Change(step=1200, epoch=3, name="beta", before={"z": 1.0}, after={"z": 4.0}).says
        'β(z) was 1 up to step 1,200'
    """

    step: int
    epoch: int
    name: str
    before: float | dict[str, float]
    after: float | dict[str, float]

    @property
    def says(self) -> str:
        name = "β" if self.name == "beta" else self.name.replace("_", " ")
        before = self.before if isinstance(self.before, Mapping) else {"": self.before}
        told = [
            f"{name}({block}) was {value:g}" if block else f"{name} was {value:g}"
            for block, value in before.items()
        ]
        return f"{' and '.join(told)} up to step {self.step:,}"


@dataclass(frozen=True)
class Forked:
    """Where the weights that a training began with come from.

    Attributes:
        name: of the run.
        weights: their fingerprint.
        epoch: of that run, which had been finished.

    Example:
        >>> Forked("first", "0123456789abcdef", 3).epoch
        3
    """

    name: str
    weights: str
    epoch: int


def number(value: float | Mapping[str, float]) -> str:
    """A number, or those of several blocks, in words.

    >>> number(0.5), number({"z_l": 2.0, "z_u": 1.0})
    ('0.5', '{z_l: 2, z_u: 1}')
    """
    if not isinstance(value, Mapping):
        return f"{value:g}"
    return f"{{{', '.join(f'{block}: {each:g}' for block, each in value.items())}}}"


def changed(declared: T, changes: Sequence[Change]) -> T:
    """A declaration with its fields as they were after the last changes; changes of other names are of something else.

    Args:
        declared: as the training was begun.
        changes: in their order.

    Returns:
        The declaration at the end.

    Raises:
        ValueError: for a value that it does not take.

    Example:
        >>> from vae_core.objectives import ELBO
        >>> changed(ELBO(), [Change(9, 1, "beta", 1.0, 4.0)]).beta
        4.0
    """
    own = {field.name for field in fields(declared)}  # type: ignore[arg-type]
    last: dict[str, Any] = {change.name: change.after for change in changes if change.name in own}
    try:
        return replace(declared, **last) if last else declared  # type: ignore[type-var]
    except TypeError:  # a number where each block has one, or the other way round
        raise ValueError(f"the changes of {', '.join(last)} are not of its kind") from None
