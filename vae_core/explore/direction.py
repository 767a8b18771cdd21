"""A direction with a name: a unit vector of a latent block, as a link and a file hold it.

Shapes: D latent dimensions.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

# Characters of a name, and of what is said of a direction.
LONGEST_NAME, LONGEST_WORDS = 40, 120

# What separates the parts of a direction in a text, and directions from one another.
PART, NEXT = "~", "!"


@dataclass(frozen=True)
class Direction:
    """A named unit vector of a latent block.

    Attributes:
        name: what it is called.
        block: the latent block.
        vector: its D numbers, of length 1 and with the precision of 16 bits, so that a link and a file hold the same.
        says: how it was found, in words.
        weights: the fingerprint of the weights that it was found for; empty where that is not known.

    Example:
        >>> found = Direction.of("slant", "z", torch.tensor([3.0, 4.0]), "from A to B")
        >>> Direction.decode(found.encode()) == found, found.encode()
        (True, 'slant~z~~from A to B~zThmOg')
    """

    name: str
    block: str
    vector: tuple[float, ...]
    says: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        """Refuses what could not come back from a link or a file."""
        check_name(self.name)
        values = np.asarray(self.vector, dtype=float)
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or not values.any():
            raise ValueError(f"the direction {self.name} needs finite numbers that are not all 0")

    @classmethod
    def of(cls, name: str, block: str, vector: Tensor, says: str = "", weights: str = "") -> "Direction":
        """The direction of a vector `(D,)` of any length.

        Args:
            name: what it is called.
            block: the latent block.
            vector: the vector, `(D,)`.
            says: how it was found.
            weights: the fingerprint of the model's weights.

        Raises:
            ValueError: for a name that a link cannot hold, and for a vector that is 0 or not finite.
        """
        half = unit(vector).double().numpy().astype(np.float16)
        words = says.replace(PART, " ").replace(NEXT, " ")[:LONGEST_WORDS]
        return cls(name, block, tuple(half.tolist()), words, weights[:16])

    @property
    def unit(self) -> Tensor:
        """The vector `(D,)`, of length 1."""
        return unit(torch.tensor(self.vector))

    def encode(self) -> str:
        """As a text that `decode` reads, for a link."""
        data = np.asarray(self.vector, dtype="<f2").tobytes()
        text = base64.urlsafe_b64encode(data).decode().rstrip("=")
        return PART.join((self.name, self.block, self.weights, self.says, text))

    @classmethod
    def decode(cls, text: str) -> "Direction":
        """The direction of such a text. Raises ValueError with one sentence for any other."""
        parts = text.split(PART)
        if len(parts) != 5:
            raise ValueError(
                "a direction in a link is a name, a block, weights, words and a vector, separated by '~'"
            )
        name, block, weights, says, vector = parts
        try:
            data = base64.b64decode(vector + "=" * (-len(vector) % 4), altchars=b"-_", validate=True)
            values = np.frombuffer(data, dtype="<f2")
        except (binascii.Error, ValueError):
            raise ValueError(f"the vector of the direction {name[:LONGEST_NAME]} cannot be read") from None
        return cls(name, block, tuple(values.tolist()), says[:LONGEST_WORDS], weights[:16])

    def to_json(self) -> dict[str, Any]:
        """As JSON that `from_json` reads, for a file."""
        return {
            "name": self.name,
            "block": self.block,
            "says": self.says,
            "weights": self.weights,
            "vector": list(self.vector),
        }

    @classmethod
    def from_json(cls, value: Any) -> "Direction":
        """The direction of such JSON. Raises ValueError for any other."""
        try:
            words = [str(value.get(key, "")) for key in ("says", "weights")]
            vector = tuple(map(float, value["vector"]))
            name, block = str(value["name"]), str(value["block"])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ValueError("a direction in a file has a name, a block and a vector of numbers") from None
        return cls(name, block, vector, *words)


def check_name(name: str) -> None:
    """Refuses a name that a link or a file could not give back.

    Args:
        name: of a direction or a selection.

    Raises:
        ValueError: with one sentence that says what a name is.

    Example:
        >>> check_name("a~b")
        Traceback (most recent call last):
        ValueError: a name has 1 to 40 characters, none of them ~, ! or a line break, not 'a~b'
    """
    if (
        not 0 < len(name.strip()) == len(name) <= LONGEST_NAME
        or PART in name
        or NEXT in name
        or not name.isprintable()
    ):
        raise ValueError(
            f"a name has 1 to {LONGEST_NAME} characters, none of them {PART}, {NEXT} or a line break, not {name[:LONGEST_NAME]!r}"
        )


def unit(vector: Tensor) -> Tensor:
    """v / |v|, of a vector `(D,)`.

    Args:
        vector: any vector but 0.

    Returns:
        The vector of length 1, `(D,)`.

    Raises:
        ValueError: for a vector that is 0 or not finite.

    Example:
        >>> unit(torch.tensor([3.0, 4.0])).tolist()
        [0.6000000238418579, 0.800000011920929]
    """
    length = torch.linalg.vector_norm(vector.double())
    if not torch.isfinite(length) or length <= 1e-12:
        raise ValueError("there is no direction here: both ends have the same code")
    return (vector.double() / length).to(vector.dtype)
