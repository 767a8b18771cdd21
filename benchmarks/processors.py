"""Who takes the processor's time: seconds of a process and all that it started, and the lowest priority for them (Linux)."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def serving(address: str) -> list[int]:
    """The processes of the server at an address, and what they started."""
    port = address.rpartition(":")[2].encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # a process that has ended since
            if port in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return family(found)


def family(roots: Iterable[int]) -> list[int]:
    """Processes and all that they started, and so on."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            children[int(_status(folder)[1])].append(int(folder.name))
    found, left = [], list(dict.fromkeys(roots))
    while left:
        found.append(left.pop())
        left += [child for child in children[found[-1]] if child not in found and child not in left]
    return found


def seconds(processes: Iterable[int]) -> float:
    """Of the processor, so far, those of children that have ended among them."""
    found = 0.0
    for process in processes:
        with contextlib.suppress(OSError):
            found += sum(map(int, _status(Path(f"/proc/{process}"))[11:15])) / TICKS
    return found


def _status(folder: Path) -> list[str]:
    """The fields of a process's `stat` behind its name: its state, its parent, and so on."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def last(processes: Iterable[int]) -> None:
    """They take what the others leave. A session of its own, such as a browser's, has a group of its own, whose priority counts too."""
    for process in processes:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, 19)
        with contextlib.suppress(OSError):
            Path(f"/proc/{process}/autogroup").write_text("19")
