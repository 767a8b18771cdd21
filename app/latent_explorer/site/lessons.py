"""The lessons of a site: those that need no more than its pages, its models, and what it knows of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from latent_explorer.lessons import shelf
from latent_explorer.lessons.goals import Condition
from latent_explorer.lessons.handout import shown
from latent_explorer.lessons.lesson import Lesson, LessonError, Step
from latent_explorer.lessons.places import PARAMETERS

# The app's pages, and the views of a site that answer their questions.
VIEWS = {
    "start": "start",
    "map": "map",
    "live": "live",
    "generate": "samples",
    "interpolate": "between",
    "traverse": "between",
    "rate_distortion": "frontier",
}
CONTROLS = ("start", "live")
DECODING = ("start", "live", "samples", "between", "frontier")

# Names of an address that a site reads too.
NAMES = {"item", "seed", "temperature", "class", "move", "drawing", "hidden", "selection", "block", "start"}
# Facts that a site knows, beside those of a block.
FACTS = NAMES | {"page", "model", "moved", "own_image", "class_of_code", "sure", "distance", "selected"}
FACTS |= {"selected_class"}

Pages = Mapping[str, Mapping[str, Any]]


def lessons(pages: Pages, folder: Path | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The lessons that a site of these pages holds, as it reads them; and of each of the folder's that it does not hold, why."""
    told, left = [], []
    own = {path.stem: path for path in shelf.files(folder)} if folder else {}
    for name, path in {**shelf.LESSONS, **own}.items():
        try:
            lesson = shelf.read(name, path)
        except LessonError as error:
            left.append(str(error.mistakes[0]))
            continue
        if sentence := lacking(lesson, pages):
            left += [f"{path.name} {sentence}"] if name in own else []
        else:
            told.append((name not in own, lesson.order, name, _told(lesson)))
    return [each for *_, each in sorted(told, key=lambda one: one[:3])], left


def lacking(lesson: Lesson, pages: Pages) -> str:
    """What a lesson asks for and a site of these pages has not, of the first step that does; empty where it has all."""
    for number, step in enumerate(lesson.steps, 1):
        for name in [step.model] if step.model else pages:
            if sentence := _lacking(step, name, pages):
                return f"is not on the site: its step {number} {sentence}"
    return ""


def _lacking(step: Step, name: str, pages: Pages) -> str:
    view = VIEWS.get(step.page)
    if view is None:
        return f"is on the page {step.page}, which a site has not"
    if name not in pages:
        return f"is about {name}: publish it too"
    page = pages[name]
    if view in DECODING and page["noDecoder"]:
        return f"decodes, and {name} cannot: {page['noDecoder']}"
    betas: Iterable[str] = page.get("betas", {})
    if view == "frontier" and not betas:
        return f"is about betas, and {name} was trained for one"
    names = (NAMES & set(PARAMETERS[step.page])) - ({"start"} if step.page not in CONTROLS else set())
    names |= {f"beta_{block}" for block in betas}
    if unread := [given for given, texts in step.values.items() if given not in names or len(texts) > 1]:
        return f"sets {unread[0]}, which a site does not read on its page"
    for condition in step.goal.conditions if step.goal else ():
        if sentence := _untold(condition, page, pages):
            return sentence
    return ""


def _untold(condition: Condition, page: Mapping[str, Any], pages: Pages) -> str:
    """Why a site cannot tell whether a condition holds."""
    fact = condition.fact
    there: Mapping[str, Iterable[str]] = {"page": VIEWS, "model": pages}
    if unknown := [text for text in condition.any_of if text not in there.get(fact, condition.any_of)]:
        return f"leads to the {fact} {unknown[0]}, which is not on the site"
    blocks = [block["name"] for block in page.get("blocks", ())]
    kept = page.get("kept", {})
    known = (
        FACTS | {f"moved_{block}" for block in blocks} | {f"beta_{block}" for block in page.get("betas", {})}
    )
    known |= {f"{each}_{block}" for block in kept for each in ("rate", "active")}
    return "" if fact in known else f"asks for {fact}, which a site does not know"


def _told(lesson: Lesson) -> dict[str, Any]:
    """A lesson as the page reads it: texts as HTML, goals as data."""
    return {
        "name": lesson.name,
        "title": lesson.title,
        "about": shown(lesson.about),
        "minutes": lesson.minutes,
        "steps": [_step(step) for step in lesson.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    asked = [("model", step.model)] if step.model else []
    asked += [("page", VIEWS[step.page])]
    asked += [(name, text) for name, texts in step.values.items() for text in texts]
    question = step.question
    return {
        "title": shown(step.title),
        "text": shown(step.text, True),
        "query": urlencode(asked, safe="~"),
        "task": shown(step.task),
        "hint": shown(step.hint),
        "goal": [_condition(condition) for condition in step.goal.conditions] if step.goal else [],
        "question": question
        and {
            "ask": shown(question.ask),
            "choices": [{"text": choice, "shown": shown(choice)} for choice in question.choices],
            "answer": question.answer,
            "because": f"{shown(question.answer)}. {shown(question.because)}",
        },
    }


def _condition(condition: Condition) -> dict[str, Any]:
    """The fact, and what holds of it; what says nothing is left out."""
    told: dict[str, Any] = {"fact": condition.fact}
    if condition.present is not None:
        return told | {"present": condition.present}
    if condition.none_of:
        return told | {"noneOf": condition.none_of}
    if condition.any_of:
        return told | {"anyOf": list(condition.any_of)}
    if math.isfinite(condition.low):
        told |= {"above" if condition.open_low else "least": condition.low}
    if math.isfinite(condition.high):
        told |= {"below" if condition.open_high else "most": condition.high}
    return told


def pages_of_views() -> dict[str, Sequence[str]]:
    """By view, the app's pages that it stands for."""
    return {
        view: [page for page, of in VIEWS.items() if of == view] for view in dict.fromkeys(VIEWS.values())
    }
