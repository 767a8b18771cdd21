"""The command line in process: what it prints, and one sentence with exit code 2 for bad usage."""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.tiers import case, first
from vae_core import projections
from vae_core.checkpoints import Card, Measurement, bundled, load, load_card, spoken
from vae_core.checkpoints import folder as checkpoints_folder
from vae_core.checkpoints.measurements import merged
from vae_core.cli import main
from vae_core.data import DATASETS
from vae_core.kinds import Image
from vae_core.metrics import METRICS, Estimate
from vae_core.models import LIKELIHOODS, MODELS
from vae_core.nets import NETS
from vae_core.objectives import OBJECTIVES
from vae_core.priors import LABELLED, UNLABELLED
from vae_core.training import NotRecorded


def code_of(arguments: list[str]) -> int:
    """The exit code, whether returned or raised."""
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture
def folder(trained: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(trained["vae-digits"], tmp_path / "mine")


def test_models_lists_what_can_be_built_and_what_is_bundled(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    words = capsys.readouterr().out.split()
    assert set(words) >= {
        *MODELS,
        *LIKELIHOODS[Image],
        *UNLABELLED,
        *LABELLED,
        *OBJECTIVES,
        *DATASETS,
        *NETS,
        *bundled(),
    }


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("latent-explorer 0.")


def test_pack_keeps_a_model_in_half_the_bytes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["pack", str(folder), str(tmp_path / "kept")]) == 0
    assert "latent-explorer evaluate" in capsys.readouterr().out
    kept, whole = load(tmp_path / "kept"), load(folder)
    sizes = [(path / "model.safetensors").stat().st_size for path in (tmp_path / "kept", folder)]
    assert sizes[0] < 0.55 * sizes[1]
    assert {path.name for path in kept.folder.iterdir()} == {"card.json", "model.safetensors"}
    assert kept.card.metrics == {}
    for name, value in whole.model.state_dict().items():
        assert torch.allclose(kept.model.state_dict()[name], value, rtol=1e-3, atol=1e-6)


def test_pack_overwrites_nothing(folder: Path, trained: dict[str, Path], capsys: pytest.CaptureFixture[str]):
    before = (folder / "card.json").read_bytes()
    assert main(["pack", str(trained["cdvae-digits"]), str(folder)]) == 2
    assert "already holds a checkpoint" in capsys.readouterr().err
    assert (folder / "card.json").read_bytes() == before


def test_evaluate_prints_one_json_object_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", str(folder), "--json", "--limit", "20", "--metrics", "elbo", "active"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert set(metrics) == {"distortion", "rate_z", "negative_elbo", "active_units_z"}
    assert metrics["negative_elbo"]["n"] == 20
    assert set(metrics["distortion"]) == {"value", "se", "n"}


def test_evaluate_refuses_one_image_which_has_no_standard_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["evaluate", str(folder), "--json", "--limit", "1", "--metrics", "elbo"]) == 2
    assert "at least 2 images" in capsys.readouterr().err


def test_evaluate_prints_a_table_for_people(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", str(folder), "--limit", "20", "--metrics", "elbo"]) == 0
    out = capsys.readouterr().out
    assert "mine on digits, test" in out
    assert "negative_elbo" in out


def test_evaluate_writes_numbers_and_command_into_the_card(folder: Path, capsys: pytest.CaptureFixture[str]):
    before = json.loads((folder / "card.json").read_text())
    command = [
        "evaluate",
        str(folder),
        "--limit",
        "20",
        "--metrics",
        "elbo",
        "--seed",
        "3",
        "--json",
        "--write",
    ]
    assert main(command) == 0
    card = json.loads((folder / "card.json").read_text())
    assert card["metrics"] == json.loads(capsys.readouterr().out)["metrics"]
    how = card["evaluations"]["elbo"]
    assert (how["seed"], how["limit"], how["split"], how["data"]) == (3, 20, "test", "digits")
    assert how["weights"] == load(folder).weights
    assert set(how["names"]) == set(card["metrics"])
    assert {k: v for k, v in card.items() if k in before and k != "metrics"} == {
        k: v for k, v in before.items() if k != "metrics"
    }


WRITE = ["--limit", "20", "--write", "--json", "--metrics"]


def card_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text())


def test_a_group_measured_again_replaces_its_own_numbers_and_no_others(folder: Path):
    assert main(["evaluate", str(folder), *WRITE, "elbo", "active"]) == 0
    before = card_of(folder)
    assert main(["evaluate", str(folder), "--seed", "5", *WRITE, "elbo"]) == 0
    card = card_of(folder)
    assert set(card["metrics"]) == set(before["metrics"])
    names = set(card["evaluations"]["elbo"]["names"])
    assert names == {"distortion", "rate_z", "negative_elbo"}
    changed = {name for name, number in card["metrics"].items() if number != before["metrics"][name]}
    assert changed == names
    measured = load_card(folder)
    assert "--seed 5" in measured.commands(["rate_z"])[0]
    assert measured.commands(["active_units_z"]) == Card.of(before).commands(["active_units_z"])
    assert "--seed 0" in measured.commands(["active_units_z"])[0]


def test_a_name_that_a_group_no_longer_gives_leaves_the_card(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert main(["evaluate", str(folder), *WRITE, "elbo", "active"]) == 0
    monkeypatch.setitem(METRICS, "elbo", lambda evaluation: {"distortion_of_all": Estimate(1.0, 0.5, 20)})
    assert main(["evaluate", str(folder), *WRITE, "elbo"]) == 0
    assert set(card_of(folder)["metrics"]) == {"distortion_of_all", "active_units_z"}


def test_an_older_card_keeps_its_numbers_and_their_command(folder: Path):
    old = card_of(folder)
    number = {"value": 1.0, "se": 0.1, "n": 10}
    old |= {"metrics": {"negative_elbo": number, "gone": number}, "evaluation": {"command": "an old one"}}
    (folder / "card.json").write_text(json.dumps(old))
    assert main(["evaluate", str(folder), *WRITE, "elbo"]) == 0
    card = card_of(folder)
    assert card["metrics"]["gone"] == number
    assert card["metrics"]["negative_elbo"]["n"] == 20
    assert load_card(folder).commands(["gone"]) == ["an old one"]
    assert "--metrics elbo" in load_card(folder).commands(["negative_elbo"])[0]


def test_a_group_that_fails_costs_no_other_its_numbers(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    def fails(evaluation: object) -> dict[str, Estimate]:
        raise RuntimeError("no room")

    assert main(["evaluate", str(folder), *WRITE, "active"]) == 0
    monkeypatch.setitem(METRICS, "active", fails)
    capsys.readouterr()
    assert main(["evaluate", str(folder), *WRITE, "elbo", "active", "noise"]) == 1
    out, err = capsys.readouterr()
    assert "negative_elbo" in json.loads(out)["metrics"]
    last = one_line(err.splitlines()[-1])
    assert "active (no room)" in last
    assert {"negative_elbo", "active_units_z"} <= set(card_of(folder)["metrics"])


def test_a_number_that_is_not_finite_is_said_and_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    odd = {"of_one": Estimate(1.0, float("nan"), 1), "of_many": Estimate(1.0, 0.1, 9)}
    monkeypatch.setitem(METRICS, "active", lambda evaluation: odd)
    assert main(["evaluate", str(folder), *WRITE, "active", "elbo"]) == 1
    assert "active (of_one not finite)" in one_line(capsys.readouterr().err.splitlines()[-1])
    assert {"of_many", "negative_elbo"} <= set(load_card(folder).metrics)
    assert "of_one" not in load_card(folder).metrics


def test_an_interrupted_measurement_keeps_what_was_measured(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(evaluation: object) -> dict[str, Estimate]:
        raise KeyboardInterrupt

    monkeypatch.setitem(METRICS, "active", interrupted)
    assert main(["evaluate", str(folder), *WRITE, "elbo", "active"]) == 130
    assert "negative_elbo" in card_of(folder)["metrics"]


def test_an_interrupted_measurement_that_is_not_written_is_shown_as_far_as_it_came(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def stopped(evaluation: object) -> dict:
        raise KeyboardInterrupt

    monkeypatch.setitem(METRICS, "active", stopped)
    assert main(["evaluate", str(folder), "--json", "--limit", "20", "--metrics", "elbo", "active"]) == 130
    assert "negative_elbo" in json.loads(capsys.readouterr().out)["metrics"]


@pytest.mark.parametrize(
    "command",
    first(
        [
            [],
            ["train"],
            ["train", "vae"],
            ["evaluate"],
            *(["train", name] for name in MODELS if name != "vae"),
            ["frontier"],
            ["pack"],
        ],
        4,
    ),
)
def test_no_help_prints_what_is_meant_for_programmers(command: list[str], capsys: pytest.CaptureFixture[str]):
    assert code_of([*command, "--help"]) == 0
    told = capsys.readouterr().out
    assert not [word for word in ("ignore[", "noqa", "Raises", "Annotated", ">>>", "Source:") if word in told]


def test_a_fault_of_the_program_is_a_sentence_and_on_demand_a_traceback(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    def fails(*arguments: object, **options: object) -> None:
        raise KeyError("nobody\nthought of this")

    monkeypatch.setattr("vae_core.cli.evaluate.evaluation_of", fails)
    assert main(["evaluate", str(folder)]) == 1
    assert "KeyError" in one_line(capsys.readouterr().err)
    monkeypatch.setenv("LATENT_EXPLORER_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["evaluate", str(folder)])


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_of_a_page_is_no_error():
    command = f"{sys.executable} -m vae_core.cli train vae --help | true"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_too_little_memory_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    def fails(*arguments: object, **options: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr("vae_core.cli.evaluate.evaluation_of", fails)
    assert main(["evaluate", str(folder)]) == 2
    assert "there is not enough memory" in one_line(capsys.readouterr().err)


def test_a_bundled_checkpoint_is_called_by_its_name_where_no_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    name = "vae-sprites"
    assert load(name).folder == bundled()[name]
    assert spoken(bundled()[name]) == name
    assert main(["pack", name, str(tmp_path / name)]) == 0
    assert load(name).folder == Path(name)
    assert spoken(tmp_path / name) == name


FACTORS = {"dimensions": ["z 1", "z 2"], "factors": ["a", "b"]}


def test_tables_of_factors_are_replaced_by_what_measures_them_alone():
    how = Measurement(names=(), command="one")
    card = {"metrics": {}, "factors": {**FACTORS, "n": 9, "information": [[1]], "importance": [[2]]}}
    assert merged(card, "elbo", {}, how, {})["factors"] == card["factors"]
    trees = merged(card, "dci", {}, how, {**FACTORS, "n": 5, "importance": [[3]]})["factors"]
    assert trees == {**FACTORS, "n": 9, "information": [[1]], "importance": [[3]]}
    counted = merged(card, "disentanglement", {}, how, {**FACTORS, "n": 5, "information": [[4]]})["factors"]
    assert counted == {**FACTORS, "n": 5, "information": [[4]], "importance": [[2]]}
    other = {"dimensions": ["z 1"], "factors": ["a"], "n": 5, "information": [[4]]}
    assert merged(card, "disentanglement", {}, how, other)["factors"] == other


REFUSED = {
    "no group": (["--metrics"], "no metric is named"),
    "a beta of a model of one": (["--beta", "3"], "trained for one beta"),
    "other data": (["--data", "sprites"], "is not that: evaluate it on digits"),
    "training images written": (["--split", "train", "--write"], "not on those of the split train"),
    "other data written": (["--data", "sprites", "--write"], "not on sprites"),
}


@pytest.mark.parametrize("usage", [case(usage, slow=usage == "other data") for usage in REFUSED])
def test_what_would_be_false_in_a_card_is_refused(
    usage: str, folder: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    arguments, words = REFUSED[usage]
    before = card_of(folder)
    assert main(["evaluate", str(folder), "--limit", "20", *arguments]) == 2
    assert words in one_line(capsys.readouterr().err)
    assert card_of(folder) == before


def test_numbers_at_another_beta_are_not_written(
    trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    mine = shutil.copytree(trained["rate-digits"], tmp_path / "mine")
    assert main(["evaluate", str(mine), "--beta", "3", *WRITE, "elbo"]) == 2
    assert "a card holds numbers measured at beta = 1" in capsys.readouterr().err
    assert card_of(mine)["metrics"] == {}
    assert main(["evaluate", str(mine), "--beta", "1", *WRITE, "elbo"]) == 0
    assert "negative_elbo" in card_of(mine)["metrics"]


def test_the_written_command_names_the_groups_that_were_measured(folder: Path):
    assert main(["evaluate", str(folder), "--limit", "20", "--metrics", "elbo", "--write"]) == 0
    command = json.loads((folder / "card.json").read_text())["evaluations"]["elbo"]["command"]
    assert command.split() == [
        "latent-explorer",
        "evaluate",
        "mine",
        "--split",
        "test",
        "--seed",
        "0",
        "--limit",
        "20",
        "--metrics",
        "elbo",
    ]


TRAIN = ["--data", "digits", "--nets", "mlp-256", "--limit", "128", "--no-atlas", "--device", "cpu"]


def test_train_makes_a_checkpoint_that_evaluate_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "run"
    options = ["--epochs", "2", "--batch", "64", "--separation", "6", "--beta", "z_l", "2", "z_u", "0.5"]
    assert main(["train", "cdvae", *TRAIN, *options, "--out", str(out)]) == 0
    card = json.loads((out / "card.json").read_text())
    assert card["objective"]["beta"] == {"z_l": 2.0, "z_u": 0.5}
    assert card["model"]["arguments"]["separation"] == 6.0
    assert card["epochs_done"] == 2
    assert main(["evaluate", str(out), "--json", "--limit", "10", "--metrics", "bayes"]) == 0
    assert "bayes_accuracy" in capsys.readouterr().out


def test_train_says_each_epoch_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert (
        main(["train", "vae", *TRAIN, "--epochs", "2", "--batch", "64", "--out", str(tmp_path / "run")]) == 0
    )
    captured = capsys.readouterr()
    assert [line.split(":")[0] for line in captured.err.splitlines()] == ["epoch 1", "epoch 2"]
    assert "2 epochs in" in captured.out


def test_an_interrupted_training_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vae_core.cli.train.train", interrupted)
    assert main(["train", "vae", *TRAIN, "--out", str(tmp_path / "run")]) == 130
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["train", "vae"], ["evaluate"], ["atlas"], ["models"]])
def test_every_command_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]):
    assert code_of([*command, "--help"]) == 0
    captured = capsys.readouterr()
    assert "usage: latent-explorer" in captured.out
    assert captured.err == ""


NEW = ["--out", "{tmp}/new"]

BAD = {
    "no command": ([], "--help"),
    "a command misspelt": (["trian"], "did you mean train?"),
    "no model": (["train", "--data", "digits", *NEW], "name the model first, one of cdvae"),
    "a model misspelt": (
        ["train", "cdvea", "--data", "digits", *NEW],
        "called cdvea (see --help); did you mean cdvae?",
    ),
    "an option misspelt": (["train", "vae", *NEW, "--epoch", "3"], "did you mean --epochs?"),
    "an option with its value misspelt": (["train", "vae", *NEW, "--laten=3"], "did you mean --latent?"),
    "data misspelt": (["train", "vae", *NEW, "--data", "mnsit"], "did you mean mnist?"),
    "nets misspelt": (["train", "vae", *NEW, *TRAIN, "--nets", "mlp-25"], "did you mean mlp-256?"),
    "a prior misspelt": (["train", "vae", *NEW, *TRAIN, "--prior", "vmap"], "did you mean vamp?"),
    "an objective misspelt": (
        ["train", "vae", *NEW, *TRAIN, "--objective", "contrained"],
        "did you mean constrained?",
    ),
    "a metric misspelt": (["evaluate", "{folder}", "--metrics", "elob"], "did you mean elbo?"),
    "a split misspelt": (["evaluate", "{folder}", "--split", "tset"], "did you mean test?"),
    "a bundled name misspelt": (["evaluate", "vae-mnst"], "did you mean vae-mnist?"),
    "no name for the folder": (["train", "vae", *TRAIN, "--out", ""], "the folder to write to has no name"),
    "no name for a copy": (["pack", "{folder}", ""], "the folder to write to has no name"),
    "a file for the folder": (["train", "vae", *TRAIN, "--out", "{folder}/card.json"], "is a file"),
    "a latent block of billions": (
        ["train", "vae", *NEW, *TRAIN, "--latent", "1000000000"],
        "latent must be between 1 and 65536",
    ),
    "a seed of many digits": (
        ["train", "vae", *NEW, *TRAIN, "--seed", "9" * 26],
        "the seed must be between 0 and",
    ),
    "a seed of a measurement of many digits": (
        ["evaluate", "{folder}", "--seed", "9" * 26],
        "the seed must be between 0 and",
    ),
    "a negative seed": (["evaluate", "{folder}", "--seed", "-1"], "the seed must be between 0 and"),
    "endless epochs": (["train", "vae", *NEW, *TRAIN, "--epochs", "9" * 26], "epochs is at most"),
    "epochs that are no number": (
        ["train", "vae", *NEW, *TRAIN, "--epochs", "nan"],
        "expected INT, got ['nan']",
    ),
    "a learning rate without end": (
        ["train", "vae", *NEW, *TRAIN, "--learning-rate", "inf"],
        "learning rate must be above 0",
    ),
    "an endless separation": (
        ["train", "cdvae", *NEW, *TRAIN, "--separation", "inf"],
        "separation of prototypes",
    ),
    "an endless gamma": (
        ["train", "vae", *NEW, *TRAIN, "--likelihood", "gaussian", "--gamma", "inf"],
        "gamma must be above",
    ),
    "a device of shapes alone": (["evaluate", "{folder}", "--device", "meta"], "'meta' is not available"),
    "an unknown command": (["teach"], "teach"),
    "an unknown model": (["train", "qvae", *NEW], "no model is called 'qvae': choose one of cdvae"),
    "no folder to train in": (["train", "vae"], "--out"),
    "an unknown option": (["train", "vae", *NEW, "--breadth", "3"], "--breadth"),
    "an option of another model": (["train", "vae", *NEW, "--separation", "8"], "--separation"),
    "a word for a number": (["train", "vae", *NEW, "--epochs", "many"], "many"),
    "unknown data": (["train", "vae", *NEW, "--data", "faces"], "no data set is called 'faces'"),
    "unknown nets": (["train", "vae", *NEW, *TRAIN, "--nets", "conv-7"], "no nets are called 'conv-7'"),
    "beta 0": (["train", "vae", *NEW, *TRAIN, "--beta", "0"], "beta must be above 0"),
    "beta of a block twice": (
        ["train", "vae", *NEW, *TRAIN, "--beta", "z", "1", "z", "2"],
        "z has more than one number (z 1 z 2)",
    ),
    "betas in parts": (
        ["train", "cdvae", *NEW, *TRAIN, "--beta", "z_l", "1", "--beta", "z_u", "2"],
        "--beta is given twice",
    ),
    "two lists": (
        ["evaluate", "{folder}", "--metrics", "elbo", "--metrics", "active"],
        "--metrics is given twice",
    ),
    "beta of words": (
        ["train", "vae", *NEW, *TRAIN, "--beta", "z", "much"],
        "'z much' is neither a number nor one for each",
    ),
    "no beta": (["train", "vae", *NEW, *TRAIN, "--beta"], "nothing is neither a number nor one"),
    "beta of an unknown block": (["train", "vae", *NEW, *TRAIN, "--beta", "z_q", "1"], "z_q"),
    "no epochs": (["train", "vae", *NEW, *TRAIN, "--epochs", "0"], "epochs must be above 0"),
    "patience without validation": (["train", "vae", *NEW, *TRAIN, "--patience", "2"], "--validation"),
    "a separation of a learned prior": (
        ["train", "cdvae", *NEW, *TRAIN, "--prior", "class", "--separation", "8"],
        "a learned class prior has no separation",
    ),
    "a separation of 0": (["train", "cdvae", *NEW, *TRAIN, "--separation", "0"], "separation of prototypes"),
    "an unknown prior": (["train", "cdvae", *NEW, *TRAIN, "--prior", "flat"], "flat"),
    "a batch larger than the data": (
        ["train", "vae", *NEW, *TRAIN, "--batch", "4096"],
        "fewer than a batch of 4096",
    ),
    "an occupied folder": (["train", "vae", *TRAIN, "--out", "{folder}"], "already holds a checkpoint"),
    "nothing to resume": (["train", "vae", *NEW, *TRAIN, "--resume"], "holds no checkpoint"),
    "a missing checkpoint": (["evaluate", "{tmp}/nowhere"], "holds no checkpoint"),
    "an atlas of a missing checkpoint": (["atlas", "{tmp}/nowhere"], "holds no checkpoint"),
    "an unknown metric": (["evaluate", "{folder}", "--metrics", "beauty"], "no metric is called beauty"),
    "an unknown split": (["evaluate", "{folder}", "--split", "validation"], "validation"),
    "a limit of 0": (["evaluate", "{folder}", "--limit", "0"], "the limit must be at least 1"),
    "an unknown device": (["evaluate", "{folder}", "--device", "abacus"], "'abacus' is not available"),
}


# What ends before the command is read takes longest, and is one path; of the others every fifth.
@pytest.mark.parametrize(
    "usage", [case(usage, slow="misspelt" in usage or i % 5 > 0) for i, usage in enumerate(BAD)]
)
def test_bad_usage_ends_with_code_2_and_one_sentence(
    usage: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    arguments, words = BAD[usage]
    assert code_of([word.format(tmp=tmp_path, folder=folder) for word in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    message = one_line(captured.err)
    assert message.startswith("latent-explorer: ")
    assert words in message
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_gpu_that_is_not_there_is_said_in_a_sentence(
    command: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    train = ["train", "vae", *TRAIN, "--out", str(tmp_path / "new")]
    assert code_of([*(train if command == "train" else ["evaluate", str(folder)]), "--device", "cuda"]) == 2
    assert "device 'cuda' is not available" in one_line(capsys.readouterr().err)


def test_a_damaged_checkpoint_is_said_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    (folder / "model.safetensors").write_bytes(b"nothing")
    assert main(["evaluate", str(folder)]) == 2
    assert "is damaged or cut short" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "bundle", "--metrics", "active", "--limit", "50"],
        ["export", "bundle", "--onnx", "--out", "out"],
        ["atlas", "bundle"],
        ["pack", "bundle", "out"],
    ],
    ids=lambda command: command[0],
)
def test_where_a_folder_is_asked_a_bundled_name_does(
    command: list[str], trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(trained["vae-digits"], tmp_path / "pretrained" / "bundle")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(checkpoints_folder, "bundled_folder", lambda: tmp_path / "pretrained")
    monkeypatch.setattr(projections, "umap", lambda codes, *rest, **named: codes[:, :2])
    assert main(command) == 0
    assert not (tmp_path / "elsewhere" / "bundle").exists()


@pytest.mark.parametrize("command", ["evaluate", "export", "atlas", "pack", "frontier"])
def test_a_misspelt_bundled_name_is_told_the_nearest(
    command: str, capsys: pytest.CaptureFixture[str], one_line: Callable[[str], str]
):
    rest = {"pack": ["out"], "export": ["--onnx"]}.get(command, [])
    assert main([command, "vae-mnits", *rest]) == 2
    assert "vae-mnist" in one_line(capsys.readouterr().err)


@pytest.mark.filterwarnings("always:launched one by one")
def test_a_step_that_is_not_recorded_is_said_in_its_sentence_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    class Warns:
        def run(self) -> int:
            warnings.warn("launched one by one", NotRecorded, stacklevel=1)
            return 0

    monkeypatch.setattr("vae_core.cli.run.parse", lambda words, commands: Warns())
    assert main(["models"]) == 0
    assert capsys.readouterr().err == "launched one by one\n"
