"""Numbers that are changed while a model trains: which there are, what they are, and how one is set.

Which they are, the declarations say: fields of `Options` and of the objective that are marked `fields.WhileTraining`.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..checkpoints import Change, changed
from ..fields import WhileTraining, options
from ..objectives import Declared, Objective, Setting, betas, betas_for
from .options import Options

Value = float | dict[str, float]

# A number is set to no more than so many times the highest that is usually tried: beyond, there is nothing but rounding.
BEYOND = 100


class Steering:
    """The numbers of one training that can be changed.

    Args:
        options: of the training, with its objective.
        objective: what was built of that.
        setting: in which it was built.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> from vae_core.objectives import ELBO
        >>> setting = Setting(VAE(latent=2).build(Signature(Image(1, 4, 4), ())), 0, 100, 1000)
        >>> steering = Steering(Options(objective=ELBO()), ELBO().build(setting), setting)
        >>> steering.set("beta", 4.0, step=10, epoch=1).after, steering.values["beta"]
        ({'z': 4.0}, {'z': 4.0})
    """

    def __init__(self, options: Options, objective: Objective, setting: Setting):
        assert options.objective is not None
        self.options, self.declared = options, options.objective
        self.objective, self.setting = objective, setting
        self.changes: tuple[Change, ...] = ()

    @property
    def ranges(self) -> dict[str, WhileTraining]:
        """What can be changed, and the range that it is usually tried in."""
        both = {**options(Options), **options(type(self.declared))}
        return {name: option.while_training for name, option in both.items() if option.while_training}

    @property
    def offered(self) -> dict[str, WhileTraining]:
        """Those that mean something for this model and objective."""
        idle = self.declared.idle(self.objective, self.setting)
        return {name: range_ for name, range_ in self.ranges.items() if name not in idle}

    @property
    def values(self) -> dict[str, Value]:
        """The present values of those offered: numbers, or of a weight of each block, one for each."""
        return {name: self._value(name) for name in self.offered}

    @property
    def learning_rate(self) -> float:
        return self.options.learning_rate

    def set(self, name: str, value: float | Mapping[str, float], step: int, epoch: int) -> Change:
        """Change one number after so many steps. Raises ValueError, one sentence, for another name, or a value that cannot be."""
        self._check(name)
        before = self._value(name)
        change = Change(step, epoch, name, before, self._wanted(name, before, value))
        if change.after != before:
            self._apply(change)
        return change

    def replay(self, changes: tuple[Change, ...]) -> None:
        """Put what an earlier start had changed. Raises ValueError where that cannot be repeated."""
        for change in changes:
            try:
                self._check(change.name)
                after = self._wanted(change.name, self._value(change.name), change.after)
                self._apply(replace(change, after=after))
            except ValueError as error:
                raise ValueError(
                    f"{change.name} was changed at step {change.step:,}, which cannot be repeated ({error}): train in another folder"
                ) from None

    def _check(self, name: str) -> None:
        if name not in self.ranges:
            known = ", ".join(self.ranges)
            raise ValueError(f"{name[:40]!r} cannot be changed while training: choose one of {known}")

    def _value(self, name: str) -> Value:
        holder = self.options if name in options(Options) else self.declared
        value: Any = getattr(holder, name)
        return betas(value, self.setting.model.blocks) if name == "beta" else value

    def _wanted(self, name: str, before: Value, value: float | Mapping[str, float]) -> Value:
        """The value with the blocks that are left out as they are. Raises ValueError for one that cannot be."""
        if isinstance(value, Mapping) and not isinstance(before, dict):
            raise ValueError(f"{name} is one number, not one for each block")
        most = self.ranges[name].high * BEYOND
        for each in value.values() if isinstance(value, Mapping) else (value,):
            if not (math.isfinite(each) and abs(each) <= most):
                raise ValueError(f"{name} is set to a number of at most {most:g}, got {each:g}")
        if not isinstance(before, dict):
            return float(value)  # type: ignore[arg-type]
        wanted = {**before, **value} if isinstance(value, Mapping) else value
        return betas_for(wanted, self.setting.model, before)

    def _apply(self, change: Change) -> None:
        if change.name in options(Options):
            self.options = changed(self.options, [change])
        else:
            declared: Declared = replace(self.declared, **{change.name: change.after})  # type: ignore[type-var]
            declared.lend(self.objective, self.setting)
            self.declared = declared
        self.changes = (*self.changes, change)
