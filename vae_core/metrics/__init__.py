"""What a model is worth, in numbers: one registry, `METRICS`, each with its n and its standard error."""

from .base import Estimate, Evaluation, Report
from .frontier import measure_frontier
from .numbers import HEADLINES, NUMBERS, Number, number
from .registry import (
    DEFAULT,
    METRICS,
    Measured,
    check_groups,
    evaluate,
    evaluation_of,
    lacks,
    measure,
    measure_each,
)

__all__ = [
    "DEFAULT",
    "HEADLINES",
    "METRICS",
    "NUMBERS",
    "Estimate",
    "Evaluation",
    "Measured",
    "Number",
    "Report",
    "check_groups",
    "evaluate",
    "evaluation_of",
    "lacks",
    "measure",
    "measure_each",
    "measure_frontier",
    "number",
]
