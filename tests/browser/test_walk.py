"""A walk at random over pages, models and widgets; whatever is met is looked at for faults. What fails is told with its seed, steps and address."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from latent_explorer.lessons import shelf
from latent_explorer.lessons.lesson import open_lesson
from playwright.sync_api import Error

from tests.browser.conftest import need_a_browser
from tests.browser.crawling import a_picture, wanted
from tests.browser.faults import Watch
from tests.browser.pressing import PATIENCE, Control, controls, drag_over_map, opened, pages, press, settle
from tests.browser.test_crawl import KINDS, choose, go
from tests.browser.windows import as_new
from tests.support.driving import served
from tests.support.foreign import embeddings, pair
from tests.support.outside import installed
from tests.support.tabular import TABLES, of_tables
from tests.support.trained import Trained
from vae_core.cli import main
from vae_core.data import SOURCES_VARIABLE, load_data

pytestmark = pytest.mark.browser

# Environment variables: the seed of a walk to be walked again, and how many steps the long one takes.
SEED, STEPS = "LATENT_EXPLORER_WALK", "LATENT_EXPLORER_WALK_STEPS"

PLUGGED = "twin"  # the model of a package from outside
LESSONS = {name: open_lesson(path, name) for name, path in shelf.LESSONS.items()}


def leads_to_a_page(control: Control) -> bool:
    """A link of the menu, which the walk takes by going to a page: as one of fifteen in each draw it led away before a page was looked at."""
    return control.frame and control.tag == "a"


class Walk:
    """Steps from one address on, each drawn from what there is on the page; equal seeds take equal steps on equal pages."""

    def __init__(self, page: Any, address: str, models: Sequence[str], seed: int, lessons: bool = False):
        self.page, self.address, self.models, self.seed, self.lessons = page, address, models, seed, lessons
        self.random, self.steps = random.Random(seed), list[str]()
        self.watch = Watch(page)
        page.set_default_timeout(PATIENCE)
        page.on("filechooser", lambda chooser: chooser.set_files(a_picture()))
        self.begun = False

    def begin(self) -> None:
        model = self.random.choice(self.models)
        self.steps.append(f"open a link to {model}")
        opened(self.page, f"{self.address}/?model={model}")
        self.titles, self.begun = pages(self.page), True

    def step(self) -> None:
        """One step, told before it is taken."""
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._press, 32),
            (self._go, 5),
            (self._choose, 4),
            (self._back, 2),
            (self._map, 5),
            (self._reload, 1),
            *([(self._lesson, 3)] if self.lessons else []),
        ]
        acts, weights = zip(*kinds, strict=True)
        try:
            self.random.choices(acts, weights)[0]()
        except Error as error:  # it was covered, or gone before it could be pressed
            self.steps[-1] += f" (not possible: {str(error).splitlines()[0]})"
            self.page.keyboard.press("Escape")
            settle(self.page)

    def _press(self) -> None:
        there = [c for c in controls(self.page) if wanted(c, self.page.url) and not leads_to_a_page(c)]
        over = [c for c in there if c.over]
        groups: dict[str, list[Control]] = {}
        for control in (
            over or there
        ):  # a kind of control is drawn first: there are a hundred handles, and one menu
            groups.setdefault(control.kind, []).append(control)
        control = self.random.choice(groups[self.random.choice(sorted(groups))])
        self.steps.append(f"press {control}")
        press(self.page, control)
        if "ullscreen" in control.name or (over and self.random.random() < 0.3):
            self.page.keyboard.press("Escape")
            settle(self.page)

    def _go(self) -> None:
        self._uncovered()
        title = self.random.choice(sorted(self.titles))
        self.steps.append(f"go to {title}")
        if self.random.random() < 0.8:
            go(self.page, title)
        else:
            opened(self.page, f"{self.address}{self.titles[title]}")

    def _choose(self) -> None:
        self._uncovered()
        model = self.random.choice(self.models)
        self.steps.append(f"choose {model}")
        choose(self.page, model)

    def _uncovered(self) -> None:
        """What lies over the page and its menu is shut, and a presentation, which has no menu, is left, as a person would."""
        if any(control.over for control in controls(self.page)) or "present=true" in self.page.url:
            self.page.keyboard.press("Escape")
            settle(self.page)

    def _back(self) -> None:
        self.steps.append("back")
        self.page.go_back()
        if not self.page.url.startswith(self.address):
            opened(self.page, self.address)
        settle(self.page)

    def _map(self) -> None:
        plot = self.page.locator(".latent-map .plot")
        if not plot.count():
            return self._press()
        if self.random.random() < 0.5:
            self.steps.append("a selection on the map")
            return drag_over_map(self.page)
        self.steps.append("a click on the map")
        plot.first.click(position={"x": self.random.randrange(60, 260), "y": self.random.randrange(60, 300)})
        settle(self.page)

    def _lesson(self) -> None:
        """A step of a lesson, whose strip then stands beside the pages."""
        self._uncovered()
        name = self.random.choice(sorted(LESSONS))
        number = self.random.randrange(len(LESSONS[name].steps))
        step = LESSONS[name].steps[number]
        asked = [("model", step.model)] * bool(step.model)
        asked += [(key, text) for key, texts in step.values.items() for text in texts]
        self.steps.append(f"the lesson {name}, step {number + 1}")
        query = urlencode([*asked, ("lesson", name), ("step", number + 1)])
        opened(self.page, f"{self.address}/{'' if step.page == 'start' else step.page}?{query}")

    def _reload(self) -> None:
        self.steps.append("reload")
        self.page.reload()
        settle(self.page)

    def told(self, faults: Sequence[str]) -> str:
        steps = "\n".join(f"{number:4} {step}" for number, step in enumerate(self.steps))
        return f"seed {self.seed} ({SEED}={self.seed} walks it again), at {self.page.url}\n" + "\n".join(
            [*faults, steps]
        )


def walked(walk: Walk, steps: int) -> None:
    start = time.monotonic()
    if not walk.begun:
        walk.begin()
    for step in range(steps):
        faults = walk.watch.faults()
        assert not faults, walk.told(faults)
        walk.step()
        if (step + 1) % 100 == 0:
            print(f"{step + 1} of {steps} steps, {time.monotonic() - start:.0f} s", flush=True)
    faults = walk.watch.faults()
    assert not faults, walk.told(faults)
    print(f"{steps} steps in {time.monotonic() - start:.0f} s, seed {walk.seed}")


@pytest.fixture(scope="module")
def walk(tab: Any, address: str) -> Iterator[Walk]:
    """One that goes on from test to test."""
    with as_new(tab, reduced_motion="reduce") as page:
        yield Walk(page, address, KINDS, int(os.environ.get(SEED, 1)))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_steps_at_random_meet_no_fault(walk: Walk, part: int):
    """Ten at a time."""
    walked(walk, 10)


THEIRS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "their-vae": ({"decoded": "logits"}, ["--likelihood", "bernoulli"]),
    "their-autoencoder": ({"gives": "mean"}, []),
}


# What a package from outside registers, and a training that goes on all the while.
TWIN = f"train twin --data stripes --likelihood laplace --prior laplace --nets gelu-32 --epochs 2 --out runs/{PLUGGED}"
TRAINS = "train cdvae --data digits --epochs 100000 --no-atlas --out runs/trains"


@pytest.fixture
def of_every_kind(trained: Trained, tmp_path: Path) -> Iterator[str]:
    """A server of models of every kind, of which one trains: beside those of the tests models of tables, of others as ONNX, embeddings, and a
    model of a package that is installed."""
    need_a_browser()
    sources, digits, runs = of_tables(tmp_path), load_data("digits", "test"), tmp_path / "runs"
    for folder in trained.everything().iterdir():
        shutil.copytree(folder, runs / folder.name)
    if not (runs / "embeddings-digits").exists():
        embeddings(runs / "embeddings-digits", digits)
    for name, (form, options) in THEIRS.items():
        encoder, decoder = pair(tmp_path / name, digits.images[:].float() / 255, **form)
        files = ["--encoder", str(encoder), "--decoder", str(decoder), "--data", "digits"]
        assert main(["import", *files, "--out", str(runs / name), *options]) == 0
    paths = f"{installed(tmp_path / 'site')}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment, command = (
        {"PYTHONPATH": paths, SOURCES_VARIABLE: sources},
        [sys.executable, "-m", "vae_core.cli"],
    )
    outside = {**os.environ, **environment}
    subprocess.run([*command, *TWIN.split()], cwd=tmp_path, env=outside, check=True)
    with (
        subprocess.Popen(
            [*command, *TRAINS.split()], cwd=tmp_path, env=outside, stderr=subprocess.DEVNULL
        ) as training,
        served(runs, environment=environment) as url,
    ):
        os.setpriority(os.PRIO_PROCESS, training.pid, 19)
        yield url
        assert training.poll() is None
        training.terminate()


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_two_thousand_steps_at_random_meet_no_fault(page: Any, of_every_kind: str):
    seed = int(os.environ.get(SEED, random.SystemRandom().randrange(10**6)))
    steps = int(os.environ.get(STEPS, 2000))
    walked(
        Walk(page, of_every_kind, [*KINDS, *TABLES, *THEIRS, PLUGGED, "trains"], seed, lessons=True), steps
    )
