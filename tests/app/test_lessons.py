"""Lessons: files that are read or refused by line, goals that read the state, the strip over pages, the hand-out, the commands."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from latent_explorer.lessons import LESSONS_VARIABLE, commands, shelf
from latent_explorer.lessons.facts import _OF_A_BLOCK, _OF_A_MODEL, _OF_THE_APP
from latent_explorer.lessons.figures import FACTS as OF_FIGURES
from latent_explorer.lessons.figures import ppca_em, two_gradients
from latent_explorer.lessons.front import Value
from latent_explorer.lessons.goals import Condition, Fact
from latent_explorer.lessons.handout import handout
from latent_explorer.lessons.lesson import Lesson, LessonError, open_lesson, parse
from latent_explorer.lessons.places import FACTS, OF_BLOCKS, PARAMETERS
from latent_explorer.training.facts import FACTS as OF_RUNS
from streamlit.testing.v1 import AppTest

from tests.support.tiers import first
from vae_core.checkpoints import SUCCESSORS, bundled, load_card
from vae_core.models import linear

Open = Callable[..., AppTest]
APP = Path(commands.__file__).parents[1]
HEAD = "---\ntitle: One\nabout: Two\n---\n"
STEP = "## Three\n\nFour $a<b$.\n\n```step\npage: live\nmodel: vae-digits\nwith: {item: 3}\ntask: Move\ngoal: {moved: 1}\n```\n"
WHOLE = HEAD + "\n" + STEP


def mistakes(text: str, name: str = "one") -> list[tuple[int, str]]:
    with pytest.raises(LessonError) as error:
        parse(text, name)
    return [(mistake.line, mistake.sentence) for mistake in error.value.mistakes]


def test_a_lesson_is_read_as_it_is_written():
    lesson = parse(WHOLE, "one")
    (step,) = lesson.steps
    assert (lesson.title, lesson.about, lesson.minutes) == ("One", "Two", 5)
    assert (step.title, step.text, step.page, step.model) == ("Three", "Four $a<b$.", "live", "vae-digits")
    assert step.values == {"item": ("3",)}
    assert step.goal is not None
    assert [condition.fact for condition in step.goal.conditions] == ["moved"]


def test_a_lesson_that_names_a_model_no_longer_bundled_means_what_took_its_place():
    (gone, now), *_ = SUCCESSORS.items()
    asked = WHOLE.replace("vae-digits", gone).replace("{moved: 1}", f"{{model: [{gone}, vae-digits]}}")
    (step,) = parse(asked, "one").steps
    assert step.goal is not None
    assert step.model == now
    assert [step.goal.done(lambda fact, named=named: named) for named in (now, "vae-digits", gone)] == [
        True,
        True,
        False,
    ]


def test_a_step_without_a_page_stays_where_the_one_before_it_is():
    first, second = parse(WHOLE + "\n## Five\n\nSix\n", "one").steps
    assert (second.page, second.model, second.values) == (first.page, first.model, first.values)
    assert second.goal is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "begins with `---`"),
        ("x\n" + WHOLE, 1, "begins with `---`"),
        (HEAD, 5, "no step"),
        (WHOLE.replace("about: Two", "abuot: Two"), 3, "did you mean about?"),
        (WHOLE.replace("about: Two\n", ""), 1, "“about” is missing"),
        (WHOLE.replace("about: Two", "about: Two: three"), 3, "no YAML"),
        (WHOLE.replace("about: Two", "about: &a Two"), 3, "anchors"),
        (WHOLE.replace("about: Two", "about: !!python/object:os.system Two"), 3, "anchors"),
        (WHOLE.replace("about: Two", "about: Two\nabout: Three"), 4, "twice"),
        (WHOLE.replace("about: Two", "about: Two\nminutes: soon"), 4, "whole number from 1 to 600"),
        (WHOLE.replace("Four", "<script>x</script>"), 8, "HTML"),
        (WHOLE.replace("Four", "![a](https://example.org/a.png)"), 8, "pictures are not fetched"),
        (WHOLE.replace("Four", "`$` ![a](https://example.org/a.png) `$`"), 8, "pictures are not fetched"),
        (WHOLE.replace("task: Move", "task: '<img src=x>'"), 14, "HTML"),
        (WHOLE.replace("task: Move\n", ""), 10, "go together"),
        (WHOLE.replace("page: live\n", ""), 10, "“page” is missing"),
        (WHOLE.replace("moved: 1", 'moved: "> x"'), 15, "which is no number"),
        (WHOLE.replace("moved: 1", "moved: 3 to 2"), 15, "the smaller one first"),
        (WHOLE.replace("moved: 1", "moved: {a: b}"), 15, "says nothing"),
        (WHOLE.replace("with: {item: 3}", "with: item"), 13, "keys of its own"),
        (WHOLE + "\n# Five\n", 18, "two signs"),
        (WHOLE + "\n```question\nask: a\nchoices: [b, c]\nanswer: d\nbecause: e\n```\n", 21, "none of the choices"),
        (WHOLE + "\n```question\nask: a\nchoices: [b]\nanswer: b\nbecause: e\n```\n", 20, "2 to 8 choices"),
        (WHOLE + "\n```step\npage: map\n```\n", 18, "two blocks"),
        (HEAD + "\nFive\n\n" + STEP, 6, "before the first step"),
        (WHOLE + "x" * 200_000, 1, "at most 100,000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, said: str):
    found = mistakes(text)
    assert any(at == line and said in sentence for at, sentence in found), found


def test_every_mistake_is_said_at_once():
    text = (
        WHOLE.replace("about: Two\n", "").replace("task: Move", "tsak: Move").replace("Four", "<b>Four</b>")
    )
    assert len({line for line, _ in mistakes(text)}) >= 3


@pytest.mark.parametrize(
    "block",
    ["[" * 50_000, "a: " + "[" * 3000 + "]" * 3000, "{" * 3000, "a: [" + "b, " * 3000 + "c]", "- a", "\x00", "? [a]\n: b"],
)  # fmt: skip
def test_no_block_of_a_stranger_brings_it_down(block: str):
    assert mistakes(WHOLE.replace("title: One", block))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"---\n\xe9\n", bytes(100)])
def test_files_that_are_no_text_are_refused(tmp_path: Path, data: bytes):
    (tmp_path / "a.md").write_bytes(data)
    with pytest.raises(LessonError):
        open_lesson(tmp_path / "a.md")


@pytest.mark.parametrize(
    ("asked", "holds", "not_so"),
    [
        ("8", ["8", 8, 8.0], ["3", None, True]),
        ("not all", ["z[3]"], ["all", None]),
        ("yes", [1, "a", True], [0, "", None, False]),
        ("no", [0, "", None, False], [1, "a"]),
        ("> 2", [2.1, "3"], [2, None, "x", True, float("nan")]),
        ("<= 2", [2, -1.0], [2.1, None]),
        ("1 to 2", [1, 1.5, 2], [0.9, 2.1]),
        (["7", "8"], ["7", 8, ["1", "8"]], ["9", None, []]),
    ],
)
def test_conditions_hold_of_what_they_say(asked: str | list[str], holds: list[Fact], not_so: list[Fact]):
    value = (
        Value(1, text=asked)
        if isinstance(asked, str)
        else Value(1, texts=tuple(Value(1, text=each) for each in asked))
    )
    condition = Condition.of("x", value)
    assert all(condition.holds(each) for each in holds)
    assert not any(condition.holds(each) for each in not_so)


def test_every_fact_that_a_goal_may_name_is_told():
    assert set(FACTS) == {*_OF_THE_APP, *_OF_A_MODEL, *OF_FIGURES, *OF_RUNS}
    assert set(OF_BLOCKS) == set(_OF_A_BLOCK)


def test_a_lesson_may_name_every_widget_of_every_page():
    """But those of Measure, and of a visitor's own image, that start something or hold nothing."""
    rooms = ("views", "sections", "parts", "live", "user_image", "lessons/figures")
    source = "\n".join(path.read_text("utf-8") for room in rooms for path in (APP / room).rglob("*.py"))
    bound = set(re.findall(r'key="([\w-]+)",\s*bind="query-params"', source))
    assert len(bound) > 15
    assert bound <= set().union(*PARAMETERS.values())
    views = {path.stem for path in (APP / "views").glob("*.py")}
    assert set(PARAMETERS) == views


def test_the_bundled_lessons_are_read_in_their_order():
    good, bad = shelf.readable()
    assert not bad
    assert [lesson.name for lesson in good][:2] == ["numbers-that-make-images", "a-cloud-not-a-point"]
    assert len(good) == 15


# Decimals of the bundled lessons that are no number of a card: of the atlas, of the data, of arithmetic.
OF_NO_CARD = {"2.18", "0.87", "0.00", "0.13", "0.42", "11.35", "5.5"}


def told(lesson: Lesson) -> list[str]:
    """What a lesson says, but for the answers that are wrong."""
    said = [text for step in lesson.steps for text in (step.text, step.hint)]
    return said + [
        text
        for step in lesson.steps
        if (asked := step.question)
        for text in (asked.ask, asked.answer, asked.because)
    ]


@pytest.mark.parametrize(
    "lesson",
    [one for one in shelf.readable()[0] if any(step.model for step in one.steps)],
    ids=lambda one: one.name,
)
def test_what_a_bundled_lesson_says_was_measured_stands_in_the_cards_of_its_models(lesson: Lesson):
    known = []
    for name in {step.model for step in lesson.steps} - {""}:
        card = load_card(bundled()[name])
        points = card.frontier.points if card.frontier else ()
        found = [number.value for number in card.metrics.values()]
        found += [
            value
            for point in points
            for value in (point.distortion.value, point.rate, point.distortion.value + point.rate)
        ]
        known += [*found, *(100 * value for value in found)]
    for text in told(lesson):
        for word in re.findall(r"(?<![\d.])\d+\.\d+(?!\d)", text):
            digits = len(word.partition(".")[2])
            assert word in OF_NO_CARD or float(word) in {round(value, digits) for value in known}, text


@pytest.mark.parametrize("name", SUCCESSORS)
def test_no_bundled_lesson_names_a_model_that_is_no_more(name: str):
    assert [
        path.name
        for path in shelf.files(shelf.BUNDLED)
        if name in re.findall(r"[\w-]+", path.read_text(encoding="utf-8"))
    ] == []


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lesson:
    more = (
        WHOLE
        + "\n```question\nask: Which?\nchoices: [b, c]\nanswer: c\nbecause: So.\n```\n\n## Five\n\nSix\n"
    )
    (tmp_path / "own.md").write_text(more, "utf-8")
    monkeypatch.setenv(LESSONS_VARIABLE, str(tmp_path))
    return open_lesson(tmp_path / "own.md")


def words(at: AppTest) -> str:
    return " ".join(element.value for element in (*at.markdown, *at.warning))


def test_the_strip_says_the_step_and_sees_that_its_task_is_done(open_page: Open, lesson: Lesson):
    named = {"model": "vae-digits", "item": "3", "lesson": "own", "step": "1"}
    at = open_page("views/live.py", **named)
    assert not at.exception
    assert "**Three.** Four" in words(at)
    assert "Done." not in words(at)
    assert "Done." in words(open_page("views/live.py", **named, move="z.0~0.5"))


def test_an_answer_is_said_after_a_guess(open_page: Open, lesson: Lesson):
    at = open_page("views/live.py", model="vae-digits", lesson="own", step="1")
    assert "So." not in words(at)
    radio = next(each for each in at.radio if each.key == "guess-own-0")
    assert "**No: c.** So." in words(radio.set_value("b").run())
    assert "**Right.** So." in words(radio.set_value("c").run())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lesson": "nix"}, "lesson “nix”"),
        ({"lesson": "own", "step": "9"}, "step “9”"),
        ({"lesson": "own", "step": "x"}, "step “x”"),
        ({"lesson": "own", "step": "2"}, "Six"),
    ],
)
def test_links_to_a_lesson_say_what_they_cannot_open(
    open_page: Open, lesson: Lesson, asked: dict[str, str], said: str
):
    at = open_page("views/traverse.py", model="vae-digits", **asked)
    assert not at.exception
    assert said in words(at)


def test_a_lesson_goes_along_to_other_pages(open_page: Open, lesson: Lesson):
    at = open_page("views/live.py", model="vae-digits", lesson="own", step="2")
    at.switch_page("views/traverse.py").run()
    assert "**Five.** Six" in words(at)


@pytest.mark.slow
def test_the_shelf_shows_every_lesson_and_what_is_wrong_with_one(
    open_page: Open, lesson: Lesson, tmp_path: Path
):
    (tmp_path / "bad.md").write_text("nothing", "utf-8")
    at = open_page("views/lessons.py", model="vae-digits")
    assert not at.exception
    assert "**One**" in words(at)
    assert "Numbers that make images" in words(at)
    assert "begins with" in words(at)


def test_the_hand_out_holds_every_step_and_fetches_nothing(lesson: Lesson):
    page = handout(lesson)
    assert all(
        text in page
        for text in ("1. Three", "2. Five", '<mi>a</mi><mo stretchy="false">&lt;</mo><mi>b</mi>', "So.")
    )
    assert "default-src 'none'" in page
    assert "page What beta does" in handout(open_lesson(shelf.BUNDLED / "the-price-of-information.md"))
    assert re.search(r"\.answers \{ break-before: page", page)  # a sheet that a teacher can keep back
    assert not re.search(r"https?://|<script|<img|src=", page)


@pytest.mark.parametrize("path", shelf.files(shelf.BUNDLED), ids=lambda path: path.stem)
def test_every_formula_of_a_bundled_lesson_stands_on_its_hand_out(path: Path):
    page = handout(open_lesson(path))
    assert "$" not in page
    assert not re.search(r"<code>[^<]*\\", page)


def test_a_new_lesson_is_checked_and_nothing_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert commands.New("two-clouds", tmp_path).run() == 0
    assert commands.Check(tmp_path / "two-clouds.md", links=False).run() == 0
    assert "nothing is wrong" in capsys.readouterr().out
    with pytest.raises(ValueError, match="exists"):
        commands.New("two-clouds", tmp_path).run()
    with pytest.raises(ValueError, match="no name"):
        commands.New("Two Clouds", tmp_path).run()


def checked(tmp_path: Path, text: str, links: bool, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    file = tmp_path / "one.md"
    file.write_text(text, "utf-8")
    code = commands.Check(file, links=links).run()
    return code, " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("change", "line", "said"),
    first(
        [
            (("page: live", "page: lvie"), 11, "did you mean live?"),
            (("model: vae-mnist", "model: vae-mnits"), 12, "did you mean vae-mnist?"),
            (("item: 3", "itme: 3"), 13, "did you mean item?"),
            (("moved: 1", "mvoed: 1"), 15, "did you mean moved?"),
            (("moved: 1", "active_q: 1"), 15, "a goal has no"),
            (("moved: 1", "page: nowhere"), 15, "there is no page"),
            (("task: Move", "task: Move\nfigure: nix"), 15, "there is no figure"),
        ],
    ),
)
def test_names_that_are_not_there_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], line: int, said: str
):
    code, found = checked(tmp_path, WHOLE.replace("vae-digits", "vae-mnist").replace(*change), False, capsys)
    assert code == 2
    assert f"one.md:{line}:" in found
    assert said in found


@pytest.mark.slow
def test_a_link_that_does_not_restore_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = WHOLE.replace("vae-digits", "vae-mnist").replace("item: 3", "item: 10000000")
    code, found = checked(tmp_path, text, True, capsys)
    assert code == 2
    assert "one.md:13:" in found
    assert "does not restore" in found


@pytest.mark.slow
def test_every_link_of_the_bundled_lessons_restores(capsys: pytest.CaptureFixture[str]):
    assert commands.Check(shelf.BUNDLED).run() == 0, capsys.readouterr().err


def test_the_figure_of_em_ends_at_the_closed_form():
    fits, values = ppca_em._fits(0)
    best, top = ppca_em._best()
    assert all(after >= before - 1e-9 for before, after in itertools.pairwise(values))
    assert values[0] < top - 1
    assert 0 <= top - values[-1] < 1e-3
    assert linear.log_likelihood(ppca_em.digits.moments(), fits[-1]) == values[-1]
    assert abs(best.variance - fits[-1].variance) < 1e-4


def test_the_figure_of_gradients_averages_to_what_is_exact():
    score, slope = two_gradients._estimates(100, 0)
    exact = linear.elbo_slope(
        two_gradients._fit(), two_gradients.digits.points()[0], slope.new_zeros(slope.shape[1])
    )
    for found in (score, slope):
        assert ((found.mean(0) - exact).abs() < 4 * found.std(0) / len(found) ** 0.5).all()
    assert (score.std(0) > 2 * slope.std(0)).all()


def test_every_lesson_of_a_folder_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "first.md").write_text("no lesson\n")
    text = "---\ntitle: T\nabout: A\n---\n\n## One\n\nHalf of $\\frac{a}{b $ is missing.\n\n```step\npage: map\n```\n"
    (tmp_path / "second.md").write_text(text)
    assert commands.Check(tmp_path, links=False).run() == 2
    told = capsys.readouterr()
    both = told.out + told.err
    assert "first.md:1: a lesson begins with" in both
    assert "second.md:8: this formula has a brace" in both


def test_a_new_lesson_names_every_page():
    told = (shelf.BUNDLED.parent / "template.md").read_text(encoding="utf-8")
    assert all(re.search(rf"\b{page}\b", told.partition("page: live")[0]) for page in PARAMETERS)
