"""The bundled lessons in a browser, each from its first step to its last: every task is done by hand, and the app sees it."""

from collections.abc import Callable
from math import cos, pi, sin
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from latent_explorer.lessons.lesson import Lesson
from latent_explorer.lessons.shelf import BUNDLED, files, open_lesson

from tests.browser.faults import Watch
from tests.browser.pressing import settle
from tests.support.driving import served

pytestmark = pytest.mark.browser

Act = Callable[[Any], None]
STRIP = ".st-key-lesson-strip"
DONE = f"{STRIP} [data-testid=stMarkdownContainer]:has-text('Done.')"


def handle(name: str, *keys: str) -> Act:
    def act(page: Any) -> None:
        page.locator(f"[data-handle='{name}']").focus()
        for key in keys:
            page.keyboard.press(key)

    return act


def chosen(label: str, option: str) -> Act:
    def act(page: Any) -> None:
        box = page.get_by_role("combobox", name=label).first
        box.click()
        box.fill(option)  # of a long list those in view alone are there
        page.get_by_role("option", name=option, exact=True).click()

    return act


def clicked(role: str, name: str) -> Act:
    return lambda page: page.get_by_role(role, name=name, exact=True).first.click()


def typed(label: str, text: str) -> Act:
    def act(page: Any) -> None:
        field = page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Enter")

    return act


def beta(block: str, *keys: str) -> Act:
    def act(page: Any) -> None:
        slider = page.locator(f".st-key-beta_{block}").locator("[role=slider], input[type=range]").first
        slider.focus()
        for key in keys:
            page.keyboard.press(key)

    return act


def slid(label: str, *keys: str) -> Act:
    def act(page: Any) -> None:
        slider = page.get_by_role("slider", name=label).first
        slider.focus()
        for key in keys:
            page.keyboard.press(key)

    return act


def each(*acts: Act) -> Act:
    def act(page: Any) -> None:
        for one in acts:
            one(page)
            settle(page)

    return act


def panel(page: Any, block: str) -> dict[str, float]:
    canvas = page.locator(f".latent-map .panel[data-panel={block}] canvas:not(.ground)").first
    canvas.wait_for()
    return canvas.bounding_box()


def dot(block: str) -> Act:
    """A click on the first dot that is found."""

    def act(page: Any) -> None:
        box = panel(page, block)
        for share in (0.5, 0.4, 0.6, 0.45, 0.55, 0.35, 0.65, 0.3, 0.7):
            page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.5)
            page.wait_for_timeout(800)
            if "item=" in page.url:
                return

    return act


def lasso(block: str) -> Act:
    def act(page: Any) -> None:
        box = panel(page, block)
        x, y, radius = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["height"] / 4
        page.mouse.move(x + radius, y)
        page.mouse.down()
        for step in range(1, 31):
            page.mouse.move(x + radius * cos(2 * pi * step / 30), y + radius * sin(2 * pi * step / 30))
        page.mouse.up()

    return act


def a_drawing(page: Any) -> None:
    page.locator("summary", has_text="Your own image").first.click()
    paper = page.locator(".sketch .paper")
    paper.wait_for()
    page.wait_for_timeout(800)
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=6)
    page.mouse.up()


def drawn(page: Any) -> None:
    """A stroke on the paper of the first page."""
    page.get_by_role("button", name="Draw an image").click()
    box = page.locator(".first .pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8, steps=6)
    page.mouse.up()


def started(page: Any) -> None:
    page.get_by_test_id("stMain").get_by_role("button", name="Start", exact=True).click()


def steered(label: str, value: str) -> Act:
    """A number below the curves, while the model trains."""

    def act(page: Any) -> None:
        field = page.locator(".training").get_by_role("spinbutton", name=label)
        field.fill(value)
        field.press("Enter")

    return act


def patient(page: Any) -> None:
    """What is asked for comes by itself."""


# What is done at each step that has a task.
ACTS: dict[str, list[Act | None]] = {
    "numbers-that-make-images": [
        handle("z[7]", "ArrowRight"),
        clicked("radio", "Prior"),
        chosen("Dimension", "z[7]"),
        chosen("Dimension", "z[13]"),
        handle("z_l[8]", "End"),
    ],
    "a-cloud-not-a-point": [
        dot("z"),
        handle("z[7]", "ArrowRight"),
        each(handle("z[7]", "Home"), handle("z[3]", "End"), handle("z[4]", "End")),
        clicked("radio", "Classes"),
        slid("Steps", "End"),
    ],
    "the-price-of-information": [
        beta("z", "End"),
        beta("z", "Home"),
        beta("z", "End"),
        beta("z", "Home"),
        beta("z", "End", *["ArrowLeft"] * 10),
    ],
    "class-and-style-apart": [
        lasso("z_l"),
        lambda page: page.locator(".live-controls [data-class='8']").click(),
        typed("Images, by number", "18, 32"),
        handle("z_l[7]", "End"),
        clicked("radio", "All models"),
    ],
    "disentangled-or-not": [
        each(handle("z[0]", "ArrowRight"), handle("z[4]", "ArrowRight")),
        chosen("Model", "beta-tcvae-sprites"),
        chosen("Dimension", "z[4]"),
        handle("z[4]", "ArrowRight"),
        chosen("Model", "vae-sprites"),
    ],
    "priors-and-their-holes": [
        slid("Temperature (factor on the prior’s standard deviation σ)", "Home"),
        chosen("Compare with", "vae-mnist-vamp"),
        clicked("radio", "Components"),
        clicked("radio", "normal"),
    ],
    "ppca-the-linear-ancestor": [
        chosen("Dimension", "z[3]"),
        typed("Steps of EM", "5"),
        each(*[clicked("button", "One more")] * 4),
        clicked("radio", "All models"),
        typed("Seed", "4"),
    ],
    "the-trick": [
        clicked("radio", "30"),
        typed("Seed", "3"),
        typed("Dimension", "1"),
        clicked("radio", "1000"),
    ],
    "two-stages": [
        dot("u"),
        typed("First image", "30"),
        chosen("Hold", "z"),
        clicked("radio", "Components"),
        lambda page: (
            page.locator("[data-handle^='u[']").first.focus(),
            page.keyboard.press("ArrowRight"),
        ),
    ],
    "a-first-look": [
        handle("z_u[1]", "ArrowRight"),
        drawn,
        lambda page: page.locator(".live-controls [data-class='8']").click(),
        lasso("z_l"),
        beta("z_u", "End"),
    ],
    "few-labels": [
        chosen("Class", "7"),
        chosen("Class", "7"),
        clicked("radio", "Calibration"),
        clicked("radio", "Components"),
        a_drawing,
    ],
}
LESSONS = {path.stem: open_lesson(path) for path in files(BUNDLED)}


# These begin trainings, which take minutes.
OF_TRAINING: dict[str, list[Act | None]] = {
    "your-first-vae": [started, patient, patient, clicked("button", "Open on the map")],
    "a-collapse-and-its-cure": [started, started],
    "asleep-and-awake": [started, steered("β", "8"), steered("β", "0.5")],
    "with-and-without-the-class": [started, steered("class weight", "20"), patient],
}


def test_every_bundled_lesson_is_walked():
    assert set(ACTS) | set(OF_TRAINING) == set(LESSONS)
    assert all(len(acts) == len(LESSONS[name].steps) for name, acts in {**ACTS, **OF_TRAINING}.items())
    assert all(step.goal for lesson in LESSONS.values() for step in lesson.steps)


def query(page: Any) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def answer(page: Any, lesson: Lesson, number: int) -> None:
    """Guess right, and see that it was."""
    question = lesson.steps[number].question
    assert question is not None
    page.locator(STRIP).get_by_role("button", name="Question").click()
    over = page.get_by_test_id("stPopoverBody")
    over.get_by_text(question.answer, exact=True).click()
    over.get_by_text("Right.").wait_for()
    page.keyboard.press("Escape")
    settle(page)


def walk(
    page: Any,
    bundled: str,
    name: str,
    seen: Callable[[Any, int], None] = lambda page, number: None,
    seconds: float = 90,
) -> None:
    """Through a lesson from its page, as a reader goes, who waits so long for what a step asks for."""
    lesson, watch = LESSONS[name], Watch(page)
    acts = {**ACTS, **OF_TRAINING}[name]
    page.goto(f"{bundled}/lessons")
    page.locator(f".st-key-begin-{name}").get_by_role("link", name="Begin").click()
    for number, step in enumerate(lesson.steps):
        page.wait_for_url(f"**step={number + 1}*")
        settle(page)
        assert query(page)["lesson"] == name
        if step.model:
            assert query(page).get("model", "mr-cdvae-mnist") == step.model
        if step.page == "live":
            page.locator(".live-controls[data-ready=true]").wait_for()
        if step.question:
            answer(page, lesson, number)
        if (act := acts[number]) is not None:
            waits = act is patient  # what it waits for may have come meanwhile
            assert waits or page.locator(DONE).count() == 0, f"step {number + 1} is done before it is begun"
            act(page)
            done = page.locator(DONE).filter(has_text=step.task[:12])  # of this step, not of the one before
            done.wait_for(timeout=1000 * seconds)
            settle(page)
        seen(page, number)
        if number + 1 < len(lesson.steps):
            page.get_by_role("link", name="Next").click()
    assert page.get_by_role("link", name="Next").count() == 0
    assert not watch.faults()


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTS)
def test_a_lesson_leads_from_its_first_step_to_its_last(page: Any, bundled: str, name: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    walk(page, bundled, name)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", OF_TRAINING)
def test_a_lesson_that_trains_leads_from_its_first_step_to_its_last(page: Any, tmp_path: Path, name: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    with served(folder=tmp_path) as address:
        try:
            walk(page, address, name, seconds=400)
        finally:
            page.goto("about:blank")  # before the server ends, whom the page would go on asking
