"""What a model is worth, in numbers: one registry, `METRICS`, each with its n and its standard error."""

from .base import Bench, Estimate, Report
from .frontier import frontier
from .registry import DEFAULT, METRICS, bench_of, evaluate, measure

__all__ = ["DEFAULT", "METRICS", "Bench", "Estimate", "Report", "bench_of", "evaluate", "frontier", "measure"]
