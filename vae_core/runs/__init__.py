"""The folder of a running training, and what a watcher, a page and a shell say to one another through files in it.

Beside card, weights and state of training there are `training.lock` (held while it trains) and `watch/`: `header.json` (what a frame holds),
`frames.bin` (the frames), `status.json` (where it stands), `steer.jsonl` (what it is asked to do), `step.json` (one batch in detail) and
`snapshots/`. Reading any of it takes numpy and json alone, no torch; whatever is read is checked as a stranger's.
"""

from ..checkpoints.changes import Change
from .frames import Frames, FrameWriter, Header, layout, read_header
from .orders import MOST_BYTES, Order, Orders, Refused, write_order
from .snapshots import Snapshot, nearest_snapshot, snapshots
from .status import (
    LIVE,
    Answer,
    Lock,
    Status,
    alive,
    found_runs,
    read_status,
    read_step,
    write_json,
)

__all__ = [
    "LIVE",
    "MOST_BYTES",
    "Answer",
    "Change",
    "FrameWriter",
    "Frames",
    "Header",
    "Lock",
    "Order",
    "Orders",
    "Refused",
    "Snapshot",
    "Status",
    "alive",
    "found_runs",
    "layout",
    "nearest_snapshot",
    "read_header",
    "read_status",
    "read_step",
    "snapshots",
    "write_json",
    "write_order",
]
