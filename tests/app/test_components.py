"""The browser's code as Streamlit finds and serves it, and what it shares with Python."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latent_explorer import protocol
from latent_explorer.components import shared
from latent_explorer.components.map.selection import inside
from latent_explorer.live import route
from streamlit.components.v2.manifest_scanner import scan_component_manifests

from vae_core.serving import Asked, Request

ROOT = Path(__file__).parents[2]
PACKAGE = Path(str(find_spec("latent_explorer").origin)).parent  # type: ignore[union-attr]
COMPONENTS = PACKAGE / "components"
FOLDERS = sorted(path.parent.name for path in COMPONENTS.glob("*/index.js"))
AGREED = json.loads(Path(__file__).with_name("agreed.json").read_text(encoding="utf-8"))


def test_the_package_under_test_is_the_one_of_this_checkout():
    assert PACKAGE == ROOT / "app" / "latent_explorer"


def test_streamlit_finds_every_folder_with_browser_code_and_serves_it_from_where_the_package_lies():
    [(manifest, root)] = [
        found for found in scan_component_manifests() if found[0].name == shared.DISTRIBUTION
    ]
    assert root == PACKAGE
    assert sorted(each.name for each in manifest.components) == FOLDERS
    assert {each.resolve_asset_root(root) for each in manifest.components} == {COMPONENTS}


def test_every_component_has_its_python_its_style_and_no_module_without_a_component():
    for folder in FOLDERS:
        assert {"__init__.py", "index.js", "style.css"} <= {
            path.name for path in (COMPONENTS / folder).iterdir()
        }
    assert {path.parent.name for path in COMPONENTS.rglob("*.js")} == {*FOLDERS, "shared"}


def imported(path: Path) -> Iterator[Path]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if " from " in line and line.startswith(("import", "}")):
            yield (path.parent / line.split('"')[1]).resolve()


def test_a_module_imports_files_of_its_folder_and_of_shared_that_are_there():
    modules = [path for path in COMPONENTS.rglob("*.js") if not path.name.endswith(".test.js")]
    for path, other in [(module, other) for module in modules for other in imported(module)]:
        assert other.is_file(), f"{path} imports {other}"
        assert other.parent in {path.parent, COMPONENTS / "shared"}, f"{path} imports {other}"


def test_what_both_sides_have_to_agree_on_is_written_from_python():
    assert protocol.TARGET.read_text(encoding="utf-8") == protocol.written(), (
        "run `python -m latent_explorer.protocol`"
    )


class Noting(dict[str, Any]):
    """An object that notes which of its keys were asked for."""

    def __init__(self, *given: Any):
        super().__init__(*given)
        self.keys_read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.keys_read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return super().get(key, default)


def test_a_request_is_read_by_the_names_that_its_form_declares():
    asked = Noting({"model": "a"})
    Request.of(asked)
    assert asked.keys_read == set(Asked.__annotations__)


def test_an_answer_has_the_header_that_its_form_declares():
    written = json.loads(route.pack({"id": 1, "error": "x"})[4:].decode().split("}")[0] + "}")
    assert {"id", "error"} <= set(written)
    assert set(route.AnswerHeader.__annotations__) == {"id", "shape", "codes", "classes", "error", "pause"}


def test_an_envelope_is_the_one_that_the_browser_s_tests_open():
    expected = AGREED["envelope"]
    kinds = {"Uint8Array": np.uint8, "Uint16Array": np.uint16, "Uint32Array": np.uint32}
    arrays = [np.array(values, kinds[kind]) for kind, values in expected["arrays"]]
    assert base64.b64encode(shared.pack(expected["header"], *arrays)).decode() == expected["base64"]


def test_a_lasso_selects_what_the_browser_s_tests_select():
    lasso = AGREED["lasso"]
    assert inside(lasso["polygon"], np.array(lasso["points"])).tolist() == lasso["inside"]


# ---- an installed package


@pytest.mark.slow
def test_a_wheel_holds_the_browser_code_and_streamlit_finds_it_there(tmp_path: Path):
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    if "Could not find a version that satisfies the requirement hatchling" in built.stderr:
        pytest.skip("a wheel is built with hatchling, which cannot be fetched here")
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    names = {path.relative_to(site).as_posix() for path in site.rglob("*.*")}
    for folder in FOLDERS:
        assert f"latent_explorer/components/{folder}/index.js" in names
    assert not [name for name in names if name.endswith(".test.js") or "node_modules" in name]
    code = (
        "from streamlit.components.v2.manifest_scanner import scan_component_manifests as scan;"
        "print(*(str(root) for manifest, root in scan() if manifest.name == 'latent-explorer'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(found.stdout.split()) == {str(site / "latent_explorer")}


def test_the_manifest_names_the_distribution_that_the_project_has():
    names = [
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
        for path in (ROOT / "pyproject.toml", PACKAGE / "pyproject.toml")
    ]
    assert names == [shared.DISTRIBUTION] * 2


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: its tests run where it is")
def test_the_browser_s_modules_need_nothing_but_what_lies_beside_them():
    """Node loads the pure ones without a browser and without anything installed."""
    pure = ["map/polygons.js", "map/points.js", "map/view.js", "controls/state.js", "image_grid/cells.js"]
    code = ";".join(f'await import("{(COMPONENTS / path).as_uri()}")' for path in pure)
    subprocess.run(["node", "--input-type=module", "-e", code], check=True, capture_output=True)
