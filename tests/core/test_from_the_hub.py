"""Data sets by name from a server of this machine that stands in the place of the hub: whole, cut short, absent, damaged, out of reach."""

import importlib.util
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.files import figures
from tests.support.dataset_hub import DatasetHub

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the client tries again and again
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not importlib.util.find_spec("datasets"), reason="datasets is not installed"),
]

NAME = "owner/figures"
TRAIN, TEST = (f"data/{split}-00000-of-00001.parquet" for split in ("train", "test"))


def parquet(count: int, seed: int) -> bytes:
    import datasets

    images, labels = figures(count, seed=seed)
    kinds = {"picture": datasets.Image(), "sort": datasets.ClassLabel(names=["left", "middle", "right"])}
    rows = {"picture": [Image.fromarray(image) for image in images], "sort": labels.tolist()}
    buffer = io.BytesIO()
    datasets.Dataset.from_dict(rows, features=datasets.Features(kinds)).to_parquet(buffer)
    return buffer.getvalue()


@pytest.fixture
def hub() -> Iterator[DatasetHub]:
    found = DatasetHub({NAME: {TRAIN: parquet(30, 0), TEST: parquet(12, 1)}})
    yield found
    found.close()


def looked_at(what: str, hub: DatasetHub, home: Path) -> tuple[int, str, str]:
    """`latent-explorer data WHAT` in a process of its own, since the package reads where the hub is as it is imported."""
    done = subprocess.run(
        [sys.executable, "-m", "vae_core.cli", "data", what],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "no_proxy": "127.0.0.1",
        },
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


def refusal(found: tuple[int, str, str], one_line: Callable[[str], str]) -> str:
    code, _, errors = found
    assert code == 2
    assert "Traceback" not in errors
    return one_line(errors.strip().splitlines()[-1].removeprefix("latent-explorer: "))


def test_a_name_is_downloaded_once(hub: DatasetHub, tmp_path: Path):
    code, told, errors = looked_at(f"hf:{NAME}", hub, tmp_path)
    assert code == 0, errors
    assert "30 train, 12 test" in told
    assert "left: 10 + 4" in told
    assert f"GET datasets/{NAME}/resolve/{'a' * 40}/{TRAIN}" in hub.asked
    hub.asked.clear()
    code, again, errors = looked_at(f"hf:{NAME}", hub, tmp_path)
    assert (code, again) == (0, told), errors
    assert not [line for line in hub.asked if line.startswith("GET") and line.endswith(".parquet")]


def test_one_that_breaks_off_is_said_and_comes_whole_the_next_time(
    hub: DatasetHub, tmp_path: Path, one_line: Callable
):
    hub.cut[TRAIN] = 300
    said = refusal(looked_at(f"hf:{NAME}", hub, tmp_path), one_line)
    assert said.startswith(f"the download of {NAME} broke off")
    assert said.endswith("try again")
    hub.cut.clear()
    code, told, errors = looked_at(f"hf:{NAME}", hub, tmp_path)
    assert code == 0, errors
    assert "30 train, 12 test" in told


def test_what_the_hub_lacks_or_holds_damaged_is_told_apart(
    hub: DatasetHub, tmp_path: Path, one_line: Callable
):
    said = refusal(looked_at("hf:owner/nothing", hub, tmp_path), one_line)
    assert said.startswith("the hub has no data set owner/nothing, or keeps it private: check the name")
    hub.held[NAME][TRAIN] = b"PAR1, and nothing of it"
    said = refusal(looked_at(f"hf:{NAME}", hub, tmp_path), one_line)
    assert "cannot be read" in said
    assert "go online" not in said


def test_a_hub_out_of_reach_is_said(hub: DatasetHub, tmp_path: Path, one_line: Callable):
    hub.address = "http://127.0.0.1:9"  # where nothing listens
    said = refusal(looked_at(f"hf:{NAME}", hub, tmp_path), one_line)
    assert "is not available" in said
    assert said.endswith("go online, or give its folder")
