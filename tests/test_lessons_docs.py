"""docs/lessons.md: its example is a lesson without a mistake, and its table names every fact that a goal may hold."""

import re
from pathlib import Path

import pytest
from latent_explorer.lessons import commands
from latent_explorer.lessons.places import FACTS, OF_BLOCKS

PAGE = (Path(__file__).parents[1] / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_the_example_is_a_lesson_without_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (example,) = re.findall(r"^````markdown\n(.*?)^````", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "middle.md").write_text(example, encoding="utf-8")
    assert commands.Check(tmp_path / "middle.md", links=False).run() == 0, capsys.readouterr().err


def test_every_fact_stands_in_its_table():
    table = PAGE.partition("<!-- facts -->")[2].partition("<!-- /facts -->")[0]
    said = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    known = {**FACTS, **{f"{fact}_BLOCK": is_ for fact, is_ in OF_BLOCKS.items()}}
    assert {name: is_.replace("\\|", "|") for name, is_ in said} == known
