"""Figures of their own that a step may name: each draws itself with its controls, and tells facts that a goal may read."""

from collections.abc import Callable

from latent_explorer.lessons.figures import ppca_em, two_gradients
from latent_explorer.lessons.goals import Fact

FIGURES: dict[str, Callable[[], None]] = {"ppca-em": ppca_em.show, "two-gradients": two_gradients.show}
FACTS: dict[str, Callable[[], Fact]] = {**ppca_em.FACTS, **two_gradients.FACTS}
