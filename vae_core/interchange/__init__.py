"""Models to and from other programs, as ONNX: `export_onnx` writes what any of ours is made of, `import_onnx` opens what others have
trained, `bring` what is at hand in Python, `wrap` that without its data, and
`bring_embeddings` codes alone."""

from .bring import bring
from .brought import import_onnx
from .embeddings import bring_embeddings
from .search import Asked
from .wrapped import Wrapped, wrap
from .written import MANIFEST, OPSET, export_onnx

__all__ = [
    "MANIFEST",
    "OPSET",
    "Asked",
    "Wrapped",
    "bring",
    "bring_embeddings",
    "export_onnx",
    "import_onnx",
    "wrap",
]
