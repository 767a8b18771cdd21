"""Data: any source as a data set (`opening`), what a split of it is (`source`), and the data sets by name (`registry`), each in a file."""

from .mnist import DATA_VARIABLE
from .opening import READERS, Reader, data_from, open_data
from .origin import SOURCES_VARIABLE, check_same, data_of, is_own, known, local_data
from .raw import Opening, Raw
from .registry import DATASETS, load_data
from .report import Report, sheet
from .source import SPLITS, Data, Dataset, joined

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "READERS",
    "SOURCES_VARIABLE",
    "SPLITS",
    "Data",
    "Dataset",
    "Opening",
    "Raw",
    "Reader",
    "Report",
    "check_same",
    "data_from",
    "data_of",
    "is_own",
    "joined",
    "known",
    "load_data",
    "local_data",
    "open_data",
    "sheet",
]
