"""What a visitor names and keeps of a model, such as directions: always in the link, and in a file beside the model where the server is the
visitor's own.

A server that other machines reach writes nothing for its visitors, and nobody writes beside a bundled model: there the link keeps it.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

from latent_explorer import LOCAL_VARIABLE
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint, bundled
from vae_core.checkpoints.folder import atomic
from vae_core.explore.direction import NEXT
from vae_core.files import read_bytes

# Of a link and of a file: what is named, and characters.
MOST, MOST_CHARACTERS, MOST_BYTES = 24, 8_000, 4_000_000

_writing = threading.Lock()


class Named(Protocol):
    """What can be kept: it has a name, and is a text in a link and JSON in a file."""

    @property
    def name(self) -> str: ...
    def encode(self) -> str: ...
    def to_json(self) -> dict[str, Any]: ...


T = TypeVar("T", bound=Named)


def _fitting(texts: Sequence[str]) -> list[bool]:
    """Which of them a link has room for, from the first on.

    >>> _fitting(["a" * 5_000, "b" * 5_000, "c"])
    [True, False, True]
    """
    fits, used = [], 0
    for text in texts:
        fits.append(sum(fits) < MOST and used + len(text) <= MOST_CHARACTERS)
        used += len(text) if fits[-1] else 0
    return fits


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """One sort of named things. key: its name in the address and the file; one: what each is called; wrong: why one does not fit a model, or
    nothing where it does."""

    key: str
    one: str
    decode: Callable[[str], T]
    from_json: Callable[[Any], T]
    wrong: Callable[[Checkpoint, T], str]
    owner: Callable[[Checkpoint], str] = lambda checkpoint: checkpoint.name  # what they are of

    def entries(self, checkpoint: Checkpoint) -> dict[str, T]:
        """All of this model, by name: those of the file, and those of the link and the session; a sentence on the page for each that does not
        fit. To be asked for once in a run."""
        links.belonging(self.key, self.owner(checkpoint))
        if said := st.session_state.pop(f"{self.key}-said", None):
            st.warning(said)
        mine, asked = self._mine(checkpoint), st.query_params.get(self.key)
        if asked and asked != st.session_state.get(f"{self.key}-written"):
            mine.update(self._checked(checkpoint, self._of_link(asked)))
        stored = {name: entry for name, entry in self._stored(checkpoint).items() if name not in mine}
        return {**self._checked(checkpoint, list(stored.values())), **mine}

    def in_address(self, checkpoint: Checkpoint, entries: Mapping[str, T]) -> dict[str, str | None]:
        """What the address says of them: as many as it can hold."""
        texts = [entry.encode() for entry in entries.values()]
        texts = [text for text, fits in zip(texts, _fitting(texts), strict=True) if fits]
        text = NEXT.join(texts) or None
        st.session_state[f"{self.key}-written"] = text
        return {self.key: text}

    def held(self, entries: Mapping[str, T]) -> set[str]:
        """The names of those that the link holds."""
        fits = _fitting([entry.encode() for entry in entries.values()])
        return {name for name, held in zip(entries, fits, strict=True) if held}

    def keep(self, checkpoint: Checkpoint, entry: T) -> None:
        """Keep it under its name, in place of another of that name."""
        self._mine(checkpoint)[entry.name] = entry
        if (file := self.file(checkpoint)) is not None:
            self._write(checkpoint, file, lambda there: {**there, entry.name: entry})

    def forget(self, checkpoint: Checkpoint, name: str) -> None:
        self._mine(checkpoint).pop(name, None)
        if (file := self.file(checkpoint)) is not None and file.exists():
            self._write(checkpoint, file, lambda there: {n: e for n, e in there.items() if n != name})

    def file(self, checkpoint: Checkpoint) -> Path | None:
        """Where they are kept beside the model; None where they are in the link alone."""
        folder = checkpoint.folder.resolve()
        own = os.environ.get(LOCAL_VARIABLE) and folder not in {
            other.resolve() for other in bundled().values()
        }
        return folder / f"{self.key}.json" if own and os.access(folder, os.W_OK) else None

    def where(self, checkpoint: Checkpoint) -> str:
        """Where they are kept, in words."""
        if self.file(checkpoint) is None:
            return "kept in this page’s link: copy it, or bookmark it"
        return f"kept in {self.key}.json beside the model, and in this page’s link"

    def _mine(self, checkpoint: Checkpoint) -> dict[str, T]:
        return st.session_state.setdefault(f"{self.key}-of-{self.owner(checkpoint)}", {})

    def _of_link(self, asked: str) -> list[T]:
        found: list[T] = []
        for text in asked.split(NEXT)[:MOST]:
            try:
                found.append(self.decode(text))
            except ValueError as error:
                st.warning(f"This link’s {self.one} cannot be read: {plain(error)}.")
        return found

    def _checked(self, checkpoint: Checkpoint, entries: list[T]) -> dict[str, T]:
        fitting = {}
        for entry in entries:
            if wrong := self.wrong(checkpoint, entry):
                st.warning(f"The {self.one} {plain(entry.name)} is left out: {plain(wrong, 400)}.")
            else:
                fitting[entry.name] = entry
        return fitting

    def _stored(self, checkpoint: Checkpoint) -> dict[str, T]:
        file = self.file(checkpoint)
        try:
            return {} if file is None else self._read(file)
        except ValueError as error:
            st.warning(f"{plain(error)}.")
            return {}

    def _read(self, file: Path) -> dict[str, T]:
        """Raises ValueError, one sentence, for a file that is damaged."""
        try:
            if not file.exists():
                return {}
            rows = json.loads(read_bytes(file, MOST_BYTES))[self.key]
            if not isinstance(rows, list):
                raise ValueError("it holds no list")
            return {entry.name: entry for entry in map(self.from_json, rows)}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            why = (
                error
                if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError)
                else "it is damaged"
            )
            raise ValueError(
                f"{file.name} beside this model cannot be read ({why}): mend it, or move it away"
            ) from None

    def _write(
        self, checkpoint: Checkpoint, file: Path, change: Callable[[dict[str, T]], dict[str, T]]
    ) -> None:
        """Replace the file, which no other session changes meanwhile; what goes wrong is said in the run that follows."""
        try:
            with _writing:
                rows = [entry.to_json() for entry in change(self._read(file)).values()]
                with atomic(file) as target:
                    target.write(json.dumps({"format": 1, self.key: rows}, indent=1).encode())
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            st.session_state[f"{self.key}-said"] = (
                f"Nothing was written beside the model: {plain(why or error)}."
            )
