"""A million images of 28 x 28 in a file: `python -m benchmarks.larger_than_memory FOLDER`.

The file is made in FOLDER and removed at the end. Each part runs in a process of its own, so that peak memory is its own:
opening and checking; training from the file beside the same training from memory, in turn in one process; the atlas of all images; and
frames a second of its map in headless Chromium, which paints without a GPU (how they are counted: `benchmarks.panning`). Ratios are given
by the clock and by the time that the processor spent on the process, which others that run beside it disturb less.
"""

import argparse
import contextlib
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import panning
from vae_core.checkpoints import ATLAS
from vae_core.cli.folders import write_atlas
from vae_core.data import Data, Dataset, open_data
from vae_core.data.mapped import OnDisk
from vae_core.models import VAE
from vae_core.training import Options, Progress, train

IMAGES, SIDE, CLASSES = 1_000_000, 28, 10
BATCH, STEPS, ROUNDS = 128, 150, 15
UMAP_OF, NAME, MODELS = 20_000, "million", "runs"


def make(path: Path, dtype: str) -> None:
    """Blurred spots, one place a class, on noise, written by parts: bytes, or fractions in half precision."""
    rng, grid = np.random.default_rng(0), np.arange(SIDE)
    held = np.lib.format.open_memmap(path / "images.npy", "w+", np.dtype(dtype), (IMAGES, SIDE, SIDE))
    labels = rng.integers(0, CLASSES, IMAGES).astype(np.uint8)
    for start in range(0, IMAGES, 10_000):
        own = labels[start : start + 10_000]
        angle = 2 * np.pi * own / CLASSES
        y, x = (SIDE / 2 + 7 * turn + rng.normal(0, 1.5, len(own)) for turn in (np.sin(angle), np.cos(angle)))
        width = rng.uniform(2, 5, len(own))
        spots = [np.exp(-((grid - at[:, None]) ** 2) / (2 * width[:, None] ** 2)) for at in (y, x)]
        grey = 230 * spots[0][:, :, None] * spots[1][:, None, :] + rng.integers(0, 25, (len(own), SIDE, SIDE))
        held[start : start + 10_000] = grey if dtype == "uint8" else grey / 255
    held.flush()
    np.save(path / "labels.npy", labels)


def peak() -> dict[str, float]:
    """Gigabytes of this process at most: all that was resident, files that are mapped among it, and what is resident now and no file's."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"peak": round(resident, 2), "own_at_the_end": round(int(status["RssAnon"].split()[0]) / 2**20, 2)}


def opened(folder: Path) -> Dataset:
    found = open_data(folder)
    assert isinstance(found.train.images, OnDisk), "the images were read into memory"
    return found


def opening(folder: Path) -> dict[str, Any]:
    """Seconds to open and check."""
    started = time.perf_counter()
    found = opened(folder)
    return {"seconds": time.perf_counter() - started, "train": len(found.train), **peak()}


def images_a_second(data: Data) -> tuple[float, float]:
    """Of a training of `STEPS` steps, by the clock and by the time that the process had; building and saving the model are left out."""
    moments: list[tuple[int, float, float]] = []

    def report(progress: Progress) -> None:
        moments.append((progress.step, time.perf_counter(), time.process_time()))
        if progress.step >= STEPS:
            raise StopIteration

    with tempfile.TemporaryDirectory() as folder:
        options = Options(epochs=1, batch=BATCH, device="cpu")
        with contextlib.suppress(StopIteration):
            train(VAE(nets="mlp-400"), data, options, Path(folder) / "run", report=report)
    (first, *began), (last, *ended) = moments[0], moments[-1]
    clock, own = ((last - first) * BATCH / (b - a) for a, b in zip(began, ended, strict=True))
    return clock, own


def training(folder: Path) -> dict[str, Any]:
    """Images a second from the file and from memory, in turn."""
    torch.set_num_threads(1)
    kept = opened(folder).train
    images_a_second(kept)
    alone = peak()
    read = Data(kept.name, "train", kept.images[:], kept.labels, kept.classes)
    rounds = [(images_a_second(kept), images_a_second(read)) for _ in range(ROUNDS)]
    found: dict[str, Any] = {}
    for number, by in enumerate(("clock", "processor")):
        pairs = [(one[number], other[number]) for one, other in rounds]
        one, other = (statistics.median(each) for each in zip(*pairs, strict=True))
        ratios = [one / other for one, other in pairs]
        found[by] = {
            "from the file": round(one),
            "from memory": round(other),
            "ratio": round(statistics.median(ratios), 3),
            "ratios": [round(each, 2) for each in ratios],
        }
    return {**found, **alone}


def mapping(folder: Path) -> dict[str, Any]:
    """The atlas of all images by a model trained on 40,000 of them, UMAP of 20,000; seconds and memory."""
    torch.set_num_threads(1)
    found = opened(folder)
    options = Options(epochs=1, limit=40_000, device="cpu")
    train(VAE(nets="mlp-256"), found.train, options, folder.parent / MODELS / NAME)
    started = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        write_atlas(folder.parent / MODELS / NAME, "cpu", "all", found, UMAP_OF)
    size = (folder.parent / MODELS / NAME / ATLAS).stat().st_size / 1e9
    return {"seconds": round(time.perf_counter() - started), "gigabytes": round(size, 3), **peak()}


def frames(folder: Path) -> dict[str, Any]:
    """Frames a second of the map of all images, and what the page was sent."""
    from tests.support.driving import chromium, served

    lines: dict[str, Any] = {}
    with served(folder.parent / MODELS) as address, chromium() as browser:
        for ratio in (1.0, 2.0):
            context = browser.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=ratio)
            found = frames_of(context.new_page(), address)
            lines |= {f"{title}, ratio {ratio:g}": line for title, line in found.items()}
            context.close()
    return lines


def frames_of(page: Any, address: str) -> dict[str, Any]:
    """What a page is sent, and how smooth its map is."""
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda part: sent.append(len(part))))
    page.goto(f"{address}/map?model={NAME}")
    page.wait_for_selector(".latent-map[data-ready=true][data-live=true]", timeout=120_000)
    page.wait_for_load_state("networkidle")
    lines: dict[str, Any] = {"megabytes sent": round(sum(sent) / 1e6, 1)}
    for title, tool, act in (
        ("panning", "pan", lambda: panning.drag(page, 60, 3)),
        ("zooming", "fit", lambda: panning.zoom(page)),
        ("lasso", "lasso", lambda: panning.drag(page, 90, 1)),
    ):
        page.locator("[data-tool=fit]").click()
        page.locator(f"[data-tool={tool}]").click()
        page.wait_for_timeout(500)
        lines[title] = panning.summary("", panning.recorded(page, act)).strip()
    return lines


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "opening": opening,
    "training": training,
    "atlas": mapping,
    "map": frames,
}


def alone(part: str, folder: Path) -> dict[str, Any]:
    """A part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.larger_than_memory", str(folder), "--part", part]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", choices=("uint8", "float16"), default="uint8")
    parser.add_argument("--part", choices=PARTS, help="this part only, of files that are there")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="all of them unless given"
    )
    given = parser.parse_args()
    if given.part:
        print(json.dumps(PARTS[given.part](given.folder)))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "million"
        path.mkdir()
        make(path, given.dtype)
        print(
            f"{IMAGES:,} x {SIDE * SIDE} {given.dtype}: {(path / 'images.npy').stat().st_size / 1e9:.2f} GB"
        )
        for part in given.parts:
            print(f"{part}:", flush=True)
            for name, value in alone(part, path).items():
                print(f"    {name:28} {value}", flush=True)


if __name__ == "__main__":
    main()
