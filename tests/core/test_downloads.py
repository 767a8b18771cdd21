"""torchvision's downloads, from a server of this machine in place of its mirrors. Nothing of a broken one is left."""

import gc
import gzip
import hashlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.files import figures, write_idx
from tests.support.local_server import LocalServer
from vae_core.data import DATA_VARIABLE, downloads, open_data, vision

# urllib's answers of 404 are closed when they are collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NAMES = {
    f"{split}-{what}": part
    for split in ("train", "t10k")
    for part, what in enumerate(("images-idx3-ubyte", "labels-idx1-ubyte"))
}


def files(folder: Path) -> dict[str, bytes]:
    """Fashion-MNIST's files, of 20 and 10 images."""
    folder.mkdir()
    for name, part in NAMES.items():
        values = figures(20 if name.startswith("train") else 10, 28, 28, 10)[part]
        write_idx(folder / name, values.astype(np.uint8))
    return {f"{name}.gz": gzip.compress((folder / name).read_bytes()) for name in NAMES}


class Mirror(LocalServer):
    """A server of files. `answers` says how many bytes of each are sent, all of them unless told, and which are not found."""

    def __init__(self, held: dict[str, bytes]):
        self.held, self.cut, self.asked = held, {}, []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                mirror.asked.append(name)
                if name not in mirror.held:
                    return self.send_error(404)
                body = mirror.held[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: mirror.cut.get(name, len(body))])
                self.close_connection = True
                return None

            def log_message(self, *words: Any) -> None:
                pass

        super().__init__(Handler)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    from torchvision.datasets import FashionMNIST

    found = Mirror(files(tmp_path / "held"))
    hashes = [(name, hashlib.md5(body).hexdigest()) for name, body in found.held.items()]
    monkeypatch.setattr(FashionMNIST, "mirrors", [f"{found.address}/"])
    monkeypatch.setattr(FashionMNIST, "resources", hashes)
    monkeypatch.setattr(vision, "CACHE", tmp_path / "cache")
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    yield found
    found.close()
    gc.collect()


def left(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != downloads.LOCK
    )


def test_a_set_is_downloaded_once_with_its_progress(
    mirror: Mirror, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    told: list[str] = []
    found = open_data("fashion-mnist", report=told.append)
    assert (len(found.train), len(found.test)) == (20, 10)
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(figures(10, 28, 28, 10)[0]))
    assert any(line.startswith("downloading to") for line in told)
    assert "100%" in capfd.readouterr().err  # torchvision's own bar
    assert not (tmp_path / "cache" / downloads.PARTIAL).exists()
    count = len(mirror.asked)
    assert len(open_data("fashion-mnist").train) == 20
    assert len(mirror.asked) == count


def _cut(mirror: Mirror) -> None:
    mirror.cut = {"t10k-images-idx3-ubyte.gz": 300}


def _other(mirror: Mirror) -> None:
    mirror.held["t10k-labels-idx1-ubyte.gz"] = b"<html>moved</html>"


def _absent(mirror: Mirror) -> None:
    del mirror.held["t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (_cut, "what was downloaded is damaged or not what it is to be, and is thrown away"),
        (_other, "what was downloaded is damaged"),
        (_absent, "HTTP Error 404"),
        (Mirror.close, "Connection refused"),
    ],
    ids=["cut short", "another file", "not found", "no network"],
)
def test_a_broken_download_is_said_in_a_sentence_and_leaves_nothing(
    broken: Callable[[Mirror], None], words: str, mirror: Mirror, tmp_path: Path, one_line: Callable
):
    held = dict(mirror.held)
    broken(mirror)
    with pytest.raises(
        ValueError, match=f"fashion-mnist is not available .*{words}.*: go online, or set"
    ) as caught:
        open_data("fashion-mnist")
    one_line(caught.value)
    assert left(tmp_path / "cache") == []
    if broken is not Mirror.close:  # it is had as soon as the mirror has it again
        mirror.held, mirror.cut = held, {}
        assert len(open_data("fashion-mnist").train) == 20


def test_what_an_interrupted_unpacking_left_is_not_taken_for_the_whole(mirror: Mirror, tmp_path: Path):
    raw = tmp_path / "cache" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / name).write_bytes((tmp_path / "held" / name).read_bytes()[:400])
    assert len(open_data("fashion-mnist").train) == 20


def test_an_interruption_leaves_nothing(tmp_path: Path):
    def make(root: Path, download: bool) -> None:
        if not download:
            raise RuntimeError("Dataset not found")
        (root / "half.bin").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloads.downloaded(make, tmp_path)
    assert left(tmp_path) == []
