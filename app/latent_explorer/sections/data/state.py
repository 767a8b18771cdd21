"""What a visitor last asked to open, and what came of it: kept for the session, and not in the address, since paths are nobody else's."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import streamlit as st

from latent_explorer.own_data.apart import look_at, look_at_upload
from latent_explorer.own_data.bounds import bounds
from latent_explorer.own_data.looking import Found, checked
from latent_explorer.text import code_span

KEY = "own-data"


@dataclass
class Asked:
    """`what` is what was typed, or the name of an upload; `data` are its bytes."""

    what: str
    data: bytes | None = None
    options: dict[str, Any] = field(default_factory=dict)
    found: Found | None = None
    refused: str = ""

    @property
    def is_upload(self) -> bool:
        return self.data is not None


def present() -> Asked | None:
    return cast("Asked | None", st.session_state.get(KEY))


def forget_upload() -> None:
    """Nothing is open any more, if it was an upload."""
    if (now := present()) is not None and now.is_upload:
        del st.session_state[KEY]


def look(what: str, upload: bytes | None = None, given: Callable[[], dict[str, Any]] = dict) -> None:
    """Open it, and keep what was understood, or the sentence on why it was not. `given` reads the options."""
    asked = st.session_state[KEY] = Asked(what, upload)
    with st.spinner(f"Opening {code_span(what)} …", show_time=True):
        try:
            asked.options = checked(given())
            asked.found = (
                look_at(what, bounds(), asked.options)
                if upload is None
                else look_at_upload(what, upload, bounds(), asked.options)
            )
        except ValueError as error:
            asked.refused = str(error)
