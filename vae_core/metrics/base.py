"""What every metric gets: the model, the data and what several metrics share, computed once.

Shapes: N examples, D dimensions of a block.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from ..data import Data
from ..distributions import Sampler
from ..estimates import Estimate
from ..explore.codes import encoded_by_batch
from ..model import Model

Report = Callable[[str], None]
RESAMPLES = 50

T = TypeVar("T")


def bootstrap(statistic: Callable[[Tensor], float], n: int, generator: torch.Generator) -> float:
    """Standard error of a statistic: its standard deviation over 50 resamples of the rows with replacement.

    Args:
        statistic: from which of the rows are used, `(n,)`, to a number.
        n: how many rows there are.
        generator: of the resamples.

    Returns:
        The standard error, in the statistic's unit.

    Example:
        >>> values = torch.arange(100.0)
        >>> se = bootstrap(lambda rows: values[rows].mean().item(), 100, torch.Generator().manual_seed(0))
        >>> abs(se - values.std().item() / 10) < 0.6
        True

    Source:
        Efron (1979).
    """
    resampled = [statistic(torch.randint(n, (n,), generator=generator)) for _ in range(RESAMPLES)]
    return torch.tensor(resampled, dtype=torch.float64).std().item()


def mlp_classifier(labels: Tensor, seed: int) -> Any:
    """scikit-learn's MLPClassifier with 64 hidden units, for rows of some labels.

    It stops early by a tenth of the rows, unless they are too few for every class to be in both parts: then
    it makes 100 passes.

    Args:
        labels: of the rows that it is to be fitted on, `(N,)`.
        seed: of its weights and its order.

    Returns:
        The classifier, not fitted yet.

    Example:
        >>> mlp_classifier(torch.tensor([0, 1]).repeat(50), seed=0).early_stopping
        True
        >>> mlp_classifier(torch.tensor([0, 1]), seed=0).early_stopping
        False
    """
    from sklearn.neural_network import MLPClassifier

    counts = labels.unique(return_counts=True)[1]
    held_out = -(-len(labels) // 10)
    stops = int(counts.min()) > 1 and len(counts) <= min(held_out, len(labels) - held_out)
    return MLPClassifier((64,), early_stopping=stops, max_iter=100, random_state=seed)


class Encodings(NamedTuple):
    """What an encoder says of N images.

    Attributes:
        means: posterior means of each block, `(N, D)`.
        scales: posterior standard deviations of each block, `(N, D)`.
        samples: one draw of each block, `(N, D)`.
        labels: the classes, `(N,)`.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> evaluation.encoded.means["z"].shape, evaluation.encoded.labels.shape
        (torch.Size([10, 2]), torch.Size([10]))
    """

    means: dict[str, Tensor]
    scales: dict[str, Tensor]
    samples: dict[str, Tensor]
    labels: Tensor


@dataclass(frozen=True)
class Evaluation:
    """What every metric gets: the model, the data, and what several metrics share, computed once.

    Attributes:
        model: the model.
        data: the split that is measured.
        train: the split for what has to be fitted.
        seed: of all noise.
        report: told what is going on.

    Example:
        >>> from vae_core.kinds import Image
        >>> from vae_core.models import VAE, Signature
        >>> images = torch.zeros(10, 1, 4, 4, dtype=torch.uint8)
        >>> data = Data("own", "test", images, torch.zeros(10, dtype=torch.long), ())
        >>> model = VAE(latent=2).build(Signature(Image(1, 4, 4), ()))
        >>> evaluation = Evaluation(model, data, train=data)
        >>> evaluation.blocks, evaluation.classes
        (['z'], 0)
    """

    model: Model
    data: Data
    train: Data
    seed: int = 0
    report: Report = lambda line: None

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def classes(self) -> int:
        return len(self.data.classes)

    @property
    def blocks(self) -> list[str]:
        return self.model.blocks

    @cached_property
    def as_trained(self) -> "Evaluation":
        """The same of the model with its own priors, where others stand in for them on pages."""
        own = self.model.as_trained()
        return self if own is self.model else replace(self, model=own)

    def tells_apart(self, what: str) -> bool:
        """Whether the data has two classes or more; where it has not, it is reported that `what` needs them."""
        if self.classes < 2:
            number = "no classes" if not self.classes else "one class"
            self.report(f"no {what}: it needs two classes, and the data has {number}")
        return self.classes > 1

    def sampler(self, purpose: int) -> Sampler:
        """A stream of noise of its own for each purpose."""
        return Sampler.seeded(self.seed * 1000 + purpose)

    @torch.no_grad()
    def encodings(self, data: Data, purpose: int) -> Encodings:
        """Encode every image of `data`, its pixels drawn once."""
        batches = data.to(self.device).batches(1000, self.seed)
        encoded = encoded_by_batch(self.model, batches, len(data), self.sampler(purpose))
        means, scales, samples = ({name: part[name] for name in self.blocks} for part in encoded)
        return Encodings(means, scales, samples, data.labels.to(self.device))

    @cached_property
    def encoded(self) -> Encodings:
        """The encodings of the evaluated split."""
        return self.encodings(self.data, purpose=1)

    @cached_property
    def _kept(self) -> dict[Callable[..., Any], Any]:
        return {}

    def once(self, compute: "Callable[[Evaluation], T]") -> T:
        """`compute(self)`, which several metrics need, computed the first time."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        return self._kept[compute]


def gather(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Per-example tensors of several batches, concatenated by name.

    Args:
        parts: of each batch, tensors `(B, ...)` by name.

    Returns:
        Tensors `(N, ...)` by name.

    Example:
        >>> gather([{"loss": torch.tensor([1.0])}, {"loss": torch.tensor([2.0, 3.0])}])["loss"].tolist()
        [1.0, 2.0, 3.0]
    """
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


__all__ = ["Encodings", "Estimate", "Evaluation", "Report", "bootstrap", "gather", "mlp_classifier"]
