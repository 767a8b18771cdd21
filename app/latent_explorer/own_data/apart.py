"""The check of a visitor's file, where the server is not theirs alone, in a process of its own."""

import json
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile

from latent_explorer import apart
from latent_explorer.own_data import looking, uploads
from latent_explorer.own_data.bounds import Bounds
from latent_explorer.own_data.looking import Found
from vae_core.checkpoints.typed import read, read_fields
from vae_core.data import Report, known
from vae_core.kinds import kind_of

# Seconds that an upload may take, and what is opened by its path; and how much more memory than what they hold.
SECONDS, SECONDS_OF_PATHS, TIMES = 120, 600, 3

# A process takes seconds to begin: so many bytes of what no library in C has to take apart are read at once.
PLAIN, FEW = {".npy", ".npz", ".csv", ".tsv"}, 2 * 10**6


def look_at(what: str, within: Bounds, options: Mapping[str, Any]) -> Found:
    """`looking.look_at`, in a process of its own: but for names, and for the only user of this machine, whom nothing bounds.

    Raises ValueError as that does, and for a file that takes too long, or too much memory.
    """
    if within.everything or within.root is None or known(what):
        return looking.look_at(what, within, options)
    request = {"what": what, "root": str(within.root), "options": options}
    return _found(what, request, b"", SECONDS_OF_PATHS, TIMES * looking.MOST_BYTES)


def look_at_upload(name: str, data: bytes, within: Bounds, options: Mapping[str, Any]) -> Found:
    """`looking.look_at_upload`, likewise."""
    if within.everything or _is_small(name, data):
        return looking.look_at_upload(name, data, options)
    request = {"what": name, "root": None, "options": options}
    return _found(uploads.safe(name), request, data, SECONDS, TIMES * uploads.MOST_BYTES)


def _is_small(name: str, data: bytes) -> bool:
    ending = Path(uploads.safe(name)).suffix.lower()
    if ending not in PLAIN or len(data) > FEW:
        return False
    try:
        return ending != ".npz" or sum(e.file_size for e in ZipFile(BytesIO(data)).infolist()) <= FEW
    except (BadZipFile, ValueError, NotImplementedError):  # whoever reads it says so
        return True


def _found(what: str, request: Mapping[str, Any], data: bytes, seconds: float, most: int) -> Found:
    with looking.one_sentence(what), TemporaryDirectory(prefix="latent-explorer-") as folder:
        asked = json.dumps(request).encode() + b"\n" + data
        try:
            told, sheet = apart.answered(__name__, asked, seconds, most, folder)
        except apart.TooMuch:
            raise ValueError(
                f"{what} takes more than {seconds:g} seconds, or more memory than a visitor's file may: give a part of it, "
                "or look at it by `latent-explorer data` in a shell"
            ) from None
        if "refused" in told:
            raise ValueError(told["refused"])
        return _read(told, sheet)


def _told(found: Found) -> dict[str, Any]:
    """What was understood as JSON, but for the sheet."""
    report = {**vars(found.report), "kind": found.report.kind.exposed()}
    return {"report": report, "rows": found.rows, "look": found.look, "train": found.train}


def _read(told: Mapping[str, Any], sheet: bytes) -> Found:
    parts = read_fields(Report, told["report"], "report", skip=("kind",))
    report = Report(kind=kind_of(told["report"]["kind"]), **parts)
    rows = read(dict[str, tuple[str, ...]], told["rows"], "rows")
    return Found(report, sheet, rows, told["look"], told["train"])


def main() -> None:
    """The process: a line of JSON and an upload come in; a line of JSON, and the sheet of pictures, go out."""
    request, data = json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read()
    what, root = request["what"], request["root"]
    try:
        options = looking.checked(
            {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in request["options"].items()
            }
        )
        found = (
            looking.look_at_upload(what, data, options)
            if root is None
            else looking.look_at(what, Bounds(Path(root)), options)
        )
        told, sheet = _told(found), found.sheet
    except ValueError as error:
        told, sheet = {"refused": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + sheet)
