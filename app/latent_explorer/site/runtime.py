"""The files of onnxruntime-web that a site needs: in the wheel, or where `npm install` puts them."""

from pathlib import Path

# The library with its loader in one module, and the WebAssembly that it runs, for processors with vector instructions.
MODULE, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"


def folders() -> list[Path]:
    """Where they may lie: in the package as a wheel has it, and beside the front end's sources."""
    package = Path(__file__).parents[1]
    return [Path(__file__).parent / "runtime", package.parent / "node_modules" / "onnxruntime-web" / "dist"]


def runtime() -> Path:
    """The folder that holds both files. Raises ValueError with one sentence where there is none."""
    for folder in folders():
        if all((folder / name).is_file() for name in (MODULE, WASM)):
            return folder
    raise ValueError(
        "onnxruntime-web, which decodes in the visitor's browser, is not here: run `npm install` in app/, or install the wheel, which holds it"
    )
