"""Partners of images that differ from them in few factors, drawn within the training set.

Shapes: N images, F factors, B rows, S choices of factors.
"""

from itertools import combinations
from typing import Literal

import torch
from torch import Tensor

from ..data import Data
from ..data.styles import STYLES, styles_of
from ..distributions import Sampler


class Pairs:
    """Rows of a data set and a partner of each, which differs in at most k factors and agrees in all others.

    For each choice of k factors, images that agree in the other ones are a group. A pair draws a choice of factors in
    which its image has a partner, then one of these evenly. A choice that fewer images can make is made by these the
    more often, so that no factor is left out for having few values. An image without any partner is its own.

    Args:
        factors: `(N, F)`, integers from 0.
        changes: k, from 1 to F - 1.

    Raises:
        ValueError: where k is none of these, or no image has a partner.

    Example:
        >>> factors = torch.tensor([[0, 0], [0, 1], [1, 1], [5, 5]])
        >>> rows = Pairs(factors, 1)(torch.tensor([0, 2, 3]), Sampler.seeded(0))
        >>> rows.tolist()  # each row, and its partner; the last has none
        [0, 1, 2, 1, 3, 3]

    Source:
        Locatello et al. (2020), arXiv 2002.02886, section 5.
    """

    def __init__(self, factors: Tensor, changes: int):
        count = factors.shape[1]
        if not 1 <= changes < count:
            raise ValueError(
                f"the images of a pair differ in 1 to {count - 1} of {count} factors, not in {changes}: give another --pair-changes"
            )
        kept = [[f for f in range(count) if f not in some] for some in combinations(range(count), changes)]
        self._of([_grouped(factors[:, columns]) for columns in kept])
        if not self.chances[:, -1].any():
            raise ValueError(
                f"no two images agree in all factors but {changes}: give a larger --pair-changes, or more images"
            )

    @classmethod
    def within(cls, groups: Tensor) -> "Pairs":
        """Partners of one group each `(N,)`, such as letters of one font.

        >>> rows = Pairs.within(torch.tensor([0, 1, 0, 1, 2]))(torch.tensor([0, 1, 4]), Sampler.seeded(0))
        >>> rows.tolist()
        [0, 2, 1, 3, 4, 4]
        """
        found = cls.__new__(cls)
        found._of([_grouped(groups[:, None])])
        return found

    def _of(self, groups: list[tuple[Tensor, Tensor, Tensor, Tensor]]) -> None:
        self.order, self.place, self.start, self.size = map(torch.stack, zip(*groups, strict=True))
        there = (self.size > 1).T.double()
        self.chances = (there / there.mean(0).clamp(min=1e-12)).cumsum(1).float()

    def to(self, device: torch.device | str) -> "Pairs":
        """The same on a device, in place."""
        for name in ("order", "place", "start", "size", "chances"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def __call__(self, rows: Tensor, sampler: Sampler) -> Tensor:
        """Rows `(B,)` and their partners in turn, `(2 B,)`."""
        noise = sampler.uniform((len(rows), 2), rows.device)
        chances = self.chances[rows]
        choice = (chances <= noise[:, :1] * chances[:, -1:]).sum(1).clamp(max=chances.shape[1] - 1)
        start, size, place = (part[choice, rows] for part in (self.start, self.size, self.place))
        other = start + (noise[:, 1] * (size - 1)).long().clamp(max=size.sub(2).clamp(min=0))
        other = torch.where(size > 1, other + (other >= place), place)
        return torch.stack([rows, self.order[choice, other]], 1).flatten()


def _grouped(kept: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images sorted so that those that agree in all kept factors `(N, f)` are neighbours: which image is at each place, `(N,)`, and of each
    image its place, the place where its group begins, and the size of that."""
    _, group, sizes = kept.unique(dim=0, return_inverse=True, return_counts=True)
    order = group.argsort(stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    starts = sizes.cumsum(0) - sizes
    return order, place, starts[group], sizes[group]


def pairs_of(data: Data, changes: int | Literal["style"] | None) -> Pairs | None:
    """What draws pairs of the data's images, on their device; None where none are asked for. Of one style, or as many factors apart.

    Raises ValueError where the factors or styles are not known, or pairs cannot be drawn.
    """
    if changes is None:
        return None
    if changes == "style":
        groups = styles_of(data)
        if groups is None:
            raise ValueError(
                f"pairs of one style are drawn by a column that says the style ({', '.join(STYLES)}), and {data.name} has none: choose glyphs, or give a "
                "file with such a column"
            )
        return Pairs.within(groups).to(data.images.device)
    if data.factors is None:
        raise ValueError(
            f"pairs are drawn by the factors of the images, and those of {data.name} are not known: choose rooms or sprites, or give a file with factors"
        )
    return Pairs(data.factors.cpu(), changes).to(data.images.device)
