"""How smooth the maps of all 70,000 MNIST images are: `python -m benchmarks.panning` (the bundled cdvae-mnist unless given).

A temporary checkpoint gets an atlas of the training and the test images. Its test items lie where they lie on the bundled maps, and the
training items where `projections.place` puts their codes between these, which takes a minute and gives the same maps every time (UMAP
of 70,000 items, which `latent-explorer atlas --split all` runs, takes several). Then headless Chromium, which paints without a GPU,
drags a map, turns the wheel, draws a lasso and hovers. The pointer moves once a frame, by events that the page itself sends, since a
browser that is driven from outside moves it less often than a hand does. Counted are the frames in which the map was painted anew, at most
60 a second; paint times are those of the component's own painting, points and what lies over them, of every panel that a frame repaints.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from math import cos, sin
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.kept import Kept
from tests.support.driving import chromium, served
from vae_core.checkpoints import CARD, WEIGHTS, Checkpoint, bundled, load, save_atlas
from vae_core.checkpoints.atlas import AtlasGrid
from vae_core.data import load_data
from vae_core.explore import encode
from vae_core.projections import JOINT, place

SECONDS, CHUNK = 4.0, 2000

# Notes every painting of a panel and every frame, from now until it is called again.
RECORD = """(root) => {
  const found = { frames: [], paints: [], places: [], moved: 0 };
  let running = true, frame = 0;
  const tick = (time) => { found.frames.push(time); frame++; if (running) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  const observer = new MutationObserver((records) => {
    for (const { target, attributeName } of records) {
      const now = performance.now();
      if (attributeName === "data-draw-ms") found.paints.push([frame, Number(target.dataset.drawMs)]);
      if (attributeName === "data-over-ms") found.paints.push([frame, Number(target.dataset.overMs)]);
      if (attributeName === "data-select-ms") found.paints.push([frame, Number(target.dataset.selectMs)]);
      if (attributeName === "data-place" && found.moved) { found.places.push(now - found.moved); found.moved = 0; }
    }
  });
  observer.observe(root, { attributes: true, subtree: true });
  root.addEventListener("pointermove", () => { found.moved ||= performance.now(); }, true);
  root.stopRecording = () => { running = false; observer.disconnect(); return found; };
}"""


def atlas_of_all(found: Checkpoint, limit: int | None) -> AtlasGrid:
    """The training images placed among the test images of the checkpoint's own atlas."""
    data = load_data(found.card.data.name, "train", limit).scored_by(found.model)
    parts = [encode(found.model, batch) for batch in data.batches(1000)]
    new = {
        name: [
            torch.cat([getattr(part[name], which) for part in parts]).numpy() for which in ("mean", "stddev")
        ]
        for name in found.model.latents
    }
    own = found.atlas

    def placed(names: list[str], coordinates: np.ndarray) -> np.ndarray:
        codes, known = (
            np.concatenate([s[n] for n in names], 1) for s in ({n: new[n][0] for n in new}, own.means)
        )
        chunks = np.array_split(codes, max(1, len(codes) // CHUNK))
        return np.concatenate([*(place(chunk, known, coordinates) for chunk in chunks), coordinates])

    atlas = replace(
        own,
        means={name: np.concatenate([new[name][0], own.means[name]]) for name in new},
        scales={name: np.concatenate([new[name][1], own.scales[name]]) for name in new},
        coordinates={
            name: placed(found.model.blocks if name == JOINT else [name], where).astype(np.float32)
            for name, where in own.coordinates.items()
        },
        labels=np.concatenate([data.labels.numpy(), own.labels]),
        training=len(data),
    )
    return AtlasGrid({}, (atlas,))


# Moves the pointer, or turns the wheel, once in each frame; where to is told by the share of the time that has passed.
PLAY = """(plot, { seconds, radius, turns }) => new Promise((done) => {
  const { left, top, width, height } = plot.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const send = (Kind, type, more) => plot.dispatchEvent(new Kind(type, { bubbles: true, cancelable: true, ...more }));
  const pointer = (type, share) => {
    const angle = 2 * Math.PI * turns * share;
    const at = { clientX: x + radius * Math.cos(angle), clientY: y + radius * Math.sin(angle) };
    send(PointerEvent, type, { ...at, pointerId: 1, pointerType: "mouse", button: type === "pointermove" ? -1 : 0, buttons: 1 });
  };
  plot.setPointerCapture = () => {}; // which a browser gives to a real pointer only
  const start = performance.now();
  if (turns) pointer("pointerdown", 0);
  const step = () => {
    const share = (performance.now() - start) / 1000 / seconds;
    if (share >= 1) {
      if (turns) pointer("pointerup", 1);
      return done();
    }
    if (turns) pointer("pointermove", share);
    else send(WheelEvent, "wheel", { clientX: x, clientY: y, deltaY: share < 0.5 ? -20 : 20 });
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def recorded(page: Any, act: Callable[[], None]) -> dict[str, Any]:
    root = page.locator(".latent-map").element_handle()
    root.evaluate(RECORD)
    act()
    return root.evaluate("(root) => root.stopRecording()")


def summary(kept: Kept, name: str, found: dict[str, Any]) -> None:
    """Painted frames a second, the longest waits from one to the next, and the time that painting one took."""
    each: dict[int, float] = {}
    for frame, ms in found["paints"]:
        if frame:  # what was painted before the first frame has no time
            each[frame] = each.get(frame, 0.0) + ms
    gaps = np.diff([found["frames"][frame - 1] for frame in each])
    paints = list(each.values())
    kept.waits(name, paints, frames_a_second=1000 / gaps.mean(), p95_gap=float(np.quantile(gaps, 0.95)))


def middle_of(page: Any) -> tuple[float, float]:
    box = page.locator(".latent-map .plot").last.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def play(page: Any, **motion: float) -> None:
    page.locator(".latent-map .plot").last.evaluate(
        PLAY, {"seconds": SECONDS, "radius": 0, "turns": 0, **motion}
    )


def drag(page: Any, radius: float, turns: float) -> None:
    play(page, radius=radius, turns=turns)


def zoom(page: Any) -> None:
    page.locator(".latent-map .plot").last.focus()  # the wheel is the page's until then
    play(page)


def hover(page: Any) -> None:
    x, y = middle_of(page)
    for step in range(60):
        page.mouse.move(x + 90 * cos(step / 3), y + 90 * sin(step / 5))
        page.wait_for_timeout(50)


def measure(kept: Kept, page: Any, address: str, name: str, ratio: float) -> None:
    page.goto(f"{address}/map?model={name}")
    page.wait_for_selector(".latent-map[data-ready=true][data-live=true]", timeout=120_000)
    page.wait_for_load_state("networkidle")
    at = f"device pixel ratio {ratio:g}"
    page.locator("[data-tool=pan]").click()
    summary(kept, f"panning with all items in view, {at}", recorded(page, lambda: drag(page, 60, 3)))
    for factor in (1, 2):
        page.locator(".latent-map .plot").last.focus()
        page.mouse.move(*middle_of(page))
        for _ in range(4):
            page.mouse.wheel(0, -90)
        title = f"panning, zoomed in {np.exp(0.72 * factor):.1f} times, {at}"
        summary(kept, title, recorded(page, lambda: drag(page, 60, 3)))
    page.locator("[data-tool=fit]").click()
    summary(kept, f"zooming in and out, {at}", recorded(page, lambda: zoom(page)))
    page.locator("[data-tool=fit]").click()
    page.locator("[data-tool=lasso]").click()
    found = recorded(page, lambda: drag(page, 90, 1))
    summary(kept, f"drawing a lasso, both maps repainted, {at}", found)
    page.locator("[data-tool=clear]").click()
    places = recorded(page, lambda: hover(page))["places"]
    kept.waits(f"hover to picture, {at}", places)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, default=bundled().get("cdvae-mnist"))
    parser.add_argument(
        "--training", type=int, default=None, help="how many training images; all unless given"
    )
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = Kept("panning")
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "all"
        folder.mkdir()
        for file in (CARD, WEIGHTS):
            shutil.copy(asked.checkpoint / file, folder / file)
        grid = atlas_of_all(load(asked.checkpoint), asked.training)
        save_atlas(folder, grid)
        print(f"{asked.checkpoint.name}: {len(grid.atlases[0]):,} items", flush=True)
        with served(Path(parent)) as address, chromium() as browser:
            for ratio in (1.0, 2.0):
                context = browser.new_context(
                    viewport={"width": 1440, "height": 900}, device_scale_factor=ratio
                )
                measure(kept, context.new_page(), address, "all", ratio)
                context.close()
    kept.write()


if __name__ == "__main__":
    main()
