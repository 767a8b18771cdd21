"""Data: what a split is (`source`), what is refused (`checks`), and the data sets by name (`registry`), each in a file of its own."""

from .mnist import DATA_VARIABLE
from .opening import data_from, open_data
from .registry import DATASETS, load_data, local_data
from .source import SPLITS, Data, Dataset, joined

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "SPLITS",
    "Data",
    "Dataset",
    "data_from",
    "joined",
    "load_data",
    "local_data",
    "open_data",
]
