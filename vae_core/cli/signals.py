"""A command that the system, a scheduler or a closed terminal ends says so, and keeps what it has, as one that is interrupted by Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator

ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Within it the signals that end a process raise KeyboardInterrupt; one that is ignored, as under nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in ENDING}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
