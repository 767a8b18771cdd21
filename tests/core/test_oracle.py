"""The oracle classifier is trained once for a data set, kept, and found again only as it was."""

from pathlib import Path

import pytest
import torch

from vae_core.data import Data
from vae_core.kinds import Image
from vae_core.metrics import Estimate, Evaluation, classes, oracle
from vae_core.models import CDVAE, Signature

CLASSES = ("dark", "light")


def data(split: str, count: int = 40, light: int = 200) -> Data:
    labels = torch.arange(count) % 2
    images = (labels * light)[:, None, None, None].expand(-1, 1, 8, 8) + torch.arange(count)[
        :, None, None, None
    ]
    return Data("shades", split, images.to(torch.uint8), labels, CLASSES)


def features_told(*features: torch.Tensor, seed: int) -> dict[str, Estimate]:
    """In place of `diversity`, whose covariances take seconds: the same wherever all features are."""
    return {f"features {i}": Estimate.mean(part.double().sum(1)) for i, part in enumerate(features)}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """The seeds with which a classifier was trained, and none is kept yet."""
    seeds: list[int] = []
    fit = oracle.OracleClassifier._fit

    def noted(self: oracle.OracleClassifier, train: Data) -> None:
        seeds.append(torch.initial_seed())
        fit(self, train)

    monkeypatch.setattr(oracle.OracleClassifier, "_fit", noted)
    monkeypatch.setattr(oracle, "KEPT", tmp_path / "oracle")
    monkeypatch.setattr(oracle, "ORACLE_STEPS", 3)
    monkeypatch.setattr(classes, "SAMPLES", 60)
    monkeypatch.setattr(classes, "diversity", features_told)
    return seeds


def evaluation(said: list[str], seed: int = 0, light: int = 200) -> Evaluation:
    torch.manual_seed(1)
    model = CDVAE(unlabelled=2, nets="mlp-256").build(Signature(Image(1, 8, 8), CLASSES))
    return Evaluation(model.eval(), data("test"), data("train", light=light), seed, said.append)


def weights(found: oracle.OracleClassifier) -> dict[str, torch.Tensor]:
    return dict(found.net.state_dict())


def test_two_evaluations_give_equal_numbers_and_the_second_trains_none(trained: list[int]):
    first = classes.by_oracle(evaluation([]))
    said: list[str] = []
    assert classes.by_oracle(evaluation(said)) == first
    assert trained == [0]
    assert not said
    assert {"judge_accuracy", "sample_accuracy", "features 2"} <= set(first)


def test_other_data_another_seed_and_another_recipe_have_one_of_their_own(
    trained: list[int], monkeypatch: pytest.MonkeyPatch
):
    oracle.oracle_of(evaluation([]))
    oracle.oracle_of(evaluation([], seed=1))
    oracle.oracle_of(evaluation([], light=201))
    monkeypatch.setattr(oracle, "RECIPE", oracle.RECIPE + 1)
    oracle.oracle_of(evaluation([]))
    assert trained == [0, 1, 0, 0]
    assert len(list(oracle.KEPT.iterdir())) == 4


@pytest.mark.parametrize("damage", ["cut", "changed", "folder"])
def test_a_damaged_one_is_trained_anew_and_that_is_said(trained: list[int], damage: str):
    first = weights(oracle.oracle_of(evaluation([])))
    (path,) = oracle.KEPT.iterdir()
    whole = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(whole[:-100] if damage == "cut" else whole[:-1] + bytes([whole[-1] ^ 64]))
    said: list[str] = []
    again = weights(oracle.oracle_of(evaluation(said)))
    assert all(torch.equal(again[name], first[name]) for name in first)
    assert trained == [0, 0]
    assert "it is trained anew" in said[0]
    assert damage == "folder" or path.read_bytes() == whole


def test_what_was_used_longest_ago_makes_room(trained: list[int], monkeypatch: pytest.MonkeyPatch):
    oracle.oracle_of(evaluation([]))
    (first,) = oracle.KEPT.iterdir()
    monkeypatch.setattr(oracle, "MOST_BYTES", int(2.5 * first.stat().st_size))
    oracle.oracle_of(evaluation([], seed=1))
    oracle.oracle_of(evaluation([]))  # used again
    oracle.oracle_of(evaluation([], seed=2))
    assert len(list(oracle.KEPT.iterdir())) == 2
    assert first.exists()


def test_where_nothing_can_be_written_it_is_used_all_the_same(
    trained: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(oracle, "KEPT", tmp_path / "file" / "oracle")
    said: list[str] = []
    oracle.oracle_of(evaluation(said))
    assert trained == [0]
    assert "is not kept" in said[-1]
