"""Runs of a page: their folder, queue and processes."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from latent_explorer import LOCAL_VARIABLE, RUNS_VARIABLE, TRAINING_VARIABLE
from latent_explorer.training import keeper, runs

from tests.support.runs import watched
from tests.support.trained import Trained
from vae_core.runs import Lock

# Stands for a training: holds the lock, says where it is, and ends when it is told to.
SCRIPT = """
import json, sys, time
from pathlib import Path
from filelock import FileLock
if "fail" in sys.argv:
    sys.exit("latent-explorer: this cannot be trained: choose another")
folder = Path(sys.argv[sys.argv.index("--out" if "--out" in sys.argv else "resume") + 1])
with FileLock(folder / "training.lock"):
    said = {"state": "running", "start": time.time(), "time": time.time(), "step": 1, "steps": 9}
    (folder / "watch" / "status.json").write_text(json.dumps(said))
    while not (folder / "end").exists():
        time.sleep(0.02)
    (folder / "watch" / "status.json").write_text(json.dumps({**said, "state": "finished"}))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path))
    monkeypatch.setenv(LOCAL_VARIABLE, "1")
    monkeypatch.delenv(TRAINING_VARIABLE, raising=False)
    monkeypatch.setattr(
        keeper, "COMMAND", (sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{SCRIPT}")
    )
    monkeypatch.setattr(keeper, "FOLLOWING", (sys.executable, "-S", "-c", "pass"))
    yield tmp_path
    for folder in filter(Path.is_dir, tmp_path.iterdir()):
        (folder / "end").touch()
    for child in [*keeper._children.values(), *keeper._following.values(), *keeper._leaving]:
        child.wait(10)


def becomes(holds: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        keeper.turn()
        time.sleep(0.02)
    return holds()


def state(name: str) -> str:
    return runs.named(name).state


def test_one_trains_and_the_next_waits_for_its_turn(home: Path):
    keeper.ask("first", ["train", "vae"])
    keeper.ask("second", ["train", "vae"])
    assert becomes(lambda: state("first") == "running")
    assert state("second") == "queued"
    (home / "first" / "end").touch()
    assert becomes(lambda: state("first") == "finished")
    assert becomes(lambda: state("second") == "running")
    assert list(runs.everyone()) == ["second", "first"]


def test_one_begins_beside_another_where_it_is_asked(home: Path):
    keeper.ask("first", [])
    assert becomes(lambda: state("first") == "running")
    keeper.ask("second", [], now=True)
    assert becomes(lambda: state("second") == "running")


def test_what_cannot_train_says_why(home: Path):
    keeper.ask("bad", ["fail"])
    assert becomes(lambda: state("bad") == "failed")
    assert runs.named("bad").said == "this cannot be trained: choose another"


def test_what_waits_can_leave_and_nothing_is_left_of_it(home: Path):
    keeper.ask("first", [])
    keeper.ask("second", [])
    keeper.withdraw(runs.named("second"))
    assert "second" not in runs.everyone()
    assert not (home / "second").exists()


def test_a_run_goes_on_from_its_last_epoch(home: Path, trained: Trained):
    shutil.copytree(trained["vae-digits"], home / "shell")
    keeper.again(runs.named("shell"))
    assert runs.named("shell").asked["words"] == ["resume", str(home / "shell")]
    keeper.ask("first", ["fail"], now=True)
    assert becomes(lambda: state("first") == "failed")
    with pytest.raises(ValueError, match="begin anew"):
        keeper.again(runs.named("first"))


def test_two_pages_that_ask_for_the_same_at_once_do_not_begin_it_twice(home: Path, trained: Trained):
    def asked(name: str) -> str:
        try:
            keeper.ask(name, [])
        except ValueError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pages:
        said = list(pages.map(asked, ["same"] * 8))
    assert sorted(said) == ["", *["same is there already: choose another name"] * 7]
    assert becomes(lambda: state("same") == "running")
    (home / "same" / "end").touch()
    assert becomes(lambda: state("same") == "finished" and not runs.named("same").trains)

    shutil.copytree(trained["vae-digits"], home / "shell")
    keeper.again(runs.named("shell"))
    assert becomes(lambda: state("shell") == "running")
    with pytest.raises(ValueError, match="shell goes on already"):
        keeper.again(runs.named("shell"))
    assert state("shell") == "running"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a\nb", "trailing ", "nul\0"])
def test_a_name_that_is_no_folders_is_refused(home: Path, name: str):
    with pytest.raises(ValueError, match="letters"):
        keeper.ask(name, [])
    with pytest.raises(ValueError, match="no run is called"):
        runs.named(name)
    assert list(home.iterdir()) == []


def test_a_run_is_renamed_and_deleted_unless_it_trains(home: Path):
    run = runs.run_at(watched(home / "a"))
    watched(home / "b")
    assert "there already" in runs.rename(run, "b").refused
    with Lock(home / "a"):
        assert "stop it first" in runs.rename(run, "c").refused
        assert "stop it first" in runs.delete(run).refused
    assert not runs.rename(run, "c").refused
    assert sorted(runs.everyone()) == ["b", "c"]
    assert not runs.delete(runs.named("c")).refused
    assert not (home / "c").exists()


def test_a_link_out_of_the_folder_of_runs_is_not_followed_to_delete(
    home: Path, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = watched(tmp_path_factory.mktemp("else") / "kept")
    (home / "link").symlink_to(elsewhere)
    assert "lies elsewhere" in runs.delete(runs.named("link")).refused
    assert (elsewhere / "watch" / "frames.bin").exists()


def test_what_follows_a_training_can_be_cancelled_before_it_says_a_word(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeper, "FOLLOWING", (sys.executable, "-S", "-c", "import time; time.sleep(60)"))
    run = runs.run_at(watched(home / "a"))
    keeper.follow(run)
    assert keeper.is_following(run)
    keeper.cancel(run)
    assert becomes(lambda: not keeper.is_following(run))
    assert runs.read_json(run.folder, "then.json")["cancelled"]


@pytest.mark.parametrize("seal", [{}, {"seal": "0" * 64}, {"seal": 3}])
def test_a_folder_from_elsewhere_begins_nothing(home: Path, seal: dict):
    """A run that was downloaded may hold a command that nobody here has asked for."""
    runs.write(home / "theirs", "asked.json", {})
    told = {
        "words": ["train", "vae", "--plugin", "evil.py"],
        "source": str(home),
        "at": 0.0,
        "state": "queued",
    }
    (home / "theirs" / "watch" / "asked.json").write_text(json.dumps({**told, "then": True, **seal}))
    keeper.turn()
    assert runs.run_at(home / "theirs").asked == {}
    assert home / "theirs" not in keeper._children
    mine = keeper.ask("mine", ["train"])
    asked = json.loads((mine.folder / "watch" / "asked.json").read_text())
    (mine.folder / "watch" / "asked.json").write_text(
        json.dumps({**asked, "words": ["train", "--plugin", "evil.py"]})
    )
    assert runs.run_at(mine.folder).asked == {}
    assert (home / ".key").stat().st_mode & 0o077 == 0
