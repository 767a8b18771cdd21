"""What a visitor has done of each lesson: kept for the session here, and for the next one by their browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from latent_explorer.lessons.lesson import NAME

KEPT = "lessons-progress"
MOST = 1000  # lessons of which a browser may keep something


@dataclass
class Progress:
    """Of one lesson: the steps whose task is done, from 0, what was guessed at a step, and the step that was open last."""

    done: set[int] = field(default_factory=set)
    guesses: dict[int, str] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    at: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"done": sorted(self.done), "guesses": self.guesses, "seen": sorted(self.seen), "at": self.at}

    @classmethod
    def from_json(cls, value: Any) -> "Progress | None":
        """What a browser kept; None for anything else.

        >>> Progress.from_json({"done": [1], "guesses": {"2": "a"}, "seen": [0, 1, 2], "at": 2}).guesses
        {2: 'a'}
        """
        try:
            done, seen = ({int(step) for step in list(value[name])[:100]} for name in ("done", "seen"))
            guesses = {int(step): str(guess)[:500] for step, guess in list(value["guesses"].items())[:100]}
            return cls(done, guesses, seen, int(value["at"]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None


def of(name: str) -> Progress:
    """A visitor's progress in a lesson, to be changed in place."""
    return everything().setdefault(name, Progress())


def everything() -> dict[str, Progress]:
    return st.session_state.setdefault(KEPT, {})


def take(kept: Any) -> None:
    """What a browser kept of earlier sessions is added to what this one knows."""
    for name, value in list(kept.items())[:MOST] if isinstance(kept, Mapping) else ():
        before = Progress.from_json(value)
        if before is None or not NAME.fullmatch(str(name)):
            continue
        now = of(str(name))
        now.done |= before.done
        now.seen |= before.seen
        now.guesses = before.guesses | now.guesses
