"""docs/bring-your-own-model.md: its Python and its commands run, and what it quotes is what is printed."""

import re
import shlex
from pathlib import Path

import pytest
import torch
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


def test_every_example_runs_and_prints_what_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(projections, "umap", principal_components)
    pair(tmp_path, load_data("digits").images.float() / 255)
    for text in blocks("python"):
        exec(compile(text, "page", "exec"), {"__name__": "page"})
    printed = capsys.readouterr().out
    (quoted,) = blocks("text")
    assert without_numbers(printed)[: len(quoted.strip().splitlines())] == without_numbers(quoted)
    for line in (line for text in blocks("sh") for line in text.splitlines()):
        program, *words = shlex.split(line)
        assert program == "latent-explorer"
        assert cli.main(words) == 0, line
    assert torch.get_num_threads() == 1
    assert {path.name for path in (tmp_path / "runs" / "theirs").iterdir()} >= {"atlas.npz", "encoder.onnx"}
    assert (tmp_path / "vae-mnist-onnx" / "onnx.json").exists()
