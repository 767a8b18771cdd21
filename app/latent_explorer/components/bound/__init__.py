"""A sum of terms as a formula, each with its number; one of them opened, with what it is made of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from latent_explorer.components.shared import served

_component = served("bound")


@dataclass(frozen=True)
class Part:
    """A term: what stands before it, its symbol and number, what it is, and the bars that it is made of (name, nats)."""

    before: str
    symbol: str
    number: str
    says: str
    bars: tuple[tuple[str, float], ...] = ()


def bound(total: Part, parts: Sequence[Part], key: str) -> None:
    """Show `total = parts`. A part opens under the pointer, at the keyboard's focus or at a tap."""
    _component(key=key, data={"total": asdict(total), "parts": [asdict(part) for part in parts]})
