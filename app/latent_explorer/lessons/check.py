"""What is wrong with a lesson beyond its text: pages, models, names, goals, figures; and links that do not restore what they say."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from latent_explorer.caches.checkpoints import offered
from latent_explorer.lessons import LESSONS_VARIABLE
from latent_explorer.lessons.figures import FIGURES
from latent_explorer.lessons.front import Mistake, Mistakes, unknown
from latent_explorer.lessons.lesson import Lesson, LessonError, Step, open_lesson
from latent_explorer.lessons.places import PARAMETERS, WITHOUT_WIDGET, facts, parameters
from latent_explorer.session import links
from latent_explorer.text import cleaned
from vae_core import load
from vae_core.checkpoints import CheckpointError

MAIN = Path(__file__).parents[1] / "main.py"
PATIENCE = 300  # seconds that a page may take: the first one opens its model


def mistakes_of(path: Path, restoring: bool = True) -> list[Mistake]:
    """Everything that is wrong with the lesson in a file, by line; `restoring` opens each step's page as its link does."""
    try:
        lesson = open_lesson(path)
    except LessonError as error:
        return error.mistakes
    mistakes = Mistakes(path.name)
    for before, step in zip((None, *lesson.steps), lesson.steps, strict=False):
        _check_names(step, mistakes)
        if before is None or (step.page, step.model, step.values) != (
            before.page,
            before.model,
            before.values,
        ):
            _check_place(step, mistakes)
    if restoring and not mistakes.found:
        with _on_the_shelf(path.parent):
            for number in _places(lesson):
                step = lesson.steps[number]
                for sentence in not_restored(lesson, number):
                    mistakes.add(step.lines.get("with", step.lines.get("page", step.line)), sentence)
    return sorted(mistakes.found)


def _check_place(step: Step, mistakes: Mistakes) -> None:
    """The page, the model, and the names of the address."""
    line, models = step.lines, offered()
    if step.page not in PARAMETERS:
        mistakes.add(line.get("page", step.line), unknown("there is no page", step.page, PARAMETERS))
        return
    if step.model and step.model not in models:
        mistakes.add(line.get("model", step.line), unknown("there is no model", step.model, models))
        return
    names = parameters(step.page, _blocks(step))
    for name in step.values:
        if name not in names:
            mistakes.add(line.get(name, step.line), unknown(f"the page {step.page} has no", name, names))


def _check_names(step: Step, mistakes: Mistakes) -> None:
    """The figure, and the facts of the goal."""
    if step.figure and step.figure not in FIGURES:
        mistakes.add(step.lines["figure"], unknown("there is no figure", step.figure, FIGURES))
    if step.figure and step.page != "lessons":
        mistakes.add(step.lines["figure"], "a figure stands on the page lessons: write `page: lessons`")
    if step.page == "lessons" and not step.figure:
        mistakes.add(step.line, "a step on the page lessons shows a figure: name it, or another page")
    for condition in step.goal.conditions if step.goal else ():
        known = facts(_blocks(step))
        if condition.fact not in known:
            mistakes.add(condition.line, unknown("a goal has no", condition.fact, known))
        elif sentence := _impossible(condition.fact, condition.any_of):
            mistakes.add(condition.line, sentence)


def _impossible(fact: str, asked: Collection[str]) -> str:
    """What is said of a goal that nothing can fulfil."""
    there: Iterable[str] = {"page": PARAMETERS, "model": offered()}.get(fact, asked)
    return next(
        (unknown(f"there is no {fact}", name, list(there)) for name in asked if name not in there), ""
    )


def _blocks(step: Step) -> list[str]:
    """The latent blocks of a step's model; of one at hand, whichever models here have."""
    models = offered()
    names = [step.model] if step.model in models else list(models)
    return sorted({block for name in names for block in _blocks_of(models[name])})


@cache
def _blocks_of(folder: Path) -> list[str]:
    try:
        return load(folder).model.blocks
    except CheckpointError:
        return []


def _places(lesson: Lesson) -> list[int]:
    """The numbers of the first step of each place that the lesson leads to."""
    found: list[int] = []
    for number, step in enumerate(lesson.steps):
        others = (lesson.steps[other] for other in found)
        if not any(
            (step.page, step.model, step.values, step.figure) == (at.page, at.model, at.values, at.figure)
            for at in others
        ):
            found.append(number)
    return found


@contextmanager
def _on_the_shelf(folder: Path) -> Iterator[None]:
    """The lessons of a folder are offered: the page of a figure is one of a lesson's."""
    before = os.environ.get(LESSONS_VARIABLE)
    os.environ[LESSONS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[LESSONS_VARIABLE]
        else:
            os.environ[LESSONS_VARIABLE] = before


def not_restored(lesson: Lesson, number: int) -> list[str]:
    """What the page says of a step's link that it cannot restore, as it is opened without a browser."""
    from streamlit.testing.v1 import AppTest

    step = lesson.steps[number]
    at = AppTest.from_file(str(MAIN), default_timeout=PATIENCE)
    at.query_params.update({"lesson": lesson.name, "step": str(number + 1)})
    if step.model:
        at.query_params["model"] = step.model
    at.query_params.update({name: list(texts) for name, texts in step.values.items()})
    at.switch_page(f"views/{step.page}.py")
    at.run()
    said = [element.value for element in (*at.warning, *at.error)] + [error.message for error in at.exception]
    if not said:
        said = [
            f"{name} is {there}, not {', '.join(texts)}"
            for name, texts in step.values.items()
            if name not in WITHOUT_WIDGET.get(step.page, ())
            and not _is(there := at.session_state.get(name, None), texts)
        ]
    return [
        "the link of this step does not restore: " + cleaned(sentence.replace("\\", ""), 300)
        for sentence in said
    ]


def _is(value: object, texts: Sequence[str]) -> bool:
    """Whether a widget says what the address asked it for."""
    there = value if isinstance(value, list | tuple) else [value]
    return len(there) == len(texts) and all(map(_same, there, texts))


def _same(value: object, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) == links.read(text)
    return str(value).lower() == text.lower()
