"""What a training is of: a data set by its name, or what is open on the page Open data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from latent_explorer.caches import training_data
from latent_explorer.caches.training_data import Known
from latent_explorer.own_data.bounds import allowed, bounds
from latent_explorer.own_data.uploads import safe
from latent_explorer.sections.data import state
from latent_explorer.text import key
from latent_explorer.training import uploads
from vae_core.data import Report
from vae_core.data import known as is_known
from vae_core.models import Signature

OWN = "your data"


class Chosen(NamedTuple):
    """`what` as the command line takes it, its `name` as a part of the name of a run, the `place` of a file or folder on this server, or the
    bytes of an upload, and why it cannot be trained on."""

    what: str
    name: str
    opening: Mapping[str, Any]
    known: Known | None
    refused: str = ""
    place: str = ""
    upload: bytes | None = None

    def source(self) -> str:
        """Where a command on this server finds the file or folder; nothing for what is known by its name. Of an upload a copy is kept from
        now on. Raises ValueError, one sentence, where it cannot be."""
        if self.upload is not None:
            return str(uploads.keep(self.what, self.upload))
        return "" if is_known(self.what) else self.place


def chosen(place: Any) -> Chosen:
    """The selection of data."""
    own = state.present()
    open_now = own is not None and own.found is not None
    names = [*training_data.at_hand(), *([OWN] if open_now else [])]
    name = place.selectbox(
        "Data",
        names,
        names.index(OWN) if open_now else 0,
        format_func=lambda one: f"yours: {safe(own.what)}" if one == OWN and own else one,
        key="train-data",
        persist_state="session",
        help="Data sets that are here. Whatever you open on the page *Open data* is offered here, too.",
    )
    if name == OWN and own is not None and own.found is not None:
        return _own(own, own.found.report)
    try:
        return Chosen(name, name, {}, training_data.known(name))
    except ValueError as error:
        return Chosen(name, name, {}, None, str(error))


def _own(own: state.Asked, report: Report) -> Chosen:
    signature = Signature(report.kind, tuple(report.classes))
    known = Known(signature, report.sizes.get("train", 0), report.name, report.factors)
    name = key(safe(own.what).partition(".")[0]).lower()
    if own.is_upload:
        return Chosen(safe(own.what), name, own.options, known, upload=own.data)
    try:
        place = allowed(own.what, bounds())
    except ValueError as error:  # what could be opened a while ago
        return Chosen(own.what, name, own.options, known, str(error))
    return Chosen(own.what, name, own.options, known, place=str(place))
