"""Presses everything on a page until nothing is left that has not been pressed, and collects the faults."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from playwright.sync_api import Error

from tests.browser.faults import Watch
from tests.browser.pressing import Control, controls, press, settle

Arrive = Callable[[Any], None]

# More presses than any page has: one that makes new controls at each press would never end.
MOST = 400

# On the page Train; what it deletes and renames are models, and what it stops goes on beside a walk.
BEGINS = (
    "Start",
    "Stop",
    "Wait in line",
    "Start beside it",
    "How long?",
    "Map and measure",
    "Go on",
    "Delete it",
    "Rename",
)


@dataclass
class Crawl:
    """What was pressed, and the faults with what came before them."""

    pressed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def crawled(
    page: Any,
    arrive: Arrive,
    watch: Watch,
    *,
    done: set[str] | None = None,
    frame: bool = False,
    apart: bool = False,
    most: int = MOST,
) -> Crawl:
    """Press what is on the page that `arrive` comes to, and whatever appears there by pressing.

    Args:
        arrive: opens the page in the state that matters; called again when a press has led elsewhere.
        done: the kinds of controls that are not pressed any more; those that are pressed here are added.
        frame: whether the navigation and the sidebar are pressed, or what stands beside them.
        apart: whether controls that differ by a number alone are all pressed, not one of them.
        most: presses before it is enough.
    """
    crawl, tried = Crawl(), set[str]()
    done = set() if done is None else done
    give = lambda chooser: chooser.set_files(a_picture())  # noqa: E731
    page.on("filechooser", give)

    def check(after: str) -> bool:
        found = watch.faults()
        crawl.faults += [f"{after}: {fault}\n    at {page.url}" for fault in found]
        return not found

    def identity(control: Control) -> str:
        return f"{control.kind} {control.name}" if apart else control.kind

    arrive(page)
    check("opening")
    place = urlsplit(page.url).path
    while len(crawl.pressed) < most:
        there = controls(page)
        left = [
            c
            for c in there
            if identity(c) not in done and wanted(c, page.url) and (c.over or c.frame == frame)
        ]
        if not left:
            break
        control = min(left, key=order)
        if not control.over and any(other.over for other in there):
            page.keyboard.press("Escape")  # what lies over the page is done with
            settle(page)
            if any(other.over for other in controls(page)):
                arrive(page)
            continue
        done.add(identity(control))
        try:
            press(page, control)
        except Error as error:  # it has gone by itself, or it is covered
            if identity(control) in tried:
                crawl.faults.append(
                    f"{control} cannot be pressed: {str(error).splitlines()[0]}\n    at {page.url}"
                )
            else:
                tried.add(identity(control))
                done.discard(identity(control))
        else:
            crawl.pressed.append(str(control))
        whole = check(f"pressing {control}")
        if "ullscreen" in control.name:
            page.keyboard.press("Escape")
        if len(crawl.pressed) < most and (not whole or urlsplit(page.url).path != place):
            arrive(page)
            watch.faults()  # what stands there from the beginning was told when it was opened
    page.remove_listener("filechooser", give)
    return crawl


def wanted(control: Control, address: str) -> bool:
    """Links to other hosts stay unpressed, and to places on the page itself, what prints it, and what begins trainings, which outlive it, or ends them."""
    host = urlsplit(control.href).netloc
    return (
        not control.href.startswith("#")
        and host in ("", urlsplit(address).netloc)
        and control.name not in ("Print", "Deploy", *BEGINS)
    )


def order(control: Control) -> tuple[bool, bool, bool, int]:
    """What lies over the page first, then what changes nothing else, then what divides the page, links last."""
    return not control.over, control.leads_away, control.divides, control.number


def a_picture() -> dict[str, Any]:
    """A file with a figure that is not square."""
    image, buffer = Image.new("L", (48, 40)), io.BytesIO()
    ImageDraw.Draw(image).line([(10, 8), (30, 8), (18, 34)], fill=255, width=5)
    image.save(buffer, "PNG")
    return {"name": "figure.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
