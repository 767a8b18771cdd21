"""Figures of their own that a step may name: each draws itself with its controls, and tells facts that a goal may read."""

from collections.abc import Callable

from latent_explorer.lessons.goals import Fact

FIGURES: dict[str, Callable[[], None]] = {}
FACTS: dict[str, Callable[[], Fact]] = {}
