"""A grid of trainings: what is run, what is not run again, what is lost when somebody dies (nothing), and the table."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vae_core.checkpoints import bundled, load_card, save_card
from vae_core.checkpoints.folder import CARD
from vae_core.cli import main
from vae_core.runs import alive
from vae_core.sweeps import (
    DONE,
    FAILED,
    WAITING,
    Sweep,
    begun,
    best,
    parsed,
    read_sweep,
    tabulated,
    trials,
    worker,
)
from vae_core.sweeps.folder import TRIAL, write_json
from vae_core.sweeps.worker import Stop, Task, work

TRAIN = ["train", "vae", "--data", "digits", "--latent", "2", "--nets", "mlp-256", "--no-atlas"]


# ---- the grid


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["beta=0.5,1"], {"beta": ["0.5", "1"]}),
        (["seed=-1..1"], {"seed": ["-1", "0", "1"]}),
        (["seed=0..1,7"], {"seed": ["0", "1", "7"]}),
        (["learning_rate=1e-3"], {"learning-rate": ["1e-3"]}),
        (["--beta=z_l 2  z_u 1,z_l 1 z_u 1"], {"beta": ["z_l 2 z_u 1", "z_l 1 z_u 1"]}),
    ],
)
def test_a_grid_is_read(told: list[str], expected: dict[str, list[str]]):
    assert parsed(told) == expected


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "the grid is empty"),
        (["beta"], "is no part of a grid"),
        (["=1"], "is no part of a grid"),
        (["beta=1", "beta=2"], "has beta twice"),
        (["beta=1,1"], "a value of beta twice"),
        (["beta="], "an empty value"),
        (["beta=1,,2"], "an empty value"),
        (["seed=4..0"], "runs backwards"),
        (["seed=0..99999999999"], "more than 10,000 values"),
        (["seed=0..999", "beta=" + ",".join(map(str, range(11)))], "11,000 trials"),
    ],
)
def test_what_is_no_grid_is_refused(told: list[str], words: str, one_line: Callable):
    with pytest.raises(ValueError, match=words) as error:
        parsed(told)
    one_line(error.value)


def test_every_trial_has_a_folder_of_its_own_that_pages_can_name():
    grid = {"nets": ["a/b", "a b", "x" * 90, "x" * 91], "seed": ["0", "1"]}
    names = [trial.name for trial in trials(grid)]
    assert len(set(names)) == len(names) == 8
    assert all(len(name) <= 64 and "/" not in name and " " not in name for name in names)
    assert names == [trial.name for trial in trials(grid)]


# ---- the command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "vae", "--grid", "seed=0..1"], "add --out runs/sweep"),
        (["evaluate", "x", "--out", "{tmp}", "--grid", "seed=0"], "say what to train"),
        ([*TRAIN, "--out", "{tmp}"], "the grid is empty"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "seed=0", "latent=2"], "--latent is given and in the grid"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "out=a,b"], "the sweep's own"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "likelihood=bernoulli,nonsense"], "nonsense"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "sede=0"], "sede"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "seed=0", "--tries", "0"], "--tries is at least 1"),
        ([*TRAIN, "--out", "{tmp}", "--grid", "seed=0", "--measure", "elbow"], "elbow"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_begins(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    try:
        code = main(["sweep", *(word.format(tmp=tmp_path / "s") for word in arguments)])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert words in one_line(capsys.readouterr().err)
    assert not (tmp_path / "s").exists()


def test_a_folder_goes_on_with_its_own_sweep_alone(tmp_path: Path):
    begun(tmp_path, TRAIN, {"seed": ["0", "1"]}, ["elbo"])
    wider = begun(tmp_path, TRAIN, {"seed": ["1", "2"]}, ["elbo"])
    assert [trial.name for trial in wider.trials] == ["seed-0", "seed-1", "seed-2"]
    assert read_sweep(tmp_path) == wider
    for words, grid in ((["train", "cdvae"], {"seed": ["0"]}), (TRAIN, {"beta": ["1"]})):
        with pytest.raises(ValueError, match="holds another sweep"):
            begun(tmp_path, words, grid, ["elbo"])
    (tmp_path / "of-a-model").mkdir()
    (tmp_path / "of-a-model" / CARD).write_text("{}")
    with pytest.raises(ValueError, match="holds a checkpoint"):
        begun(tmp_path / "of-a-model", TRAIN, {"seed": ["0"]}, ["elbo"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "words": 3}', "[" * 100_000, '{"format": 2}']
)
def test_a_damaged_sweep_is_named(text: str, tmp_path: Path, one_line: Callable):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match="is damaged") as error:
        read_sweep(tmp_path)
    one_line(error.value)


# ---- a trial


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Commands that are not run: `codes` is what each comes to, `words` what was asked."""
    told: dict[str, list[Any]] = {"codes": [], "words": []}

    def run(words: list[str], folder: Path, *more: Any) -> tuple[int, str]:
        told["words"].append(words[3:])
        if "evaluate" not in words:
            (folder / CARD).touch()
        return (told["codes"].pop(0) if told["codes"] else 0), "it failed"

    monkeypatch.setattr(worker, "_run", run)
    return told


def test_a_trial_that_fails_goes_on_from_its_last_epoch_and_is_given_up_after_its_tries(
    ran: dict[str, list[Any]], tmp_path: Path
):
    task = Task(str(tmp_path), tuple(TRAIN), ("elbo",), 3)
    ran["codes"] = [-9, 1, 0, 0]
    assert work(task) == DONE
    assert [("--resume" in words) for words in ran["words"]] == [False, True, True, False]
    assert ran["words"][-1] == ["evaluate", str(tmp_path), "--data", "digits", "--metrics", "elbo", "--write"]
    ran["words"].clear()
    assert work(task) == DONE
    assert ran["words"] == []  # a finished one is never repeated

    (tmp_path / TRIAL).unlink()
    ran["codes"] = [1, 1, 1]
    assert work(task) == FAILED
    assert json.loads((tmp_path / TRIAL).read_text())["said"] == "it failed"
    assert work(task) == DONE  # the same command again


def test_bad_usage_is_not_tried_again(ran: dict[str, list[Any]], tmp_path: Path):
    ran["codes"] = [2]
    assert work(Task(str(tmp_path), tuple(TRAIN), (), 3)) == FAILED
    assert len(ran["words"]) == 1


def test_a_trial_that_is_stopped_is_no_failure(ran: dict[str, list[Any]], tmp_path: Path):
    stop = Stop()
    stop.set()
    assert work(Task(str(tmp_path), tuple(TRAIN), (), 3), stop=stop) == WAITING
    assert not (tmp_path / TRIAL).exists()


# ---- the table


@pytest.fixture
def measured(tmp_path: Path) -> Sweep:
    """Three betas and three seeds, −ELBO 90, 91, 92 and so on; one trial has failed."""
    sweep = begun(tmp_path, TRAIN, {"beta": ["1", "2", "4"], "seed": ["0", "1", "2"]}, ["elbo"])
    card = load_card(bundled()["ppca-digits-plane"])
    for k, trial in enumerate(sweep.trials):
        folder = sweep.place(trial)
        metrics = {"negative_elbo": {"value": 90.0 + k, "se": 0.5, "n": 100}}
        save_card(folder, card.changed(metrics=metrics, evaluations={}))
        write_json(folder / TRIAL, {"state": FAILED if k == 8 else DONE})
    return sweep


def test_a_table_has_mean_error_and_range_over_seeds(measured: Sweep):
    lines = tabulated(measured, "negative_elbo")
    assert [line.options for line in lines] == [{"beta": "1"}, {"beta": "2"}, {"beta": "4"}]
    first, _, last = lines
    assert (first.mean, first.low, first.high, first.trials) == (91.0, 90.0, 92.0, 3)
    assert first.se == pytest.approx(1 / 3**0.5)
    assert (last.mean, last.trials) == (96.5, 2)  # without the one that failed
    assert best(lines, "negative_elbo") is first
    assert tabulated(measured, "nothing") == []


def test_one_seed_has_the_error_of_its_measurement(measured: Sweep):
    one = Sweep(measured.folder, measured.words, {**measured.grid, "seed": ("0",)})
    assert [line.se for line in tabulated(one, "negative_elbo")] == [0.5, 0.5, 0.5]


def test_the_command_shows_it(measured: Sweep, capsys: pytest.CaptureFixture[str], one_line: Callable):
    assert main(["tabulate", str(measured.folder)]) == 0
    told = capsys.readouterr().out
    assert "best: --beta 1, 91.00 ± 0.58 nats" in told
    assert "90.00 nats to 92.00 nats" in " ".join(told.split())
    assert "8 of 9 trials are done" in told
    assert main(["tabulate", str(measured.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"] == {"beta": "1"}
    assert main(["tabulate", str(measured.folder), "--number", "nothing"]) == 2
    assert "has the number nothing" in one_line(capsys.readouterr().err)


# ---- processes, and what dies


def started(folder: Path, *more: str) -> subprocess.Popen:
    words = [sys.executable, "-m", "vae_core.cli", "sweep", *TRAIN, "--out", str(folder), *more]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(holds: Callable[[], Any], seconds: float = 240) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def epochs(folder: Path) -> int:
    try:
        return load_card(folder).epochs_done
    except ValueError:
        return 0


def trainer_of(folder: Path) -> int:
    """The process that trains into a folder."""
    return until(lambda: int(json.loads((folder / "watch" / "status.json").read_text()).get("pid") or 0))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_a_worker_and_then_the_driver_are_killed(tmp_path: Path):
    grid = ["--grid", "seed=0..1", "--epochs", "60", "--jobs", "1", "--measure", "elbo"]
    folder, plain = tmp_path / "s", tmp_path / "plain"
    first, second = (folder / f"seed-{seed}" for seed in (0, 1))
    driver = started(folder, *grid)
    until(lambda: epochs(first) >= 2)
    os.kill(trainer_of(first), signal.SIGKILL)  # the worker: the driver goes on from the last epoch
    until(lambda: (first / TRIAL).exists())
    assert json.loads((first / TRIAL).read_text()) == {"state": DONE, "tries": 2}
    written = (first / "model.safetensors").stat().st_mtime_ns

    until(lambda: epochs(second) >= 2)
    driver.kill()
    driver.wait()
    assert alive(second)  # what it began trains on, and whoever comes next waits for it
    again = started(folder, *grid)
    assert again.wait(400) == 0
    sweep = read_sweep(folder)
    assert [sweep.state(trial)[0] for trial in sweep.trials] == [DONE, DONE]
    assert (first / "model.safetensors").stat().st_mtime_ns == written  # never repeated
    assert [epochs(first), epochs(second)] == [60, 60]

    # The weights are those of a training that nobody disturbed.
    assert (
        subprocess.run(
            [
                sys.executable,
                "-m",
                "vae_core.cli",
                *TRAIN,
                "--epochs",
                "60",
                "--seed",
                "0",
                "--out",
                str(plain),
            ]
        ).returncode
        == 0
    )
    assert (plain / "model.safetensors").read_bytes() == (first / "model.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_drivers_do_not_run_one_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    driver = started(tmp_path / "s", "--grid", "seed=0", "--epochs", "400")
    until(lambda: epochs(tmp_path / "s" / "seed-0"))
    assert main(["sweep", *TRAIN, "--out", str(tmp_path / "s"), "--grid", "seed=0", "--epochs", "400"]) == 2
    assert "is being run already" in capsys.readouterr().err
    driver.terminate()
    assert driver.wait(60) in (130, 1)
    assert not alive(tmp_path / "s" / "seed-0")  # what it began was stopped with it, and keeps its epochs
    assert epochs(tmp_path / "s" / "seed-0") > 0


# ---- Ray


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ray_gives_the_same_files_and_the_same_result_over_two_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("ray", reason='ray is not installed: pip install "latent-explorer[ray]"')
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    script = tmp_path / "cluster.py"
    script.write_text(
        "import subprocess, sys\n"
        "from ray.cluster_utils import Cluster\n"
        "cluster = Cluster(initialize_head=True, head_node_args={'num_cpus': 1, 'include_dashboard': False})\n"
        "cluster.add_node(num_cpus=1)\n"
        "cluster.wait_for_nodes()\n"
        "code = subprocess.run([*sys.argv[1:], '--address', cluster.address]).returncode\n"
        "cluster.shutdown()\n"
        "sys.exit(code)\n"
    )
    grid = ["--grid", "seed=0..1", "--epochs", "2"]
    words = [sys.executable, "-m", "vae_core.cli", "sweep", *TRAIN, *grid, "--out"]
    assert subprocess.run([sys.executable, str(script), *words, str(tmp_path / "ray")]).returncode == 0
    assert subprocess.run([*words, str(tmp_path / "plain"), "--engine", "processes"]).returncode == 0
    one, other = (read_sweep(tmp_path / name) for name in ("ray", "plain"))
    assert tabulated(one, "negative_elbo") == tabulated(other, "negative_elbo")
    for trial in one.trials:
        files = [sorted(path.name for path in sweep.place(trial).iterdir()) for sweep in (one, other)]
        assert files[0] == files[1]


def test_without_ray_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["sweep", *TRAIN, "--grid", "seed=0", "--out", str(tmp_path / "s"), "--engine", "ray"]
    assert main(words) == 2
    assert "latent-explorer[ray]" in one_line(capsys.readouterr().err)
