"""The wheel: what its build takes along beside the sources."""

import ast
from pathlib import Path

from latent_explorer.site import runtime

HOOK = Path(__file__).parents[1] / "hatch_build.py"


def test_the_build_takes_the_files_along_that_publish_looks_for():
    values = {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(HOOK.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert values["FILES"] == (runtime.MODULE, runtime.WASM)
    assert Path(values["TARGET"]).parts[-2:] == runtime.folders()[0].parts[-2:]
