"""What a server hands out of the folders with browser code, asked without a browser; it was started elsewhere."""

import urllib.error
import urllib.request
from pathlib import Path

import latent_explorer
import pytest
from latent_explorer.components import shared

COMPONENTS = Path(latent_explorer.__file__).parent / "components"


@pytest.fixture(scope="module")
def folder(address: str) -> str:
    return f"{address}/_stcore/bidi-components/{shared.DISTRIBUTION}.map"


@pytest.mark.parametrize("path", ["map/index.js", "map/style.css", "shared/live.js"])
def test_the_server_hands_out_browser_code(folder: str, path: str):
    with urllib.request.urlopen(f"{folder}/{path}") as answer:
        assert answer.read() == (COMPONENTS / path).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "map/__init__.py",
        "map/__pycache__/__init__.cpython-311.pyc",
        "map/__init__%2Epy",
        "shared/../map/selection.py",
        "map/view.test.js",
    ],
)
def test_the_server_hands_out_nothing_else_of_the_folder(folder: str, path: str):
    """Compiled Python names the server's own folders."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{folder}/{path}")
    with refused.value as answer:
        assert answer.code in (400, 404)
