"""What runs the trials: processes of this machine, or Ray on one or many. Files and results are the same."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from .folder import DONE, LOCK, Sweep
from .grid import Trial
from .worker import Stop, Task, work

Report = Callable[[str, str], None]
"""Told the name of a trial and where it stands."""


class Plan(NamedTuple):
    """How trials are run.

    Attributes:
        jobs: at once; 0 for as many as there are cores, or as the cluster has room for.
        tries: of each trial in all.
        cpus: cores of each.
        gpus: GPUs of each, or a fraction of one.
        address: of a Ray cluster; empty for this machine.

    Example:
        >>> Plan(jobs=2).tries
        3
    """

    jobs: int = 0
    tries: int = 3
    cpus: float = 1
    gpus: float = 0
    address: str = ""


def run(sweep: Sweep, engine: str, plan: Plan, report: Report) -> dict[str, int]:
    """Run every trial that is not done.

    Args:
        sweep: what to run.
        engine: one of `ENGINES`.
        plan: how.
        report: told of each trial that ends.

    Returns:
        How many trials are done, and how many failed.

    Raises:
        ValueError: one sentence, where somebody else runs it, or the engine is not there.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from vae_core.sweeps.folder import TRIAL, write_json
        >>> sweep = Sweep(Path(tempfile.mkdtemp()), ("train", "vae"), {"seed": ("0",)})
        >>> write_json(sweep.place(sweep.trials[0]) / TRIAL, {"state": DONE})
        >>> run(sweep, "processes", Plan(), report=print)  # nothing is left to do
        {'done': 1}
    """
    lock = FileLock(sweep.folder / LOCK)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        raise ValueError(
            f"{sweep.folder} is being run already: wait for its end, or end that process"
        ) from None
    try:
        todo = [trial for trial in sweep.trials if sweep.state(trial)[0] != DONE]
        for trial, state in ENGINES[engine](sweep, todo, plan):
            report(trial.name, state)
    finally:
        lock.release()
    states = [sweep.state(trial)[0] for trial in sweep.trials]
    return {state: states.count(state) for state in dict.fromkeys(states)}


def task_of(sweep: Sweep, trial: Trial, plan: Plan) -> Task:
    words = (*sweep.words, *trial.words)
    return Task(str(sweep.place(trial).resolve()), words, sweep.measures, plan.tries)


def _threads(jobs: int) -> Mapping[str, str]:
    """Threads of torch for each of several processes, so that they do not fight over the cores."""
    if "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))}


def by_processes(sweep: Sweep, todo: list[Trial], plan: Plan) -> Iterator[tuple[Trial, str]]:
    """Processes of this machine, some at once."""
    jobs = max(1, min(plan.jobs or int((os.cpu_count() or 1) // max(plan.cpus, 1)), len(todo)))
    stop, threads = Stop(), _threads(jobs)
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(work, task_of(sweep, trial, plan), threads, stop): trial for trial in todo}
        try:
            while running:
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(ended), ended.result()
        except BaseException:
            stop.set()
            for waiting in running:
                waiting.cancel()
            raise


def by_ray(sweep: Sweep, todo: list[Trial], plan: Plan) -> Iterator[tuple[Trial, str]]:
    """Tasks of Ray: on the cluster of an address, or on this machine. Every machine has to see the folder of the sweep."""
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        local = {} if plan.address else {"include_dashboard": False, "num_cpus": plan.jobs or None}
        ray.init(address=plan.address or "local", log_to_driver=False, logging_level="error", **local)
    try:
        remote = ray.remote(num_cpus=plan.cpus, num_gpus=plan.gpus, max_retries=plan.tries)(work)
        environment = {
            name: value for name, value in os.environ.items() if name.startswith("LATENT_EXPLORER_")
        }
        environment |= {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        environment |= {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, int(plan.cpus))))}
        running = {remote.remote(task_of(sweep, trial, plan), environment): trial for trial in todo}
        while running:
            ended, _ = ray.wait(list(running), num_returns=1)
            for each in ended:
                yield running.pop(each), _got(ray, each)
    finally:
        if ours:
            ray.shutdown()


def _got(ray: Any, ended: Any) -> str:
    """What a task came to; one whose machine was lost too often has failed, and is run by the next call of the same command."""
    try:
        return ray.get(ended)
    except ray.exceptions.RayError:
        return "failed"


def _ray() -> Any:
    """Raises ValueError, one sentence, where it is not installed."""
    try:
        import ray
    except ImportError:
        raise ValueError(
            'the engine ray is not installed: install it with pip install "latent-explorer[ray]", or choose --engine processes'
        ) from None
    return ray


ENGINES: dict[str, Callable[[Sweep, list[Trial], Plan], Iterator[tuple[Trial, str]]]] = {
    "processes": by_processes,
    "ray": by_ray,
}
"""What can run trials, by name."""
