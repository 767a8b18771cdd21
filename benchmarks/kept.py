"""What a benchmark of speed measured, with the machine, what else it did, and the date: `benchmarks/results/NAME.json`.

The tables of the documents are made from these files (`benchmarks.speeds`), so that no figure is written by hand.
"""

import json
import os
import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vae_core.checkpoints import atomic

RESULTS = Path(__file__).with_name("results")

# Seconds for which the machine is watched before a benchmark begins.
WATCHED = 3.0


class Kept:
    """Rows of numbers, printed as they come and written when all are there: a benchmark that is cut leaves what was measured before."""

    def __init__(self, name: str):
        self.name, self.rows = name, list[dict[str, Any]]()
        self.about = machine()
        print(f"{name}: {said(self.about)}", flush=True)

    def add(self, what: str, **numbers: float | str) -> None:
        """One row."""
        row = {key: round(value, 4) if isinstance(value, float) else value for key, value in numbers.items()}
        self.rows.append({"what": what, **row})
        told = "  ".join(
            f"{key} {f'{value:,.6g}' if isinstance(value, float) else value}" for key, value in row.items()
        )
        print(f"{what:90} {told}", flush=True)

    def waits(self, what: str, times: Iterable[float], **more: float) -> None:
        """One row of waits in milliseconds: their median, 95th percentile and longest, and how many there are."""
        ordered = sorted(times)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        self.add(
            what, median=statistics.median(ordered), p95=p95, longest=ordered[-1], n=len(ordered), **more
        )

    def write(self) -> None:
        text = json.dumps({**self.about, "rows": self.rows}, indent=1, ensure_ascii=False)
        with atomic(RESULTS / f"{self.name}.json") as file:
            file.write(f"{text}\n".encode())


def machine() -> dict[str, Any]:
    """The cores there are, those that other programs take just now, and the date."""
    start, before = time.monotonic(), _busy()
    time.sleep(WATCHED)
    others = (_busy() - before) / (time.monotonic() - start)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "others": round(others, 2),
    }


def said(about: dict[str, Any]) -> str:
    """Where and when it was measured, in words.

    >>> said({"date": "2026-11-28", "processor": "AMD EPYC", "cores": 2, "others": 0.04})
    '28 November 2026, 2 cores (AMD EPYC), of which other programs took 0.04 when it began'
    """
    day = datetime.fromisoformat(about["date"])
    where = f"{about['cores']} cores ({about['processor']})"
    return f"{day.day} {day:%B %Y}, {where}, of which other programs took {about['others']:g} when it began"


def _busy() -> float:
    """Seconds that all cores have worked so far (Linux)."""
    user, nice, system, _, _, *others = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    return sum(map(int, (user, nice, system, *others))) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    """Its name (Linux)."""
    lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == "model name"), "unknown")
