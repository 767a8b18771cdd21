"""How a source is opened: the options of the command line that matter for what was opened, and the same again with others."""

import shlex
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from latent_explorer.sections.data import state
from latent_explorer.sections.data.state import Asked
from latent_explorer.text import key, plain
from vae_core.cli.flags import OTHERWISE
from vae_core.data import Opening
from vae_core.data.tables import ENDINGS as TABLES
from vae_core.fields import Option, options, spelt
from vae_core.kinds import Image, Table

OF_ALL = ("labels", "unknown", "labelled_only", "skip_broken", "test_share")
OF_IMAGES = ("size", "fit", "values", "ground", "turn")
OF_TABLES = ("columns", "types", "fill_missing")
OF_ARRAYS = ("images", "shape", "types")


def again() -> None:
    """The options, and a button that opens what was opened with these."""
    asked = state.present()
    if asked is None:
        return
    with (
        st.expander("Options", icon=":material/tune:", expanded=bool(asked.refused)),
        st.form("data-options", border=False),
    ):
        columns = st.columns(3)
        given = {
            name: _widget(columns[place % 3], options(Opening)[name], asked)
            for place, name in enumerate(offered(asked))
        }
        pressed = st.form_submit_button("Open with these")
    if pressed:
        state.look(
            asked.what, asked.data, lambda: {name: _read(name, value) for name, value in given.items()}
        )


def offered(asked: Asked) -> list[str]:
    """The names of the options that matter for what was opened: by its kind, or where it could not be, by its ending."""
    kind = None if asked.found is None else asked.found.report.kind
    ending = asked.what.lower().rpartition(".")[2]
    table, arrays = f".{ending}" in TABLES, ending in ("npz", "npy")
    names = [*OF_ALL]
    if isinstance(kind, Table) or (kind is None and table):
        names += OF_TABLES
    if isinstance(kind, Image) or (kind is None and not table):
        names += OF_IMAGES
    if arrays or table:
        names += ["shape"] if table else OF_ARRAYS
    return list(dict.fromkeys([*names, *(["layer"] if ending == "h5ad" else [])]))


def _widget(place: Any, option: Option, asked: Asked) -> Any:
    """A widget for an option, by its type: what it now is, as it would stand on the command line."""
    name = f"--{spelt(OTHERWISE.get(option.name, option.name))}"
    now, more = (
        asked.options.get(option.name, option.default),
        {"help": plain(option.about, 1000), "key": f"data-{option.name}-{key(asked.what)}"},
    )
    choices = _choices(option.kind)
    if option.kind is bool:
        return place.checkbox(name, now, **more)
    if choices:
        return place.selectbox(
            name,
            choices,
            choices.index(now),
            format_func=lambda one: "found by itself" if one is None else one,
            **more,
        )
    if option.kind is float:
        return place.number_input(name, 0.01, 0.99, float(now), 0.05, **more)
    text = (
        ""
        if now is None
        else " ".join(map(str, now))
        if _numbers(option)
        else shlex.join(now)
        if isinstance(now, tuple)
        else now
    )
    return place.text_input(name, text, **more)


def _choices(kind: Any) -> list[Any]:
    """The words of a choice, None first where that is one."""
    parts = (
        [kind]
        if get_origin(kind) is Literal
        else [part for part in get_args(kind) if get_origin(part) is Literal]
    )
    words = [word for part in parts for word in get_args(part)]
    return [None, *words] if words and type(None) in get_args(kind) else words


def _numbers(option: Option) -> bool:
    return option.name in ("size", "shape")


def _read(name: str, value: Any) -> Any:
    """What a widget holds as `Opening` takes it. Raises ValueError for text that is no such."""
    option = options(Opening)[name]
    if not isinstance(value, str) or _choices(option.kind):
        return value
    if not (text := value.strip()):
        return None
    if _numbers(option):
        try:
            return tuple(map(int, text.replace("x", " ").replace(",", " ").split()))
        except ValueError:
            raise ValueError(f"--{name} is whole numbers, such as 48 or 48 64") from None
    if option.kind is str or option.kind == (str | None):
        return text
    try:
        return tuple(shlex.split(text.replace(",", " ")))
    except ValueError:
        raise ValueError(
            f"--{spelt(name)} is names with spaces between them: close the quotation mark"
        ) from None
