"""The address bar as the state of the view: what a link asks for, checked before a widget reads it."""

import math
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from latent_explorer.text import plain

WHOLE = "whole-run"  # whether the script runs from its top, and not a part of a page
WRITTEN = "written"  # into the address by the pages, as the session remembers it
SHOWN = 12  # options that a sentence lists
DIGITS = 12  # of an image's number: no atlas has more

# Options that had another name once: a link that asks for one gets the default, which is the same by its present name.
FORMER = ("item", "items")


def check(key: str, options: Collection[str], what: str) -> None:
    """Say in one sentence that the link asks for something that is not there; the widget then shows its default. A choice of
    several has its key in the link several times."""
    for asked in st.query_params.get_all(key):
        if asked in options or asked in FORMER or not asked:
            continue
        st.warning(
            f"This link asks for the {what} “{plain(asked)}”, which is not available. Choose one of: {plain(_likely(asked, options), 1000)}."
        )


def no_page(asked: str) -> str:
    """Of a link to a page that there is not."""
    return f"There is no page “{plain(asked)}”. Choose one in the menu at the left: its address is the link to it."


def _likely(asked: str, options: Collection[str]) -> str:
    """The options, or where they are many those that are spelt most like what was asked for.

    >>> _likely("z[33]", [f"z[{j}]" for j in range(40)])[:12]
    'z[33], z[3],'
    """
    if len(options) <= SHOWN:
        return ", ".join(options)
    nearest = get_close_matches(asked[:200], options, SHOWN, cutoff=0)
    return f"{', '.join(nearest)}, and {len(options) - SHOWN} others"


def settle(key: str, options: Sequence[str], what: str) -> None:
    """`check`, for a widget whose options change with others: what was chosen by hand and is no more there becomes the first option."""
    if key not in st.session_state:
        check(key, options, what)
    elif st.session_state[key] not in options:
        st.session_state[key] = options[0]


def one_of(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    what: str,
    place: DeltaGenerator | None = None,
    bind: Literal["query-params"] | None = "query-params",
    **more: Any,
) -> str:
    """Segments of which one is always lit, the first unless another is asked for: a click on the lit one changes nothing."""
    settle(key, options, what)
    control = (place or st).segmented_control
    lit = control(label, options, default=options[0], required=True, key=key, bind=bind, **more)
    if lit is None:  # a link that was copied while none was lit: once it is in the state, `settle` mends it
        st.rerun()
    return lit


def with_meaning(views: Mapping[str, bool], key: str) -> list[str]:
    """The views that mean something for a model, and the one that the address asks for, which says why it does not."""
    return [view for view, means in views.items() if means or st.query_params.get(key) == view]


def belonging(key: str, owner: str, default: Any = None) -> None:
    """What a widget or the address says of something that is no more shown is forgotten in silence: nobody asked it of this one.

    The owner is what it was said of: `encodings.items_of` for the number of an item, which is another image in other data. `default` is
    what the widget of that key becomes; without one, the address loses the name, unless it has been put there since.
    """
    of = f"owner-of-{key}"
    if st.session_state.get(of, owner) != owner:
        if default is not None:
            st.session_state[key] = default
        elif st.query_params.get(key) == st.session_state.get(WRITTEN, {}).get(key):
            write(**{key: None})
    st.session_state[of] = owner


def along(key: str) -> None:
    """A widget of the frame goes along to another page: a button that leads there takes the names of all widgets out of the address."""
    if st.session_state["page before"] != st.session_state["page"] and key in st.session_state:
        st.session_state[key] = st.session_state[key]


def whole_address() -> bool:
    """Where the browser goes back, forward or to a step of a lesson, the page is asked for all that the address says.

    Streamlit drops from it what a widget of the page that is left is bound to, so that a link to an image on Live would lose its number to
    the input of that name on Traverse. Its own functions for that are asked to read the address again; no public ones do. Gives whether the browser went so.
    """
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return False
    asked = parse_qs(context.query_string, keep_blank_values=True)
    for name in asked:  # what a widget of the page that is left said has no say here
        if name in st.session_state:
            del st.session_state[name]
    with context.session_state.query_params() as parameters:
        if set(asked) - set(parameters):
            parameters.populate_from_query_string(context.query_string)
            parameters.set_initial_query_params_from_current()
            parameters._send_query_param_msg()  # the browser has heard of the drop
    return True


def number(key: str, low: int, high: int, what: str) -> int | None:
    """The whole number of that name in the link, if there is one within the range; a sentence if it is out of it."""
    asked = st.query_params.get(key)
    if asked is None:
        return None
    value = read(asked)
    if low <= value <= high and value == int(value):
        return int(value)
    st.warning(
        f"This link asks for the {what} “{plain(asked)}”. Give a whole number from {low:,} to {high:,}."
    )
    return None


def amount(key: str, low: float, high: float, what: str) -> float | None:
    """The number of that name in the link, if there is one within the range; a sentence if it is out of it, and a slider shows its
    default, or what is nearest."""
    asked = st.query_params.get(key)
    if asked is None:
        return None
    value = read(asked)
    if low <= value <= high:
        return value
    st.warning(f"This link asks for the {what} “{plain(asked)}”. Give a number from {low:g} to {high:g}.")
    return None


def read(asked: str) -> float:
    """A number as Streamlit reads it from a link; NaN, which lies in no range, for what is no finite number.

    >>> read("7"), read("1e309"), read("seven")
    (7.0, nan, nan)
    """
    try:
        value = float(asked)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def whole(
    place: Any,
    label: str,
    low: int,
    high: int,
    key: str,
    what: str,
    default: int | None = None,
    **options: Any,
) -> int:
    """An input of a whole number that the link holds, too.

    Streamlit’s input of integers raises OverflowError for a link that asks for infinity: it is given numbers with a point, of which it
    shows none.
    """
    if key not in st.session_state:  # what a widget that was there before says was not asked for by a link
        number(key, low, high, what)
    value = float(low if default is None else default)
    options = {"step": 1.0, "format": "%.0f", "key": key, "bind": "query-params", **options}
    return int(place.number_input(label, float(low), float(high), value, **options))


PAGE = 20  # classes that are shown at once


def page(place: Any, count: int, key: str, many: str, each: int = PAGE) -> range:
    """Which of many things are shown: all of them, or those of a page that is chosen. The link holds its number."""
    pages = -(-count // each)
    if pages < 2:
        return range(count)
    if key in st.session_state:  # a page that another model had and this one does not becomes the last one
        st.session_state[key] = min(st.session_state[key], float(pages))
    number = whole(place, f"Page of {each} {many}, of {pages}", 1, pages, key, f"page of {many}")
    return range(each * (number - 1), min(each * number, count))


def numbers(text: str, high: int, what: str = "image") -> list[int]:
    """Numbers of images, or what they are called, in a text such as "3, 17 42". Raises ValueError with one sentence for anything else.

    >>> numbers("3, 17 42", 99)
    [3, 17, 42]
    """
    words = text.replace(",", " ").split()
    if not words or not all(_item(word) and int(word) <= high for word in words):
        raise ValueError(
            f"Give {what} numbers from 0 to {high:,}, separated by commas, for example 3, 17, 42."
        )
    return [int(word) for word in words]


def _item(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= DIGITS


def write(**values: str | int | None) -> None:
    """Put values into the address; None takes a name out of it. A change is an entry of the browser's history."""
    for key, text in _written(values).items():
        if text is None:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != text:
            st.query_params[key] = text


def arriving(**values: str | int | None) -> str:
    """The address that `write` would make, for a component to put into the entry of history that led to this page.

    Streamlit makes a new entry of what a script writes: who opens a page that remembers something would have to press Back twice to
    leave it.
    """
    texts = {**st.query_params.to_dict(), **_written(values)}
    return urlencode({key: text for key, text in texts.items() if text is not None})


def _written(values: Mapping[str, str | int | None]) -> dict[str, str | None]:
    texts = {key: None if value is None else str(value) for key, value in values.items()}
    st.session_state[WRITTEN] = {**st.session_state.get(WRITTEN, {}), **texts}
    return texts
