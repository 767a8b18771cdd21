"""A model at hand in Python: exported, brought in, and found to be what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal

import vae_core
from tests.support.foreign import Decoder, Encoder
from vae_core.checkpoints import CARD
from vae_core.data import load_data
from vae_core.explore import decode, encode, reconstruct
from vae_core.priors import one_hot


@pytest.fixture(scope="module")
def images() -> Tensor:
    return load_data("digits").images.float() / 255


class Model(nn.Module):
    """A VAE as people write one, with noise in training."""

    def __init__(self, images: Tensor):
        super().__init__()
        self.encoder, self.drop = Encoder(images), nn.Dropout(0.5)
        self.decoder = Decoder(self.encoder, (1, 8, 8))
        self.scale = nn.Parameter(torch.ones(()))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(self.drop(x))
        return mean * self.scale, log_variance

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(self.drop(z) * self.scale)


class Codes(NamedTuple):
    mu: Tensor
    sigma: Tensor


def forms(model: Model) -> dict[str, tuple[Any, Any]]:
    """The ways in which an encoder and a decoder are given."""

    def both(x: Tensor) -> tuple[Tensor, Tensor]:
        return model.encode(x)

    return {
        "one model": (model, None),
        "methods": (model.encode, model.decode),
        "functions": (both, lambda z: model.decode(z)),
        "a dictionary": (lambda x: dict(zip(("mean", "logvar"), model.encode(x), strict=True)), model.decode),
        "a named tuple": (lambda x: Codes(model.encode(x)[0], (model.encode(x)[1] / 2).exp()), model.decode),
        "a distribution": (
            lambda x: Independent(Normal(model.encode(x)[0], (model.encode(x)[1] / 2).exp()), 1),
            model.decode,
        ),
        "both in one": (lambda x: torch.cat(model.encode(x), 1), model.decode),
    }


FORMS = list(forms(Model(torch.rand(20, 1, 8, 8))))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_model_is_the_same(form: str, images: Tensor, tmp_path: Path):
    model = Model(images).train()
    encoder, decoder = forms(model)[form]
    checkpoint = vae_core.bring(encoder, decoder, data="digits", out=tmp_path / "out", likelihood="bernoulli")
    assert model.training
    model.eval()
    x = images[:5]
    with torch.no_grad():
        mean, log_variance = model.encode(x)
        expected = model.decode(mean)
    q = encode(checkpoint.model, {"x": x})["z"]
    torch.testing.assert_close(q.mean, mean, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(q.variance.log(), log_variance, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(reconstruct(checkpoint.model, {"x": x}), expected, rtol=1e-4, atol=1e-4)


class Conditional(nn.Module):
    """A conditional VAE as people write one: the class is a row beside the input, or a number that is looked up."""

    def __init__(self, form: str):
        super().__init__()
        self.form = form
        self.table = nn.Embedding(10, 10)
        self.to_code, self.to_image = nn.Linear(74, 8), nn.Linear(14, 64)

    def row(self, y: Tensor) -> Tensor:
        return y if self.form == "one-hot" else self.table(y)

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        return self.to_code(torch.cat([x.flatten(1), self.row(y)], 1)).chunk(2, 1)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.to_image(torch.cat([z, self.row(y)], 1)).sigmoid().view(-1, 1, 8, 8)


@pytest.mark.parametrize("form", ["one-hot", "index"])
def test_a_model_that_is_told_the_class_is_the_same(form: str, images: Tensor, tmp_path: Path):
    theirs = Conditional(form).eval()
    brought = vae_core.bring(
        theirs, data="digits", out=tmp_path / "out", likelihood="bernoulli", reads="unit", mean="output_0"
    )
    model = brought.model
    assert (model.encoder_reads, model.decoder_reads) == (["x", "y"], ["z", "y"])
    numbers = torch.tensor([0, 3, 9])
    y, z = one_hot(numbers, 10), torch.randn(3, 4)
    told = y if form == "one-hot" else numbers
    with torch.no_grad():
        mean, expected = theirs.encode(images[:3], told)[0], theirs.decode(z, told)
    torch.testing.assert_close(encode(model, {"x": images[:3], "y": y})["z"].mean, mean, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(decode(model, {"z": z, "y": y}), expected, atol=1e-5, rtol=1e-4)


def test_a_decoder_alone_may_be_told_the_class(images: Tensor, tmp_path: Path):
    theirs = Conditional("index")
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 8))
    model = vae_core.bring(plain, theirs.decode, data="digits", out=tmp_path / "out").model
    assert (model.encoder_reads, model.decoder_reads) == (["x"], ["z", "y"])


def test_a_class_that_a_net_takes_in_no_form_or_in_both_is_said(tmp_path: Path, one_line: Callable[..., str]):
    def neither(x: Tensor, y: Tensor) -> Tensor:
        raise RuntimeError("a fault of the net")

    def both(x: Tensor, y: Tensor) -> Tensor:
        return x.flatten(1)[:, :4] + y.float().view(len(x), -1)[:, :1]

    bad = {neither: "takes neither: a fault of the net", both: "say label_is='one-hot' or label_is='index'"}
    for net, words in bad.items():
        with pytest.raises(ValueError, match="the class, which is told") as caught:
            vae_core.bring(net, lambda z: z, data="digits", out=tmp_path / "out")
        assert words in one_line(caught.value)


def no_encoder(x: Tensor) -> Tensor:
    raise RuntimeError("a fault of\nthe net")


@pytest.mark.parametrize(
    ("encoder", "decoder", "words"),
    [
        (object(), None, "encode and decode"),
        (
            no_encoder,
            lambda z: z,
            "the encoder cannot be run on a tensor of 8 x 1 x 8 x 8: a fault of the net",
        ),
        (lambda x: x.mean(), lambda z: z, "gives no tensor"),
        (lambda x: (None, "words"), lambda z: z, "gives no tensor"),
        (
            lambda x: x.flatten(1)[:, :4],
            nn.Linear(5, 64),
            "the decoder does not take what the encoder gives, 4",
        ),
        (lambda x: torch.linalg.eigvals(x.squeeze(1)).real, lambda z: z, "cannot be written as ONNX"),
        (lambda x: x.flatten(1)[:, :4] * len(x), lambda z: z.repeat(1, 16), "gives another output"),
    ],
)
def test_what_cannot_be_brought_is_said(
    encoder: Any, decoder: Any, words: str, tmp_path: Path, one_line: Callable[..., str]
):
    with pytest.raises(ValueError, match=r"\w") as error:
        vae_core.bring(encoder, decoder, data="digits", out=tmp_path / "out")
    assert words in one_line(error.value)
    assert not (tmp_path / "out" / CARD).exists()


def test_an_option_that_does_not_exist_is_named(images: Tensor, tmp_path: Path, one_line: Callable[..., str]):
    with pytest.raises(ValueError, match="what can be said of a model is mean, spread") as error:
        vae_core.bring(Model(images), data="digits", out=tmp_path / "out", likelyhood="bernoulli")
    one_line(error.value)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_a_model_of_another_precision_is_brought_in_and_left_as_it_was(
    dtype: torch.dtype, images: Tensor, tmp_path: Path
):
    model, single = Model(images).to(dtype), Model(images)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = vae_core.bring(model, data="digits", out=tmp_path / "theirs")
    other = vae_core.bring(single, data="digits", out=tmp_path / "single")
    batch = {"x": images[:5]}
    means = [encode(each.model, batch)["z"].mean for each in (found, other)]
    assert torch.allclose(*means, atol=2e-2)
    for name, value in model.state_dict().items():
        assert value.dtype == dtype
        assert torch.equal(value, before[name])


def test_a_model_that_flattens_reads_observations_as_its_decoder_lays_them(images: Tensor, tmp_path: Path):
    """A net with channels last that flattens runs on channels first too, and sees the images on their side."""
    model = Model(images).eval()
    theirs = vae_core.bring(
        lambda x: model.encode(x.permute(0, 3, 1, 2)),
        lambda z: model.decode(z).permute(0, 2, 3, 1),
        data="digits",
        out=tmp_path / "theirs",
    )
    assert "the encoder reads observations with channels last" in theirs.card.notes
    mean, _ = model.encode(images[:5])
    assert torch.allclose(encode(theirs.model, {"x": images[:5]})["z"].mean, mean, atol=1e-4)


def test_a_spread_that_is_none_of_those_that_are_known_is_doubted(images: Tensor, tmp_path: Path):
    model = Model(images).eval()
    theirs = vae_core.bring(
        lambda x: (model.encode(x)[0], 30 * (-model.encode(x)[1]).exp()),
        model.decode,
        data="digits",
        out=tmp_path / "theirs",
    )
    assert any(note.startswith("doubt: none of these is near 1") for note in theirs.card.notes)


def test_sides_that_are_counted_from_the_back_are_written_from_the_front(tmp_path: Path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = nn.Linear(64, 8), nn.Linear(8, 64)

        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            code = self.into(x.flatten(1)).unflatten(1, (2, 2, 2)).movedim(1, -1)
            return code, code

        def decode(self, z: Tensor) -> Tensor:
            return self.out(z.movedim(-1, 1).flatten(1)).unflatten(1, (1, 8, 8))

    assert vae_core.bring(Net(), data="digits", out=tmp_path / "out").model.sizes == {"z": 8}
