"""What one does with a whole run: go on, open its model, see what follows it, rename, take along, delete."""

import io
import zipfile
from typing import Any

import streamlit as st

from latent_explorer.caches import checkpoints
from latent_explorer.sections.train.choice import open_run
from latent_explorer.text import cleaned, command, key, plain, said
from latent_explorer.training import keeper, runs, uploads
from latent_explorer.training.allowed import why_not_here
from latent_explorer.training.runs import Gone, Run
from vae_core.checkpoints.folder import ATLAS, CARD, WEIGHTS


def whole(run: Run) -> None:
    """A row of buttons, and the command below."""
    name = next((name for name, folder in checkpoints.offered().items() if folder == run.folder), None)
    columns = st.columns([1, 1, 1, 1, 1], vertical_alignment="center")
    ready = name is not None and run.has_checkpoint
    for column, (page, label, icon) in zip(columns, PAGES, strict=False):
        column.button(
            label,
            icon=f":material/{icon}:",
            disabled=not ready,
            width="stretch",
            on_click=_choose,
            args=(name, page),
        )
    if page := st.session_state.pop(GO, None):
        st.switch_page(page, query_params={})
    with columns[2].popover("Export", icon=":material/download:", disabled=not ready, width="stretch"):
        _export(run)
    may_change = not why_not_here()
    with columns[3].popover("Rename", disabled=not may_change or run.trains, width="stretch"):
        _rename(run)
    with columns[4].popover(
        "Delete", icon=":material/delete:", disabled=not may_change or run.trains, width="stretch"
    ):
        _delete(run)
    if words := run.asked.get("asked") or run.asked.get("words"):
        st.code(_command(run, words), language="sh", wrap_lines=True)
    elif run.status and run.status.command:
        st.code(cleaned(run.status.command, 2000), language="sh", wrap_lines=True)


PAGES = (("views/live.py", "Open on Live", "touch_app"), ("views/map.py", "Open on the map", "scatter_plot"))
GO = "train-go"  # the page that a button leads to


def _choose(name: str, page: str) -> None:
    """The model of the run is the one at hand, on the page that is opened next."""
    st.session_state["model"], st.session_state[GO] = name, page


def _command(run: Run, words: Any) -> str:
    return said(command("latent-explorer", *map(str, words), "--out", runs.spoken(run.name)))


def _export(run: Run) -> None:
    st.download_button(
        "Checkpoint as .zip",
        data=lambda: _archive(run),
        file_name=f"{run.name}.zip",
        mime="application/zip",
        on_click="ignore",
    )
    st.caption("Card, weights and atlas: what `latent-explorer app --models` opens elsewhere.")
    st.code(f"latent-explorer export {runs.spoken(run.name)} --onnx", language="sh")


def _archive(run: Run) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as held:
        for name in (CARD, WEIGHTS, ATLAS):
            if (run.folder / name).exists():
                held.write(run.folder / name, f"{run.name}/{name}")
    return buffer.getvalue()


def _rename(run: Run) -> None:
    with st.form(f"rename-{key(run.name)}", border=False):
        name = st.text_input("New name", run.name, max_chars=64)
        if st.form_submit_button("Rename") and name != run.name:
            _done(runs.rename(run, name.strip()), name.strip())


def _delete(run: Run) -> None:
    st.markdown(f"**{plain(run.name)}** with its checkpoint, atlas and frames. It cannot be brought back.")
    if st.button("Delete it", type="primary", key=f"delete-{key(run.name)}"):
        keeper.withdraw(run)
        keeper.cancel(run)
        came = runs.delete(run) if run.folder.exists() else Gone()
        uploads.sweep()
        _done(came, None)


def _done(came: Gone, name: str | None) -> None:
    if came.refused:
        st.warning(f"{plain(came.refused, 500)}.")
    else:
        open_run(name)
