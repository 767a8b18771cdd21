"""docs/bring-your-own-model.md: its Python and its commands run, and what it quotes is what is printed."""

import re
import shlex
from pathlib import Path

import pytest
from latent_explorer import cli

from tests.conftest import principal_components
from tests.support.foreign import pair
from vae_core import projections
from vae_core.data import load_data

PAGE = (Path(__file__).parents[1] / "docs" / "bring-your-own-model.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for found, text in FENCE.findall(PAGE) if found == kind]


def without_numbers(text: str) -> list[str]:
    """What is said but for measured numbers, which depend on the machine."""
    return [re.sub(r"\d*\.\d+|\b\d\b", "#", line) for line in text.strip().splitlines()]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(projections, "umap", principal_components)
    return tmp_path


def run_python() -> None:
    """One after the other, as in a notebook. What needs another framework is told as `py`, and run by hand."""
    names = {"__name__": "page"}
    for text in blocks("python"):
        exec(compile(text, "page", "exec"), names)


@pytest.mark.slow
def test_the_recipe_runs_and_prints_what_is_quoted(there: Path, capsys: pytest.CaptureFixture[str]):
    run_python()
    printed = capsys.readouterr().out
    (quoted,) = blocks("text")
    assert without_numbers(printed)[: len(quoted.strip().splitlines())] == without_numbers(quoted)


@pytest.mark.slow
def test_every_command_runs(there: Path):
    pair(there, load_data("digits").images.float() / 255)
    run_python()
    for line in (line for text in blocks("sh") for line in text.splitlines()):
        program, *words = shlex.split(line)
        assert program == "latent-explorer"
        assert cli.main(words) == 0, line
    assert (there / "runs" / "codes-again" / "pictures.npy").exists()
    assert {path.name for path in (there / "runs" / "theirs").iterdir()} >= {"atlas.npz", "encoder.onnx"}
    assert (there / "vae-mnist-onnx" / "onnx.json").exists()
