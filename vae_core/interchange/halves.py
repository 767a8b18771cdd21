"""Where mean and spread lie in one output that holds both: the side whose first half is the mean.

Shapes: B examples; a code of any sides past the batch.
"""

from collections.abc import Sequence

from torch import Tensor

from ..graphs import GraphError, Port
from .reading import readings
from .search import Search, decoded_by, reconstruction_of, values_of


def sides_of_both(both: Sequence[int], shape: Sequence[int]) -> list[int]:
    """The sides of an output, from 1 past the batch, whose halves may be the mean and the spread of a code of `shape`: those that leave the
    code's shape, or else every even one, of which there is one at least.

    >>> sides_of_both((8,), (4,)), sides_of_both((4, 4, 6), (4, 4, 3)), sides_of_both((4, 2), (4,)), sides_of_both((2, 2), (2,))
    ([1], [3], [2], [1, 2])
    """
    even = [side for side, size in enumerate(both, 1) if size % 2 == 0]
    exact = [side for side in even if _plain(_halved(both, side)) == _plain(shape)]
    return exact or even


def _halved(both: Sequence[int], side: int) -> list[int]:
    return [size // 2 if place == side else size for place, size in enumerate(both, 1)]


def _plain(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def side_of_mean(search: Search, name: str, value: Tensor, port: Port, shape: tuple[int, ...]) -> int:
    """The side of the output `name`, `(B, ...)`, whose first half is the mean: as asked, the only one that fits the decoder's code, or the one
    whose first half decodes nearest to the data, which is told as a doubt.

    Raises GraphError for a side that is asked for and cannot be halved.
    """
    both, asked = tuple(value.shape[1:]), search.asked.halves_along
    if asked is not None:
        if not 1 <= asked <= len(both) or both[asked - 1] % 2:
            raise GraphError(
                f"{search.encoder.name} gives {name} of {_sides(both)}, and side {asked} of it cannot be halved: "
                f"--halves-along is one of {', '.join(map(str, sides_of_both(both, shape)))}"
            )
        return asked
    fitting = sides_of_both(both, shape)
    if len(fitting) == 1:
        return fitting[0]
    output, errors = reconstruction_of(search), {}
    for side in fitting:
        mean = value.chunk(2, dim=side)[0].reshape(-1, *shape)
        decoded = decoded_by(search, {port.name: mean}, output)
        errors[side] = min(reading.error for reading in readings(search, decoded, values_of(search), output))
    best = min(errors, key=errors.__getitem__)
    others = ", ".join(f"along side {side}: {error:.3g}" for side, error in errors.items() if side != best)
    search.notes.append(
        f"doubt: {name}, of {_sides(both)}, may be halved along several sides; side {best} is taken, whose first half decodes "
        f"nearest to the data ({errors[best]:.3g}; {others}): say it by --halves-along"
    )
    return best


def _sides(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
