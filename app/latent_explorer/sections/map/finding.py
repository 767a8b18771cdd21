"""Find examples on the maps, and go from one to the next."""

import streamlit as st

from latent_explorer.caches import finding
from latent_explorer.caches.finding import Found
from latent_explorer.session import links
from latent_explorer.text import plain
from vae_core import Checkpoint

FIND, ORDER = "find", "order"


def asked(checkpoint: Checkpoint) -> Found | str | None:
    """The two widgets, and what they ask for; a sentence where that is nothing that is there, None where nothing is asked."""
    offered = finding.orders(checkpoint)
    links.settle(ORDER, offered, "order")

    def begin() -> None:
        """What is newly asked for opens at its first."""
        try:
            found = finding.found(checkpoint, st.session_state[FIND] or "", st.session_state[ORDER])
        except ValueError:
            return
        if found is not None and len(found.items):
            links.write(item=int(found.items[0]))

    text = st.text_input(
        "Find",
        key=FIND,
        bind="query-params",
        max_chars=finding.LONGEST,
        on_change=begin,
        width=150,
        placeholder="number, class …",
        help="The number of an example, such as 412 or #4; a class; words of a column; or a comparison such as ELBO < -150.",
    )
    order = st.selectbox("Order", offered, key=ORDER, bind="query-params", on_change=begin, width=200)
    try:
        return finding.found(checkpoint, text or "", order)
    except ValueError as error:
        return plain(str(error), 600)


def stepper(checkpoint: Checkpoint, found: Found, item: int | None) -> None:
    """Which of those that were found is open, why it is among them, and the way to the next and to the one before."""
    items = found.items.tolist()
    if not items:
        st.caption(f"No {checkpoint.kind.one} is found: the class that is read is right for all of them.")
        return
    at = items.index(item) if item in items else None
    before = None if at is None or at == 0 else items[at - 1]
    after = items[0] if at is None else items[at + 1] if at + 1 < len(items) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="found-steps"):
        _step("Previous", "chevron_left", before, "find-before")
        _step("Next", "chevron_right", after, "find-next")
        st.markdown(_said(checkpoint, found, at, item))


def _step(label: str, icon: str, item: int | None, key: str) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=key,
        disabled=item is None,
        on_click=links.write,
        kwargs={"item": item},
    )


def _said(checkpoint: Checkpoint, found: Found, at: int | None, item: int | None) -> str:
    one, many, count = checkpoint.kind.one, checkpoint.kind.many, len(found.items)
    whole = f"{count:,} found" if count == found.of else f"the first {count:,} of {found.of:,} {many}"
    if at is None or item is None:
        return whole
    parts = [f"{one} {item}", plain(checkpoint.atlas.class_of(item)), plain(found.why.get(item, ""))]
    return f"**{at + 1:,}** of {whole} · {' · '.join(part for part in parts if part)}"
