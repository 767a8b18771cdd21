"""Tables of how fast it is, from what `benchmarks.kept` has kept; `benchmarks.readme` puts them into the documents."""

from typing import Any

from benchmarks.kept import said
from benchmarks.tables import result


def live() -> str:
    """Waits while a pointer moves, of one visitor and of many."""
    found = result("live")
    waits = [row for row in found["rows"] if "median" in row]
    (capacity,) = (row for row in found["rows"] if "median" not in row)
    about = (
        f"The capacity is {capacity['pictures_a_second']:,.0f} pictures a second for 50 visitors who ask again at once; of a picture's time of the "
        f"processor, {capacity['server']:.2f} ms are the server's and {capacity['visitors']:.2f} these visitors'."
    )
    return _table(
        _waits(waits, "while the pointer moves, `python -m benchmarks.live`"), f"{about} {_where(found)}"
    )


def panning() -> str:
    """How smoothly 70,000 items move."""
    found = result("panning")
    lines = [
        "| 70,000 items on two linked maps, `python -m benchmarks.panning` | frames a second | paint, or wait, median | 95th percentile |",
        "|---|--:|--:|--:|",
    ]
    for row in found["rows"]:
        frames = f"{row['frames_a_second']:.0f}" if "frames_a_second" in row else ""
        lines.append(f"| {row['what']} | {frames} | {_ms(row['median'])} | {_ms(row['p95'])} |")
    return _table(lines, _where(found))


def latency() -> str:
    """What waits for a run of the script, and for the first page."""
    found = result("latency")
    return _table(_waits(found["rows"], "page, `python -m benchmarks.latency`"), _where(found))


def training() -> str:
    """Images a second beside a bare loop."""
    found = result("training")
    lines = [
        "| training, `python -m benchmarks.training`, images a second on one thread | bare loop | `vae_core` | ratio |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| `{row['what']}` | {row['bare']:,.0f} | {row['ours']:,.0f} | {row['ratio']:.2f} |"
        for row in found["rows"]
    ]
    return _table(lines, _where(found))


def published() -> str:
    """A published page: what it weighs, when it moves, and how it follows the pointer."""
    found = result("published")
    lines = [
        "| published page of | MB, without what runs it | moves after | the model answers after | pointer to pixels, median | 95th percentile |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    rows = {row["what"]: row for row in found["rows"]}
    for what, row in rows.items():
        if "moved" in row:
            waits = rows[f"the pointer on the site of {what}"]
            pointer = f"{_ms(waits['median'])} | {_ms(waits['p95'])}"
            lines.append(
                f"| {what} | {row['megabytes']:.1f} | {row['moved']:.1f} s | {row['ready']:.1f} s | {pointer} |"
            )
        elif "app" in what:
            lines.append(f"| {what} |  |  |  | {_ms(row['median'])} | {_ms(row['p95'])} |")
    runtime = next(row["runtime"] for row in rows.values() if "runtime" in row)
    return _table(lines, f"What runs it has {runtime:.1f} MB. {_where(found)}")


def fairness() -> str:
    """A visitor's drag beside those who abuse the server."""
    found = result("fairness")
    lines = [
        "| beside | median | p95 | longest | cores of the server | of the abusers |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for row in found["rows"]:
        waits = " | ".join(f"{row[name]:.0f}" for name in ("median", "p95", "longest"))
        lines.append(f"| {row['what']} | {waits} | {row['server']:.2f} | {row['abusers']:.2f} |")
    return _table(lines, f"Milliseconds. {_where(found)}")


def _waits(rows: list[dict[str, Any]], title: str) -> list[str]:
    lines = [f"| {title} | median | 95th percentile | n |", "|---|--:|--:|--:|"]
    for row in rows:
        p95, count = (_ms(row["p95"]), f"{row['n']:,}") if "p95" in row else ("", "1")
        lines.append(f"| {row['what']} | {_ms(row['median'])} | {p95} | {count} |")
    return lines


def _ms(value: float) -> str:
    """Milliseconds, or seconds where there are many.

    >>> _ms(9.64), _ms(97.4), _ms(2410.0)
    ('9.6 ms', '97 ms', '2.4 s')
    """
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 20 else f"{value:.1f} ms"


def _table(lines: list[str], about: str) -> str:
    return "\n".join([*lines, "", about])


def _where(found: dict[str, Any]) -> str:
    return f"Measured {said(found)}."
