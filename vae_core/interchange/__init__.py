"""Models to and from other programs, as ONNX: `export_onnx` writes what any of ours is made of, `import_onnx` opens what others have trained."""

from .brought import import_onnx
from .finding import Asked
from .written import MANIFEST, OPSET, export_onnx

__all__ = ["MANIFEST", "OPSET", "Asked", "export_onnx", "import_onnx"]
