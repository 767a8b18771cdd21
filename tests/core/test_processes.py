"""Several processes train together, as torchrun starts them, and learn what one learns: with every objective, and both kinds of data."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.files import figures
from tests.support.commands import ROOT, Commands
from tests.support.fonts import build
from vae_core.checkpoints import load_card
from vae_core.models import MODELS
from vae_core.objectives import OBJECTIVES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OPTIONS = [
    "--no-atlas",
    "--no-watch",
    "--nets",
    "mlp-256",
    "--batch",
    "64",
    "--warmup",
    "5",
    "--learning-rate",
    "3e-3",
    "--limit",
    "256",
    "--device",
    "cpu",
    "--epochs",
    "3",
]
CDVAE = "cdvae --data digits --unlabelled 2"
ADVERSARY = "--adversary 1 --adversary-hidden 16"

# One or more command lines for each objective, and for each model whose training differs from a step on a batch.
LINES: dict[str, list[str]] = {
    "elbo": [
        "vae --data digits --latent 3",
        f"{CDVAE} --class-weight 2 {ADVERSARY}",
        f"{CDVAE} --class-weight 2 {ADVERSARY} --adversary-reads posterior --adversary-rate 1e-3",
        f"{CDVAE} --prior class-flow --flow-width 16",
        "vae --data digits --latent 3 --prior vamp --components 10",
        "cvae --data digits --latent 3",
        "joint --data digits --latent 3",
        "ladder --data digits --latent 4 2",
        "factored --data sprites --factors shape:3,scale:6",
        "srvae --data digits --latent 3 --coarse-latent 2 --pool 2 --prior mixture",
        "srvae --data digits --latent 3 --coarse-latent 2 --pool 2 --prior mixture --stagewise",
    ],
    "constrained": [f"{CDVAE} --objective constrained --delta 5"],
    "capacity": ["vae --data digits --latent 3 --objective capacity --capacity 4"],
    "geco": ["vae --data digits --latent 3 --objective geco --tolerance 20"],
    "tc": ["vae --data digits --latent 3 --objective tc --tc-beta 6 --tc-alpha 0.5 --tc-gamma 0.1"],
    "factor": ["vae --data digits --latent 3 --objective factor --tc-weight 50 --discriminator-width 16"],
    "dip": [
        "vae --data digits --latent 3 --objective dip --dip-weight 10",
        "vae --data digits --latent 3 --objective dip --dip-weight 10 --dip I",
    ],
    "pairs": ["vae --data sprites --latent 4 --objective pairs"],
    "styles": ["cdvae --data glyphs --unlabelled 2 --objective styles"],
    "multi-rate": ["vae --data digits --latent 3 --rates 0.1 10", f"{CDVAE} --rates 0.1 10 {ADVERSARY}"],
    "semi-supervised": ["joint --data digits --latent 3 --labels 100"],
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def two_processes(commands: Commands, *arguments: str) -> list[int]:
    """Exit codes of two processes that train together, told so as torchrun tells them."""
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    numbers = [commands.start(*arguments, **group, RANK=rank, LOCAL_RANK=rank) for rank in "01"]
    return [commands.wait(number) for number in numbers]


def history(folder: Path) -> list[dict[str, float]]:
    """The history of a card without the seconds, which no seed repeats."""
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in load_card(folder).history]


def assert_same_run(one: Path, other: Path) -> None:
    assert load_card(other).cost.processes == 2
    for a, b in zip(history(one), history(other), strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-3)


def assert_alike(commands: Commands, folder: Path, *words: str) -> None:
    """One process and two end with the same numbers."""
    one, two = (
        ["train", *words, "--out", str(folder / "one")],
        ["train", *words, "--out", str(folder / "two")],
    )
    assert commands.wait(commands.start(*one)) == 0, commands.log.read_text()
    assert two_processes(commands, *two) == [0, 0], commands.log.read_text()
    assert_same_run(folder / "one", folder / "two")


def test_every_objective_has_a_line_and_every_model_that_takes_steps():
    assert LINES.keys() == set(OBJECTIVES)
    named = {line.split()[0] for lines in LINES.values() for line in lines}
    assert named | {"ppca"} == {name for name in MODELS if getattr(MODELS[name], "trained_here", True)}


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    for family in range(4):
        for slope in range(3):
            build(
                folder / f"{family}-{slope}.ttf", f"Family {family}", thick=40 + 20 * family, slope=40 * slope
            )
    return folder


@pytest.mark.parametrize("line", [line for lines in LINES.values() for line in lines])
def test_two_processes_compute_what_one_computes(commands: Commands, tmp_path: Path, line: str, fonts: Path):
    assert_alike(commands, tmp_path, *line.replace("glyphs", f"glyphs:{fonts}").split(), *OPTIONS)


@pytest.mark.parametrize("likelihood", ["gaussian", "mixed"])
def test_a_table_is_learned_alike(commands: Commands, tmp_path: Path, likelihood: str):
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 300)
    real = labels[:, None] + draw.normal(size=(300, 3)).round(3)
    columns = np.column_stack([real, draw.poisson(2 + labels), labels > draw.integers(0, 3, 300)])
    header = "a,b,c,count,yes,kind"
    rows = [
        ",".join([*(f"{x:g}" for x in row), f"kind-{label}"])
        for row, label in zip(columns, labels, strict=True)
    ]
    (tmp_path / "table.csv").write_text("\n".join([header, *rows]))
    words = [f"{CDVAE.replace('digits', str(tmp_path / 'table.csv'))}", "--label-column kind"]
    options = [word for word in OPTIONS if word not in ("--limit", "256")]
    likelihoods = ["--likelihood", likelihood] if likelihood == "mixed" else []
    assert_alike(commands, tmp_path, *" ".join(words).split(), *likelihoods, *options)


def test_each_process_reads_its_own_rows_of_files_that_stay_on_disk(commands: Commands, tmp_path: Path):
    np.save(tmp_path / "images.npy", figures(300)[0])
    (tmp_path / "small.py").write_text(SMALL_IS_LARGE.format(log=tmp_path / "rows"))
    words = f"vae --latent 3 --data {tmp_path / 'images.npy'} --plugin {tmp_path / 'small.py'}".split()
    options = [word for word in OPTIONS if word not in ("--limit", "256")]
    assert_alike(commands, tmp_path, *words, *options)
    read = {file.name: sum(map(int, file.read_text().split())) for file in tmp_path.glob("rows-*")}
    steps, share = (
        3 * (240 // 64),
        32,
    )  # what else is read, to begin and to count active dimensions, each reads or the first alone
    assert read["rows-None"] - read["rows-0"] == steps * share
    assert read["rows-1"] <= read["rows-0"]


SMALL_IS_LARGE = """
import os
from vae_core.data import mapped
mapped.LARGE = 1000
getitem = mapped.OnDisk.__getitem__

def counted(self, index):
    found = getitem(self, index)
    with open(f"{log}-{{os.environ.get('RANK')}}", "a") as file:
        print(len(found), file=file)
    return found

mapped.OnDisk.__getitem__ = counted
"""


def test_two_processes_go_on_with_what_one_began(commands: Commands, tmp_path: Path):
    line, epochs = LINES["elbo"][1].split(), OPTIONS.index("3")
    shorter, whole = ["train", *line, *OPTIONS[:epochs], "2"], ["train", *line, *OPTIONS, "--resume"]
    for name in ("one", "two"):
        assert commands.wait(commands.start(*shorter, "--out", str(tmp_path / name))) == 0
    assert commands.wait(commands.start(*whole, "--out", str(tmp_path / "one"))) == 0
    assert two_processes(commands, *whole, "--out", str(tmp_path / "two")) == [0, 0], commands.log.read_text()
    assert_same_run(tmp_path / "one", tmp_path / "two")


def test_a_batch_that_does_not_divide_over_the_processes_is_refused(commands: Commands, tmp_path: Path):
    odd = [word if word != "64" else "63" for word in [*LINES["elbo"][0].split(), *OPTIONS]]
    assert two_processes(commands, "train", *odd, "--out", str(tmp_path / "odd")) == [2, 2]
    assert not (tmp_path / "odd").exists()


def test_torchrun_computes_what_one_process_computes(commands: Commands, tmp_path: Path):
    line = ["train", *LINES["elbo"][0].split(), *OPTIONS]
    assert commands.wait(commands.start(*line, "--out", str(tmp_path / "one"))) == 0
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    command = [*launcher, "-m", "vae_core.cli", *line, "--out", str(tmp_path / "two")]
    subprocess.run(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True
    )
    assert_same_run(tmp_path / "one", tmp_path / "two")
