"""docs/notebooks/: each runs from top to bottom, and is kept without what it printed."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.outside import seen

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [
        cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind
    ]


def ran(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the cells of a notebook leave, run one after the other in a folder, as a notebook does in its `__main__`."""
    module = ModuleType("__main__")
    monkeypatch.chdir(folder)
    monkeypatch.setitem(sys.modules, "__main__", module)
    with seen():
        for number, cell in enumerate(cells(path)):
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), vars(module))
    return vars(module)


def test_there_are_two():
    assert [path.stem for path in NOTEBOOKS] == ["first-model", "own-data-and-model"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_its_outputs(path: Path):
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    assert [cell for cell in cells(path) if cell["outputs"] or cell["execution_count"] is not None] == []
    assert len({cell["id"] for cell in whole["cells"]}) == len(whole["cells"])
    assert cells(path, "markdown")[0]["source"][0].startswith("# ")


@pytest.mark.slow
def test_a_first_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there = ran(NOTEBOOKS[0], tmp_path, monkeypatch)
    assert there["losses"][-1] < there["losses"][0] - 5
    assert there["z"].shape == (447, 8)
    assert there["strips"].shape == (8, 9, 1, 8, 8)
    assert there["numbers"]["negative_elbo"].n == 447
    assert there["kept"].folder == Path("runs/first")


@pytest.mark.slow
def test_own_data_and_an_own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there = ran(NOTEBOOKS[1], tmp_path, monkeypatch)
    assert there["numbers"]["bayes_accuracy"].value > 0.9
    assert there["pair"].model.latents == ["a", "b"]
    assert [each.name for each in there["pair"].card.wants] == ["pair"]
    assert there["theirs"].no_data


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_in_a_kernel(path: Path, tmp_path: Path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
