"""Many trainings: a grid of options, a folder for each trial, and a table over them.

A trial is a command with a folder, as any training is. All that is known of a sweep stands in its folder, so that whoever runs it may die
at any moment and another go on.
"""

from .engines import ENGINES, run
from .folder import DONE, FAILED, WAITING, Sweep, begun, read_sweep
from .grid import Grid, Trial, parsed, trials
from .table import Line, best, measured, tabulated, varied

__all__ = [
    "DONE",
    "ENGINES",
    "FAILED",
    "WAITING",
    "Grid",
    "Line",
    "Sweep",
    "Trial",
    "begun",
    "best",
    "measured",
    "parsed",
    "read_sweep",
    "run",
    "tabulated",
    "trials",
    "varied",
]
