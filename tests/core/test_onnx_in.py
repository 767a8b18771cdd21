"""The way in: what two graphs take and give is found and said; what is written is a checkpoint like any other."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import vae_core
from tests.conftest import principal_components
from tests.support.foreign import Decoder, Encoder, pair, written
from tests.support.tiers import first
from vae_core import evaluate, projections
from vae_core.checkpoints import CARD, WEIGHTS, CheckpointError
from vae_core.cli import main
from vae_core.data import Data, data_from, load_data
from vae_core.explore import decode, encode, prior_codes, rate_per_dimension, reconstruct
from vae_core.interchange import Asked, export_onnx, import_onnx
from vae_core.models import VAE
from vae_core.models.foreign import Onnx, place_of
from vae_core.training import Options, train

UNTRAINED = Options(epochs=1, batch=32, warmup=1, learning_rate=1e-6, device="cpu")


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return load_data("digits").images.float() / 255


@pytest.fixture(autouse=True)
def _no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projections, "umap", principal_components)


def brought(files: tuple[Path, Path], out: Path, asked: Asked | None = None) -> vae_core.Checkpoint:
    return import_onnx(*files, "digits", out, asked)


def told(checkpoint: vae_core.Checkpoint) -> dict[str, Any]:
    return checkpoint.card.model.arguments


def said(checkpoint: vae_core.Checkpoint) -> str:
    return "\n".join(checkpoint.card.notes)


@pytest.mark.parametrize("named", [True, False], ids=["by name", "by a test"])
@pytest.mark.parametrize("gives", ["log-variance", "log-scale", "variance", "scale", "joined"])
def test_the_spread_is_found(gives: str, named: bool, images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images, gives=gives, named=named), tmp_path / "out")
    assert told(checkpoint)["latents"]["z"]["spread_is"] == ("log-variance" if gives == "joined" else gives)
    q = encode(checkpoint.model, {"x": images[:5]})["z"]
    torch.testing.assert_close(q.mean, expected_means(images)[:5], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        q.stddev.log(), -1.5 + 0.1 * torch.tanh(q.mean / 0.97**0.5), rtol=1e-3, atol=1e-3
    )
    assert ("by a test: E[mean²" in said(checkpoint)) == (not named or gives == "joined")


class TheOtherWayRound(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(reversed(self.net(x)))


@pytest.mark.parametrize("gives", ["log-variance", "scale"])
def test_the_mean_is_found_wherever_it_stands(gives: str, images: torch.Tensor, tmp_path: Path):
    _, decoder = pair(tmp_path, images)
    net = TheOtherWayRound(Encoder(images, gives=gives))
    encoder = written(net, images[:2], tmp_path / "e.onnx", ("x",), ("first", "second"))
    checkpoint = brought((encoder, decoder), tmp_path / "out")
    latent = told(checkpoint)["latents"]["z"]
    assert (latent["mean"], latent["spread"], latent["spread_is"]) == ("second", "first", gives)
    assert "mean: second, by a test" in said(checkpoint)


def expected_means(images: torch.Tensor) -> torch.Tensor:
    return Encoder(images)(images)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reads", "decoded", "output_is"),
    [
        ("unit", "unit", "probabilities"),
        ("unit", "logits", "logits"),
        ("signed", "signed", "means"),
        ("signed", "logits", "logits"),
        ("bytes", "bytes", "means"),
        ("bytes", "unit", "probabilities"),
    ],
)
def test_the_values_of_both_are_found_by_a_test(
    reads: str, decoded: str, output_is: str, images: torch.Tensor, tmp_path: Path
):
    checkpoint = brought(pair(tmp_path / "theirs", images, reads=reads, decoded=decoded), tmp_path / "out")
    assert (told(checkpoint)["reads"], told(checkpoint)["output_is"]) == (reads, output_is)
    assert f"the encoder reads {reads} values and the decoder gives {output_is}, by a test" in said(
        checkpoint
    )
    expected = Decoder(Encoder(images), (1, 8, 8))(expected_means(images)[:5])
    torch.testing.assert_close(
        reconstruct(checkpoint.model, {"x": images[:5]}), expected, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("layout", ["flat", "channels last"])
def test_how_observations_lie_is_found(layout: str, images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images, layout=layout), tmp_path / "out")
    assert told(checkpoint)["layout"] == told(checkpoint)["output_layout"] == layout
    expected = Decoder(Encoder(images), (1, 8, 8))(expected_means(images)[:5])
    torch.testing.assert_close(
        reconstruct(checkpoint.model, {"x": images[:5]}), expected, rtol=1e-4, atol=1e-4
    )


def test_options_say_what_the_test_would_have_found_otherwise(images: torch.Tensor, tmp_path: Path):
    asked = Asked(mean="logvar", spread="mu", spread_is="log-scale", reads="signed", output_is="logits")
    checkpoint = brought(pair(tmp_path / "theirs", images), tmp_path / "out", asked)
    latent = told(checkpoint)["latents"]["z"]
    assert (latent["mean"], latent["spread"], latent["spread_is"]) == ("logvar", "mu", "log-scale")
    assert (told(checkpoint)["reads"], told(checkpoint)["output_is"]) == ("signed", "logits")
    assert "as was asked" in said(checkpoint)


class Both(nn.Module):
    """Mean and log variance in one output, the one before the other along a side, or beside one another along a new one."""

    def __init__(self, net: nn.Module, along: int, stacked: bool, last: bool = False):
        super().__init__()
        self.net, self.along, self.stacked, self.last = net, along, stacked, last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [part.movedim(1, -1) if self.last else part for part in self.net(x)]
        return torch.stack(parts, self.along) if self.stacked else torch.cat(parts, self.along)


class ChannelsLast(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z.permute(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("latent", "along", "stacked"), [(4, 2, True), (4, 1, True), (2, 1, True), (2, 2, True)]
)
def test_both_in_one_output_are_told_apart_along_the_right_side(
    latent: int, along: int, stacked: bool, images: torch.Tensor, tmp_path: Path
):
    net = Both(Encoder(images, latent), along, stacked)
    encoder = written(net, images[:2], tmp_path / "e.onnx", ("x",), ("params",))
    _, decoder = pair(tmp_path / "theirs", images, latent=latent)
    checkpoint = brought((encoder, decoder), tmp_path / "out")
    assert told(checkpoint)["latents"]["z"]["along"] == along
    q, expected = encode(checkpoint.model, {"x": images[:5]})["z"], Encoder(images, latent)(images[:5])
    torch.testing.assert_close(q.mean, expected[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(q.stddev.log(), expected[1] / 2, rtol=1e-3, atol=1e-3)
    # Of 2 x 2 numbers for two latents both readings fit, so that the choice is a doubt with the option that settles it.
    doubted = "may be halved along several sides" in said(checkpoint)
    assert doubted == (latent == 2)
    assert not doubted or "--halves-along" in said(checkpoint)


def test_a_code_with_channels_last_is_halved_along_its_channels(images: torch.Tensor, tmp_path: Path):
    net = Encoder(images, 8, side=2)
    encoder = written(Both(net, 3, False, last=True), images[:2], tmp_path / "e.onnx", ("x",), ("params",))
    decoder = written(
        ChannelsLast(Decoder(net, (1, 8, 8))),
        torch.zeros(2, 2, 2, 2),
        tmp_path / "d.onnx",
        ("z",),
        ("decoded",),
    )
    checkpoint = brought((encoder, decoder), tmp_path / "out")
    assert told(checkpoint)["latents"]["z"]["along"] == 3
    expected = Decoder(net, (1, 8, 8))(net(images[:5])[0])
    torch.testing.assert_close(
        reconstruct(checkpoint.model, {"x": images[:5]}), expected, rtol=1e-4, atol=1e-4
    )


def test_the_side_of_the_mean_is_said_by_an_option(
    images: torch.Tensor, tmp_path: Path, one_line: Callable[..., str]
):
    net = Both(Encoder(images, 2), 2, True)
    encoder = written(net, images[:2], tmp_path / "e.onnx", ("x",), ("params",))
    _, decoder = pair(tmp_path / "theirs", images, latent=2)
    checkpoint = brought((encoder, decoder), tmp_path / "out", Asked(halves_along=1))
    assert told(checkpoint)["latents"]["z"]["along"] == 1
    assert "several sides" not in said(checkpoint)
    with pytest.raises(ValueError, match="side 3 of it cannot be halved: --halves-along is one of 1, 2") as e:
        brought((encoder, decoder), tmp_path / "other", Asked(halves_along=3))
    one_line(e.value)


def test_two_by_two_of_a_module_that_takes_any_rows(digits: Data, images: torch.Tensor, tmp_path: Path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = Both(Encoder(images, 2), 1, True), nn.Linear(2, 64)

        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return self.into(x)

        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return self.out(z)

    checkpoint = vae_core.bring(Net(), data="digits", out=tmp_path / "out")
    assert checkpoint.model.sizes == {"z": 2}


@pytest.mark.slow
def test_a_batch_that_is_fixed_is_run_again_and_again(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images, free=False), tmp_path / "out")
    assert "takes 1 at once" in said(checkpoint)
    q = encode(checkpoint.model, {"x": images[:7]})["z"]
    torch.testing.assert_close(q.mean, expected_means(images)[:7], rtol=1e-4, atol=1e-4)
    assert decode(checkpoint.model, {"z": q.mean}).shape == (7, 1, 8, 8)


def test_a_spatial_code_is_a_block(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(
        pair(tmp_path / "theirs", images, latent=8, side=2, gives="joined"), tmp_path / "out"
    )
    assert told(checkpoint)["latents"]["z"]["shape"] == [2, 2, 2]
    assert checkpoint.model.sizes == {"z": 8}
    assert place_of(checkpoint.model, "z", 5) == (1, 0, 1)
    expected = Decoder(Encoder(images, 8), (1, 8, 8))(Encoder(images, 8)(images[:5])[0])
    torch.testing.assert_close(
        reconstruct(checkpoint.model, {"x": images[:5]}), expected, rtol=1e-4, atol=1e-4
    )


def test_one_output_is_a_plain_autoencoder(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images, gives="mean"), tmp_path / "out")
    assert "a plain autoencoder" in said(checkpoint)
    assert "no posterior" in checkpoint.model.no_bound
    means = {"z": expected_means(images)}
    labels = load_data("digits").labels
    assert (
        rate_per_dimension(checkpoint.model, "z", means, {"z": torch.ones_like(means["z"])}, labels) is None
    )
    prior = checkpoint.model.as_trained().p["z"]({})
    torch.testing.assert_close(prior.stddev, means["z"].std(0, correction=0), rtol=1e-3, atol=1e-3)
    assert vae_core.evaluate(checkpoint, metrics=["elbo"]) == {}


def test_gaussians_of_the_classes_stand_in_and_leave_the_bound_alone(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(
        pair(tmp_path / "theirs", images), tmp_path / "out", Asked(likelihood="gaussian-optimal")
    )
    labels, model = load_data("digits").labels, checkpoint.model
    assert model.labelled == ["z"]
    fitted = prior_codes(model, {"y": torch.eye(10)})["z"]
    means = torch.cat([expected_means(images)[labels == c].mean(0, keepdim=True) for c in range(10)])
    torch.testing.assert_close(fitted, means, rtol=0.02, atol=0.02)  # of dequantised pixels
    own = model.as_trained()
    assert own.labelled == []
    numbers = vae_core.evaluate(checkpoint, metrics=["elbo"])
    batch = next(load_data("digits", "test").scored_by(model).batches(1000))
    torch.testing.assert_close(
        numbers["rate_z"].value, own.terms(batch).kl["z"].mean().item(), rtol=1e-3, atol=0
    )


def test_without_a_likelihood_nothing_of_a_bound_is_measured(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images), tmp_path / "out")
    assert "no likelihood" in checkpoint.model.no_bound
    heard: list[str] = []
    assert vae_core.evaluate(checkpoint, metrics=["elbo", "importance"], report=heard.append) == {}
    assert any("no likelihood was given" in line for line in heard)
    assert set(vae_core.evaluate(checkpoint, metrics=["active"])) == {"active_units_z"}


@pytest.mark.parametrize(
    "likelihood", ["bernoulli", "continuous-bernoulli", "gaussian-fixed", "gaussian-optimal"]
)
@pytest.mark.parametrize("decoded", ["unit", "logits"])
def test_each_likelihood_of_images_is_measured(
    likelihood: str, decoded: str, images: torch.Tensor, tmp_path: Path
):
    asked = Asked(likelihood=likelihood, gamma=0.2 if likelihood == "gaussian-fixed" else None)
    checkpoint = brought(pair(tmp_path / "theirs", images, decoded=decoded), tmp_path / "out", asked)
    number = vae_core.evaluate(checkpoint, limit=100, metrics=["elbo"])["negative_elbo"]
    expected = {  # of the same nets with either output; measured by hand from the densities, 100 test images
        "bernoulli": (20, 40),
        "continuous-bernoulli": (-90, 0),
        "gaussian-fixed": (-60, 20),
        "gaussian-optimal": (-60, 20),
    }[likelihood]
    assert expected[0] < number.value < expected[1]


def test_a_bernoulli_bound_is_that_of_the_nets(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(
        pair(tmp_path / "theirs", images, decoded="logits"), tmp_path / "out", Asked(likelihood="bernoulli")
    )
    encoder = Encoder(images)
    decoder = Decoder(encoder, (1, 8, 8), "logits")
    batch = next(load_data("digits", "test").scored_by(checkpoint.model).batches(50))
    z = encoder(batch["x"])[0]
    expected = nn.functional.binary_cross_entropy_with_logits(decoder(z), batch["x"], reduction="none")
    own = checkpoint.model.as_trained()
    terms = own.terms(batch, draw=lambda q: q.mean)
    torch.testing.assert_close(terms.distortion, expected.flatten(1).sum(1), rtol=1e-4, atol=1e-3)


TABLE = data_from(
    np.random.default_rng(0).normal(size=(200, 3)) @ np.array([[3, 0, 1], [0, 40, 0], [0, 0, 0.1]])
    + [1, 2, 3],
    np.random.default_rng(1).integers(0, 2, 200),
    features=["a", "b", "c"],
)


class OfRows(nn.Module):
    def __init__(self, rows: torch.Tensor, standardised: bool):
        super().__init__()
        mean, scale = rows.mean(0), rows.std(0, correction=0)
        self.register_buffer("mean", torch.zeros(3) if standardised else mean)
        self.register_buffer("scale", torch.ones(3) if standardised else scale)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        z = (x - self.mean) / self.scale
        return z, z * 0 - 3


class ToRows(OfRows):
    def forward(self, z: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return z * self.scale + self.mean


@pytest.mark.parametrize("standardised", [True, False])
def test_tables_come_in_too(standardised: bool, tmp_path: Path):
    rows = TABLE.train.images
    encoder = written(OfRows(rows, standardised), rows[:2], tmp_path / "e.onnx", ("x",), ("mu", "logvar"))
    decoder = written(ToRows(rows, standardised), rows[:2], tmp_path / "d.onnx", ("z",), ("x_mean",))
    checkpoint = import_onnx(encoder, decoder, TABLE, tmp_path / "out", Asked(likelihood="gaussian"))
    assert told(checkpoint)["reads"] == ("standardised" if standardised else "raw")
    found = reconstruct(checkpoint.model, {"x": TABLE.test.images})
    torch.testing.assert_close(found, TABLE.test.images, rtol=1e-3, atol=1e-3)
    numbers = vae_core.evaluate(checkpoint, TABLE, metrics=["elbo"])
    assert np.isfinite(numbers["negative_elbo"].value)


def test_the_folder_moves_and_tells_no_path(images: torch.Tensor, tmp_path: Path):
    checkpoint = brought(pair(tmp_path / "theirs", images), tmp_path / "out")
    shutil.rmtree(tmp_path / "theirs")
    moved = vae_core.load(shutil.move(tmp_path / "out", tmp_path / "moved"))
    assert moved.weights == checkpoint.weights
    assert str(tmp_path) not in (tmp_path / "moved" / CARD).read_text()
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == [
        CARD,
        "decoder.onnx",
        "encoder.onnx",
        WEIGHTS,
    ]


def test_another_graph_is_other_weights(images: torch.Tensor, tmp_path: Path, one_line: Callable[..., str]):
    first = brought(pair(tmp_path / "one", images), tmp_path / "a")
    second = brought(pair(tmp_path / "two", images[:700]), tmp_path / "b")
    assert first.weights != second.weights
    shutil.copy(tmp_path / "b" / "encoder.onnx", tmp_path / "a" / "encoder.onnx")
    with pytest.raises(CheckpointError) as error:
        vae_core.load(tmp_path / "a")
    assert "encoder.onnx is another graph" in one_line(error.value)


def test_the_command_makes_a_folder_that_is_whole(
    images: torch.Tensor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    encoder, decoder = pair(tmp_path / "theirs", images, decoded="logits")
    out = tmp_path / "out"
    files = ["--encoder", str(encoder), "--decoder", str(decoder), "--data", "digits", "--out", str(out)]
    assert main(["import", *files, "--likelihood", "bernoulli"]) == 0
    shown = capsys.readouterr()
    assert "logvar is a log-variance, by its name" in shown.err
    assert f"latent-explorer app --models {out}" in shown.out
    checkpoint = vae_core.load(out)
    assert not checkpoint.stale
    assert len(checkpoint.atlas) == 447
    assert {"negative_elbo", "rate_z", "active_units_z"} <= set(checkpoint.card.metrics)
    assert main(["atlas", str(out)]) == 0
    assert main(["evaluate", str(out), "--metrics", "bayes", "coverage", "--limit", "50", "--write"]) == 0
    assert main(["import", *files]) == 2
    assert "already holds a checkpoint" in capsys.readouterr().err


def test_what_needs_gradients_or_rounding_says_why_not(
    images: torch.Tensor, tmp_path: Path, one_line: Callable[..., str], capsys: pytest.CaptureFixture[str]
):
    checkpoint = brought(pair(tmp_path / "theirs", images), tmp_path / "out")
    declaration = Onnx(**told(checkpoint))
    with pytest.raises(ValueError, match="no gradients") as error:
        train(declaration, load_data("digits"), Options(epochs=1), tmp_path / "run")
    one_line(error.value)
    assert main(["train", "vae", "--data", "digits", "--out", str(tmp_path / "out"), "--resume"]) == 2
    assert "no gradients" in one_line(capsys.readouterr().err)
    z = torch.zeros(2, 4, requires_grad=True)
    with pytest.raises(ValueError, match="no gradients"):
        checkpoint.model.p["x"]({"z": z})
    for command in (
        ["pack", str(tmp_path / "out"), str(tmp_path / "kept")],
        ["export", str(tmp_path / "out"), "--onnx"],
    ):
        assert main(command) == 2
        assert "ONNX" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "name", first(["vae-digits", "vamp-digits", "cdvae-digits", "rate-digits", "ppca-digits"], 3)
)
def test_what_goes_out_comes_back_as_it_was(trained: dict[str, Path], name: str, tmp_path: Path):
    ours = vae_core.load(trained[name])
    export_onnx(ours, tmp_path / "out")
    likelihood = "gaussian-optimal" if name == "ppca-digits" else "bernoulli"
    asked = Asked(likelihood=likelihood)
    back = import_onnx(
        tmp_path / "out" / "encoder.onnx", tmp_path / "out" / "decoder.onnx", "digits", tmp_path / "in", asked
    )
    assert back.model.blocks == ours.model.blocks
    labelled = bool(ours.model.labelled)
    assert back.model.labelled == (ours.model.labelled if labelled else back.model.blocks)
    assert (
        back.model.as_trained() is back.model
    ) == labelled  # nothing is fitted where it has priors of its classes
    test = load_data("digits", "test")
    batch = next(test.scored_by(ours.model).batches(60))
    before, after = encode(ours.model, batch), encode(back.model, batch)
    for block in ours.model.blocks:
        torch.testing.assert_close(after[block].mean, before[block].mean, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(after[block].stddev, before[block].stddev, rtol=1e-4, atol=1e-4)
        own = back.model.as_trained()
        label = {"y": torch.eye(10)} if block in ours.model.labelled else {}
        mine, theirs = (model.p[block](label) for model in (ours.model, own))
        z = before[block].mean[:10]
        torch.testing.assert_close(theirs.log_prob(z), mine.log_prob(z), rtol=1e-4, atol=1e-3)
    codes = {block: before[block].mean for block in ours.model.blocks}
    torch.testing.assert_close(decode(back.model, codes), decode(ours.model, codes), rtol=1e-4, atol=1e-4)


def test_a_model_that_has_learned_nothing_comes_back_as_it_was(digits: Data, tmp_path: Path):
    """No test on the data tells how its graphs are meant: the export and the names say it."""
    ours = train(VAE(latent=2, nets="mlp-256"), digits.head(64), UNTRAINED, tmp_path / "ours")
    encoder, decoder, *_ = export_onnx(ours, tmp_path / "out")
    back = import_onnx(encoder, decoder, "digits", tmp_path / "in", Asked(likelihood="bernoulli"))
    assert (told(back)["reads"], told(back)["output_is"]) == ("unit", "logits")
    before, after = (evaluate(model, limit=50, metrics=["elbo"]) for model in (ours, back))
    for name, number in before.items():
        assert after[name].value == pytest.approx(number.value, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "gives", "output_is"), [("logits", "unit", "logits"), ("probs", "logits", "probabilities")]
)
def test_an_output_is_what_its_name_says(
    name: str, gives: str, output_is: str, images: torch.Tensor, tmp_path: Path
):
    """Also where the other reading decodes nearer to the data, as it may of a net that has learned little."""
    encoder, _ = pair(tmp_path / "theirs", images)
    net = Decoder(Encoder(images), (1, 8, 8), gives)
    decoder = written(net, torch.zeros(2, 4), tmp_path / "decoder.onnx", ("z",), (name,))
    assert told(brought((encoder, decoder), tmp_path / "out"))["output_is"] == output_is
