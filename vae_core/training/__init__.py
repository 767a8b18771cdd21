"""Training: one loop for every model and objective (`loop`), how (`options`), what it tells (`meter`) and keeps (`state`)."""

from .devices import pick_device
from .loop import train
from .meter import Progress, Report, TrainingError
from .options import LABELLED_SHARE, Options, options_for
from .state import collapsed

__all__ = [
    "LABELLED_SHARE",
    "Options",
    "Progress",
    "Report",
    "TrainingError",
    "collapsed",
    "options_for",
    "pick_device",
    "train",
]
