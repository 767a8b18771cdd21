"""Plug-ins: files that a command names, packages that are installed, and what is said where one is broken or missing."""

import json
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import vae_core
from tests.support.outside import SAMPLES, distribution, seen
from tests.support.tiers import first
from vae_core import plugins
from vae_core.checkpoints import CheckpointError, bundled, load_card
from vae_core.cli import main
from vae_core.cli.plugged import separated
from vae_core.models import MODELS, VAE, declare, described
from vae_core.nets import NETS, mlp
from vae_core.plugins import PluginWarning, Registry, Source, use

TOY = (
    SAMPLES["toy_latents/model.py"] + SAMPLES["toy_latents/likelihood.py"] + SAMPLES["toy_latents/metric.py"]
)
TRAIN = [
    "--data",
    "digits",
    "--nets",
    "mlp-256",
    "--limit",
    "128",
    "--no-atlas",
    "--device",
    "cpu",
    "--epochs",
    "1",
]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with seen():
        yield


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "toy.py"
    path.write_text(TOY)
    return path


def code_of(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


def trained(toy: Path, out: Path) -> Path:
    assert (
        main(["train", "twin", "--plugin", str(toy), "--likelihood", "laplace", *TRAIN, "--out", str(out)])
        == 0
    )
    return out


def test_a_file_is_trained_and_its_checkpoint_says_that_it_wants_it(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    out = trained(toy, tmp_path / "run")
    assert (
        main(["evaluate", str(out), f"--plugin={toy}", "--limit", "20", "--metrics", "reach", "--write"]) == 0
    )
    card = load_card(out)
    assert {(each.name, each.plugin, each.package) for each in card.wants} == {
        ("twin", "toy.py", ""),
        ("laplace", "toy.py", ""),
    }
    assert "--plugin toy.py" in card.commands(["reach_form"])[0]
    assert str(tmp_path) not in json.dumps(card.json)
    with seen():
        plugins._undo(0)
        capsys.readouterr()
        assert main(["evaluate", str(out)]) == 2
        said = one_line(capsys.readouterr().err)
    assert "wants the model 'twin' of the plug-in toy.py: add --plugin with the path of toy.py" in said


def test_a_process_that_is_started_uses_the_same_plug_ins(toy: Path):
    use(toy)
    assert os.environ[plugins.PLUGINS_VARIABLE] == str(toy)
    assert plugins.in_environment() == [str(toy)]
    plugins._undo(0)
    plugins._used.clear()
    assert "twin" not in MODELS
    assert main(["models"]) == 0  # as the command of a job reads the environment
    assert "twin" in MODELS


def test_one_checkpoint_that_lacks_its_plug_in_hurts_no_other(toy: Path, tmp_path: Path):
    out = trained(toy, tmp_path / "run")
    plugins._undo(0)
    with pytest.raises(CheckpointError, match=r"toy\.py"):
        vae_core.load(out)
    assert vae_core.load("ppca-mnist").model.latents == ["z"]


BROKEN = {
    "raises": ("1 / 0\n", "ZeroDivisionError: division by zero (line 1)"),
    "raises a sentence": ("raise ValueError('no such thing')", "no such thing"),
    "no Python": ("def (", "SyntaxError"),
    "ends": ("import sys\nsys.exit(3)", "SystemExit"),
    "lacks a module": ("import not_there_at_all", "No module named 'not_there_at_all'"),
    "no text": ("\x00", "null bytes"),
    "a name that is taken": (
        "from vae_core.models import MODELS, VAE\nclass Mine(VAE): pass\nMODELS.register('cdvae', Mine)",
        "a model is called 'cdvae' already: choose another name (line 3)",
    ),
    "a type that is not there": (
        "from dataclasses import dataclass\nfrom vae_core.models import MODELS, VAE\n@MODELS.register('mine')\n@dataclass(frozen=True, kw_only=True)\n"
        "class Mine(VAE):\n    how: 'Gone' = None\n",
        "whose fields have types that are there",
    ),
    "the name of a model that is opened": (
        "from vae_core.models import MODELS, VAE\nMODELS.register('onnx', VAE)",
        "a model is called 'onnx' already",
    ),
    "no model": (
        "from vae_core.models import MODELS\nMODELS.register('mine', 3)",
        "is not a dataclass made from Declaration",
    ),
    "no name": (
        "from vae_core.nets import NETS, mlp\nNETS.register('my nets', mlp(3))",
        "can be called 'my nets'",
    ),
}


@pytest.mark.parametrize("case", first(list(BROKEN), 3))
def test_a_file_that_cannot_be_used_is_one_sentence(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    text, words = BROKEN[case]
    (tmp_path / "broken.py").write_text(text)
    assert code_of(["models", "--plugin", str(tmp_path / "broken.py")]) == 2
    said = one_line(capsys.readouterr().err)
    assert said.startswith("latent-explorer: the plug-in broken.py cannot be used: ")
    assert words in said


def test_what_a_broken_file_registered_before_it_broke_is_forgotten(tmp_path: Path):
    path = tmp_path / "half.py"
    path.write_text(
        "from vae_core.nets import NETS, mlp\nNETS.register('half', mlp(3))\nraise RuntimeError('late')"
    )
    with pytest.raises(ValueError, match="late"):
        use(path)
    assert "half" not in NETS
    path.write_text("from vae_core.nets import NETS, mlp\nNETS.register('half', mlp(3))\n")
    use(path)
    assert NETS["half"].width == 3


def test_a_file_that_was_edited_is_read_again(tmp_path: Path):
    path = tmp_path / "nets.py"
    for width in (3, 45):
        path.write_text(f"from vae_core.nets import NETS, mlp\nNETS.register('small', mlp({width}))\n")
        use(path)
        assert NETS["small"].width == width
    use(path)


def test_files_of_one_name_are_two_plug_ins(tmp_path: Path):
    for folder, width in (("a", 3), ("b", 4)):
        (tmp_path / folder).mkdir()
        text = f"from vae_core.nets import NETS, mlp\nNETS.register('{folder}', mlp({width}))\n"
        (tmp_path / folder / "toy.py").write_text(text)
        use(tmp_path / folder / "toy.py")
    (tmp_path / "a" / "toy.py").write_text(
        "from vae_core.nets import NETS, mlp\nNETS.register('a', mlp(55))\n"
    )
    use(tmp_path / "a" / "toy.py")
    assert (NETS["a"].width, NETS["b"].width) == (55, 4)


def test_what_a_file_prints_is_not_taken_for_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "loud.txt").write_text("print('hello')")  # whatever it is called
    assert main(["evaluate", "nowhere", "--json", "--plugin", str(tmp_path / "loud.txt")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def test_a_metric_that_gives_something_else_costs_the_others_nothing(
    trained: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "odd.py").write_text(
        "from vae_core.metrics import METRICS\nMETRICS.register('odd', lambda evaluation: 3)\n"
    )
    words = ["evaluate", str(trained["ppca-digits"]), "--limit", "20", "--json", "--metrics", "active", "odd"]
    assert main([*words, "--plugin", str(tmp_path / "odd.py")]) == 1
    captured = capsys.readouterr()
    assert "active_units_z" in json.loads(captured.out)["metrics"]
    assert "the metric odd gives int, and a metric gives Estimates by name" in captured.err


def test_a_folder_and_a_module_are_plug_ins_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "one_of_mine"
    home.mkdir()
    (home / "__init__.py").write_text("from . import nets\n")
    (home / "nets.py").write_text("from vae_core.nets import NETS, mlp\nNETS.register('small', mlp(3))\n")
    use(home)
    assert NETS.source("small") == plugins.Source(plugin="one_of_mine")
    plugins._undo(0)
    monkeypatch.chdir(tmp_path)
    use("one_of_mine.nets")
    assert NETS.source("small") == plugins.Source(plugin="one_of_mine.nets")
    with pytest.raises(ValueError, match="ModuleNotFoundError"):
        use("not_there_at_all")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["models", "--plugin", "nowhere.py"], "there is no plug-in nowhere.py"),
        (["models", "--plugin", "no/where"], "there is no plug-in no/where"),
        (["models", "--plugin"], "--plugin names no file"),
        (["train", "--plugin", "--help"], "--plugin names no file"),
    ],
)
def test_a_plug_in_that_is_not_there_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], one_line: Callable
):
    assert code_of(words) == 2
    assert said in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "command",
    first(["train", "evaluate", "import", "data", "frontier", "atlas", "export", "pack", "models"], 2),
)
def test_every_command_takes_plug_ins(command: str, capsys: pytest.CaptureFixture[str]):
    assert code_of([command, *(["vae"] if command == "train" else []), "--help"]) == 0
    assert "--plugin FILE" in capsys.readouterr().out


def test_plug_ins_stand_anywhere_in_a_command():
    words = ["--plugin", "a.py", "train", "--plugin=b.py", "vae", "--out", "x", "--plugin", "c"]
    assert separated(words) == (["train", "vae", "--out", "x"], ["a.py", "b.py", "c"])


ENTRIES = {
    "latent_explorer.models": {
        "gone": "broken_things.gone:Gone",
        "vae": "broken_things.models:Mine",
        "odd": "broken_things.models:NUMBER",
        "clash": "broken_things.models:Clash",
        "strange": "broken_things.models:Strange",
    },
    "latent_explorer.objectives": {"greedy": "broken_things.objectives:Greedy"},
    "latent_explorer.readers": {"rash": "broken_things.readers:RASH"},
    "latent_explorer.nets": {"exits": "broken_things.exits:NETS"},
}
FILES = {
    "__init__.py": "",
    "models.py": """
from dataclasses import dataclass
from vae_core.models import VAE
class Mine(VAE):
    pass
NUMBER = 3
@dataclass(frozen=True, kw_only=True)
class Clash(VAE):
    epochs: int = 3
@dataclass(frozen=True, kw_only=True)
class Strange(VAE):
    how: "type[dict]" = dict
""",
    "objectives.py": """
from dataclasses import dataclass
from vae_core.objectives import ELBO
@dataclass(frozen=True, kw_only=True)
class Greedy(ELBO):
    latent: int = 3
""",
    "readers.py": """
from vae_core.data import Reader
def takes(path): raise RuntimeError("rash")
RASH = Reader(takes, None)
""",
    "exits.py": "import sys\nsys.exit(1)",
}


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[None]:
    site = distribution(tmp_path / "site", "broken-things", "0.3", ENTRIES, "broken_things")
    for name, text in FILES.items():
        (site / "broken_things").mkdir(exist_ok=True)
        (site / "broken_things" / name).write_text(text)
    with seen(site):
        yield


@pytest.mark.usefixtures("broken")
def test_broken_packages_are_a_warning_each_and_hurt_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["train", "vae", "--latent", "2", *TRAIN, "--out", str(tmp_path / "run")]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    for name, reason in {
        "'gone'": "No module named",
        "'vae'": "a model is called 'vae' already",
        "'odd'": "is not a dataclass made from Declaration",
        "'clash'": "--epochs is another option of train",
        "'greedy'": "--latent is another option of train",
        "'exits'": "SystemExit",
    }.items():
        assert [line for line in lines if name in line and reason in line], (name, lines)
    assert MODELS["vae"] is VAE


@pytest.mark.usefixtures("broken")
def test_what_is_left_out_is_none_of_the_sentence_on_bad_usage(capsys: pytest.CaptureFixture[str]):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            main(["train", "vae", "--out", "new", "--breadth", "3"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("latent-explorer: nothing here is called --breadth")


def test_of_two_packages_with_one_name_the_second_is_left_out_and_told_whose_it_is(tmp_path: Path):
    sites = []
    for name in ("first", "second"):
        entries = {"latent_explorer.nets": {"same": f"of_{name}:NETS"}}
        sites.append(distribution(tmp_path / name, name, "1.0", entries, f"of_{name}"))
        (tmp_path / name / f"of_{name}.py").write_text(
            "from vae_core.nets import NETS as OURS\nNETS = OURS['mlp-256']\n"
        )
    with seen(*sites):
        with pytest.warns(PluginWarning) as warned:
            names = list(NETS)
        assert "same" in names
        assert NETS.source("same") in (Source("first", "1.0"), Source("second", "1.0"))
    (said,) = {str(each.message) for each in warned}
    assert re.search(
        r"'same' of the package (\w+) is left out: .* is called 'same' already, that of the package (?!\1)",
        said,
    )


@pytest.mark.usefixtures("broken")
def test_a_reader_that_fails_takes_nothing(tmp_path: Path):
    (tmp_path / "odd.thing").write_text("")
    with (
        pytest.warns(PluginWarning, match="the reader 'rash' is left out"),
        pytest.raises(ValueError, match="no known sort"),
    ):
        vae_core.open_data(tmp_path / "odd.thing")


def test_a_package_is_imported_when_its_thing_is_asked_for(tmp_path: Path):
    entries = {"latent_explorer.nets": {"slow": "slow_things:SLOW"}}
    site = distribution(tmp_path, "slow-things", "2", entries, "slow_things")
    (site / "slow_things.py").write_text("from vae_core.nets import mlp\nSLOW = mlp(7)\n")
    with seen(site):
        import sys

        assert NETS["mlp-256"].width == 256
        assert "slow_things" not in sys.modules
        assert NETS["slow"].width == 7
        assert NETS.source("slow") == plugins.Source("slow-things", "2")


def test_an_older_package_than_a_checkpoint_wants_is_named(tmp_path: Path):
    site = distribution(tmp_path, "slow-things", "2", {}, "slow_things")
    wants = [{"group": "latent_explorer.models", "name": "slow", "package": "slow-things", "version": "3"}]
    folder = tmp_path / "run"
    folder.mkdir()
    card = json.loads((bundled()["vae-mnist"] / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "wants": wants}))
    with (
        seen(site),
        pytest.raises(CheckpointError, match="and 2 is installed, which does not have it: install 3"),
    ):
        load_card(folder)


@pytest.mark.parametrize("wants", first([[3], 3, "x", [{"name": 3}], [{"group": "x"}], {"a": 1}]))
def test_a_card_whose_wants_are_no_such_list_is_damaged(wants: object, tmp_path: Path):
    card = json.loads((bundled()["vae-mnist"] / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**card, "wants": wants}))
    with pytest.raises(CheckpointError, match="damaged"):
        load_card(tmp_path)


def test_a_declaration_that_is_not_registered_is_told_how():
    @dataclass(frozen=True, kw_only=True)
    class Mine(VAE):
        pass

    with pytest.raises(ValueError, match="Mine is not registered"):
        described(Mine())


def test_a_registry_takes_the_same_thing_twice_and_another_not():
    nets = mlp(5)
    NETS.register("five", nets)
    NETS.register("five", nets)
    with pytest.raises(ValueError, match="a preset of nets is called 'five' already"):
        NETS.register("five", mlp(5))
    assert VAE(nets="five").nets == "five"
    with pytest.raises(ValueError, match="did you mean five"):
        declare("vae", {"nets": "fives"})


def test_a_registry_decorates():
    shapes: Registry[type] = Registry("shape", "latent_explorer.of_a_test", {})

    @shapes.register("square")
    class Square:
        pass

    assert shapes["square"] is Square
    assert shapes.name_of(Square) == "square"
    del plugins.REGISTRIES["latent_explorer.of_a_test"]
