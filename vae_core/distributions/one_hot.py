"""A class as a row of K numbers, one of them 1."""

from typing import Any

from torch import Tensor
from torch.distributions import Categorical, OneHotCategorical


class OneHot(OneHotCategorical):
    """Cat(softmax(logits)) over one-hot rows `(..., K)`. torch's own looks at its logits whatever it is told, and waits for a GPU to do so.

    Example:
        >>> import torch
        >>> p = OneHot(torch.zeros(2))
        >>> round(p.log_prob(torch.tensor([0.0, 1.0])).exp().item(), 3), p.mode.tolist()
        (0.5, [1.0, 0.0])
        >>> p.expand(torch.Size([3])).sample().sum(-1).tolist()
        [1.0, 1.0, 1.0]

    Source:
        docs/objectives.md, section 8.
    """

    def __init__(self, logits: Tensor):
        self._categorical = Categorical(logits=logits, validate_args=False)
        shape = self._categorical.batch_shape, self._categorical.param_shape[-1:]
        super(OneHotCategorical, self).__init__(*shape, validate_args=False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> "OneHot":
        return super().expand(batch_shape, self._get_checked_instance(OneHot, _instance))  # type: ignore[attr-defined]
