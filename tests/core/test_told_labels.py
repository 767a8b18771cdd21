"""A training that is told the class of some: which they are, and that no other is used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.short import LABELLED, QUICK, same, weights
from vae_core.conditionals import Env
from vae_core.data import Data
from vae_core.distributions import Sampler
from vae_core.model import Model
from vae_core.models import Joint
from vae_core.objectives import (
    M2,
    SemiSupervised,
)
from vae_core.priors import one_hot
from vae_core.training import train
from vae_core.training.schedule import Schedule


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Env]:
    """Every batch that a semi-supervised training sees."""
    forward, seen = SemiSupervised.forward, []

    def watching(objective: SemiSupervised, model: Model, batch: Env, draw: Any) -> Any:
        seen.append(batch)
        return forward(objective, model, batch, draw)

    monkeypatch.setattr(SemiSupervised, "forward", watching)
    return seen


def test_known_labels_are_spread_over_the_classes(digits: Data):
    found = digits.with_labels(20)
    assert found.known is not None
    assert digits.labels[found.known].bincount(minlength=10).tolist() == [2] * 10
    assert torch.equal(found.known_labels, digits.labels[found.known])


def test_labels_that_do_not_divide_are_as_equal_as_can_be(digits: Data):
    known = digits.with_labels(25).known
    assert digits.labels[known].bincount(minlength=10).tolist() == [3] * 5 + [2] * 5


def test_a_class_of_few_images_tells_all_of_them():
    labels = torch.tensor([0] * 970 + [1] * 20 + [2] * 10)
    data = Data("uneven", "train", torch.zeros(1000, 1, 2, 2).byte(), labels, ("a", "b", "c"))
    known = data.with_labels(100).known
    assert labels[known].bincount().tolist() == [70, 20, 10]
    known = data.with_labels(12).known
    assert labels[known].bincount().tolist() == [4, 4, 4]


def test_only_labels_that_are_known_are_told(digits: Data):
    part = replace(digits, known=torch.arange(len(digits)) % 3 == 0)
    found = part.with_labels(40).known
    assert found is not None
    assert int(found.sum()) == 40
    assert not (found & ~part.known).any()  # type: ignore[operator]


def test_other_seeds_tell_other_labels(digits: Data):
    one, again, other = (digits.with_labels(20, seed).known for seed in (0, 0, 1))
    assert one is not None
    assert again is not None
    assert other is not None
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_an_untold_label_is_a_row_of_zeros(digits: Data):
    found = digits.with_labels(20)
    assert found.known is not None
    batch = found.batch(slice(None), Sampler.seeded(0))["y"]
    assert torch.equal(batch[found.known], one_hot(found.known_labels, 10))
    assert batch[~found.known].abs().sum() == 0


def test_an_eighth_of_each_batch_has_its_labels_told(told: list[Env], digits: Data, tmp_path: Path):
    train(Joint(latent=2, nets="mlp-256"), digits, LABELLED, tmp_path / "run")
    assert [batch["y"].sum().item() for batch in told] == [8] * 2 * ((256 - 20) // 56)
    assert all(len(batch["x"]) == 64 for batch in told)


def test_images_are_told_from_the_known_ones_alone(told: list[Env], digits: Data, tmp_path: Path):
    train(Joint(latent=2, nets="mlp-256", likelihood="gaussian"), digits, LABELLED, tmp_path / "run")
    known = digits.head(256).with_labels(20).known
    assert known is not None
    expected = {image.numpy().tobytes() for image in digits.images[:256][known]}
    for batch in told:
        grey = (batch["x"] * 256).floor().to(torch.uint8)
        rows = batch["y"].sum(-1) > 0
        assert {image.numpy().tobytes() for image in grey[rows]} <= expected
        assert not {image.numpy().tobytes() for image in grey[~rows]} & expected


def relabelled(data: Data, count: int) -> Data:
    """The same data where labels that are not told are others, and the same ones are told."""
    known = data.with_labels(count).known
    assert known is not None
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    last = known[order].nonzero().max()
    labels = data.labels.clone()
    labels[order[last + 1 :]] = (labels[order[last + 1 :]] + 3) % 10
    other = replace(data, labels=labels)
    assert torch.equal(known, other.with_labels(count).known)  # type: ignore[arg-type]
    assert (labels != data.labels).sum() > 100
    return other


def test_labels_that_are_not_told_change_nothing(digits: Data, tmp_path: Path):
    data = digits.head(256)
    for name, given in (("one", data), ("other", relabelled(data, 20))):
        train(Joint(latent=2, nets="mlp-256"), given, LABELLED, tmp_path / name)
    assert same(weights(tmp_path / "one"), weights(tmp_path / "other"))


@pytest.mark.slow
def test_told_labels_teach_the_classifier(digits: Data, tmp_path: Path):
    options = replace(QUICK, objective=M2(labels=200), limit=None, epochs=8)
    model = train(Joint(latent=4, nets="mlp-256"), digits, options, tmp_path / "run").model
    batch = digits.batch(slice(None), Sampler.seeded(0))
    untold = ~digits.with_labels(200).known  # type: ignore[operator]
    right = model.q["y"](batch).logits.argmax(-1) == digits.labels  # type: ignore[union-attr]
    assert right[untold].float().mean() > 0.75


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (3, "3 labels are fewer than the 10 classes: tell one of each at least"),
        (2000, "digits has 256 labels, fewer than 2,000: ask for fewer"),
    ],
)
def test_labels_that_cannot_be_told_are_refused(
    count: int, words: str, digits: Data, tmp_path: Path, one_line: Callable
):
    with pytest.raises(ValueError, match=words) as caught:
        train(Joint(), digits, replace(QUICK, objective=M2(labels=count)), tmp_path / "run")
    one_line(caught.value)


def test_labels_that_leave_too_few_images_for_a_batch_are_refused(
    digits: Data, tmp_path: Path, one_line: Callable
):
    options = replace(
        QUICK, objective=M2(labels=150), batch=256
    )  # 106 images are left for the other seven eighths of a batch
    with pytest.raises(ValueError, match="batch") as caught:
        train(Joint(nets="mlp-256"), digits, options, tmp_path / "run")
    one_line(caught.value)


def test_every_process_gets_its_share_of_the_labelled_images(digits: Data):
    data = digits.head(256).with_labels(20)
    assert data.known is not None
    rows = Schedule(data, 64).epoch()
    assert [data.known[part].sum(1).tolist() for part in rows.chunk(4, dim=1)] == [[2] * len(rows)] * 4
