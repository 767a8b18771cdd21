"""What a training is of: a data set by its name, or what is open on the page Open data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from latent_explorer.caches import training_data
from latent_explorer.caches.training_data import Known
from latent_explorer.own_data.uploads import safe
from latent_explorer.sections.data import state
from latent_explorer.text import key

OWN = "your data"


class Chosen(NamedTuple):
    """`what` as the command line takes it, its `name` as a part of the name of a run, and why it cannot be trained on."""

    what: str
    name: str
    opening: Mapping[str, Any]
    known: Known | None
    refused: str = ""


def chosen(place: Any) -> Chosen:
    """The selection of data."""
    own = state.present()
    open_now = own is not None and own.found is not None
    names = [*training_data.at_hand(), *([OWN] if open_now else [])]
    name = place.selectbox(
        "Data",
        names,
        format_func=lambda one: f"yours: {safe(own.what)}" if one == OWN and own else one,
        key="train-data",
        persist_state="session",
        help="Data sets that are here. Whatever you open on the page *Open data* is offered here, too.",
    )
    if name == OWN and own is not None and own.found is not None:
        report = own.found.report
        known = Known(_signature(report), report.sizes.get("train", 0))
        refused = (
            "an upload is not kept on this server: give the path of your copy on the page Open data to train on it"
            if own.is_upload
            else ""
        )
        return Chosen(own.what, key(safe(own.what).partition(".")[0]).lower(), own.options, known, refused)
    try:
        return Chosen(name, name, {}, training_data.known(name))
    except ValueError as error:
        return Chosen(name, name, {}, None, str(error))


def _signature(report: Any) -> Any:
    from vae_core.models import Signature

    return Signature(report.kind, tuple(report.classes))
