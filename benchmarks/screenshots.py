"""Pictures of the pages: `python -m benchmarks.screenshots docs/screenshots` (or `make screenshots`) makes the README's,
`python -m benchmarks.screenshots --all FOLDER [MODEL ...]` every page of the models in both themes, on a projector and on a laptop."""

import sys
from pathlib import Path
from typing import Any

from tests.support.driving import chromium, served

# The README's few: name, address, and what is there when the page is drawn.
SHOTS = {
    "map": ("/map?item=3", ".st-key-item-neighbours [data-ready=true]"),
    "live": ("/live?item=8&class=3&move=z_u.3~2", ".st-key-live-neighbours [data-ready=true]"),
    "traverse": ("/traverse?block=z_u&item=7", ".st-key-strips [data-ready=true]"),
    "generate": ("/generate?seed=1", ".st-key-swaps [data-ready=true]"),
    "frontier": ("/rate_distortion?model=mr-vae-mnist&beta_z=5.62", ".betas[data-ready=true]"),
    "prior": (
        "/prior?look=Holes&model=vae-mnist&beside=vae-mnist-vamp",
        ".st-key-empty-vae-mnist-vamp .js-plotly-plot .bars",
    ),
    "disentanglement": (
        "/measure?show=Disentanglement&item=21",
        "text=no ranking",
    ),
    "mixture": ("/map?model=srvae-mnist", ".latent-map[data-ready=true]"),
    "hold": ("/generate?model=srvae-mnist&hold=u", ".st-key-held [data-ready=true]"),
}

# Every page: its address, and what is there for any model when it is drawn.
PAGES = {
    "map": ("/", ".latent-map[data-ready=true]"),
    "map-item": ("/map?item=3", ".st-key-item-neighbours [data-ready=true]"),
    "live": ("/live", "[data-testid=stMain] [data-ready=true]"),
    "traverse": ("/traverse", ".st-key-strips [data-ready=true]"),
    "generate": ("/generate", ".st-key-samples [data-ready=true]"),
    "interpolate": ("/interpolate", ".st-key-paths [data-ready=true]"),
    "prior": ("/prior", "[data-testid=stMain] .js-plotly-plot, [data-testid=stMain] [data-ready=true]"),
    "measure": ("/measure", "[data-testid=stMain] [data-testid=stDataFrame]"),
    "rate-distortion": ("/rate_distortion", ".betas[data-ready=true], [data-testid=stAlert]"),
}
THEMES = ("light", "dark")
SIZES = {"projector": (1280, 720), "laptop": (1440, 900)}


def opened(page: Any, address: str, ready: str) -> None:
    page.goto(address)
    page.wait_for_selector(ready, timeout=60_000)
    page.wait_for_timeout(1500)  # maps and charts move to their places


def for_readme(folder: Path) -> None:
    with served() as address, chromium() as browser:
        for name, (path, ready) in SHOTS.items():
            page = browser.new_page(viewport={"width": 1280, "height": 1150})
            opened(page, address + path, ready)
            page.screenshot(path=folder / f"{name}.png")
            page.close()
            print(folder / f"{name}.png")


def of_all(folder: Path, models: list[str]) -> None:
    """What one sees first, and, as `...-whole.png`, the page to its end."""
    with served() as address, chromium() as browser:
        for theme in THEMES:
            for size, (width, height) in SIZES.items():
                context = browser.new_context(color_scheme=theme)
                page = context.new_page()
                for model in models:
                    for name, (path, ready) in PAGES.items():
                        page.set_viewport_size({"width": width, "height": height})
                        opened(page, f"{address}{path}{'&' if '?' in path else '?'}model={model}", ready)
                        target = folder / f"{model}-{name}-{theme}-{size}.png"
                        page.screenshot(path=target)
                        whole = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                        page.set_viewport_size({"width": width, "height": max(height, whole)})
                        page.wait_for_timeout(500)
                        page.screenshot(path=target.with_stem(f"{target.stem}-whole"))
                        print(target)
                context.close()


def main(arguments: list[str]) -> None:
    everything = arguments[:1] == ["--all"]
    folder, *models = arguments[1:] if everything else [*arguments, "docs/screenshots"]
    Path(folder).mkdir(parents=True, exist_ok=True)
    if everything:
        of_all(Path(folder), models or ["mr-cdvae-mnist"])
    else:
        for_readme(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
