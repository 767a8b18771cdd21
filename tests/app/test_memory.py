"""What the server keeps is bounded by bytes, and made again when it is asked for."""

from typing import Any

import numpy as np
import pytest
import torch
from latent_explorer.caches import kept
from latent_explorer.caches.sizes import Account, size_of

from vae_core import load
from vae_core.serving import LiveDecoder, Request
from vae_core.serving import decoder as decoding


def test_a_checkpoint_has_the_bytes_of_its_weights_and_its_atlas():
    found = load("ppca-digits-plane")
    weights = sum(value.numel() * value.element_size() for value in found.model.state_dict().values())
    assert size_of(found.model) == weights
    grid = found.atlas_grid
    assert size_of(grid) >= sum(4 * each.size for each in grid.atlases[0].means.values())
    assert not load("ppca-digits-plane").atlas_grid.atlases[0].means._made  # type: ignore[attr-defined]


def test_counting_makes_no_array_of_an_atlas():
    grid = load("mr-vae-mnist").atlas_grid
    assert size_of(grid) > 10**7
    assert not any(atlas.means._made for atlas in grid.atlases)  # type: ignore[attr-defined]


def test_what_lies_in_a_file_takes_no_memory(tmp_path: Any):
    np.save(tmp_path / "a.npy", np.zeros(1000))
    assert size_of(np.load(tmp_path / "a.npy", mmap_mode="r")) == 0
    assert size_of([torch.zeros(2), {"a": "bc"}, (b"d", 3)]) == 8 + 2 + 1


def test_an_account_lets_go_of_everything_when_it_is_full():
    gone = []
    account = Account(100, lambda: gone.append(1))
    for _ in range(5):
        account.add(30)
    assert len(gone) == 1
    account.reset()
    account.add(100)
    assert len(gone) == 1


def test_what_is_derived_is_let_go_of_by_its_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "_account", Account(10**6, kept.forget_derived))
    made = []

    @kept.kept(100)
    def large(checkpoint: Any, number: int) -> np.ndarray:
        made.append(number)
        return np.zeros(50_000)

    checkpoint = load("ppca-digits-plane")
    for number in range(5):
        large(checkpoint, number)
    large(checkpoint, 0)
    assert made == [0, 1, 2, 3, 4, 0]  # the third and the fifth were one too many
    large(checkpoint, 0)
    assert made[6:] == []


def test_models_that_nobody_asks_for_any_more_are_not_held_ready(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoding, "MOST_KNOWN", 2)
    decoder = LiveDecoder(load)
    for name in ("ppca-digits-plane", "vae-digits-plane", "ppca-mnist-plane"):
        (answer,) = decoder.answer([Request(0, name, 1)])
        assert not isinstance(answer, ValueError)
    assert list(decoder._frozen) == ["vae-digits-plane", "ppca-mnist-plane"]
