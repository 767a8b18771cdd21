"""A checkpoint's folder: the names of its files, where it lies, how it is spoken of, and how a file in it is replaced."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Bundled checkpoints that are no more, and what took the place of each.
SUCCESSORS = {
    "ada-gvae-rooms": "factor-vae-rooms",
    "beta-vae-sprites-16": "beta-tcvae-sprites",
    "beta-vae-sprites-4": "beta-tcvae-sprites",
    "cdvae-mnist-style": "mr-cdvae-mnist",
}

CARD, WEIGHTS, ATLAS, TRAINING = "card.json", "model.safetensors", "atlas.npz", "training.safetensors"


class CheckpointError(ValueError):
    """A folder that cannot be read as a checkpoint; the message is one sentence that says what to do.

    Example:
        >>> from vae_core.checkpoints import load
        >>> load("runs/gone")
        Traceback (most recent call last):
        vae_core.checkpoints.folder.CheckpointError: runs/gone holds no checkpoint (no card.json): give the folder that `latent-explorer train` wrote
    """


@contextlib.contextmanager
def atomic(path: Path, durable: bool = True) -> Iterator[Any]:
    """A binary file that takes the place of `path` only when it is whole: a crash or a full disk leaves the old one.

    Args:
        path: the file; its folder is made where it is not there.
        durable: whether it is on the disk, and not on its way there, before it takes that place: what is written anew every second need
            not be.

    Yields:
        The file, open for writing.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "card.json"
        ...     with atomic(path) as file:
        ...         _ = file.write(b"whole")
        ...     path.read_text()
        'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def bundled_folder() -> Path:
    """Where the checkpoints that come with the project lie: beside the packages in a clone, inside in a wheel.

    Example:
        >>> bundled_folder().name
        'pretrained'
    """
    inside = Path(__file__).parents[1] / "pretrained"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "pretrained"


def bundled() -> dict[str, Path]:
    """The folders of the bundled checkpoints, by name.

    Example:
        >>> sorted(bundled())[:2]
        ['ada-gvae-sprites', 'beta-tcvae-sprites']
    """
    return found_in(bundled_folder())


def present_name(name: str) -> str:
    """The name itself; of a bundled checkpoint that another one took the place of, the name of that one: old links and commands lead there.

    Args:
        name: of a bundled checkpoint, or any other.

    Returns:
        The name.

    Example:
        >>> present_name("cdvae-mnist-style"), present_name("vae-mnist")
        ('mr-cdvae-mnist', 'vae-mnist')
    """
    return SUCCESSORS.get(name, name)


def located(folder: Path | str) -> Path:
    """The folder of that path; or, where there is none, of the bundled checkpoint of that name or of what took its place; that of
    `hf://user/name` is fetched.

    Args:
        folder: a path, the name of a bundled checkpoint, or an address of the hub.

    Returns:
        The folder; the path itself where there is neither.

    Raises:
        ValueError: one sentence, where an address leads to no checkpoint.

    Example:
        >>> located("vae-mnist") == bundled()["vae-mnist"], located("gone").name
        (True, 'gone')
    """
    from .hub import fetched, is_on_hub

    if is_on_hub(folder):
        return fetched(folder)
    folder = Path(folder)
    return folder if folder.exists() else bundled().get(present_name(str(folder)), folder)


def spoken(folder: Path) -> str:
    """A checkpoint's folder as a command takes it, quoted.

    A bundled one is told by its name, one beneath the working directory by its path there; of any other
    only the last name is told.

    Args:
        folder: of the checkpoint.

    Returns:
        One word of a command line.

    Example:
        >>> spoken(bundled()["vae-mnist"])
        'vae-mnist'
    """
    whole = folder.resolve()
    if (known := bundled().get(whole.name)) and known.resolve() == whole and located(whole.name) == known:
        return shlex.quote(whole.name)
    here = Path.cwd()
    return shlex.quote(whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.name)


def found_in(folder: Path) -> dict[str, Path]:
    """The checkpoints in a folder of checkpoint folders, by name; or the one that `folder` itself is.

    Args:
        folder: of checkpoint folders, or of one checkpoint.

    Returns:
        The folder of each checkpoint by its name, in the order of their paths.

    Example:
        >>> list(found_in(bundled()["vae-mnist"])), "cdvae-mnist" in found_in(bundled_folder())
        (['vae-mnist'], True)
    """
    own = {name_of(folder): folder} if os.path.exists(os.path.join(folder, CARD)) else {}
    there = sorted(
        (entry for entry in _inside(folder) if os.path.exists(f"{entry.path}/{CARD}")),
        key=lambda entry: entry.name,
    )
    places = [folder / entry.name for entry in there]  # a page asks for them many times in a run
    names = (
        name_of(place) if entry.is_symlink() else place.name
        for entry, place in zip(there, places, strict=True)
    )
    return {**own, **dict(zip(names, places, strict=True))}


def _inside(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # there is none, or it is not ours to read
        return []


def name_of(folder: Path) -> str:
    """The name of a folder itself, wherever a link leads to it from.

    Args:
        folder: a path to it.

    Returns:
        The last name of its real path.

    Example:
        >>> name_of(Path("runs/first")), name_of(bundled()["vae-mnist"] / "..")
        ('first', 'pretrained')
    """
    plain = folder.name not in ("", "..") and not folder.is_symlink()
    return folder.name if plain else folder.resolve().name
