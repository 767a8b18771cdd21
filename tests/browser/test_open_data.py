"""The page Open data in a browser: a path of the server, and an upload larger than those of other pages."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.files import figures

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_path_and_an_upload_are_opened(page: Any, bundled: str, tmp_path: Path):
    images, labels = figures(200, 250, 300)  # 15 MB
    np.savez(tmp_path / "own.npz", allow_pickle=False, images=images, labels=labels)
    page.goto(f"{bundled}/data")
    field = page.get_by_role("textbox", name="Folder, file or name")
    field.fill(str(tmp_path / "own.npz"))
    field.press("Enter")
    page.get_by_text("250 x 300 pixels").first.wait_for(timeout=60_000)
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(str(tmp_path / "own.npz"))
    page.get_by_text("Run it where your copy lies").wait_for(timeout=60_000)
    assert "--data own.npz" in page.locator("[data-testid=stCode]").first.inner_text()
