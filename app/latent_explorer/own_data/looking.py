"""The check of a visitor's data: what `latent-explorer data` says of it, by the same functions.

Shapes: F features.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from latent_explorer.own_data import sizes, uploads
from latent_explorer.own_data.bounds import Bounds, allowed
from latent_explorer.text import said
from vae_core.cli.flags import source_of
from vae_core.cli.sources import first_training, looking
from vae_core.data import Data, Opening, Report, open_data, sheet
from vae_core.kinds import Table

MOST_AT_ONCE = 2  # of all visitors together: opening data takes a core and its memory
MOST_BYTES = 4 * 10**9  # of what is opened by its path
ROWS, FEATURES = 5, 200  # of a table that are shown

_free = threading.BoundedSemaphore(MOST_AT_ONCE)


class Found(NamedTuple):
    """What was understood: the report, a sheet of pictures as PNG for images, some rows by column for a table, and the commands that say
    this and train a first model."""

    report: Report
    sheet: bytes
    rows: Mapping[str, tuple[str, ...]]
    look: str
    train: str


def look_at(
    what: str, within: Bounds, options: Mapping[str, Any], report: Callable[[str], None] = lambda line: None
) -> Found:
    """A folder, file or name as a visitor typed it. Raises ValueError, one sentence without paths of the server."""
    with one_sentence(what):
        place = allowed(what, within)
        if isinstance(place, Path):
            sizes.check(place, MOST_BYTES)
        return _opened(place, what, options, report)


def look_at_upload(
    name: str, data: bytes, options: Mapping[str, Any], report: Callable[[str], None] = lambda line: None
) -> Found:
    """An uploaded file. Raises ValueError, one sentence."""
    with one_sentence(uploads.safe(name)), uploads.placed(name, data) as place:
        sizes.check(place, uploads.MOST_BYTES)
        return _opened(place, place.name, options, report)


def _opened(place: str | Path, what: str, options: Mapping[str, Any], report: Callable[[str], None]) -> Found:
    dataset = open_data(place, report=report, **options)
    report("comparing the splits")
    told, train, source = Report.of(dataset), dataset.train, source_of(options)
    picture = BytesIO()
    if not isinstance(train.kind, Table):
        sheet(train).save(picture, "PNG")
    return Found(
        told, picture.getvalue(), _rows(train), looking(what, source), first_training(what, source, told)
    )


def _rows(data: Data) -> dict[str, tuple[str, ...]]:
    """The first rows of a table, a line a feature; nothing of images."""
    if not isinstance(data.kind, Table):
        return {}
    values = np.asarray(data.images[:ROWS][:, :FEATURES], float)
    rows = {f"row {number + 1}": tuple(map("{:.6g}".format, row)) for number, row in enumerate(values)}
    return {"feature": data.kind.names[:FEATURES], "type": data.kind.types[:FEATURES], **rows}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are other than usual, as `Opening` takes them. Raises ValueError for what none can be."""
    opening = Opening(**given)
    return {name: getattr(opening, name) for name in opening.exposed()}


@contextmanager
def one_sentence(what: str) -> Iterator[None]:
    """Whatever goes wrong is a ValueError of one sentence in which no path of this server stands."""
    if not _free.acquire(blocking=False):
        raise ValueError("This server is still opening other data: try again in a moment")
    try:
        yield
    except ValueError as error:
        raise ValueError(said(error).rstrip(".")) from None
    except MemoryError:
        raise ValueError(f"There is not enough memory to open {what}: give a part of it") from None
    except OSError as error:
        raise ValueError(f"{what} cannot be read: {error.strerror or type(error).__name__}") from None
    except Exception:
        logging.getLogger(__name__).exception("opening data")
        raise ValueError(
            f"{what} cannot be opened, and this is a fault of the program: report it with the file"
        ) from None
    finally:
        _free.release()
