"""Graphs that are told the class: found by name, by option or by their type, and what goes out comes back."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import vae_core
from tests.support.foreign import Decoder, Encoder, pair, told_pair
from vae_core import evaluate
from vae_core.data import load_data
from vae_core.explore import class_of, decode, encode, reconstruct, sample, swap, with_class
from vae_core.interchange import Asked, export_onnx, import_onnx
from vae_core.priors import one_hot


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return load_data("digits").images.float() / 255


# What a graph may take for a class, and what has to be said for it to be found.
FORMS = {
    "one-hot, by name": (torch.zeros(2, 10), "one-hot", "y", Asked()),
    "one-hot, by option": (torch.zeros(2, 10), "one-hot", "context", Asked(label=("context",))),
    "numbers of classes": (torch.zeros(2, dtype=torch.long), "index", "anything", Asked()),
    "a column of numbers": (torch.zeros(2, 1, dtype=torch.int32), "index", "labels", Asked()),
    "a column of floats": (torch.zeros(2, 1), "index", "cond", Asked()),
    "whole one-hot rows": (torch.zeros(2, 10, dtype=torch.long), "one-hot", "c", Asked()),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_class_is_found_and_told_to_both(form: str, images: torch.Tensor, tmp_path: Path):
    example, told, name, asked = FORMS[form]
    checkpoint = import_onnx(
        *told_pair(tmp_path / "theirs", images, example, told, name), "digits", tmp_path / "out", asked
    )
    model, found = checkpoint.model, checkpoint.card.model.arguments
    assert found["encoder_class"] == found["decoder_class"] == {"input": name, "form": told}
    assert any("is told the class" in note for note in checkpoint.card.notes)
    assert (model.encoder_reads, model.decoder_reads, model.classes) == (["x", "y"], ["z", "y"], 10)
    assert model.styles == ["z"]
    assert model.as_trained() is model  # it draws of a class by itself: nothing stands in
    y, z = one_hot(torch.tensor([0, 3, 9]), 10), torch.zeros(3, 4)
    mean = encode(model, {"x": images[:3], "y": y})["z"].mean
    plain = Encoder(images)(images[:3])[0]
    torch.testing.assert_close(
        mean - plain, 0.05 * torch.tensor([0.0, 3.0, 9.0])[:, None].expand(3, 4), atol=1e-5, rtol=0
    )
    shown, base = decode(model, {"z": z, "y": y}), Decoder(Encoder(images), (1, 8, 8))(z)
    shift = 0.02 * torch.tensor([0.0, 3.0, 9.0]).view(3, 1, 1, 1)
    torch.testing.assert_close(shown, (base + shift).clamp(0, 1), atol=1e-5, rtol=0)


def test_a_conditional_model_goes_out_and_comes_back(trained: dict[str, Path], tmp_path: Path):
    ours = vae_core.load(trained["cvae-digits"])
    encoder, decoder, *_ = export_onnx(ours, tmp_path / "out")
    back = import_onnx(encoder, decoder, "digits", tmp_path / "in", Asked(likelihood="bernoulli"))
    for name in ("blocks", "labelled", "encoder_reads", "decoder_reads", "coded", "styles", "classes"):
        assert getattr(back.model, name) == getattr(ours.model, name), name
    batch = next(load_data("digits", "test").scored_by(ours.model).batches(60))
    before, after = (encode(model.model, batch)["z"] for model in (ours, back))
    torch.testing.assert_close(after.mean, before.mean, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.stddev, before.stddev, rtol=1e-4, atol=1e-4)
    kept = {"z": before.mean[:5]}
    torch.testing.assert_close(swap(back.model, kept), swap(ours.model, kept), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(class_of(back.model, batch), class_of(ours.model, batch), rtol=1e-3, atol=1e-3)
    assert sample(back.model, {"y": torch.eye(10)}).shape == (10, 1, 8, 8)
    numbers = [evaluate(model, limit=100, metrics=["elbo", "bayes"]) for model in (ours, back)]
    for name, number in numbers[0].items():
        assert numbers[1][name].value == pytest.approx(number.value, rel=1e-3)


@pytest.mark.parametrize(("file", "reads"), [("encoder", ["x"]), ("encoder_given_y", ["x", "y"])])
def test_a_joint_model_comes_back_as_one_that_is_told_the_class(
    trained: dict[str, Path], tmp_path: Path, file: str, reads: list[str]
):
    export_onnx(vae_core.load(trained["joint-digits"]), tmp_path / "out")
    files = tmp_path / "out" / f"{file}.onnx", tmp_path / "out" / "decoder.onnx"
    back = import_onnx(*files, "digits", tmp_path / "in", Asked(likelihood="bernoulli"))
    assert (back.model.encoder_reads, back.model.decoder_reads) == (reads, ["z", "y"])
    assert evaluate(back, limit=50, metrics=["elbo"])["negative_elbo"].value < 60


@pytest.mark.parametrize("which", ["encoder", "decoder"])
def test_one_of_both_may_be_told_alone(which: str, images: torch.Tensor, tmp_path: Path):
    told, plain = told_pair(tmp_path / "told", images, torch.zeros(2, 10)), pair(tmp_path / "plain", images)
    files = (told[0], plain[1]) if which == "encoder" else (plain[0], told[1])
    back = import_onnx(*files, "digits", tmp_path / "out", Asked(likelihood="gaussian-optimal"))
    reads = ["x", "y"] if which == "encoder" else ["x"]
    assert (back.model.encoder_reads, "y" in back.model.decoder_reads) == (reads, which == "decoder")
    batch = next(load_data("digits", "test").scored_by(back.model).batches(20))
    assert class_of(back.model, batch).shape == (20, 10)
    assert reconstruct(back.model, with_class(back.model, {"x": batch["x"]})).isfinite().all()
    assert evaluate(back, limit=40, metrics=["elbo", "bayes", "rate", "coverage"])["bayes_accuracy"].n == 40


def test_a_block_may_be_called_as_a_class_is(images: torch.Tensor, tmp_path: Path, one_line: Callable):
    """A latent c beside a latent s, each with a mean of its own."""
    from torch import nn

    from tests.support.foreign import written

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Encoder(images)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            mean, spread = self.net(x)
            return mean[:, :2], spread[:, :2], mean[:, 2:], spread[:, 2:]

    class Back(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Decoder(Encoder(images), (1, 8, 8))

        def forward(self, c: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
            return self.net(torch.cat([c, s], 1))

    outputs = ("c_mean", "c_logvar", "s_mean", "s_logvar")
    encoder = written(Two(), images[:2], tmp_path / "e.onnx", ("x",), outputs)
    halves = torch.zeros(2, 2), torch.zeros(2, 2)
    decoder = written(Back(), halves, tmp_path / "d.onnx", ("c", "s"), ("decoded",))
    assert import_onnx(encoder, decoder, "digits", tmp_path / "out").model.sizes == {"c": 2, "s": 2}
