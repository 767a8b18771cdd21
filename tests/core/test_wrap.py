"""A model at hand in Python without its data: wrapped, saved, opened."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import vae_core
from tests.support.tiers import first
from vae_core.cli import main


class Net(nn.Module):
    """A VAE of images of 8 x 8, or of rows of 6, as people write one."""

    def __init__(self, shape: tuple[int, ...] = (1, 8, 8)):
        super().__init__()
        torch.manual_seed(0)
        self.shape = shape
        size = int(np.prod(shape))
        self.to_code, self.back = nn.Linear(size, 8), nn.Linear(4, size)

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.to_code(x.flatten(1)).chunk(2, 1))

    def decode(self, z: Tensor) -> Tensor:
        return 5 * self.back(z).unflatten(1, self.shape)


def wrapped(net: Any = None, **asked: Any) -> vae_core.interchange.Wrapped:
    net = net or Net()
    given = {
        "latent": 4,
        "likelihood": "bernoulli",
        "shape": net.shape,
        "encode": net.encode,
        "decode": net.decode,
    }
    return vae_core.wrap(**{**given, **asked})


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wrapped().save(tmp_path_factory.mktemp("wrapped") / "theirs").folder


def test_a_wrapped_model_is_the_model(theirs: Path):
    found, net = vae_core.load(theirs), Net()
    z = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    with torch.no_grad():
        assert np.allclose(found.decode(z), net.decode(torch.from_numpy(z)).sigmoid(), atol=1e-5)
        x = (torch.rand(5, 1, 8, 8) > 0.5).float()
        assert np.allclose(found.encode(x.numpy().astype(np.uint8) * 255)["z"], net.encode(x)[0], atol=1e-4)
    assert found.model.sizes == {"z": 4}
    assert found.sample(3).shape == (3, 1, 8, 8)
    assert not found.model.no_bound


def test_its_card_says_that_there_are_no_data(theirs: Path):
    found = vae_core.load(theirs)
    assert found.card.data.images == 0
    assert found.no_data == "no data came with the model, and its items are decoded draws of its prior"
    assert found.card.notes[0].startswith("no data came with the model: 512 decoded draws")
    assert len(found.atlas) == 512


@pytest.mark.parametrize("command", [["evaluate"], ["atlas"]])
def test_what_needs_data_says_so(command: list[str], theirs: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*command, str(theirs)]) == 2
    assert "no data came with this model: give some by --data" in capsys.readouterr().err


def test_it_is_measured_on_data_that_are_given(theirs: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "evaluate",
        str(theirs),
        "--data",
        "digits",
        "--limit",
        "20",
        "--json",
        "--metrics",
        "elbo",
        "active",
    ]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["negative_elbo"]["n"] == 20
    assert main([*words, "--write"]) == 2
    assert "a card holds numbers measured on draws, not on digits" in capsys.readouterr().err


def test_probabilities_and_channels_last_are_found(tmp_path: Path):
    net = Net((3, 8, 8))
    found = wrapped(net, decode=lambda z: net.decode(z).sigmoid().movedim(1, -1)).save(tmp_path / "theirs")
    z = torch.randn(2, 4)
    with torch.no_grad():
        assert np.allclose(found.decode(z.numpy()), net.decode(z).sigmoid(), atol=1e-5)


def test_rows_are_wrapped_too(tmp_path: Path):
    net = Net((6,))
    found = wrapped(net, likelihood=None).save(tmp_path / "theirs")
    z = torch.randn(2, 4)
    with torch.no_grad():
        assert np.allclose(found.decode(z.numpy()), net.decode(z), atol=1e-4)


def test_nothing_is_written_over(theirs: Path):
    with pytest.raises(ValueError, match="already holds a checkpoint"):
        wrapped().save(theirs)


net = Net()
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a likelihood misspelt": ({"likelihood": "bernouli"}, "choose one of bernoulli"),
    "a spread that is fitted": ({"likelihood": "gaussian-optimal"}, "is fitted to data, and here are none"),
    "no latents": ({"latent": 0}, "must be between 1"),
    "half a latent": ({"latent": 1.5}, "latent is one whole number or three"),
    "a flat shape": ({"shape": (8, 8)}, "shape is one whole number or three"),
    "another shape": (
        {"shape": (1, 7, 7)},
        "the decoder gives output (1 x 8 x 8), and an observation is 1 x 7 x 7",
    ),
    "other latents": ({"latent": 5}, "the decoder cannot be run on a tensor of 8 x 5"),
    "an unknown option": ({"outputs": 3}, "what can be said of a model is"),
    "no function": ({"decode": 3}, "decode is int and no function or module"),
    "one code": ({"encode": lambda x: net.encode(x)[0]}, "a plain autoencoder has no prior to draw from"),
    "numbers that are none": ({"decode": lambda z: net.decode(z) * float("nan")}, "NaN or infinite"),
    "an encoder of other images": (
        {"encode": lambda x: net.to_code(x.flatten(1)[:, :3])},
        "the encoder cannot be run",
    ),
    "no pixels": (
        {"likelihood": None, "decode": lambda z: 99 * net.decode(z)},
        "which are no pixels from 0 to 1",
    ),
}


@pytest.mark.parametrize("case", first(list(REFUSED), 5))
def test_what_is_no_model_is_one_sentence_and_leaves_nothing(case: str, tmp_path: Path, one_line: Callable):
    asked, words = REFUSED[case]
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        wrapped(**asked).save(tmp_path / "theirs")
    assert one_line(caught.value)
    assert not (tmp_path / "theirs" / "card.json").exists()


@pytest.mark.parametrize(
    ("kind", "spread"),
    [
        ("log-variance", lambda sd: 2 * sd.log()),
        ("log-scale", torch.log),
        ("variance", torch.square),
        ("scale", lambda sd: sd),
    ],
)
def test_what_the_spread_is_is_found_without_data(kind: str, spread: Callable, tmp_path: Path):
    """A linear model of noise s^2 and its exact posterior; the mean of a decoded draw varies less than that of an image."""
    torch.manual_seed(0)
    axes, noise = 0.35 * torch.linalg.qr(torch.randn(64, 4)).Q, 0.04
    variance = noise / (0.35**2 + noise)
    found = vae_core.wrap(
        encode=lambda x: (
            (x.flatten(1) - 0.5) @ axes * variance / noise,
            spread(torch.full((1, 4), variance).sqrt() + 0 * x.flatten(1)[:, :4]),
        ),
        decode=lambda z: (0.5 + z @ axes.T).view(-1, 1, 8, 8),
        latent=4,
        likelihood="gaussian-fixed",
        gamma=0.2,
        shape=(1, 8, 8),
    ).save(tmp_path / "theirs")
    assert any(note.startswith(f"the spread of z is a {kind},") for note in found.card.notes), (
        found.card.notes
    )
