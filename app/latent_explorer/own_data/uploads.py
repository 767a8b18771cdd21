"""A visitor's upload as a file, or a folder of images, that is there while it is read and no longer, unless it is trained on.

An archive is unpacked by names and sizes that are counted as they come: what it says of itself is not believed.
"""

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from PIL import Image

from latent_explorer.own_data import sizes
from vae_core.data import idx, pictures
from vae_core.data.folders import SPLIT_NAMES
from vae_core.files import at_least

ENDINGS = ("npz", "npy", "csv", "tsv", "parquet", "h5ad", "zip")
MEGABYTES = 100
# What an upload may become: bytes in memory and on disk, files of an archive, and the pixels of one image and of all.
MOST_BYTES, MOST_FILES, MOST_PIXELS, MOST_PIXELS_OF_ALL = 10**9, 20_000, 25_000_000, 2_000_000_000
BLOCK = 2**20
UNPACKED = "unpacked"


@contextmanager
def placed(name: str, data: bytes) -> Iterator[Path]:
    """The upload below a private folder, which is removed at the end. Raises ValueError, one sentence, for what is not taken."""
    with TemporaryDirectory(prefix="latent-explorer-", ignore_cleanup_errors=True) as folder:
        yield lay(name, data, Path(folder))


def lay(name: str, data: bytes, folder: Path) -> Path:
    """Write the upload below a folder, an archive as the images that it holds. Raises ValueError, one sentence, for what is not taken."""
    file_name = safe(name)
    ending = Path(file_name).suffix[1:].lower()
    if ending not in ENDINGS:
        raise ValueError(f"{file_name} is not taken: upload {', '.join(ENDINGS)}{_instead(ending)}")
    if not data:
        raise ValueError(f"{file_name} is empty: upload another")
    if len(data) > MEGABYTES * 1_000_000:
        raise ValueError(
            f"{file_name} has {at_least(len(data), 1e6)} MB, and an upload at most {MEGABYTES}: upload a part of it"
        )
    file = folder / file_name
    file.write_bytes(data)
    if ending != "zip":
        return file
    target = folder / UNPACKED / (file.stem or "images")
    target.mkdir(parents=True)
    _unpack(file, target)
    file.unlink()
    return _inmost(target)


def laid(folder: Path) -> Path:
    """Where the upload is that was laid below a folder. Raises OSError where there is none."""
    unpacked = folder / UNPACKED
    return _inmost(next(unpacked.iterdir())) if unpacked.is_dir() else next(iter(sorted(folder.iterdir())))


def safe(name: str) -> str:
    """A name that is one file's, and no more.

    >>> safe("../../etc/pass wd.npz"), safe("C:\\\\own\\\\.b.csv"), safe("")
    ('pass wd.npz', 'b.csv', 'upload')
    """
    last = re.sub(r"[^\w. ()+-]", "_", name.replace("\\", "/").rpartition("/")[2])[-80:]
    return last.lstrip(". ") or "upload"


def _instead(ending: str) -> str:
    """What to do with what has to be unpickled."""
    pickled = ending in ("pt", "pth", "pkl", "pickle", "joblib", "ckpt")
    return "; a pickle may run any program: save its arrays by numpy.savez" if pickled else ""


def _unpack(file: Path, target: Path) -> None:
    """The images or IDX files of an archive below a folder."""
    sizes.check_entries(file, MOST_FILES)
    left, found = MOST_BYTES, 0
    try:
        with zipfile.ZipFile(file) as held:
            for entry in held.infolist():
                parts = _parts(entry, file.name)
                if not parts:
                    continue
                place = target.joinpath(*parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(held, entry, place, left)
                found += 1
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        zlib.error,
    ) as error:
        why = (
            "it holds a name twice, or one that is none of a file"
            if isinstance(error, OSError)
            else "it is damaged, or of a sort that is not read"
        )
        raise ValueError(f"{file.name} cannot be unpacked: {why}") from None
    if not found:
        raise ValueError(
            f"{file.name} holds neither images nor IDX files: upload an archive of folders of images by class, or what it holds by itself"
        )
    _check_pixels(target)


def _parts(entry: zipfile.ZipInfo, archive: str) -> tuple[str, ...]:
    """The names of the path of an image or an IDX file; nothing for what is left out. Raises ValueError for a path that leaves the archive."""
    path = PurePosixPath(entry.filename)
    outside = path.is_absolute() or ".." in path.parts or re.search(r"[\\:\0]", entry.filename)
    if outside or stat.S_ISLNK(entry.external_attr >> 16):
        raise ValueError(f"{archive} names files outside itself, or links: pack the images alone")
    if entry.flag_bits & 1:
        raise ValueError(f"{archive} is locked by a password: pack it without")
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    is_data = path.suffix.lower() in pictures.ENDINGS or idx.NAME.fullmatch(path.name)
    return path.parts if is_data and not (hidden or entry.is_dir()) else ()


def _write(held: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, left: int) -> int:
    """Unpack one file; the bytes that it came to. Raises ValueError for more than are left."""
    size = 0
    with held.open(entry) as source, place.open("xb") as file:
        while block := source.read(BLOCK):
            size += len(block)
            if size > left:
                raise ValueError(
                    f"{Path(held.filename or '').name} holds more than {MOST_BYTES / 1e9:g} GB: upload a part of it"
                )
            file.write(block)
    return size


def _check_pixels(folder: Path) -> None:
    """Raises ValueError for images that are small as files only."""
    left = MOST_PIXELS_OF_ALL
    with pictures.quiet():
        for path in folder.rglob("*"):
            if not path.is_file():
                continue
            try:
                with Image.open(path, formats=pictures.FORMATS) as image:
                    pixels = image.width * image.height
            except Image.DecompressionBombError:
                pixels = MOST_PIXELS + 1
            except Exception:  # who reads it says so of a damaged one
                continue
            left -= pixels
            if pixels > MOST_PIXELS or left < 0:
                raise ValueError(
                    f"{path.name if pixels > MOST_PIXELS else 'the archive'} has more pixels than an upload may have: make the images smaller"
                )


def _inmost(folder: Path) -> Path:
    """Where the classes are: archives often hold one folder of everything."""
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        below = [one for one in inside[0].iterdir() if one.is_dir()]
        if not below or inside[0].name.lower() in SPLIT_NAMES:
            break
        folder = inside[0]
    return folder
