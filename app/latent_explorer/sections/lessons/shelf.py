"""The lessons on offer, each with its progress and its hand-out."""

import streamlit as st

from latent_explorer.components.lesson import lesson_links
from latent_explorer.lessons import progress, shelf, strip
from latent_explorer.lessons.handout import handout
from latent_explorer.lessons.lesson import Lesson
from latent_explorer.text import plain


def all_lessons() -> None:
    """A card for each lesson; what cannot be read is said below."""
    good, bad = shelf.readable()
    for row in range(0, len(good), 2):
        for place, lesson in zip(st.columns(2, gap="medium"), good[row : row + 2], strict=False):
            with place.container(border=True, height="stretch"):
                _card(lesson, lesson is good[0])
    for error in bad:
        st.warning("  \n".join(plain(mistake, 500) for mistake in error.mistakes[:5]))


def _card(lesson: Lesson, asks: bool) -> None:
    """`asks`: whether it is the one that asks the browser what was done before."""
    known, steps = progress.of(lesson.name), len(lesson.steps)
    tasks = {number for number, step in enumerate(lesson.steps) if step.goal}
    told = [f"{lesson.minutes} minutes", f"{steps} step{'s' * (steps != 1)}"]
    if known.seen:
        told.append(f"{len(known.done & tasks)} of {len(tasks)} tasks done" if tasks else "begun")
    st.markdown(f"**{plain(lesson.title)}**  \n{plain(lesson.about, 300)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(" · ".join(told))
        begun = min(known.at, steps - 1) if known.seen else 0
        lesson_links(
            back=None,
            forward=strip.address(lesson, begun),
            here=None,
            leave=False,
            ready=True,
            told="",
            progress={name: each.to_json() for name, each in progress.everything().items()} if asks else {},
            key=f"begin-{lesson.name}",
            on_kept=progress.take if asks and strip.current() is None else None,
            way_on="Go on" if known.seen else "Begin",
        )
        st.download_button(
            "Hand-out",
            lambda: handout(lesson),
            f"{lesson.name}.html",
            "text/html",
            icon=":material/print:",
            on_click="ignore",
            key=f"handout-{lesson.name}",
            help="All steps on paper: open the file in a browser, and print it.",
        )
