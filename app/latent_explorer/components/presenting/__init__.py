"""The keys that begin and end a presentation, and a button that ends it."""

from collections.abc import Callable

from latent_explorer.components.shared import served

_component = served("presenting")


def presenting(on: bool, turn: Callable[[], None], key: str = "presenting") -> None:
    """Call `turn` when a visitor begins, or ends, to present."""
    _component(key=key, data={"on": on}, on_turned_change=turn, width="content")
