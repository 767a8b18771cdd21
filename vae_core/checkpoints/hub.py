"""Checkpoints on a hub of models, by the address `hf://user/name`, through huggingface_hub (an extra).

What travels is data: JSON, safetensors, arrays and ONNX graphs. Nothing is unpickled, and no code comes along.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from .folder import CARD, TRAINING, CheckpointError

SCHEME = "hf:"
KEPT = Path.home() / ".cache" / "latent-explorer" / "hub"
"""Where fetched checkpoints lie."""

ENDINGS = (".json", ".safetensors", ".npz", ".onnx")
MOST_BYTES = 8 * 2**30

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_ADDRESS = re.compile(rf"hf:/{{1,2}}(?P<user>{_NAME})/(?P<name>{_NAME})(?:@(?P<revision>{_NAME}))?")


class Address(NamedTuple):
    """Where a checkpoint lies on the hub.

    Attributes:
        user: whose it is.
        name: what it is called there.
        revision: a branch, tag or commit; None for the newest.

    Example:
        >>> Address.of("hf://ann/vae@v1"), Address.of(Path("hf://ann/vae")).repository
        (Address(user='ann', name='vae', revision='v1'), 'ann/vae')
    """

    user: str
    name: str
    revision: str | None = None

    @classmethod
    def of(cls, told: Path | str) -> "Address":
        """The address that a text is, or a path made of it. Raises ValueError, one sentence, for what is none."""
        found = _ADDRESS.fullmatch(told.as_posix() if isinstance(told, Path) else told)
        if not found or ".." in found["name"] + found["user"] or found["name"].endswith("."):
            raise ValueError(f"{str(told)[:120]!r} is no address of a model: give one such as hf://user/name")
        return cls(**found.groupdict())

    @property
    def repository(self) -> str:
        return f"{self.user}/{self.name}"


def is_on_hub(folder: Path | str) -> bool:
    """Whether a folder is named by an address of the hub.

    Args:
        folder: a path or an address.

    Returns:
        True or False.

    Example:
        >>> is_on_hub("hf://ann/vae"), is_on_hub(Path("hf://ann/vae")), is_on_hub("runs/hf")
        (True, True, False)
    """
    return str(folder).startswith(SCHEME)


@cache
def fetched(told: Path | str) -> Path:
    """The checkpoint of an address, on this machine: what has changed on the hub is downloaded, the rest is there.

    Args:
        told: `hf://user/name`, or `hf://user/name@revision`.

    Returns:
        Its folder. Where the hub cannot be reached, as it was fetched before.

    Raises:
        ValueError: one sentence, for what is no address.
        CheckpointError: where there is no such checkpoint, it is too large, or the hub cannot be reached.

    Example:
        >>> fetched("hf://ann")
        Traceback (most recent call last):
        ValueError: 'hf://ann' is no address of a model: give one such as hf://user/name
    """
    address = Address.of(told)
    folder = KEPT / f"{address.user}{f'@{address.revision}' if address.revision else ''}" / address.name
    hub = client()
    try:
        with _in_words(hub, address.repository):
            files = _files(hub, address)
            hub.snapshot_download(
                address.repository, revision=address.revision, local_dir=folder, allow_patterns=files
            )
    except Unreachable:
        if not (folder / CARD).exists():
            raise
    return folder


class Unreachable(CheckpointError):
    """The hub does not answer."""


def _files(hub: Any, address: Address) -> list[str]:
    """The files of a checkpoint that a repository holds. Raises CheckpointError where it holds none, or more than is taken."""
    told = hub.api().model_info(address.repository, revision=address.revision, files_metadata=True).siblings
    sizes = {file.rfilename: file.size or 0 for file in told or () if _is_ours(file.rfilename)}
    if CARD not in sizes:
        raise CheckpointError(
            f"{address.repository} holds no checkpoint (no {CARD}): give one that `latent-explorer push` wrote"
        )
    if sum(sizes.values()) > MOST_BYTES:
        raise CheckpointError(
            f"{address.repository} has {sum(sizes.values()) / 1e9:.1f} GB, and at most {MOST_BYTES / 1e9:.1f} are fetched: give a folder"
        )
    return sorted(sizes)


def _is_ours(file: str) -> bool:
    return "/" not in file and file.endswith(ENDINGS) and file != TRAINING


def files_of(folder: Path) -> dict[str, Path]:
    """What a checkpoint's folder holds that others need of it: no state of a training, and nothing that is not data.

    Args:
        folder: of the checkpoint.

    Returns:
        The files by name.

    Example:
        >>> from vae_core.checkpoints import bundled
        >>> sorted(files_of(bundled()["vae-mnist"]))
        ['atlas.npz', 'card.json', 'model.safetensors']
    """
    found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: path for path in found if _is_ours(path.name)}


def pushed(repository: str, files: Mapping[str, Path | bytes], message: str, private: bool) -> str:
    """Write files into a repository of the hub, which is made where it is not there, all of them or none.

    Args:
        repository: `user/name`.
        files: what to write, by name.
        message: of the commit.
        private: whether a repository that is made is seen by its owner alone.

    Returns:
        The address of what was written.

    Raises:
        ValueError: one sentence, for a name that is none, where nobody is signed in, may not write there, or the hub cannot be reached.

    Example:
        >>> pushed("ann", {}, "first", private=False)
        Traceback (most recent call last):
        ValueError: 'hf://ann' is no address of a model: give one such as hf://user/name
    """
    Address.of(f"{SCHEME}//{repository}")
    hub = client()
    operations = [
        hub.CommitOperationAdd(
            path_in_repo=name, path_or_fileobj=what if isinstance(what, bytes) else str(what)
        )
        for name, what in files.items()
    ]
    with _in_words(hub, repository):
        hub.api().create_repo(repository, private=private, exist_ok=True)
        written = hub.api().create_commit(repository, operations, commit_message=message)
    return str(written.commit_url)


@contextmanager
def _in_words(hub: Any, repository: str) -> Iterator[None]:
    """What the hub refuses, as a sentence."""
    try:
        yield
    except hub.absent:
        raise CheckpointError(
            f"the hub shows no {repository}: check the name; for a private one sign in with `hf auth login`"
        ) from None
    except hub.refused as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise CheckpointError(
                f"the hub does not let you do that with {repository}: sign in with `hf auth login`, as one who may"
            ) from None
        raise CheckpointError(f"the hub refuses {repository} ({_line(error)}): try again later") from None
    except hub.unreachable as error:
        raise Unreachable(f"{repository}: the hub cannot be reached ({_line(error)}): try again") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


@cache
def client() -> Any:
    """The hub's client, as far as it is used here: what is tested takes its place.

    Raises ValueError, one sentence, where it is not installed.
    """
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError:
        raise ValueError(
            'hf:// needs huggingface_hub: install it with pip install "latent-explorer[hub]"'
        ) from None
    return SimpleNamespace(
        api=huggingface_hub.HfApi,
        snapshot_download=huggingface_hub.snapshot_download,
        CommitOperationAdd=huggingface_hub.CommitOperationAdd,
        absent=(errors.RepositoryNotFoundError, errors.RevisionNotFoundError),
        refused=(errors.HfHubHTTPError,),
        unreachable=(
            errors.HfHubHTTPError.__mro__[
                1
            ],  # of the library that it speaks by, which is another in each of its versions
            errors.LocalEntryNotFoundError,
            ConnectionError,
            TimeoutError,
        ),
    )
