"""Requests of many visitors gathered to batches, decoded on a thread of their own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from .request import Answer, Request

# Images that are decoded at once. More requests wait for the next batch.
MOST_AT_ONCE = 256


class Batcher:
    """Requests gathered to batches: what arrives while one batch is decoded makes the next one.

    Nobody waits for company, and a crowd shares the work. The decoding runs on a thread of its own, so that
    the event loop goes on.

    Args:
        answer: gives an answer to each of some requests, or what is wrong with it.

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
        self._answer = answer
        self._waiting: list[tuple[Request, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task | None = None
        # One thread of torch: the pages' threads want the other cores, and these batches are small.
        self._thread = ThreadPoolExecutor(1, "decode", initializer=partial(torch.set_num_threads, 1))

    async def __call__(self, request: Request) -> Answer:
        """The answer to one request. Raises ValueError with the sentence that says what is wrong with it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._next()
            try:
                answers = await loop.run_in_executor(self._thread, self._answer, [r for r, _ in batch])
            except Exception as error:
                # A defect must not leave visitors without an answer, nor end the loop for the others.
                answers = [RuntimeError(f"the server failed at this request ({type(error).__name__})")] * len(
                    batch
                )
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue  # its visitor has gone
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    def _next(self) -> list[tuple[Request, asyncio.Future[Answer]]]:
        """The first that wait, as many as are decoded at once."""
        rows, count = 0, 0
        for request, _ in self._waiting:
            rows += request.n
            if count and rows > MOST_AT_ONCE:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch
