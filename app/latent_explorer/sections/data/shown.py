"""What was understood of a source: doubts first, then classes, pictures or rows, and the command that trains."""

import streamlit as st

from latent_explorer.own_data.looking import Found
from latent_explorer.sections.data import state
from latent_explorer.sections.train.choice import NEW, OPENED
from latent_explorer.sections.train.form import FIRST
from latent_explorer.text import plain
from latent_explorer.training.allowed import why_not_here
from vae_core.data import Report

CLASSES_TALL = 320  # CSS pixels of the table of classes
CLASS_WIDE = 150  # of the column of long names, so that the counts stand beside it


def refused() -> None:
    """The sentence on why something was not opened: above the options that may mend it."""
    asked = state.present()
    if asked is not None and asked.found is None:
        st.warning(f"Not opened: {plain(asked.refused, 1500)}.")


def shown() -> None:
    """The check of what was opened."""
    asked = state.present()
    if asked is None or asked.found is None:
        return
    found = asked.found
    st.subheader(plain(found.report.name))
    st.markdown("  \n".join(_lines(found.report)))
    for doubt in found.report.doubts:
        st.warning(f"{plain(doubt, 1500)}.", icon=":material/help:")
    if not found.report.doubts:
        st.success("No doubts.", icon=":material/check:")
    _command(found, asked.is_upload)
    left, right = st.columns([1, 2], gap="large")
    with left:
        _classes(found.report)
    with right:
        _pictures(found)
    with st.expander("As the command prints it", icon=":material/terminal:"):
        st.code(found.look, language="sh", wrap_lines=True)
        st.code(str(found.report), language=None, wrap_lines=True)


def _lines(told: Report) -> list[str]:
    """What it is, in lines of markdown: the first ones of the report, and what was done."""
    low, high = told.values
    splits = ", ".join(
        f"{count:,} to {'train' if split == 'train' else 'test on'}" for split, count in told.sizes.items()
    )
    lines = [
        plain(told.about, 500),
        f"**{told.kind.many.capitalize()}**: {plain(told.described, 1000)}, values from {low:g} to {high:g}",
        f"**Split**: {splits}",
    ]
    if told.factors:
        lines.append(f"**Known of each**: {plain(', '.join(told.factors), 1000)}")
    return [*lines, *(f"Done: {plain(sentence, 1000)}" for sentence in told.said)]


def _command(found: Found, is_upload: bool) -> None:
    st.markdown("**Train a first model of it**")
    if not why_not_here():
        if st.button(
            "Train it here", icon=":material/model_training:", help="Fills the form of the page Train."
        ):
            st.session_state[FIRST], st.session_state[OPENED] = found.train, NEW
            st.switch_page("views/train.py", query_params={"run": NEW})
        st.caption("Or in a shell:")
    st.code(found.train, language="sh", wrap_lines=True)
    if is_upload:
        st.caption(
            "Run it where your copy lies, and give its path to `--data`; of an archive, the folder that it unpacks to."
        )


def _classes(told: Report) -> None:
    """How many there are of each class, searchable by the table itself."""
    if not told.classes:
        st.markdown("**No classes**: models of classes cannot train on it, `vae` and the others can.")
        return
    unknown = sum(told.unknown.values())
    st.markdown(
        f"**{len(told.classes):,} {'class' if len(told.classes) == 1 else 'classes'}**"
        + (f", not known of {unknown:,}" if unknown else "")
    )
    is_long = any(len(name) > 16 for name in told.classes)
    counts = {split: list(each) for split, each in told.counts.items()}
    st.dataframe(
        {"class": list(told.classes), **counts},
        hide_index=True,
        column_config={"class": st.column_config.TextColumn(width=CLASS_WIDE)} if is_long else None,
        height=min(CLASSES_TALL, 38 + 35 * len(told.classes)),
    )


def _pictures(found: Found) -> None:
    if found.sheet:
        st.markdown("**Some of the training images**" + (", a row a class" if found.report.classes else ""))
        st.image(found.sheet, width="content")
        return
    features = len(found.report.kind.names)  # type: ignore[attr-defined] - a table's
    few = (
        f", the first {len(found.rows['feature']):,} of {features:,} features"
        if features > len(found.rows["feature"])
        else ""
    )
    st.markdown(f"**The first rows**, a line a feature with its type{few}")
    st.dataframe(found.rows, hide_index=True, height=min(CLASSES_TALL, 38 + 35 * len(found.rows["feature"])))
