"""The command as a newcomer types it."""

import urllib.request
from pathlib import Path

from benchmarks.driving import served


def test_the_app_starts_for_a_newcomer_without_asking_anything(tmp_path: Path):
    # A home without Streamlit's files, and a "browser" that does nothing: $BROWSER is what Python's webbrowser opens.
    with (
        served(window=True, environment={"HOME": str(tmp_path), "BROWSER": "true"}) as address,
        urllib.request.urlopen(address) as answer,
    ):
        assert answer.status == 200
