"""How to train: a dataclass whose fields are the options of the command line and the entry of a card."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

from ..distributions import check_seed
from ..fields import FIRST, WhileTraining
from ..models import Declaration
from ..objectives import OBJECTIVES, Declared, declare

# One in so many images of a batch is labelled, where only some labels are known.
LABELLED_SHARE = 8

# No count of a training is larger.
MOST = 1_000_000_000

# Where nothing is asked, a training has so many epochs, or as many as so many steps need; its learning rate rises over a tenth of them, but
# over no more than the last of these.
USUAL_EPOCHS, USUAL_STEPS, USUAL_WARMUP, USUAL_BATCH = 20, 2000, 500, 128

ABOVE_ZERO = ("epochs", "batch", "learning_rate", "clip")
NOT_NEGATIVE = ("warmup", "validation")
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train.

    Raises:
        ValueError: for values that make no training.

    Example:
        >>> from vae_core.objectives import ELBO
        >>> Options(objective=ELBO(beta=4.0), epochs=10).fitting(60_000).batch
        128
        >>> Options(epochs=0)
        Traceback (most recent call last):
        ValueError: epochs must be above 0, got 0
    """

    objective: Declared | None = None
    """What to optimise; the usual objective of the model unless given."""
    stagewise: bool = False
    """Train the stages of a model one after the other, equally many epochs each."""
    epochs: Annotated[int | None, FIRST] = None
    """Passes over the training images: 20 unless given, and more where these are few, so that there are 2,000 steps."""
    batch: int | None = None
    """Examples a step, over all processes: 128 unless given, and fewer where there are fewer images."""
    learning_rate: Annotated[float, WhileTraining(1e-5, 1e-2)] = 1e-3
    """Highest learning rate of Adam."""
    warmup: int | None = None
    """Steps over which the learning rate rises, a tenth of all, but at most 500, unless given; a cosine brings it down to zero after that."""
    clip: float = 100.0
    """Largest norm of the gradient."""
    limit: int | None = None
    """Train on this many images only."""
    validation: int = 0
    """Images held out of the training split to be measured after each epoch."""
    patience: int | None = None
    """Stop after this many epochs without a better validation loss."""
    seed: int = 0
    """Seed of all noise: weights, order, draws."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    precision: str = "auto"
    """auto (float32, with TF32 products on a GPU that has them), float32, or bfloat16 (mixed)."""

    def __post_init__(self):
        for name in ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name.replace('_', ' ')} must be above 0, got {value}")
        for name in NOT_NEGATIVE:
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        for name, value in vars(self).items():
            if name != "seed" and isinstance(value, int) and value > MOST:
                raise ValueError(f"{name.replace('_', ' ')} is at most {MOST}, got {value}")
        check_seed(self.seed)
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"no precision is called {self.precision!r}: choose one of {', '.join(PRECISIONS)}"
            )
        if self.patience is not None and not (self.patience > 0 and self.validation):
            raise ValueError(
                "--patience needs a number above 0, and images to validate on: give --validation too"
            )
        if self.objective is not None:
            self._check(self.objective)

    def _check(self, objective: Declared) -> None:
        if self.patience is not None and not objective.comparable:
            raise ValueError(
                "this objective changes as it learns, so that losses of two epochs cannot be compared: leave out --patience"
            )
        if objective.labelled() is not None and self.batch and self.batch % LABELLED_SHARE:
            raise ValueError(
                f"with --labels one image in {LABELLED_SHARE} of a batch is labelled: give a --batch that {LABELLED_SHARE} divides, not {self.batch}"
            )

    def fitting(self, images: int) -> "Options":
        """The same options for so many training images, with a batch: the usual one, or a power of two that fits into them twice.

        >>> [Options().fitting(images).batch for images in (60_000, 128, 99, 22, 1)], Options(batch=5).fitting(22).batch
        ([128, 128, 32, 8, 1], 5)
        """
        small = 2 ** max(0, int(math.log2(max(1, images // 2))))
        return replace(self, batch=self.batch or (USUAL_BATCH if images >= USUAL_BATCH else small))

    def settled(self, steps_an_epoch: int) -> "Options":
        """The same options for a training of so many steps an epoch, with the defaults that follow its length.

        >>> Options().settled(steps_an_epoch=10).epochs, Options().settled(10).warmup
        (200, 200)
        >>> Options().settled(468).epochs, Options().settled(468).warmup
        (20, 500)
        """
        epochs = self.epochs or max(USUAL_EPOCHS, math.ceil(USUAL_STEPS / steps_an_epoch))
        warmup = min(USUAL_WARMUP, epochs * steps_an_epoch // 10) if self.warmup is None else self.warmup
        return replace(self, epochs=epochs, warmup=warmup)

    def objective_of(self, declaration: Declaration) -> Declared:
        """The objective that was given, or the usual one of the model."""
        return self.objective or OBJECTIVES[declaration.objective()]()


def options_for(declaration: Declaration, given: Mapping[str, Any]) -> Options:
    """How to train a model, with the options of loop and objective side by side, as the command line has them.

    The objective is the one named, semi-supervised where some labels are to be known, or else the usual one
    of the model; where nothing is said of it, it is left to the training, which knows the data.

    Args:
        declaration: the model.
        given: fields of `Options` and of the objective, by name.

    Returns:
        The options.

    Raises:
        ValueError: (one sentence) for an option that the objective does not take, one that it lacks, or a
            value that makes no training.

    Example:
        >>> from vae_core.models import VAE
        >>> options_for(VAE(), {"beta": 4.0, "epochs": 3}).objective.beta
        4.0
    """
    own = {field.name for field in fields(Options)}
    weighed = {name: value for name, value in given.items() if name not in own}
    name = given.get("objective") or ("semi-supervised" if "labels" in weighed else declaration.objective())
    rest = {name: value for name, value in given.items() if name in own and name != "objective"}
    if not weighed and given.get("objective") is None:
        return Options(**rest)  # what is usual for the model and its data
    return Options(objective=declare(name, weighed), **rest)
