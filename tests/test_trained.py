"""The models that tests share: made when asked for, once for all, each alone, and whole."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests.support.trained import KEPT, Trained, cache_for, state_of

NAMES = ("one", "two", "three")


class Maker:
    """Writes a file in place of a training, and keeps count."""

    def __init__(self, *broken: str):
        self.broken, self.made = broken, list[str]()

    def __call__(self, name: str, folder: Path) -> None:
        self.made.append(name)
        folder.mkdir()
        (folder / "half").write_text(name)
        torch.rand(3)
        if name in self.broken:
            raise RuntimeError(f"{name} does not train")


def models(tmp_path: Path, maker: Callable[[str, Path], None], process: str = "a") -> Trained:
    for part in ("cache", process):
        (tmp_path / part / "models").mkdir(parents=True, exist_ok=True)
    return Trained(NAMES, maker, tmp_path / "cache" / "models", tmp_path / process / "models")


def test_a_model_is_made_when_it_is_first_asked_for(tmp_path: Path):
    maker = Maker()
    found = models(tmp_path, maker)
    assert (sorted(found), len(found), "one" in found, maker.made) == (sorted(NAMES), 3, True, [])
    assert found["two"] == found["two"] == found.folder / "two"
    assert maker.made == ["two"]
    with pytest.raises(KeyError):
        found["four"]


def test_what_fails_fails_alone_and_leaves_nothing_half_made(tmp_path: Path):
    found = models(tmp_path, Maker("two"))
    with pytest.raises(RuntimeError, match="two does not train"):
        found["two"]
    assert found["one"].is_dir()
    assert sorted(path.name for path in found.folder.iterdir()) == ["one"]
    assert not [path for path in (tmp_path / "cache").rglob("*") if "two" in path.name and path.is_dir()]


@pytest.mark.parametrize("ask", [Trained.everything, lambda found: next(iter(found.values())).parent])
def test_the_folder_holds_them_all(tmp_path: Path, ask: Callable[[Trained], Path]):
    found = models(tmp_path, Maker())
    assert sorted(path.name for path in ask(found).iterdir()) == sorted(NAMES)


def test_what_one_process_made_another_copies_and_may_change(tmp_path: Path):
    maker = Maker()
    first, second = models(tmp_path, maker, "a"), models(tmp_path, maker, "b")
    (first["one"] / "half").write_text("changed")
    assert (second["one"] / "half").read_text() == "one"
    assert maker.made == ["one"]


def test_two_at_once_make_each_model_once(tmp_path: Path):
    """Two threads with a lock of their own each stand for two processes."""
    made = []

    def slow(name: str, folder: Path) -> None:
        time.sleep(0.1)
        folder.mkdir()
        made.append(name)

    two = [models(tmp_path, slow, process) for process in "ab"]
    with ThreadPoolExecutor() as pool:
        folders = list(pool.map(Trained.everything, two))
    assert sorted(made) == sorted(NAMES)
    assert [len(list(folder.iterdir())) for folder in folders] == [3, 3]


def test_a_test_s_own_noise_does_not_depend_on_a_training(tmp_path: Path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    _ = models(tmp_path, Maker())["one"]
    assert torch.equal(torch.rand(2), expected)


def test_a_changed_source_is_another_state(tmp_path: Path):
    source = tmp_path / "a.py"
    source.write_text("a")
    before = state_of([source])
    assert state_of([source]) == before
    source.write_text("b")
    assert state_of([source]) != before


def test_only_the_last_states_stay_on_disk(tmp_path: Path):
    for i in range(KEPT + 2):
        cache_for(tmp_path, f"state-{i}")
    assert len(list(tmp_path.iterdir())) == KEPT
    assert (tmp_path / f"state-{KEPT + 1}").is_dir()
