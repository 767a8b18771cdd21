"""docs/notebook.md: its blocks run, one after the other, as in one notebook."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "notebook.md").read_text(encoding="utf-8")


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    there: dict[str, Any] = {"__name__": "notebook"}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "docs/notebook.md", "exec"), there)
    assert there["losses"]
    assert (there["z"]["z_l"].shape, there["z"]["z_u"].shape) == ((297, 10), (297, 4))
    assert there["sevens"].shape == (16, 1, 8, 8)
    assert there["row"].shape == (10, 1, 8, 8)
    assert there["strips"].shape == (4, 7, 1, 8, 8)
    assert np.isfinite(there["numbers"]["negative_elbo"].value)
    assert there["kept"].name == "mine"
