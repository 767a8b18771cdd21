"""Requests of many visitors gathered to batches, decoded on threads of their own, whoever has had least first."""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import torch

from .request import Answer, Request

# Images that are decoded at once, and seconds that they may take together, as far as is known. More requests wait for the next batch.
MOST_AT_ONCE, LONGEST = 256, 0.01

# What somebody has had counts half as much after so many seconds, and nothing once it is this little.
HALF_LIFE, FORGOTTEN = 1.0, 1e-4

# How far a thread that gives way stands behind the others: the kernel gives it a tenth of what it gives them, where they want all.
BEHIND = 10


def give_way() -> None:
    """Let the other threads of this process go before the calling one, for good. Only Linux gives threads priorities of their own.

    Example:
        >>> with ThreadPoolExecutor(1, initializer=give_way) as pool:
        ...     pool.submit(sum, [3, 4]).result()
        7
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND)


class Batcher:
    """Requests gathered to batches: what arrives while one batch is decoded makes the next one.

    Nobody waits for company, and a crowd shares the work; of those who wait, the ones come first who have had the
    least of it. A request that will take long, or whose model nobody has asked for yet, is decoded beside the
    others. The decoding runs on threads of its own, so that the event loop goes on.

    Args:
        answer: gives an answer to each of some requests, or what is wrong with it. It may be called by two threads at once.

    Example:
        >>> def answer(requests):
        ...     return [Answer(np.zeros((request.n, 28, 28, 1), np.uint8), {}) for request in requests]
        >>> import numpy as np
        >>> async def ask():
        ...     return await Batcher(answer)(Request(0, "vae-mnist", n=3))
        >>> with ThreadPoolExecutor() as pool:  # a thread that runs no loop yet, as a notebook's does
        ...     print(pool.submit(asyncio.run, ask()).result().pixels.shape)
        (3, 28, 28, 1)
    """

    def __init__(self, answer: Callable[[Sequence[Request]], Sequence[Answer | ValueError]]):
        self._costs: dict[str, float] = {}  # of a row of each model, seconds
        self._had = _Had()
        self._short = _Lane(answer, self._costs, self._had, "short")
        self._long = _Lane(answer, self._costs, self._had, "long", give_way)

    async def __call__(self, request: Request, whose: Sequence[object] = ()) -> Answer:
        """The answer to one request.

        Args:
            request: what is asked.
            whose: who asks, the largest group first, such as an address and a connection at it: work is shared fairly between the first,
                and among these between the next.

        Raises:
            ValueError: with the sentence that says what is wrong with it.
        """
        cost = self._costs.get(request.model)
        is_long = cost is None or cost * request.n > LONGEST
        return await (self._long if is_long else self._short).answered(request, tuple(whose))


class _Asked(NamedTuple):
    request: Request
    whose: tuple[object, ...]
    answer: asyncio.Future[Answer]


class _Had:
    """The seconds that each of some groups has had, which count less with time."""

    def __init__(self) -> None:
        self._seconds: dict[object, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))

    def of(self, group: object) -> float:
        seconds, then = self._seconds.get(group, (0.0, 0.0))
        return seconds * 0.5 ** ((time.monotonic() - then) / HALF_LIFE)

    def add(self, group: object, seconds: float) -> None:
        self._seconds[group] = self.of(group) + seconds, time.monotonic()
        if len(self._seconds) > 1000:
            held = list(self._seconds.items())
            self._seconds.clear()
            self._seconds.update(
                (one, had) for one, had in held if had[0] > FORGOTTEN and time.monotonic() - had[1] < 60
            )


def _begin(more: Callable[[], object]) -> None:
    torch.set_num_threads(1)
    more()


class _Lane:
    """Requests that are decoded one batch after the other by one thread."""

    _clock = staticmethod(time.thread_time)

    def __init__(
        self,
        answer: Callable[[Sequence[Request]], Sequence[Answer | ValueError]],
        costs: dict[str, float],
        had: _Had,
        name: str,
        begin: Callable[[], object] = bool,
    ):
        self._answer, self._costs, self._had = answer, costs, had
        self._waiting: list[_Asked] = []
        self._task: asyncio.Task | None = None
        # One thread of torch: the pages' threads want the other cores, and these batches are small.
        self._thread = ThreadPoolExecutor(1, f"decode {name}", initializer=partial(_begin, begin))

    async def answered(self, request: Request, whose: tuple[object, ...]) -> Answer:
        asked = _Asked(request, whose, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await asked.answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._next()
            answers, seconds, took = await loop.run_in_executor(self._thread, self._decoded, batch)
            self._count(batch, answers, seconds)
            for each, answer in zip(batch, answers, strict=True):
                if each.answer.done():
                    continue  # its visitor has gone
                if isinstance(answer, Exception):
                    each.answer.set_exception(answer)
                else:
                    each.answer.set_result(answer._replace(took=took))

    def _decoded(self, batch: Sequence[_Asked]) -> tuple[Sequence[Answer | Exception], float, float]:
        """The answers, and the seconds of the processor that they took: what other programs take of it is not theirs. And the seconds in all."""
        start, began = self._clock(), time.monotonic()
        answers = self._answered([each.request for each in batch])
        return answers, self._clock() - start, time.monotonic() - began

    def _answered(self, requests: Sequence[Request]) -> Sequence[Answer | Exception]:
        """A defect must not leave visitors without an answer, nor end the loop, nor be told to others than those whose request meets it."""
        try:
            return self._answer(requests)
        except Exception as error:
            if len(requests) > 1:
                return [answer for request in requests for answer in self._answered([request])]
            return [RuntimeError(f"the server failed at this request ({type(error).__name__})")]

    def _count(self, batch: Sequence[_Asked], answers: Sequence[object], seconds: float) -> None:
        """What a batch took is charged to those who asked, and tells what a row of the model costs."""
        rows = sum(each.request.n for each in batch)
        for each in batch:
            for group in each.whose:
                self._had.add(group, seconds * each.request.n / rows)
        models = {
            each.request.model
            for each, answer in zip(batch, answers, strict=True)
            if isinstance(answer, Answer)
        }
        if len(models) == 1:  # else nothing says which of them took it
            (model,) = models
            before = self._costs.get(model, seconds / rows)
            # One that was read from its file took longer than the next will: what is less is believed at once.
            self._costs[model] = min(seconds / rows, 0.8 * before + 0.2 * seconds / rows)

    def _next(self) -> list[_Asked]:
        """Those who have had least, as many as are decoded at once."""
        self._waiting = [each for each in self._waiting if not each.answer.done()]
        order = sorted(self._waiting, key=lambda each: [self._had.of(group) for group in each.whose])
        batch: list[_Asked] = []
        rows, seconds = 0, 0.0
        for each in order:
            rows += each.request.n
            seconds += each.request.n * self._costs.get(each.request.model, 0.0)
            if batch and (rows > MOST_AT_ONCE or seconds > LONGEST):
                break
            batch.append(each)
        taken = set(map(id, batch))
        self._waiting = [each for each in self._waiting if id(each) not in taken]
        return batch
