"""Horizontal bars in a small drawing of our own: a few numbers do not deserve a chart library's five megabytes."""

from collections.abc import Sequence

from latent_explorer.components.shared import served

_component = served("bars")


def bars(
    names: Sequence[str], values: Sequence[float], colours: Sequence[str], title: str, key: str | None = None
) -> None:
    """One bar for each name, its length the value in [0, 1], the value beside it in per cent."""
    rows = [list(row) for row in zip(names, map(float, values), colours, strict=True)]
    _component(key=key, data={"title": title, "rows": rows})
