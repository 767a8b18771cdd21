"""How long a hand-over to a thread and back takes beside threads that are busy with Python: `python -m benchmarks.handover`.

An answer of the live route changes threads four times. Python lets a thread go on for its switch interval while others wait: the usual
one and the server's are tried in turn.
"""

import asyncio
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from latent_explorer.server import SWITCH_SECONDS

USUAL, TIMES = 0.005, 200


def busy(ended: threading.Event) -> None:
    while not ended.is_set():
        sum(range(2000))


async def waits() -> list[float]:
    """In milliseconds, in order."""
    loop, found = asyncio.get_running_loop(), []
    with ThreadPoolExecutor(1) as pool:
        for _ in range(TIMES):
            start = time.perf_counter()
            await loop.run_in_executor(pool, lambda: sum(range(1000)))
            found.append(1000 * (time.perf_counter() - start))
            await asyncio.sleep(0.005)
    return sorted(found)


def main() -> None:
    for threads in (1, 2):
        for interval in (USUAL, SWITCH_SECONDS) * 2:
            sys.setswitchinterval(interval)
            ended = threading.Event()
            beside = [threading.Thread(target=busy, args=(ended,)) for _ in range(threads)]
            for thread in beside:
                thread.start()
            found = asyncio.run(waits())
            ended.set()
            for thread in beside:
                thread.join()
            p95 = found[int(0.95 * (len(found) - 1))]
            print(
                f"{threads} busy, {1000 * interval:g} ms: median {statistics.median(found):5.1f}, p95 {p95:5.1f} ms"
            )


if __name__ == "__main__":
    main()
