"""The form of a new training: a widget for each field of the declarations, what does not fit, and the command that does the same."""

import math
from typing import Any

import streamlit as st

from latent_explorer.caches.training_data import at_hand
from latent_explorer.sections.train.data import OWN, Chosen, chosen
from latent_explorer.sections.train.starting import buttons
from latent_explorer.text import plain
from latent_explorer.training import form, runs
from latent_explorer.training.form import Asked, Group
from vae_core.fields import Option
from vae_core.models import MODELS, Signature
from vae_core.objectives import OBJECTIVES

# Numbers are typed: buttons beside them would leave no room for them.
STYLE = (
    "<style>[data-testid=stNumberInputStepDown], [data-testid=stNumberInputStepUp] { display: none; }</style>"
)
ASK = "ask"  # in the address: a command that fills the form
FILLED = "train-filled"
FIRST = "train-first"  # a command for what is open on the page Open data, to fill the form with
USUAL = "usual for the model"
TITLES = {"model": "Model", "objective": "Objective", "training": "Training"}


def new() -> None:
    """Data, model and fields in three columns; below them the command, and the button that runs it."""
    st.html(STYLE)
    _fill()
    top = st.columns([1.3, 1, 1.2, 1.3], vertical_alignment="bottom")
    data = chosen(top[0])
    model = top[1].selectbox(
        "Model",
        list(MODELS),
        key="train-model",
        persist_state="session",
        help="  \n".join(f"**{name}**: {plain(form.about(kind), 400)}" for name, kind in MODELS.items()),
    )
    objective = top[2].selectbox(
        "Objective",
        ["", *OBJECTIVES],
        format_func=lambda name: name or USUAL,
        key="train-objective",
        persist_state="session",
        help="  \n".join(f"**{name}**: {plain(form.about(kind), 400)}" for name, kind in OBJECTIVES.items()),
    )
    begun = Asked(model, data.what, objective=objective or None, opening=data.opening)
    asked, wrong = _fields(begun, data.known.signature if data.known else None)
    name = top[3].text_input(
        "Name of the run", placeholder=runs.free_name(f"{model}-{data.name}"), key="train-name", max_chars=64
    )
    _below(asked, data, name.strip() or runs.free_name(f"{model}-{data.name}"), wrong)


def _fill() -> None:
    """Fill the form as the command in the address says, once."""
    st.session_state.setdefault("train-model", "vae" if "vae" in MODELS else next(iter(MODELS)))
    if own := st.session_state.pop(FIRST, ""):
        _take_over(form.of_command(own), OWN)
        return
    line = st.query_params.get(ASK)
    if not line or st.session_state.get(FILLED) == line:
        return
    st.session_state[FILLED] = line
    try:
        asked = form.of_command(line)
        if asked.data not in at_hand():
            raise ValueError(
                "the data of this link is not here: choose data, or open yours on the page Open data"
            )
    except ValueError as error:
        st.warning(f"{plain(str(error)[:1].upper() + str(error)[1:], 500)}.")
        return
    _take_over(asked, asked.data)


def _take_over(asked: Asked, data: str) -> None:
    st.session_state["train-model"], st.session_state["train-data"] = asked.model, data
    st.session_state["train-objective"] = asked.objective or ""
    for group in form.groups(asked):
        given = asked.of(group.name)
        for option in (*group.first, *group.more):
            value = _shown(option, given[option.name]) if option.name in given else _default(option)
            st.session_state[_key(group, option)] = value


def _below(asked: Asked, data: Chosen, name: str, wrong: str) -> None:
    """The button is near the fields: the command, which is as long as they ask for, comes last."""
    wrong = wrong or data.refused or runs.refused_name(name)
    if not wrong and data.known is not None:
        wrong = form.refused(asked, *data.known)
    if wrong:
        st.warning(f"{plain(wrong[:1].upper() + wrong[1:], 1000)}.", icon=":material/help:")
    buttons(asked, name, data, bool(wrong))
    if not wrong:
        st.code(asked.command(runs.spoken(name)), language="sh", wrap_lines=True)


def _fields(asked: Asked, signature: Signature | None) -> tuple[Asked, str]:
    """What the widgets say, and what of it is no value."""
    values: dict[str, dict[str, Any]] = {}
    wrong = ""
    places = dict(zip(TITLES, st.columns(3, gap="medium"), strict=True))
    for name, place in places.items():
        # What is said of the model decides which objective is usual, so that the groups are asked for one after the other.
        now = Asked(asked.model, asked.data, values, asked.objective, asked.opening)
        group = next(each for each in form.groups(now, signature) if each.name == name)
        values[name], why = _group(place, group)
        wrong = wrong or why
    return Asked(asked.model, asked.data, values, asked.objective, asked.opening), wrong


def _group(place: Any, group: Group) -> tuple[dict[str, Any], str]:
    place.markdown(f"**{TITLES[group.name]}**")
    given: dict[str, Any] = {}
    wrong = ""
    with place:
        pairs = st.columns(2)
        for number, option in enumerate(group.first):
            wrong = _take(pairs[number % 2], group, option, given) or wrong
        if group.more:
            with st.expander("More"):
                pairs = st.columns(2)
                for number, option in enumerate(group.more):
                    wrong = _take(pairs[number % 2], group, option, given) or wrong
    return given, wrong


def _take(place: Any, group: Group, option: Option, given: dict[str, Any]) -> str:
    """Read a field into `given` where it is other than usual; why it is no value."""
    value = _widget(place, group, option)
    if form.sort(option) == "text":
        try:
            value = form.typed(option, value or "")
        except ValueError as error:
            return str(error)
    if value is not None and value != option.default:
        given[option.name] = value
    return ""


def _key(group: Group, option: Option) -> str:
    return f"train-{group.about.replace(' ', '-')}-{option.name}"


def _default(option: Option) -> Any:
    """What a widget shows of a value that nobody gave."""
    return _shown(option, None if option.required else option.default)


def _shown(option: Option, value: Any) -> Any:
    """A value as its widget holds it; a choice of nothing is an empty word, since Streamlit takes None for no choice yet."""
    if form.sort(option) == "text":
        return form.text(value)
    return "" if value is None and form.sort(option) == "choice" else value


def _widget(place: Any, group: Group, option: Option) -> Any:
    key, label, kind = _key(group, option), form.label(option), form.sort(option)
    st.session_state.setdefault(key, _default(option))
    more: dict[str, Any] = {
        "help": plain(option.about, 1000) or None,
        "key": key,
        "persist_state": "session",
    }
    if kind == "switch":
        return place.checkbox(label, **more)
    if kind == "choice":
        names = ["" if name is None else name for name in form.choices(option)]
        return place.selectbox(label, names, format_func=lambda one: one or "usual", **more) or None
    if kind in ("whole", "number"):
        # What has a value of its own cannot be emptied; the value itself stands in the state.
        value = None if _default(option) is None else "min"
        return place.number_input(
            label, value=value, placeholder="usual", **_steps(kind, _default(option)), **more
        )
    return place.text_input(label, placeholder="usual", **more)


def _steps(kind: str, default: Any) -> dict[str, Any]:
    """How far the buttons of a number go: a tenth of its size."""
    if kind == "whole":
        return {"step": 1}
    size = 10.0 ** math.floor(math.log10(abs(default))) if default else 1.0
    return {"step": size / 10 if size > 1e-6 else 1e-6, "format": "%g"}
