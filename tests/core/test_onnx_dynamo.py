"""Graphs that torch's newer exporter writes, `torch.onnx.export(..., dynamo=True)`: free and fixed batches, odd names, weights in a second file,
functions that were not inlined."""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.conftest import principal_components
from tests.support.foreign import Decoder, Encoder
from vae_core import projections
from vae_core.data import load_data
from vae_core.explore import decode, encode
from vae_core.interchange import import_onnx

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not importlib.util.find_spec("onnxscript"), reason="onnxscript is not installed"),
]

FREE = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
CASES: dict[str, tuple[int, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a batch of one": (1, {}, {}, {}),
    "a fixed batch": (3, {}, {}, {}),
    "a free batch": (2, FREE, {}, {}),
    "odd names": (
        2,
        FREE,
        {"input_names": ["pixel.values"], "output_names": ["head/mu:0", "head/logvar:0"]},
        {"input_names": ["latent-code"], "output_names": ["recon x"]},
    ),
    "the newest opset": (2, {**FREE, "opset_version": 23}, {}, {}),
    "one file, not optimised": (2, {**FREE, "external_data": False, "optimize": False}, {}, {}),
}


def exported(net: nn.Module, example: torch.Tensor, path: Path, **options: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), (example,), str(path), dynamo=True, verbose=False, **options)
    return path


@pytest.mark.filterwarnings("ignore")  # of the exporter
@pytest.mark.parametrize("case", CASES)
def test_what_the_newer_exporter_writes_comes_in(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(projections, "umap", principal_components)
    size, options, of_encoder, of_decoder = CASES[case]
    images = load_data("digits").images.float() / 255
    net = Encoder(images)
    back = Decoder(net, (1, 8, 8))
    encoder = exported(net, images[:size], tmp_path / "e.onnx", **options, **of_encoder)
    decoder = exported(back, torch.zeros(size, 4), tmp_path / "d.onnx", **options, **of_decoder)
    assert (tmp_path / "e.onnx.data").exists() == ("external_data" not in options)
    checkpoint = import_onnx(encoder, decoder, "digits", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.data"))  # the folder holds its weights
    q, expected = encode(checkpoint.model, {"x": images[:7]})["z"], net(images[:7])
    torch.testing.assert_close(q.mean, expected[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(q.stddev.log(), expected[1] / 2, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        decode(checkpoint.model, {"z": q.mean}), back(expected[0]), rtol=1e-4, atol=1e-4
    )
