"""Training: one loop for every model and objective (`loop`), how (`options`), what it tells (`meter`) and keeps (`state`)."""

from .devices import pick_device
from .estimate import Estimate, estimate
from .forks import Fork, fork_of
from .loop import train
from .meter import Progress, Report, TrainingError
from .options import LABELLED_SHARE, Options, options_for
from .recorded import NotRecorded
from .state import collapsed

__all__ = [
    "LABELLED_SHARE",
    "Estimate",
    "Fork",
    "NotRecorded",
    "Options",
    "Progress",
    "Report",
    "TrainingError",
    "collapsed",
    "estimate",
    "fork_of",
    "options_for",
    "pick_device",
    "train",
]
