"""Graphs and tables that answer in a model's place: what they give, how they are stored, and what does not export."""

import numpy as np
import onnx
import pytest
import torch

from tests.support.foreign import embeddings
from vae_core import load
from vae_core.data import load_data
from vae_core.explore import decode
from vae_core.graphs import read_graph
from vae_core.interchange.answering import answering, halved


def run(graph: bytes, values: dict[str, np.ndarray]) -> np.ndarray:
    return read_graph(graph, "graph.onnx").session.run(None, values)[0]


def test_a_picture_of_the_graph_is_the_models_within_a_grey_level():
    checkpoint = load("vae-digits-plane")
    found = answering(checkpoint)
    codes = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    picture = run(found.graphs["decode"], {"z": codes.numpy()})
    expected = checkpoint.kind.picture(decode(checkpoint.model, {"z": codes})).movedim(1, -1).numpy()
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - expected).max() <= 1
    assert found.told["off"] <= 1


def test_weights_are_halves():
    graph = onnx.load_from_string(answering(load("vae-digits-plane")).graphs["decode"])
    types = {tensor.data_type for tensor in graph.graph.initializer if np.prod(tensor.dims) >= 64}
    assert types == {onnx.TensorProto.FLOAT16}


def test_weights_that_halves_do_not_hold_stay_as_they_are():
    weight = np.full((64, 2), 1e6, np.float32)
    node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, size])
        for name, size in (("x", 64), ("y", 2))
    ]
    body = onnx.helper.make_graph(
        [node], "g", ports[:1], ports[1:], [onnx.numpy_helper.from_array(weight, "w")]
    )
    model = onnx.helper.make_model(body, opset_imports=[onnx.helper.make_opsetid("", 17)])
    again = onnx.load_from_string(halved(model.SerializeToString()))
    assert again.graph.initializer[0].data_type == onnx.TensorProto.FLOAT


def test_priors_are_tables_with_a_row_a_class():
    found = answering(load("cdvae-mnist"))
    assert {prior["name"]: (prior["form"], prior["by"]) for prior in found.told["priors"]} == {
        "z_l": ("normal", "table"),
        "z_u": ("normal", "table"),
    }
    assert found.tables["z_l.mean"].shape == (10, 10)
    assert "classes" in found.graphs


def test_a_model_without_a_decoder_says_so(tmp_path, one_line):
    embeddings(tmp_path / "e", load_data("digits", "test"))
    with pytest.raises(ValueError, match="no decoder to export") as error:
        answering(load(tmp_path / "e"))
    one_line(error.value)
