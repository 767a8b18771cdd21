"""Runs without a training: the files of one that was watched."""

from pathlib import Path

import numpy as np

from vae_core.runs import FrameWriter, Header, Status, write_json
from vae_core.runs.frames import encoded

HEADER = Header(
    terms=("loss",),
    blocks={"z": 3},
    items=4,
    umap=3,
    picture=(2, 2, 1),
    reconstructions=2,
    samples=2,
    labels=(0.0, 1.0, 1.0, 0.0),
    classes=("zero", "one"),
    originals=encoded(np.zeros((2, 2, 2, 1), np.uint8)),
    start=7.0,
)


def watched(folder: Path, state: str = "finished", **more) -> Path:
    """The folder of a run with three frames."""
    with FrameWriter(folder, HEADER) as writer:
        for step in (5, 10, 15):
            writer.append(
                {
                    "step": step,
                    "epoch": 1,
                    "terms": [100.0 - step],
                    "kl": [0, 1, 2],
                    "extent": [1],
                    "reach": [1],
                    "umap_extent": [1],
                }
            )
    told = Status(state=state, start=7.0, time=9.0, step=15, steps=20, saved=1, **more)  # type: ignore[arg-type]
    write_json(folder, "status.json", told)
    return folder
