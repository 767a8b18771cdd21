"""A lesson on paper: one HTML page that needs nothing else, and fetches nothing."""

import re
from html import escape

from markdown_it import MarkdownIt

from latent_explorer.lessons.formulas import mathml
from latent_explorer.lessons.lesson import FORMULA, Lesson, Step
from latent_explorer.menu import title

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 11pt/1.5 Georgia, serif; color: #111; background: #fff; }}
h1, h2 {{ font-family: Arial, Helvetica, sans-serif; line-height: 1.2; }}
h1 {{ font-size: 1.7rem; }} h2 {{ font-size: 1.15rem; margin: 1.6rem 0 0.3rem; }}
.about, .place {{ color: #555; }} .place {{ font-size: 0.85rem; }}
.task, .question {{ border-left: 3px solid #0072b2; padding: 0.1rem 0 0.1rem 0.8rem; margin: 0.6rem 0; }}
.lines {{ border-bottom: 1px solid #bbb; height: 1.8rem; }}
ul.choices {{ list-style: "☐  "; }} math {{ font-size: 1.05em; }}
section {{ break-inside: avoid; }}
/* Answers are on a sheet of their own, which a teacher can keep back. */
.answers {{ break-before: page; }}
@media print {{ body {{ margin: 0; max-width: none; }} }}
</style>
<h1>{title}</h1>
<p class="about">{about} <br>{minutes} minutes, {count} steps. Open it in Latent Explorer: page Lessons.</p>
{steps}
{answers}
</html>
"""


def handout(lesson: Lesson) -> str:
    """All steps of a lesson as an HTML page to print: texts, tasks with room for notes, questions, and the answers at the end."""
    steps = "\n".join(_step(number, step) for number, step in enumerate(lesson.steps, 1))
    answers = [
        f"<li value='{number}'>{shown(step.question.answer)}: {shown(step.question.because)}</li>"
        for number, step in enumerate(lesson.steps, 1)
        if step.question
    ]
    return _PAGE.format(
        title=escape(lesson.title),
        about=shown(lesson.about),
        minutes=lesson.minutes,
        count=len(lesson.steps),
        steps=steps,
        answers=f"<section class='answers'><h2>Answers</h2><ol>{''.join(answers)}</ol></section>"
        if answers
        else "",
    )


def _step(number: int, step: Step) -> str:
    place = " · ".join(filter(None, (f"page {title(step.page)}", step.model and f"model {step.model}")))
    parts = [
        f"<h2>{number}. {shown(step.title)}</h2>",
        f'<p class="place">{escape(place)}</p>',
        shown(step.text, True),
    ]
    if step.task:
        parts.append(f'<div class="task">☐ {shown(step.task)}<div class="lines"></div></div>')
    if step.question:
        choices = "".join(f"<li>{shown(choice)}</li>" for choice in step.question.choices)
        parts.append(
            f'<div class="question">{shown(step.question.ask)}<ul class="choices">{choices}</ul></div>'
        )
    return f"<section>{''.join(parts)}</section>"


def shown(text: str, block: bool = False) -> str:
    """Markdown as HTML, formulas as MathML; HTML and pictures of the text itself stay text.

    >>> shown("a *b* <i>")
    'a <em>b</em> &lt;i&gt;'
    """
    formulas = FORMULA.findall(text)
    number = iter(range(len(formulas)))
    held = FORMULA.sub(
        lambda _: f"\ue000{next(number)}\ue001", text.replace("\ue000", "").replace("\ue001", "")
    )
    markdown = MarkdownIt("commonmark", {"html": False}).disable("image")
    html = markdown.render(held) if block else markdown.renderInline(held)
    return re.sub("\ue000(\\d+)\ue001", lambda found: _formula(formulas[int(found[1])]), html)


def _formula(source: str) -> str:
    return mathml(source.strip("$"), source.startswith("$$"))
