"""What a model is worth, in numbers: one registry, `METRICS`, each with its n and its standard error."""

from .base import Bench, Estimate, Report
from .registry import METRICS, evaluate

__all__ = ["METRICS", "Bench", "Estimate", "Report", "evaluate"]
