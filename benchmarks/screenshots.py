"""The pictures of the README: `python -m benchmarks.screenshots docs/screenshots` (or `make screenshots`)."""

import sys
from pathlib import Path

from benchmarks.driving import chromium, served

SHOTS = {
    "map": ("/?item=3", ".st-key-item-neighbours [data-ready=true]"),
    "traverse": ("/traverse?block=z_u&item=7", ".st-key-strips [data-ready=true]"),
    "generate": ("/generate?seed=1", ".st-key-swaps [data-ready=true]"),
    "frontier": ("/rate_distortion", ".js-plotly-plot .point"),
    "mixture": ("/?model=srvae-mnist", ".latent-map[data-ready=true]"),
    "hold": ("/generate?model=srvae-mnist&hold=u", ".st-key-held [data-ready=true]"),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with served() as address, chromium() as browser:
        for name, (path, ready) in SHOTS.items():
            page = browser.new_page(viewport={"width": 1280, "height": 1150})
            page.goto(address + path)
            page.wait_for_selector(ready, timeout=60_000)
            page.wait_for_timeout(1000)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
