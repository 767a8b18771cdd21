"""What the build of the wheel takes along where it is there: onnxruntime-web, which `npm install` in app/ gets and nothing commits.

Without it the wheel is whole but for `latent-explorer publish`, which says what is missing.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# As in `latent_explorer.site.runtime`, which finds them; a test compares.
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
TARGET = "latent_explorer/site/runtime"


class Runtime(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = Path(self.root) / "app" / "node_modules" / "onnxruntime-web" / "dist"
        there = [folder / name for name in FILES if (folder / name).is_file()]
        if len(there) < len(FILES):
            self.app.display_warning(
                "onnxruntime-web is not here: `latent-explorer publish` of this wheel will say so. Run `npm install` in app/ first."
            )
            return
        build_data["force_include"].update({str(path): f"{TARGET}/{path.name}" for path in there})
