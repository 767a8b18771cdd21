"""What a model is worth, in numbers: one registry, `METRICS`, each with its n and its standard error."""

from .base import Bench, Estimate, Report
from .frontier import measure_frontier
from .numbers import HEADLINES, NUMBERS, Number, number
from .registry import DEFAULT, METRICS, Measured, bench_of, check_groups, evaluate, measure, measure_each

__all__ = [
    "DEFAULT",
    "HEADLINES",
    "METRICS",
    "NUMBERS",
    "Bench",
    "Estimate",
    "Measured",
    "Number",
    "Report",
    "bench_of",
    "check_groups",
    "evaluate",
    "measure",
    "measure_each",
    "measure_frontier",
    "number",
]
