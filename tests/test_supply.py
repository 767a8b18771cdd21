"""What the project wants of others: a lowest version of each, and bounds where an import has broken before."""

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_has_a_lowest_version():
    found = dict(line.split("==") for line in script("lowest").lowest(PROJECT))
    assert found["torch"] == "2.11"
    assert found["torchvision"] == "0.26"
    assert "starlette" in found
    with pytest.raises(ValueError, match="torchvision has no lowest version"):
        script("lowest").lowest({"dependencies": ["torchvision"], "optional-dependencies": {"dev": []}})


def test_the_page_and_the_route_are_bound_to_one_server():
    """Streamlit 2 and Starlette 2 may take away what the route is built on."""
    bounds = {line.partition(">")[0].partition("<")[0]: line for line in PROJECT["dependencies"]}
    assert "<2" in bounds["streamlit"]
    assert "<2" in bounds["starlette"]


def test_every_licence_is_known_to_be_free(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.argv", ["licences.py"])
    assert script("licences").main() == 0, capsys.readouterr().err
    assert "| numpy |" in capsys.readouterr().out
