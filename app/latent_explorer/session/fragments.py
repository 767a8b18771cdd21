"""A part of a page that runs by itself, after which the strip of a lesson looks again at what is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from latent_explorer.lessons import strip
from latent_explorer.session.links import WHOLE

Arguments = ParamSpec("Arguments")


def fragment(section: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """`st.fragment` for a section of a page."""

    @st.fragment
    @wraps(section)
    def run(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        section(*arguments, **named)
        if not st.session_state.get(WHOLE):
            strip.look_again()

    return run


@contextmanager
def whole_run() -> Iterator[None]:
    """The script runs from its top: its parts leave it to the strip to look."""
    st.session_state[WHOLE] = True
    try:
        yield
    finally:
        st.session_state[WHOLE] = False
