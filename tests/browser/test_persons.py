"""What three persons come for, from where they begin to what they came for, and in how many clicks."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.pressing import settle
from tests.browser.test_start import draw_a_seven
from tests.support.driving import eventually, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Clicks:
    """A page whose clicks are counted."""

    def __init__(self, page: Any, address: str):
        self.page, self.count = page, 0
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto(address)
        settle(page)

    def click(self, role: str, name: str, within: str = "body") -> None:
        self.page.locator(within).get_by_role(role, name=name).first.click()
        self.count += 1
        settle(self.page)


def seen(page: Any, place: str) -> bool:
    """Whether something stands on the first screen, whole."""
    box = page.locator(place).first.bounding_box()
    return bool(box) and box["y"] >= 0 and box["y"] + box["height"] <= 720


def test_a_student_draws_a_digit_and_sees_it_in_every_class(page: Any, bundled: str):
    student = Clicks(page, bundled)
    page.wait_for_selector(".first[data-live=true]")
    student.click("button", "Draw an image")
    every = page.locator(".first .every")
    before = int(every.get_attribute("data-shown") or 0)
    draw_a_seven(page)
    assert eventually(page, lambda: int(every.get_attribute("data-shown") or 0) > before)
    assert page.locator(".first .every canvas").count() == 10
    assert seen(page, ".first .every")
    assert student.count == 1
    student.click("button", "In class 3")
    assert "class=3" in page.url


def test_a_teacher_comes_to_the_third_step_of_the_lesson_on_beta(page: Any, bundled: str):
    teacher = Clicks(page, bundled)
    teacher.click("link", "Teach", "[data-testid=stMain]")
    teacher.click("link", "Begin", ".st-key-begin-the-price-of-information")
    teacher.click("link", "Next")
    teacher.click("link", "Next")
    page.wait_for_url("**step=3*")
    assert seen(page, ".st-key-lesson-strip")
    assert teacher.count <= 4


def folder_of_images(folder: Path) -> Path:
    """Images of two classes, a file each, as a researcher has them."""
    generator = np.random.default_rng(0)
    for name, slope in (("rising", 1), ("falling", -1)):
        (folder / name).mkdir(parents=True)
        for number in range(60):
            y, x = np.mgrid[-1:1:24j, -1:1:24j]
            line = np.exp(-((y + slope * x - generator.normal(0, 0.2)) ** 2) / 0.02)
            Image.fromarray((255 * line).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.timeout(400)
def test_a_researcher_sees_the_map_of_a_folder_of_images(page: Any, tmp_path: Path):
    photos = folder_of_images(tmp_path / "photos")
    words = ["train", "cdvae", "--data", str(photos), "--out", "runs/lines", "--epochs", "4"]
    command = [sys.executable, "-m", "latent_explorer", *words]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    with served(tmp_path / "runs") as address:
        researcher = Clicks(page, address)
        researcher.click("button", "", ".st-key-gallery")
        assert "yours" in page.get_by_role("dialog").inner_text().lower()
        researcher.click("button", "", ".st-key-gallery-lines")
        assert "model=lines" in page.url
        researcher.click("link", "Map")
        page.locator(".latent-map .plot").first.wait_for()
        assert seen(page, ".latent-map .plot")
        assert researcher.count == 3
