"""The strip of a lesson: over any page, what its step says and asks for, whether that is done, and the way on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from latent_explorer.components.lesson import lesson_links
from latent_explorer.lessons import progress, shelf
from latent_explorer.lessons.facts import fact
from latent_explorer.lessons.lesson import Lesson, LessonError, Question, Step
from latent_explorer.session import current as looked_at
from latent_explorer.session import links
from latent_explorer.text import plain

LESSON, STEP = "lesson", "step"  # in the address
ADDRESSES = "addresses"  # of the pages, by their view
STYLE = """<style>
.stMainBlockContainer:has(.st-key-lesson-strip) { display: flex; flex-direction: column; min-height: 100%; padding-bottom: 0; }
.stMainBlockContainer:has(.st-key-lesson-strip) > .stVerticalBlock { flex: 1 0 auto; }
:has(> .st-key-lesson-strip) { position: sticky; bottom: 0; z-index: 90; order: 99; flex-shrink: 0; margin-top: auto; }
.st-key-lesson-strip { gap: 0.15rem; padding: 0.3rem 0.8rem; max-height: max(130px, 18vh); overflow: hidden;
  border: 1px solid #8884; border-bottom: 0; border-radius: 10px 10px 0 0;
  background: color-mix(in srgb, Canvas 94%, CanvasText); }
.st-key-lesson-strip [data-testid=stMarkdownContainer] p { font-size: 0.95rem; line-height: 1.4; margin-bottom: 0.3rem; }
.st-key-lesson-strip [data-testid=stMarkdownContainer] { margin-bottom: 0; }
.st-key-lesson-strip .katex-display { margin: 0.2rem 0; }
:has(> .st-key-lesson-body) { overflow-y: auto; flex-shrink: 1; }
.st-key-lesson-body { gap: 0.3rem; }
.st-key-lesson-ways { flex-shrink: 0; }
.st-key-lesson-ways button { min-height: 1.8rem; padding: 0 0.7rem; }
.st-key-lesson-strip[data-folded] :has(> .st-key-lesson-body) { display: none; }
@media (max-width: 640px) {
  .st-key-lesson-strip { max-height: 26vh; padding: 0.3rem 0.5rem; margin: 0 -0.6rem; width: calc(100% + 1.2rem); } }
</style>"""
HIDDEN = "<style>:has(> .st-key-lesson-address) { display: none; }</style>"


class Here(NamedTuple):
    lesson: Lesson
    number: int  # of the step, from 0

    @property
    def step(self) -> Step:
        return self.lesson.steps[self.number]

    @property
    def is_done(self) -> bool:
        return self.number in progress.of(self.lesson.name).done


def address(lesson: Lesson, number: int) -> str:
    """The address of a step: its page with what stands there, the lesson and the step's number from 1.

    A step of no model is one of the model at hand.
    """
    step = lesson.steps[number]
    model = step.model or st.session_state.get("checkpoint")
    asked: list[tuple[str, str]] = [("model", model)] if model else []
    asked += [(name, text) for name, texts in step.values.items() for text in texts]
    query = urlencode([*asked, (LESSON, lesson.name), (STEP, str(number + 1))])
    return f"./{st.session_state[ADDRESSES][step.page]}?{query}"


@contextmanager
def beside_page() -> Iterator[None]:
    """The strip of the lesson that the address names, where it names one. What is done is looked at when the page has run."""
    here = _asked()
    if here is None:
        yield
        return
    st.html(STYLE)
    known = progress.of(here.lesson.name)
    known.at = here.number
    known.seen.add(here.number)
    with st.container(key="lesson-strip"):
        ways = st.container(key="lesson-ways", horizontal=True, vertical_alignment="center", gap="small")
        with st.container(key="lesson-body"):
            text, asked = st.columns([1.6, 1], gap="medium")
    text.markdown(f"**{here.step.title}.** {here.step.text}")
    whole = False
    try:
        yield
        whole = True
    finally:
        if whole:  # a run that was cut short may still say what the step before it said
            look(here)
        with asked:
            _task(here)
        with ways:  # the question too: a text that is longer than the strip would hide it
            _ways(here)
            _question(here)


def begin() -> None:
    """A step begins as its link says, whatever is looked at, and whatever was left at controls."""
    for key in [key for key in st.session_state if str(key).startswith("live-")]:
        del st.session_state[key]
    st.session_state.pop(looked_at.KEY, None)


def current() -> Here | None:
    """The lesson and the step that this run shows."""
    return st.session_state.get("lesson-here")


def look(here: Here) -> bool:
    """Whether the step's task is done; once it was, it stays so."""
    if here.step.goal is not None and not here.is_done and here.step.goal.done(fact):
        progress.of(here.lesson.name).done.add(here.number)
    return here.is_done


def look_again() -> None:
    """After a part of a page has run by itself: the whole page runs where that has done the step's task."""
    here = current()
    if here is not None and not here.is_done and look(here):
        st.rerun(scope="app")


def _asked() -> Here | None:
    """What the address asks for; both names go along to other pages."""
    st.session_state["lesson-here"] = None
    names = list(shelf.offered())
    links.check(LESSON, names, "lesson")
    links.along(LESSON)
    links.along(STEP)
    st.html(HIDDEN)
    with st.container(key="lesson-address"):
        name = st.text_input("Lesson", key=LESSON, bind="query-params")
        number = st.text_input("Step of the lesson", key=STEP, bind="query-params")
    if name not in names:
        return None
    try:
        lesson = shelf.opened(name)
    except LessonError as error:
        st.warning(f"The lesson {plain(name)} cannot be read. {plain(error, 1000)}")
        return None
    last = len(lesson.steps)
    step = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0 if number else 1
    if not 1 <= step <= last:
        st.warning(f"This link asks for the step “{plain(number)}”. Give a whole number from 1 to {last}.")
    here = Here(lesson, min(max(step, 1), last) - 1)
    st.session_state["lesson-here"] = here
    return here


def _task(here: Here) -> None:
    if not here.step.task:
        return
    mark = ":green[:material/check_circle:] Done." if here.is_done else ":material/radio_button_unchecked:"
    st.markdown(f"{mark} {here.step.task}", help=here.step.hint or None)


def _question(here: Here) -> None:
    question, known = here.step.question, progress.of(here.lesson.name)
    if question is None:
        return
    guess = known.guesses.get(here.number)
    with st.popover("Question" if guess is None else "Question, answered", icon=":material/quiz:"):
        st.markdown(f"**{question.ask}**")
        chosen = _guess(here, question, guess)
        if chosen is None:
            st.caption("Choose what you think: the answer follows.")
            return
        known.guesses[here.number] = chosen
        right = chosen == question.answer
        st.markdown(f"{'**Right.**' if right else f'**No: {question.answer}.**'} {question.because}")


def _guess(here: Here, question: Question, before: str | None) -> str | None:
    return st.radio(
        question.ask,
        question.choices,
        index=question.choices.index(before) if before in question.choices else None,
        key=f"guess-{here.lesson.name}-{here.number}",
        label_visibility="collapsed",
    )


def _ways(here: Here) -> None:
    lesson, number = here
    last = number + 1 == len(lesson.steps)
    away = st.session_state["view"] != here.step.page or here.step.model not in (
        "",
        st.session_state["checkpoint"],
    )
    lesson_links(
        back=address(lesson, number - 1) if number else None,
        forward=None if last else address(lesson, number + 1),
        here=address(lesson, number) if away else None,
        leave=True,
        ready=here.is_done or here.step.goal is None,
        told=f"{lesson.title} · step {number + 1} of {len(lesson.steps)}",
        progress={name: known.to_json() for name, known in progress.everything().items()},
        key="lesson-links",
        on_kept=progress.take,
    )
