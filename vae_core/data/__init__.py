"""Data: what a split is (`source`), what is refused (`checks`), and the data sets by name (`registry`), each in a file of its own."""

from .mnist import DATA_VARIABLE
from .registry import DATASETS, SPLITS, joined, load_data, local_data
from .source import Data, Dataset

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "SPLITS",
    "Data",
    "Dataset",
    "joined",
    "load_data",
    "local_data",
]
