"""Small models that are trained when a test first asks for one: once for all processes of a run, and anew where a source has changed."""

import contextlib
import hashlib
import platform
import shutil
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from filelock import FileLock, Timeout

DECIDE = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "safetensors",
)  # what weights depend on, beside the sources
KEPT = 3  # states of the sources whose models stay on disk


class Trained(Mapping[str, Path]):
    """Folders of checkpoints by name, beside each other in `folder`: copy one before changing it.

    A name is made by `make(name, folder)` when it is first asked for, and fails alone. What was made stays in `cache`, which processes and
    runs share, and is copied from there: whatever a test does to its copy, the next run begins anew.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str, Path], Any], cache: Path, folder: Path):
        self._names, self._make, self._cache, self.folder = tuple(names), make, cache, folder

    def __getitem__(self, name: str) -> Path:
        return self._placed(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def values(self) -> ValuesView[Path]:
        self.everything()
        return super().values()

    def items(self) -> ItemsView[str, Path]:
        self.everything()
        return super().items()

    def everything(self) -> Path:
        """The folder, with all of them in it. Where another process makes one, this one makes the next meanwhile."""
        for name in self:
            with contextlib.suppress(Timeout):
                self._placed(name, wait=0)
        for name in self:
            self._placed(name)
        return self.folder

    def _placed(self, name: str, wait: float = -1) -> Path:
        if name not in self._names:
            raise KeyError(name)
        place = self.folder / name
        if not place.exists():
            made = self._made(name, wait)
            _whole(place, lambda path: shutil.copytree(made, path))
        return place

    def _made(self, name: str, wait: float) -> Path:
        made = self._cache / name
        with FileLock(self._cache / f"{name}.lock", timeout=wait):
            if not made.exists():
                # A test's own noise must not depend on whether it had to wait for a training.
                with torch.random.fork_rng():
                    _whole(made, lambda path: self._make(name, path))
        return made


def _whole(place: Path, make: Callable[[Path], Any]) -> None:
    """Make a folder elsewhere and move it to its place: it stands there whole or not at all."""
    with TemporaryDirectory(dir=place.parent.parent, prefix=".making-") as scratch:
        make(Path(scratch) / place.name)
        (Path(scratch) / place.name).rename(place)


def state_of(sources: Iterable[Path]) -> str:
    """A name for what trained models depend on: the sources' text, Python and the libraries."""
    found = hashlib.sha256(platform.python_version().encode())
    for package in DECIDE:
        found.update(f"{package} {version(package)}\n".encode())
    for path in sorted(sources):
        found.update(f"{path.name} ".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def cache_for(parent: Path, state: str) -> Path:
    """The folder of a state below `parent`; all but the last few used are deleted."""
    found = parent / state
    found.mkdir(parents=True, exist_ok=True)
    found.touch()
    states = [path for path in parent.iterdir() if not path.name.startswith(".")]
    for old in sorted(states, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return found
