"""A checkpoint is a folder: `card.json`, `model.safetensors`, `atlas.npz`.

The card says what the model is, how it was made and what was measured; the weights are safetensors; the atlas holds
the encodings of the test set and their projections. Nothing is unpickled, and every file is replaced atomically.
"""

from ..names import sendable
from .atlas import Arrays, Atlas, AtlasGrid, load_atlas, save_atlas
from .card import DESCRIBED, MEASURED, Active, Card, Cost, load_card, save_card
from .changes import Change, Forked, changed
from .checkpoint import Checkpoint, load, opened
from .folder import (
    ATLAS,
    CARD,
    SUCCESSORS,
    TRAINING,
    WEIGHTS,
    CheckpointError,
    atomic,
    bundled,
    bundled_folder,
    found_in,
    located,
    name_of,
    present_name,
    spoken,
)
from .formats import FORMAT, versions
from .frontier import Anchor, Frontier, Gap, Point
from .hub import Address, fetched, files_of, is_on_hub, pushed
from .measurements import Factors, Measurement
from .packing import pack
from .wanted import wanted, wanted_data
from .weights import fingerprint, load_into, read_metadata, read_tensors, save_model, write_tensors

__all__ = [
    "ATLAS",
    "CARD",
    "DESCRIBED",
    "FORMAT",
    "MEASURED",
    "SUCCESSORS",
    "TRAINING",
    "WEIGHTS",
    "Active",
    "Address",
    "Anchor",
    "Arrays",
    "Atlas",
    "AtlasGrid",
    "Card",
    "Change",
    "Checkpoint",
    "CheckpointError",
    "Cost",
    "Factors",
    "Forked",
    "Frontier",
    "Gap",
    "Measurement",
    "Point",
    "atomic",
    "bundled",
    "bundled_folder",
    "changed",
    "fetched",
    "files_of",
    "fingerprint",
    "found_in",
    "is_on_hub",
    "load",
    "load_atlas",
    "load_card",
    "load_into",
    "located",
    "name_of",
    "opened",
    "pack",
    "present_name",
    "pushed",
    "read_metadata",
    "read_tensors",
    "save_atlas",
    "save_card",
    "save_model",
    "sendable",
    "spoken",
    "versions",
    "wanted",
    "wanted_data",
    "write_tensors",
]
