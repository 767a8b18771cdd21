"""Models to and from other programs, as ONNX: `export_onnx` writes what any of ours is made of."""

from .written import MANIFEST, OPSET, export_onnx

__all__ = ["MANIFEST", "OPSET", "export_onnx"]
