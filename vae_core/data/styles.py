"""Which images of a split are of one style: letters of one font, digits of one hand.

Shapes: N images.
"""

import numpy as np
import torch
from torch import Tensor

from .source import Data

# Columns whose equal values say that images are of one style: the first that is there.
STYLES = ("font", "writer", "style")


def styles_of(data: Data) -> Tensor | None:
    """The number of each image's style, from 0, `(N,)`; None where no column tells it.

    >>> images, labels = torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, dtype=torch.long)
    >>> data = Data("own", "test", images, labels, (), columns={"font": np.array(["b", "a", "b"])})
    >>> styles_of(data).tolist()
    [1, 0, 1]
    """
    column = next((data.columns[name] for name in STYLES if name in data.columns), None)
    return None if column is None else torch.from_numpy(np.unique(column, return_inverse=True)[1])
