"""Names of sixty letters, of classes and of features: charts and lines of text keep their room, and names stay apart."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from latent_explorer.charts.dimension import histogram
from latent_explorer.charts.layout import SHORT
from latent_explorer.charts.paths import classes_along
from latent_explorer.charts.priors import matrix
from latent_explorer.parts import words
from latent_explorer.parts.features import NAMED, movers
from latent_explorer.text import shortened

from vae_core.kinds import Table

LONG = [f"a class with a name of sixty letters that goes on and on, {c}" for c in "abc"]
DRAWN = {
    "matrix": lambda: matrix(np.ones((3, 3)), LONG, "KL", "of", "nats", (0, 2)),
    "paths": lambda: classes_along(np.linspace(0, 1, 3), {"line": np.ones((3, 3)) / 3}, LONG),
    "histogram": lambda: histogram(np.arange(9.0), np.arange(9) % 3, LONG, "z[0]", "images", 0.0)[0],
}


def written(figure: Any) -> list[str]:
    """The names beside the axes and in the legend."""
    ticks = figure.layout.xaxis.ticktext or ()
    return [*ticks, *(trace.name for trace in figure.data if trace.name)]


@pytest.mark.parametrize("chart", DRAWN)
def test_a_chart_writes_long_names_short_and_apart(chart: str):
    names = written(DRAWN[chart]())
    assert len(set(names)) == len(LONG)
    assert max(map(len, names)) <= SHORT


# As the browser has them: words.test.js holds the same.
@pytest.mark.parametrize(
    ("names", "most", "short"),
    [
        (["cat", "dog"], 8, ["cat", "dog"]),
        (["a long name that is one", "b"], 9, ["a lo… one", "b"]),
        (
            ["Homo sapiens of the class 1 of two", "Homo sapiens of the class 2 of two"],
            24,
            ["…1 of two", "…2 of two"],
        ),
        (["été " * 9], 9, ["été …été "]),
        ([], 9, []),
    ],
)
def test_names_are_shortened_as_in_the_browser(names: list[str], most: int, short: list[str]):
    assert shortened(names, most) == short


def test_the_classes_of_items_stay_apart():
    atlas = SimpleNamespace(classes=LONG, labels=np.arange(3))
    names = [words.class_of(atlas, item) for item in range(3)]  # type: ignore[arg-type]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= len("class ") + words.MOST_LETTERS
    assert not words.class_of(SimpleNamespace(classes=(), labels=np.arange(3)), 0)  # type: ignore[arg-type]


def test_features_that_move_are_named_short_and_apart():
    names = tuple(LONG)
    table = Table(names, ("real",) * 3, (0.0,) * 3, (1.0,) * 3, (0.0,) * 3, (1.0,) * 3)
    (said,) = movers(table, torch.tensor([[[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]]))
    assert len(said) < 3 * (NAMED + 6)
    assert len({part[:-5] for part in said.split(", ")}) == 3
