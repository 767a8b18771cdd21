"""A lesson: one Markdown file with front matter, a step under each heading `##`, read into types. Every mistake has its line.

A file is a stranger's: it is shown as Markdown, without HTML and without pictures of elsewhere, and nothing in it is run.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from latent_explorer.lessons.front import Block, Mistake, Mistakes, Value, read
from latent_explorer.lessons.goals import Condition, Goal
from vae_core.checkpoints import present_name

MOST_CHARACTERS, MOST_STEPS, MOST_TEXT = 100_000, 40, 2000
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MARKDOWN = MarkdownIt("commonmark")
_FENCE = "---"
_PICTURE = "!["
FORMULA = re.compile(r"\$\$.+?\$\$|(?<!\\)\$[^$\n]+?\$", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """A question with choices; the answer is one of them, and is said with its reason after a guess."""

    ask: str
    choices: tuple[str, ...]
    answer: str
    because: str
    line: int = 0


@dataclass(frozen=True)
class Step:
    """Where it is (a page, a model, values of the address; all of the step before where it says no page), its text, its task and question."""

    title: str
    text: str = ""
    page: str = ""
    model: str = ""
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    task: str = ""
    goal: Goal | None = None
    hint: str = ""
    figure: str = ""
    question: Question | None = None
    line: int = 0  # of its heading
    lines: dict[str, int] = field(default_factory=dict)  # of what a check may speak of


@dataclass(frozen=True)
class Lesson:
    name: str
    title: str
    about: str
    minutes: int
    steps: tuple[Step, ...]
    order: int = 100


class LessonError(ValueError):
    """What is wrong with a file, a sentence with its line for each mistake."""

    def __init__(self, mistakes: list[Mistake]):
        self.mistakes = sorted(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def open_lesson(path: Path, name: str = "") -> Lesson:
    """The lesson in a file; its name is the file's unless it is given. Raises LessonError."""
    try:
        with path.open("rb") as file:
            data = file.read(4 * MOST_CHARACTERS + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LessonError(
            [Mistake(path.name, line, "this is no UTF-8 text: save the file as UTF-8")]
        ) from None
    except OSError as error:
        raise LessonError([Mistake(path.name, 1, f"the file cannot be read ({error.strerror})")]) from None
    return parse(text, name or path.stem, path.name)


def parse(text: str, name: str, file: str = "") -> Lesson:
    """A lesson as it is written. Raises LessonError with every mistake that the text alone shows."""
    mistakes = Mistakes(file or f"{name}.md")
    if not NAME.fullmatch(name):
        mistakes.add(
            1,
            "the file's name is the lesson's in links: use small letters, digits and hyphens, for example two-clouds.md",
        )
    if len(text) > MOST_CHARACTERS:
        raise LessonError([Mistake(mistakes.file, 1, f"a lesson has at most {MOST_CHARACTERS:,} characters")])
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head, start = _front_matter(lines, mistakes)
    title, about = head.text("title", True, 100), head.text("about", True, 300)
    minutes, order, model = (
        head.number("minutes", 1, 600, 5),
        head.number("order", 0, 999, 100),
        head.text("model"),
    )
    head.done("a lesson")
    steps = _steps(lines, start, model, mistakes)
    if not steps:
        mistakes.add(
            len(lines), "there is no step: begin each with a heading, for example `## Look at an image`"
        )
    if len(steps) > MOST_STEPS:
        mistakes.add(steps[MOST_STEPS].line, f"a lesson has at most {MOST_STEPS} steps: make two of it")
    if mistakes.found:
        raise LessonError(mistakes.found)
    return Lesson(name, title, about, minutes, tuple(steps), order)


def _front_matter(lines: list[str], mistakes: Mistakes) -> tuple[Block, int]:
    """The keys between the first two `---`, and the index of the line after them."""
    ends = [i for i, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(ends) < 2 or any(line.strip() for line in lines[: ends[0]]):
        mistakes.add(1, "a lesson begins with `---`, then `title: ...` and `about: ...`, then `---`")
        return Block({}, 1, Mistakes("")), 0
    values = read("\n".join(lines[ends[0] + 1 : ends[1]]), ends[0] + 2, mistakes)
    return Block(values, ends[0] + 1, mistakes), ends[1] + 1


def _steps(lines: list[str], start: int, model: str, mistakes: Mistakes) -> list[Step]:
    tokens = _MARKDOWN.parse("\n".join(lines[start:]))
    heads = [
        t for t in tokens if t.type == "heading_open" and t.tag in ("h1", "h2") and t.level == 0 and t.map
    ]
    begins = [start + (t.map or [0])[0] for t in heads]
    for at, line in enumerate(lines[start : begins[0]] if begins else [], start + 1):
        if line.strip():
            mistakes.add(
                at,
                "text stands before the first step: begin it with a heading, for example `## Look at an image`",
            )
            break
    for head, at in zip(heads, begins, strict=True):
        if head.tag == "h1" or head.markup != "##":
            mistakes.add(
                at + 1,
                "a step begins with two signs: `## Its title` (the lesson's title stands in the front matter)",
            )
    steps: list[Step] = []
    for at, end in zip(begins, [*begins, len(lines)][1:], strict=True):
        steps.append(_step(lines, at, end, steps[-1] if steps else None, model, mistakes))
    return steps


def _step(lines: list[str], at: int, end: int, before: Step | None, model: str, mistakes: Mistakes) -> Step:
    """The step whose heading is line `at`, from 0, up to before line `end`."""
    title = lines[at].lstrip("# ").rstrip(" #")
    if not 1 <= len(title) <= 100:
        mistakes.add(at + 1, "the title of a step has 1 to 100 characters")
    blocks, rest = _blocks(lines, at + 1, end, mistakes)
    text = "\n".join(rest).strip()
    _check_text(title, at + 1, mistakes)
    _check_text("\n".join(rest), at + 2, mistakes)
    if len(text) > MOST_TEXT:
        mistakes.add(
            at + 1,
            f"the text of a step has at most {MOST_TEXT:,} characters, this has {len(text):,}: make two steps of it",
        )
    said = blocks.get("step", Block({}, at + 1, mistakes))
    page, own_model, values = said.text("page", before is None), said.text("model"), said.keys("with")
    task, goal, hint, figure = said.text("task"), said.keys("goal"), said.text("hint"), said.text("figure")
    said.done("a step")
    if not page and (own_model or values):
        mistakes.add(said.line, "a step with “model” or “with” says its page, too")
    if bool(task) != bool(goal):
        mistakes.add(
            said.line,
            "“task” and “goal” go together: the task is what a reader does, the goal how the app sees it",
        )
    for key, about in (("task", task), ("hint", hint)):
        _check_text(about, said.values[key].line if about else 0, mistakes)
    here = (page, present_name(own_model or model), _values(values, mistakes))
    if not page and before:
        here = (before.page, before.model, before.values)
    return Step(
        title, text, *here, task, _goal(goal, mistakes), hint, figure, _question(blocks.get("question"), mistakes),
        at + 1, {key: value.line for key, value in {**said.values, **values}.items()},
    )  # fmt: skip


def _blocks(lines: list[str], start: int, end: int, mistakes: Mistakes) -> tuple[dict[str, Block], list[str]]:
    """The blocks `step` and `question` of a step, and its other lines, empty where a block stood."""
    blocks: dict[str, Block] = {}
    rest = lines[start:end]
    for token in _MARKDOWN.parse("\n".join(rest)):
        kind = token.info.strip()
        if token.type != "fence" or kind not in ("step", "question") or token.map is None or token.level:
            continue
        first, last = token.map
        at = start + first
        if kind in blocks:
            mistakes.add(at + 1, f"this step has two blocks `{kind}`: keep one")
        blocks[kind] = Block(read(token.content, at + 2, mistakes), at + 1, mistakes)
        rest[first:last] = [""] * (last - first)
    return blocks, rest


def _values(values: dict[str, Value], mistakes: Mistakes) -> dict[str, tuple[str, ...]]:
    found = {}
    for key, value in values.items():
        texts = [part.text for part in value.texts] if value.texts else [value.text]
        if not all(texts):
            mistakes.add(
                value.line,
                f"“{key}” is what stands in the address of a page: write one value, or [one, another]",
            )
        found[key] = tuple(text or "" for text in texts)
    return found


def _goal(values: dict[str, Value], mistakes: Mistakes) -> Goal | None:
    conditions = []
    for fact, value in values.items():
        try:
            condition = Condition.of(fact, value)
            conditions.append(condition.renamed(present_name) if fact == "model" else condition)
        except ValueError as error:
            mistakes.add(value.line, str(error))
    return Goal(tuple(conditions)) if conditions else None


def _question(block: Block | None, mistakes: Mistakes) -> Question | None:
    if block is None:
        return None
    ask, choices = block.text("ask", True), block.texts("choices", True)
    answer, because = block.text("answer", True), block.text("because", True, 1000)
    block.done("a question")
    if choices and not 2 <= len(choices) <= 8:
        mistakes.add(block.values["choices"].line, "a question has 2 to 8 choices")
    if len(set(choices)) < len(choices):
        mistakes.add(block.values["choices"].line, "two choices are the same")
    if choices and answer and answer not in choices:
        mistakes.add(
            block.values["answer"].line,
            f"the answer “{answer[:60]}” is none of the choices: write it as it stands there",
        )
    for key, text in (("ask", ask), ("because", because)):
        _check_text(text, block.values[key].line if text else 0, mistakes)
    for choice in choices:
        _check_text(choice, block.values["choices"].line, mistakes)
    return Question(ask, choices, answer, because, block.line)


def _check_text(text: str, line: int, mistakes: Mistakes) -> None:
    """HTML and pictures are refused: the one would not be shown, the others would be fetched from elsewhere.

    Wherever a picture might be read, also in code: readers of Markdown differ in where code begins.
    """
    for at, part in enumerate(text.split("\n"), line):
        if _PICTURE in part:
            mistakes.add(
                at,
                f"pictures are not fetched, so {_PICTURE} is refused: name a page that shows it, or a figure",
            )
    for formula in FORMULA.finditer(text):
        braces = re.sub(r"\\[{}]", "", formula[0])
        if braces.count("{") != braces.count("}"):
            at = line + text[: formula.start()].count("\n")
            mistakes.add(at, "this formula has a brace { or } without its other one: close it")
    masked = FORMULA.sub(lambda formula: re.sub(r"[^\n]", "x", formula[0]), text)
    for token in _inline(_MARKDOWN.parse(masked)):
        if token.type in ("html_block", "html_inline"):
            at = line + token.meta["line"]
            mistakes.add(
                at, "HTML is not shown: write it in Markdown, and a sign such as < as a formula, $<$"
            )


def _inline(tokens: list[Token]) -> list[Token]:
    """All tokens, each with its line, from 0, in `meta`."""
    found: list[Token] = []
    for token in tokens:
        at = token.map[0] if token.map else 0
        token.meta["line"] = at
        found.append(token)
        for child in token.children or ():
            child.meta["line"] = at
            at += child.type in ("softbreak", "hardbreak")
            found.append(child)
    return found
