"""Graphs that are none, are others, or are not to be trusted: one sentence each, and nothing is written."""

import builtins
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import vae_core
from tests.support.foreign import Decoder, Encoder, pair, written
from vae_core.checkpoints import CARD, CheckpointError, load_card, save_card
from vae_core.cli import main
from vae_core.data import data_from, load_data
from vae_core.graphs import GraphError, most_memory, read_graph
from vae_core.interchange import Asked, import_onnx


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return load_data("digits").images.float() / 255


@pytest.fixture(scope="module")
def good(images: torch.Tensor, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return pair(tmp_path_factory.mktemp("theirs"), images)


def refused(
    encoder: Path, decoder: Path, out: Path, one_line: Callable[..., str], asked: Asked | None = None
) -> str:
    """The sentence; nothing of a checkpoint is there."""
    with pytest.raises(ValueError, match=r"\w") as error:
        import_onnx(encoder, decoder, "digits", out, asked)
    assert not (out / CARD).exists()
    return one_line(error.value)


BYTES = {
    "empty": b"",
    "text": b"this is no graph\n",
    "zeros": bytes(1000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a zip": b"PK\x03\x04" + bytes(200),
    "a pickle": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins.",
}


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("which", [0, 1], ids=["encoder", "decoder"])
def test_a_file_that_is_no_onnx(
    name: str, which: int, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(BYTES[name])
    files = (bad, good[1]) if which == 0 else (good[0], bad)
    assert "bad.onnx is no ONNX file" in refused(*files, tmp_path / "out", one_line)


def test_a_file_that_is_cut_short(good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]):
    whole = good[0].read_bytes()
    for share in (0.2, 0.5, 0.9):
        bad = tmp_path / "bad.onnx"
        bad.write_bytes(whole[: int(share * len(whole))])
        assert "bad.onnx" in refused(bad, good[1], tmp_path / "out", one_line)


def test_a_file_that_is_not_there_or_a_folder(
    good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    assert "there is no file" in refused(tmp_path / "none.onnx", good[1], tmp_path / "out", one_line)
    assert "there is no file" in refused(tmp_path, good[1], tmp_path / "out", one_line)


class Classifier(nn.Module):
    def __init__(self, softmax: bool, inputs: int = 64):
        super().__init__()
        self.linear, self.softmax = nn.Linear(inputs, 10), softmax

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.linear(x.flatten(1))
        return scores.softmax(-1) if self.softmax else scores


@pytest.mark.parametrize("softmax", [True, False])
def test_a_classifier_is_no_encoder_and_no_decoder(
    softmax: bool, images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = written(Classifier(softmax), images[:2], tmp_path / "classes.onnx", ("x",), ("y",))
    told = refused(bad, good[1], tmp_path / "out", one_line)
    assert "a classifier" in told if softmax else "one model" in told
    assert "classes.onnx takes x (batch x 1 x 8 x 8)" in refused(good[0], bad, tmp_path / "out", one_line)
    bad = written(Classifier(softmax, 4), torch.zeros(2, 4), tmp_path / "classes.onnx", ("z",), ("y",))
    assert "classes.onnx gives y (batch x 10)" in refused(good[0], bad, tmp_path / "out", one_line)


def test_the_two_the_wrong_way_round(good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]):
    assert "decoder.onnx takes z (batch x 4)" in refused(good[1], good[0], tmp_path / "out", one_line)


def test_an_encoder_of_other_data(good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]):
    other = pair(tmp_path / "other", torch.rand(20, 1, 28, 28))
    told = refused(*other, tmp_path / "out", one_line)
    assert "1 x 28 x 28" in told
    assert "1 x 8 x 8" in told
    assert "--size" in told
    colours = pair(tmp_path / "colours", torch.rand(20, 3, 8, 8))
    assert "3 x 8 x 8" in refused(*colours, tmp_path / "out", one_line)
    assert "give" in refused(good[0], other[1], tmp_path / "out", one_line)


def test_the_data_of_another_model_are_doubted(images: torch.Tensor, tmp_path: Path):
    files = pair(tmp_path / "theirs", (torch.rand(100, 1, 8, 8) > 0.5).float(), latent=2)
    checkpoint = import_onnx(*files, "digits", tmp_path / "out")
    assert "doubt: " in "\n".join(checkpoint.card.notes)


class WithNaN(nn.Module):
    def __init__(self, net: nn.Module, where: int):
        super().__init__()
        self.net, self.where = net, where

    def forward(self, x: torch.Tensor) -> Any:
        found = self.net(x)
        parts = list(found) if isinstance(found, tuple) else [found]
        parts[self.where] = parts[self.where] / (parts[self.where] * 0)
        return tuple(parts) if len(parts) > 1 else parts[0]


def test_numbers_that_are_not_finite(
    images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    for where, name in enumerate(("mu", "logvar")):
        bad = written(
            WithNaN(Encoder(images), where), images[:2], tmp_path / f"{name}.onnx", ("x",), ("mu", "logvar")
        )
        told = refused(bad, good[1], tmp_path / "out", one_line)
        assert f"gives {name} that is NaN or infinite for 256 of 256 images" in told
    net = WithNaN(Decoder(Encoder(images), (1, 8, 8)), 0)
    bad = written(net, torch.zeros(2, 4), tmp_path / "d.onnx", ("z",), ("x",))
    assert "d.onnx gives x that is NaN or infinite" in refused(good[0], bad, tmp_path / "out", one_line)


def changed(path: Path, out: Path, change: Callable[[Any], object]) -> Path:
    model = onnx.load(path)
    change(model)
    out.write_bytes(model.SerializeToString())
    return out


def test_an_opset_or_format_that_is_too_new(
    good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    newest = onnx.defs.onnx_opset_version()
    for version in (newest + 1, 99):
        bad = changed(
            good[0], tmp_path / "new.onnx", lambda m, v=version: setattr(m.opset_import[0], "version", v)
        )
        told = refused(bad, good[1], tmp_path / "out", one_line)
        assert f"opset {version}" in told
        assert "17" in told
    bad = changed(good[0], tmp_path / "ir.onnx", lambda model: setattr(model, "ir_version", 99))
    assert "ir.onnx" in refused(bad, good[1], tmp_path / "out", one_line)


def _custom(model: Any) -> None:
    model.graph.node[0].domain = "my.operators"
    model.opset_import.append(helper.make_opsetid("my.operators", 1))


def _custom_in_a_branch(model: Any) -> None:
    inner = helper.make_graph(
        [helper.make_node("Mine", [], ["inner"], domain="my.operators")],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])],
    )
    yes = numpy_helper.from_array(np.array(True), "yes")
    model.graph.initializer.append(yes)
    model.graph.node.append(helper.make_node("If", ["yes"], ["extra"], then_branch=inner, else_branch=inner))


@pytest.mark.parametrize("change", [_custom, _custom_in_a_branch])
def test_operators_that_are_not_of_the_standard(
    change: Callable[[Any], None], good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = changed(good[0], tmp_path / "own.onnx", change)
    assert "wants the operator my.operators." in refused(bad, good[1], tmp_path / "out", one_line)


def _loop(model: Any, turns: str) -> None:
    """A loop that does nothing, so many times, beside what the graph does."""
    more = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("on", "held")]
    body = helper.make_graph(
        more,
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("on_out", "held_out")],
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "go"))
    model.graph.node.append(helper.make_node("Loop", [turns, "go", "go"], ["looped"], body=body))


def _endless(model: Any) -> None:
    _loop(model, "")


def _many(model: Any) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(10**9), "many"))
    _loop(model, "many")


def _computed(model: Any) -> None:
    one, two = (numpy_helper.from_array(np.array(10**5), name) for name in ("one", "two"))
    model.graph.initializer.extend([one, two])
    model.graph.node.append(helper.make_node("Mul", ["one", "two"], ["product"]))
    _loop(model, "product")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_endless, "a loop that nothing bounds"),
        (_many, "loops of 1,000,000,000 turns"),
        (_computed, "a loop that nothing bounds"),
    ],
)
def test_a_loop_that_may_not_end_is_not_run(
    change: Callable[[Any], None],
    words: str,
    good: tuple[Path, Path],
    tmp_path: Path,
    one_line: Callable[..., str],
):
    assert words in refused(
        changed(good[0], tmp_path / "loop.onnx", change), good[1], tmp_path / "out", one_line
    )


def test_a_loop_of_a_few_turns_is_run(good: tuple[Path, Path], tmp_path: Path):
    def few(model: Any) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.array(3), "few"))
        _loop(model, "few")

    assert read_graph(changed(good[0], tmp_path / "loop.onnx", few)).outputs


def test_a_graph_of_three_gigabytes(good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]):
    bad = tmp_path / "large.onnx"
    bad.touch()
    os.truncate(bad, 3 * 10**9)  # sparse: it takes no room
    told = refused(bad, good[1], tmp_path / "out", one_line)
    assert "3.0 GB" in told
    assert "2 GB" in told


def outside(path: Path, folder: Path, location: str) -> Path:
    """The same graph with its largest weights in a file beside it, and said to be at `location`."""
    folder.mkdir(exist_ok=True)
    model = onnx.load(path)
    largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    (folder / "weights.bin").write_bytes(largest.raw_data)
    largest.ClearField("raw_data")
    largest.data_location = TensorProto.EXTERNAL
    largest.external_data.add(key="location", value=location)
    target = folder / "outside.onnx"
    target.write_bytes(model.SerializeToString())
    return target


def test_weights_beside_the_graph_are_taken_in(good: tuple[Path, Path], tmp_path: Path, images: torch.Tensor):
    files = outside(good[0], tmp_path / "theirs", "weights.bin"), good[1]
    checkpoint = import_onnx(*files, "digits", tmp_path / "out")
    (tmp_path / "theirs" / "weights.bin").unlink()
    found = vae_core.load(tmp_path / "out").model.infer({"x": images[:3]}).posteriors["z"].mean
    torch.testing.assert_close(found, Encoder(images)(images[:3])[0], rtol=1e-4, atol=1e-4)
    assert checkpoint.weights == vae_core.load(tmp_path / "out").weights


@pytest.mark.parametrize(
    "location", ["../weights.bin", "/etc/passwd", "deeper/../../weights.bin", "link.bin", ""]
)
def test_weights_from_elsewhere_are_not_read(
    location: str, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = outside(good[0], tmp_path / "theirs", location)
    (tmp_path / "weights.bin").write_bytes((tmp_path / "theirs" / "weights.bin").read_bytes())
    (tmp_path / "theirs" / "link.bin").symlink_to(tmp_path / "weights.bin")
    assert "outside its folder" in refused(bad, good[1], tmp_path / "out", one_line)


def test_weights_that_are_missing_or_too_many(
    good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = outside(good[0], tmp_path / "theirs", "weights.bin")
    os.truncate(tmp_path / "theirs" / "weights.bin", 3 * 10**9)
    assert "2 GB" in refused(bad, good[1], tmp_path / "out", one_line)
    (tmp_path / "theirs" / "weights.bin").unlink()
    assert "lacks its weights, weights.bin" in refused(bad, good[1], tmp_path / "out", one_line)


def test_a_folder_with_weights_elsewhere_is_not_opened(
    good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    import_onnx(*good, "digits", tmp_path / "out")
    bad = outside(good[0], tmp_path / "theirs", "weights.bin")
    (tmp_path / "out" / "encoder.onnx").write_bytes(bad.read_bytes())
    with pytest.raises(CheckpointError) as error:
        vae_core.load(tmp_path / "out")
    assert "other files" in one_line(error.value)


class Drawing(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, log_variance = self.net(x)
        return mean + torch.randn_like(mean) * (log_variance / 2).exp()


def test_an_encoder_that_draws(
    images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    bad = written(Drawing(Encoder(images)), images[:2], tmp_path / "draws.onnx", ("x",), ("z",))
    assert "another code at every run" in refused(bad, good[1], tmp_path / "out", one_line)


class Conditional(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        mean, log_variance = self.net(x)
        return mean + y.sum(1, keepdim=True), log_variance


class ConditionalDecoder(Conditional):
    def forward(self, z: torch.Tensor, y: torch.Tensor) -> Any:
        return self.net(z) + y.sum(1)[:, None, None, None]


def two_inputs(net: nn.Module, examples: tuple, path: Path, inputs: list[str], outputs: list[str]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            examples,
            path,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in [*inputs, *outputs]},
            opset_version=17,
            dynamo=False,
        )
    return path


def test_a_decoder_that_is_told_other_classes(
    images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    net = ConditionalDecoder(Decoder(Encoder(images), (1, 8, 8)))
    examples = torch.zeros(2, 4), torch.zeros(2, 7)
    bad = two_inputs(net, examples, tmp_path / "d.onnx", ["z", "y"], ["reconstruction"])
    assert "told no class of 10" in refused(good[0], bad, tmp_path / "out", one_line)
    for asked, words in (
        (Asked(label=("nothing",)), "neither graph has an input 'nothing'"),
        (Asked(label_is="words"), "choose one of one-hot, index"),
    ):
        assert words in refused(good[0], bad, tmp_path / "out", one_line, asked)


def test_graphs_that_are_told_a_class_need_data_with_classes(
    images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    net = ConditionalDecoder(Decoder(Encoder(images), (1, 8, 8)))
    bad = two_inputs(
        net, (torch.zeros(2, 4), torch.zeros(2, 10)), tmp_path / "d.onnx", ["z", "y"], ["reconstruction"]
    )
    with pytest.raises(ValueError, match="give data with labels") as error:
        import_onnx(good[0], bad, data_from(255 * images.numpy()), tmp_path / "out")
    one_line(error.value)


def test_an_encoder_of_two_inputs_that_are_no_class(
    images: torch.Tensor, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    path = tmp_path / "conditional.onnx"
    inputs = (images[:2], torch.zeros(2, 3))
    two_inputs(Conditional(Encoder(images)), inputs, path, ["x", "context"], ["mu", "logvar"])
    assert "at most the class beside it (--label)" in refused(path, good[1], tmp_path / "out", one_line)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(mean="nothing"), "choose one of mu, logvar"),
        (Asked(spread="nothing"), "choose one of mu, logvar"),
        (Asked(reconstruction="nothing"), "choose one of reconstruction"),
        (Asked(reads="raw"), "choose one of unit, signed, bytes"),
        (Asked(spread_is="width"), "choose one of log-variance"),
        (Asked(output_is="pixels"), "choose one of logits"),
        (Asked(likelihood="gaussian"), "choose one of bernoulli"),
        (Asked(likelihood="gaussian-fixed"), "--gamma"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_options_that_cannot_be(
    asked: Asked, words: str, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    assert words in refused(*good, tmp_path / "out", one_line, asked)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("latents", "z", "shape"), [10**9]),
        (("latents", "z", "shape"), "large"),
        (("latents", "z", "components"), 10**9),
        (("latents", "z", "components"), 0),
        (("latents", "z", "spread_is"), "width"),
        (("latents", "z", "mean"), "nothing"),
        (("latents", "z", "code"), "exec"),
        (("latents",), {}),
        (("latents",), {"state_dict": {"shape": [4], "input": "z", "mean": "mu"}}),
        (("input",), "nothing"),
        (("output",), "nothing"),
        (("layout",), "sideways"),
        (("reads",), "volts"),
        (("output_is",), "pixels"),
        (("likelihood",), "poisson"),
        (("held",), {"beta": "much"}),
        (("path",), "/etc/passwd"),
    ],
    ids=str,
)
def test_a_card_that_says_what_cannot_be(
    place: Sequence[str], value: Any, good: tuple[Path, Path], tmp_path: Path, one_line: Callable[..., str]
):
    import_onnx(*good, "digits", tmp_path / "out", Asked(likelihood="bernoulli"))
    card = load_card(tmp_path / "out")
    told: Any = card.json["model"]["arguments"]
    for name in place[:-1]:
        told = told[name]
    told[place[-1]] = value
    save_card(tmp_path / "out", card)
    with pytest.raises(CheckpointError) as error:
        vae_core.load(tmp_path / "out")
    one_line(error.value)


def test_without_onnxruntime_it_is_said_what_to_install(
    good: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, one_line: Callable[..., str]
):
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(GraphError) as error:
        read_graph(good[0])
    assert "pip install 'latent-explorer[onnx]'" in one_line(error.value)


def test_the_command_says_one_sentence(
    good: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    one_line: Callable[[str], str],
):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing")
    files = [
        "--encoder",
        str(bad),
        "--decoder",
        str(good[1]),
        "--data",
        "digits",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["import", *files]) == 2
    assert "bad.onnx is no ONNX file" in one_line(capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("of", ["a constant", "the values of x"])
def test_a_graph_that_asks_for_all_memory_fails_and_the_process_goes_on(
    of: str, tmp_path: Path, one_line: Callable[..., str]
):
    """A third more than graphs may take: as much as the machine would give, and be at its end."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    asked = numpy_helper.from_array(np.array([most_memory() // 3]), "shape" if of == "a constant" else "most")
    if of != "a constant":
        nodes = [
            helper.make_node("Cast", ["x"], ["numbers"], to=TensorProto.INT64),
            helper.make_node("ReduceMax", ["numbers"], ["least"], keepdims=0),
            helper.make_node("Add", ["least", "most"], ["shape"]),
            *nodes,
        ]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in "xy"]
    graph = helper.make_graph(nodes, "greedy", ports[:1], ports[1:], [asked])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "greedy.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(GraphError, match="more memory than the") as error:
        read_graph(tmp_path / "greedy.onnx").run({"x": torch.zeros(2, 4)})
    one_line(error.value)


def test_graphs_run_as_ever_beside_one_that_asked_for_too_much(good: tuple[Path, Path], images: torch.Tensor):
    assert read_graph(good[0]).run({"x": images[:2]})["mu"].isfinite().all()
