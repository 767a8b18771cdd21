"""Files that visitors give are read in a process of their own: in a time, in a memory, and few at once."""

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from latent_explorer.user_image import apart, images
from PIL import Image

from tests.files import many_directories


def png(side: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray((np.arange(side * side) % 251).astype(np.uint8).reshape(side, side)).save(file, "PNG")
    return file.getvalue()


def test_what_is_read_apart_is_what_is_read_here():
    found, here = apart.read(png(40), (1, 28, 28)), images.read(png(40), (1, 28, 28))
    np.testing.assert_array_equal(found.values, here.values)
    assert found.notes == here.notes
    with pytest.raises(images.Refused, match="cannot be read as an image"):
        apart.read(b"no image", (1, 28, 28))


def test_frames_are_not_counted():
    """Pillow counts those of a TIFF in a time that grows with their square: minutes."""
    start = time.process_time()
    found = images.read(many_directories(30_000), (1, 28, 28))
    assert "the first of its frames taken" in found.notes
    assert time.process_time() - start < 2


def test_a_large_image_is_made_small_before_it_is_copied(monkeypatch: pytest.MonkeyPatch):
    whole = images.read(png(600), (1, 28, 28))
    monkeypatch.setattr(images, "PIXELS", 90_000)
    found = images.read(png(600), (1, 28, 28))
    assert "resized from 600 × 600 to 28 × 28" in found.notes
    assert np.abs(found.values.astype(int) - whole.values.astype(int)).mean() < 8


def test_a_file_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(apart, "SECONDS", 0.01)
    with pytest.raises(images.Refused, match="more time or memory"):
        apart.read(png(40), (1, 28, 28))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound no such memory")
def test_a_process_has_no_more_memory_than_its_bound():
    take = "from latent_explorer.apart import bound; bound(10, {}); import numpy; numpy.ones(3 * 10**7); print('held')"
    said = [
        subprocess.run([sys.executable, "-c", take.format(most)], capture_output=True, text=True)
        for most in (10**9, 2 * 10**8)
    ]
    assert said[0].stdout.strip() == "held"
    assert "MemoryError" in said[1].stderr


def test_no_more_are_read_at_once_than_the_server_has_room_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(apart, "PATIENCE", 0.05)
    held = [apart._free.acquire() for _ in range(apart.MOST_AT_ONCE)]
    try:
        with pytest.raises(images.Refused, match="reading images of others"):
            apart.read(png(40), (1, 28, 28))
    finally:
        for _ in held:
            apart._free.release()
    assert apart.read(png(40), (1, 28, 28)).values.any()


def test_more_than_a_bound_is_not_said_to_be_as_much():
    with pytest.raises(images.Refused, match=r"has 10\.1 MB; give an image of at most 10 MB"):
        images.check_size(bytes(10_000_001))
