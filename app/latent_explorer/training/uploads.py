"""Uploads that are trained on: a copy in the folder of runs, called by what it holds, for as long as a run is of it."""

import hashlib
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from latent_explorer.own_data import uploads
from latent_explorer.training import runs
from latent_explorer.training.runs import ASKED, WATCH

KEPT = ".uploads"
MOST_BYTES = 10**10  # of all copies together
JUST = 3600.0  # seconds in which a copy that no run is of may become one's


def keep(name: str, data: bytes) -> Path:
    """Where the copy lies: a file, or the folder of images of an archive. Raises ValueError, one sentence, where none can be kept."""
    home = runs.home()
    if home is None:
        raise ValueError("this server has no folder of runs")
    place = home / KEPT / hashlib.sha256(uploads.safe(name).encode() + b"\0" + data).hexdigest()[:32]
    try:
        if not place.is_dir():
            sweep()
            _lay(name, data, place)
        place.touch()
        return uploads.laid(place)
    except OSError as error:
        raise ValueError(f"{uploads.safe(name)} could not be kept: {error.strerror or error}") from None


def _lay(name: str, data: bytes, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if _size(place.parent) + len(data) > MOST_BYTES:
        raise ValueError(
            f"the uploads that are trained on here take {MOST_BYTES / 1e9:g} GB: delete a training of one first"
        )
    with TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        uploads.lay(name, data, whole)
        try:
            whole.rename(place)
        except OSError:  # another visitor gave the same meanwhile
            if not place.is_dir():
                raise


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sweep() -> None:
    """Remove the copies that no run is of any more."""
    home = runs.home()
    if home is None or not (home / KEPT).is_dir():
        return
    told = [
        runs.read_json(path.parent.parent, ASKED).get("source") for path in home.glob(f"*/{WATCH}/{ASKED}")
    ]
    used = {part for source in told if isinstance(source, str) for part in Path(source).parts}
    for place in (home / KEPT).iterdir():
        if place.name not in used and time.time() - place.stat().st_mtime > JUST:
            shutil.rmtree(place, ignore_errors=True)
