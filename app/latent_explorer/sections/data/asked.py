"""What to open: a folder, file or name as it is typed, or an upload."""

import streamlit as st

from latent_explorer.own_data import bounds, uploads
from latent_explorer.sections.data import state
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core.data import DATASETS

TYPED, UPLOADED = "Folder, file or name", "Upload"
TEXT, FILE = "data-what", "data-file"


def asked() -> None:
    """The two ways to say what is to be opened; what is given is opened at once."""
    if (
        links.one_of(
            "From", [TYPED, UPLOADED], key="data-from", what="source", bind=None, label_visibility="collapsed"
        )
        == TYPED
    ):
        _typed()
    else:
        _uploaded()


def _typed() -> None:
    within = bounds.bounds()
    with st.form("data-typed", border=False):
        left, right = st.columns([6, 1], vertical_alignment="bottom")
        what = left.text_input(
            TYPED,
            key=TEXT,
            placeholder="digits" if within.root is None else "digits, or a path such as photos or cells.csv",
            persist_state="session",
            help="A folder of images by class, .npz, .npy, IDX files, .csv, .tsv, .parquet, .h5ad; or a name: "
            f"{', '.join(DATASETS)}"
            + (", one of torchvision’s, hf:owner/name." if within.everything else "."),
        )
        pressed = right.form_submit_button("Open", type="primary", width="stretch")
    if within.root is None:
        st.caption(
            f"{bounds.NO_PATHS[:1].upper()}{plain(bounds.NO_PATHS[1:])}. Names are {', '.join(DATASETS)}."
        )
    elif names := bounds.there(within):
        st.caption(f"In the folder of this server: {plain(', '.join(names), 1500)}")
    if pressed:
        state.look(what.strip())


def _uploaded() -> None:
    file = st.file_uploader(
        "One file",
        max_upload_size=uploads.MEGABYTES,
        key=FILE,
        help="Arrays as .npz or .npy, tables as .csv, .tsv, .parquet or .h5ad, or a .zip of folders of images by class or of IDX files; "
        f"at most {uploads.MEGABYTES} MB. "
        "It is read once, and not kept on this server unless a model is trained on it.",
        on_change=_taken_away,
    )
    if file is not None and st.session_state.get("data-file-id") != file.file_id:
        st.session_state["data-file-id"] = file.file_id
        state.look(file.name, file.getvalue())


def _taken_away() -> None:
    """A visitor has removed the file; one who comes back to the page has not, though the widget is empty then."""
    if st.session_state.get(FILE) is None:
        state.forget_upload()
