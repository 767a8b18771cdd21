"""A training is watched and steered by files in its folder (`vae_core.runs`): what the loop calls after each step.

Watching changes nothing of what is learned: a portrait is taken with noise of its own, and what it costs is measured and kept below
`SHARE` of the time.
"""

import contextlib
import os
import shutil
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ..checkpoints import CheckpointError, write_tensors
from ..runs import Answer, FrameWriter, Order, Orders, Refused, Status, read_header, snapshots, write_json
from ..runs.frames import WATCH, encoded
from ..runs.orders import STEER
from ..runs.snapshots import MOST as MOST_SNAPSHOTS
from ..runs.snapshots import MOST_BYTES as MOST_SNAPSHOT_BYTES
from ..runs.snapshots import SNAPSHOTS, snapshot_path
from ..runs.status import STATUS, STEP, what_is_kept
from .detail import detail
from .faults import fault
from .portrait import Portrait

if TYPE_CHECKING:
    from .loop import Run

# The shares of the time that frames and their maps by UMAP may take, the least seconds between frames, and the most that items are left out for.
SHARE, MAP_SHARE, LEAST, WISHED = 0.05, 0.015, 0.1, 0.25

# Held-out images are looked at where there are so many, else training images.
ENOUGH = 500

# Of several processes, orders are passed on once in so many steps.
PASSED_ON = 10


class Unwatched:
    """A training that nobody watches."""

    idle = 0.0
    """Seconds that the training was paused."""

    def watching(self, done: int) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext()

    def after(self, step: int, epoch: int, parts: dict[str, Tensor], rows: Tensor | None = None) -> None:
        pass

    def saved(self, epoch: int, step: int) -> None:
        pass

    def finishing(self) -> None:
        pass


class Pace:
    """When the next is due: so that all take `share` of the time, and no sooner than `least` seconds after the last."""

    def __init__(self, share: float):
        self.share, self.least, self.cost, self.spent, self.due = share, LEAST, 0.0, 0.0, 0.0

    @property
    def every(self) -> float:
        return max(self.least, self.cost / self.share)

    def took(self, began: float, ended: float) -> None:
        cost = ended - began
        self.cost = cost if not self.cost else 0.7 * self.cost + 0.3 * cost
        self.spent += cost
        self.due = began + self.every


class Watcher(Unwatched):
    """Writes frames and status of one training into its folder, and obeys the orders that it finds there.

    Args:
        run: the training.
    """

    def __init__(self, run: "Run"):
        self.run, self.leads, self.folder = run, run.group.leads, run.folder
        self.orders, self.pace, self.map_pace = Orders(run.folder), Pace(SHARE), Pace(MAP_SHARE)
        self.portrait: Portrait | None = None
        self.writer: FrameWriter | None = None
        self.pending: list[dict[str, Tensor]] = []
        self.answers: deque[Answer] = deque(maxlen=20)
        self.rates: deque[tuple[float, int]] = deque(maxlen=20)
        self.state, self.said, self.paused, self.single = "measuring", "", False, False
        self.step = self.epoch = self.epochs_saved = self.seen = 0
        self.start, self.began, self.idle, self.told = time.time(), time.perf_counter(), 0.0, 0.0

    @contextlib.contextmanager
    def watching(self, done: int) -> Iterator[None]:
        """From the first moment to the last of a training that goes on after so many epochs: how it ends is said."""
        self.step, self.epoch, self.epochs_saved = done * len(self.run.schedule), done + 1, done
        if self.leads:
            self._begin(fresh=not done)
        try:
            yield
        except BaseException as error:
            self._ended(error)
            raise
        self._ended(None)

    def after(self, step: int, epoch: int, parts: dict[str, Tensor], rows: Tensor | None = None) -> None:
        """The training has made one step, of these rows of its images, with these terms of the loss."""
        self.step, self.epoch = step, epoch
        if self.portrait is not None:
            self.pending.append(parts)
        if self.single:
            self.single, self.paused = False, True
            self._detail(parts, rows)
        if self.run.group.size == 1 or step % PASSED_ON == 0 or self.paused:
            self._listen()
        if self.leads and (time.perf_counter() >= self.pace.due or self.paused):
            self._frame()
        if self.paused:
            self._wait()
        elif self.leads and time.perf_counter() - self.told > 1:
            self._tell("running")

    def saved(self, epoch: int, step: int) -> None:
        """The checkpoint of an epoch was written."""
        self.epochs_saved = epoch
        if self.leads:
            with contextlib.suppress(OSError):
                self._snapshot(epoch, step)
            if time.perf_counter() - self.told > 1:
                self._tell("running")

    def finishing(self) -> None:
        """All steps are made."""
        if self.leads:
            if self.seen != self.step:
                self._frame()
            self._tell("finishing")

    def _begin(self, fresh: bool) -> None:
        folder = self.folder / WATCH
        with contextlib.suppress(OSError):
            for name in (STEER, STEP):
                (folder / name).unlink(missing_ok=True)
            if fresh:
                shutil.rmtree(folder / SNAPSHOTS, ignore_errors=True)
        self._tell("measuring")
        self.resumed_at = None if fresh else self.step
        with self._guarded():
            run = self.run
            self.split, data = (
                ("validation", run.held_out) if len(run.held_out) >= ENOUGH else ("training", run.data)
            )
            portrait = Portrait(run.model, data)
            with self._untouched():
                items, mapped = (0, None) if fresh else self._looked_at()
                portrait.fit(SHARE * WISHED, items)
                portrait.map_anew(mapped)
                self.first = portrait.take(moves=True) if fresh else None
            self.portrait = portrait
        self._tell("running")

    def _looked_at(self) -> tuple[int, int | None]:
        """How many items an earlier start looked at, and of how many it made a map."""
        try:
            header = read_header(self.folder)
        except CheckpointError:
            return 0, None
        return header.items, header.umap

    def _ended(self, error: BaseException | None) -> None:
        if self.writer is not None:
            with contextlib.suppress(
                OSError
            ):  # of a disk that is full: what ended the training is said, not this
                self.writer.close()
        if not self.leads:
            return
        if error is None:
            self._tell("finished")
        elif isinstance(error, KeyboardInterrupt):
            self.said = f"stopped at step {self.step:,}; {what_is_kept(self.epochs_saved)}"
            self._tell("stopped")
        else:
            self.said = fault(error)[0]
            self._tell("failed")

    # Orders

    def _listen(self) -> None:
        for order in self._orders():
            try:
                said = order.said if isinstance(order, Refused) else self._obey(order)
            except ValueError as error:
                said = " ".join(str(error).split())
            self.answers.append(Answer(order.id, said))
            if isinstance(order, Order) and order.do == "stop":
                raise KeyboardInterrupt
            if self.leads:
                self._tell("paused" if self.paused else "running")

    def _orders(self) -> Sequence[Order | Refused]:
        group = self.run.group
        if group.size == 1:
            return self.orders.new()
        found: list[Any] = [self.orders.new() if self.leads else None]
        dist.broadcast_object_list(found, 0, device=self.run.device)
        return found[0]

    def _obey(self, order: Order) -> str:
        """Do what is ordered; nothing to say. Raises ValueError for what cannot be set."""
        if order.do == "set":
            assert order.value is not None
            self.run.steering.set(order.name, order.value, self.step, self.epoch)
        elif order.do != "stop":
            self.paused, self.single = order.do == "pause", order.do == "step"
        return ""

    def _wait(self) -> None:
        """Until it is to go on, or for one step."""
        began = time.perf_counter()
        try:
            if self.leads:
                self._tell("paused")
            while self.paused:
                time.sleep(0.03)
                self._listen()
                if self.leads and time.perf_counter() - self.told > 1:
                    self._tell("paused")
        finally:
            self.idle += time.perf_counter() - began
            self.pace.due = 0.0
            self.rates.clear()

    # Frames

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """What goes wrong in watching ends the watching, and not the training."""
        try:
            yield
        except Exception as error:
            self.portrait, self.pending = None, []
            self.said = f"there are no further frames: {fault(error)[0]}"

    @contextlib.contextmanager
    def _untouched(self) -> Iterator[None]:
        """The model is as it was afterwards, and so are torch's own random numbers."""
        model, device = self.run.model, self.run.device
        training = model.training
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            model.eval()
            try:
                yield
            finally:
                model.train(training)

    def _frame(self) -> None:
        if self.portrait is None:
            return
        if self.run.device.type == "cuda":
            torch.cuda.synchronize(self.run.device)  # what the training still computes is no cost of watching
        began, mapping = time.perf_counter(), 0.0
        with self._guarded():
            if self.writer is None:
                self._open()
            assert self.writer is not None
            moves = began >= self.map_pace.due
            with self._untouched():
                seen = self.portrait.take(moves)
            if moves:
                mapping = self.portrait.map_seconds
                self.map_pace.took(began, began + mapping)
            self._append(self.step, seen, self._means())
            self.pending, self.seen = [], self.step
            if self.writer.full:
                self.writer.thin()
                self.pace.least = 2 * self.pace.every
        self.pace.took(began, time.perf_counter() - mapping)

    def _open(self) -> None:
        """Write the header, now that the terms of the loss are known, and the frame before the first step."""
        run, portrait = self.run, self.portrait
        assert portrait is not None
        card = run.card
        header = portrait.header(
            terms=self._terms(),
            split=self.split,
            originals=encoded(portrait.originals),
            start=self.start,
            model=card.model.name,
            data=card.data.name,
            says=card.says,
        )
        self.writer = FrameWriter(self.folder, header, self.resumed_at)
        if self.first is not None:
            self._append(0, self.first, np.full(len(header.terms), np.nan), seconds=0.0)

    def _terms(self) -> tuple[str, ...]:
        """The names of the loss's terms, with those that may come while training."""
        run = self.run
        there = dict.fromkeys(name for parts in self.pending for name in parts)
        weighs = "class_weight" in run.steering.offered
        return tuple({**there, **({"class": None} if weighs else {})})

    def _means(self) -> np.ndarray:
        """Of each term since the last frame, of this process's share of the batches; NaN where it was not there."""
        assert self.writer is not None
        device = self.run.device
        found = []
        for name in self.writer.header.terms:
            values = [parts[name] for parts in self.pending if name in parts]
            found.append(
                torch.stack(values).mean().float() if values else torch.tensor(torch.nan, device=device)
            )
        return torch.stack(found).cpu().numpy() if found else np.zeros(0)

    def _append(
        self, step: int, seen: dict[str, np.ndarray], terms: np.ndarray, seconds: float | None = None
    ) -> None:
        assert self.writer is not None
        numbers = {
            "step": step,
            "epoch": self.epoch,
            "seconds": self._seconds() if seconds is None else seconds,
            "learning_rate": float(self.run.optimizer.param_groups[0]["lr"]),
            "terms": terms,
        }
        self.writer.append({**numbers, **seen})

    def _detail(self, parts: dict[str, Tensor], rows: Tensor | None) -> None:
        if not self.leads:
            return
        with self._guarded(), self._untouched():
            told = {"step": self.step, "epoch": self.epoch, **detail(self.run, self.portrait, parts, rows)}
            with contextlib.suppress(OSError):
                write_json(self.folder, STEP, told)

    def _snapshot(self, epoch: int, step: int) -> None:
        """Keep the weights of some epochs, evenly over the training."""
        state = self.run.model.state_dict()
        size = sum(value.numel() * value.element_size() for value in state.values())
        apart = -(-self.run.epochs // MOST_SNAPSHOTS)
        if epoch % apart or size * MOST_SNAPSHOTS > MOST_SNAPSHOT_BYTES:
            return
        write_tensors(snapshot_path(self.folder, step, epoch), state, durable=False)
        for other in snapshots(self.folder):
            if other.epoch % apart or other.step > step:
                other.path.unlink(missing_ok=True)

    # Status

    def _seconds(self) -> float:
        return time.perf_counter() - self.began - self.idle

    def _tell(self, state: Any) -> None:
        """Write where it stands; a disk that is full does not end a training that needs none of it."""
        run, now = self.run, time.perf_counter()
        self.state, self.told, seconds = state, now, self._seconds()
        if state == "running":
            self.rates.append((seconds, self.step))
        (t0, s0), (t1, s1) = (self.rates[0], self.rates[-1]) if self.rates else ((0.0, 0), (0.0, 0))
        rate = (s1 - s0) / (t1 - t0) if t1 > t0 else 0.0
        live = state in ("running", "paused")
        status = Status(
            state=state,
            start=self.start,
            time=time.time(),
            said=self.said,
            pid=os.getpid(),
            host=socket.gethostname(),
            command=run.card.command,
            model=run.card.model.name,
            data=run.card.data.name,
            step=self.step,
            steps=run.steps,
            epoch=min(self.epoch, run.epochs),
            epochs=run.epochs,
            saved=self.epochs_saved,
            seconds=round(seconds, 3),
            steps_a_second=round(rate, 2),
            left=round((run.steps - self.step) / rate, 1) if live and rate else None,
            values=run.steering.values,
            limits={name: (range_.low, range_.high) for name, range_ in run.steering.offered.items()},
            changes=run.steering.changes,
            answers=tuple(self.answers),
            frames=self.writer.count if self.writer else 0,
            every=round(self.pace.every, 3),
            cost=round((self.pace.spent + self.map_pace.spent) / seconds, 4) if seconds > 1 else 0.0,
        )
        with contextlib.suppress(OSError):
            write_json(self.folder, STATUS, status)
