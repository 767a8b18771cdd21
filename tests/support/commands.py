"""Runs of the command line in processes of their own, which start at once."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# Imports take seconds, so that they are made once, in a process that forks a child for each command it is told.
# A second process of a group comes late to the folder: it must not take what the first has written for another run's.
FORKING = """
import json, os, sys, time, torch, torch._dynamo, vae_core.cli
from vae_core.data import load_data
from vae_core.training.loop import Run
torch.set_num_threads(1)
load_data("digits")
for line in sys.stdin:
    told = json.loads(line)
    if "wait" in told:
        print(os.waitstatus_to_exitcode(os.waitpid(told["wait"], 0)[1]), flush=True)
    elif number := os.fork():
        print(number, flush=True)
    else:
        os.environ.update(told["environment"])
        if os.environ.get("RANK") == "1":
            start = Run._start
            Run._start = lambda run: (time.sleep(0.5), start(run))[1]
        sys.stdout = sys.stderr = open(told["log"], "a", buffering=1)
        os._exit(vae_core.cli.main(told["arguments"]))
"""


class Commands:
    """Runs `latent-explorer` in processes of its own that start at once; what they say is added to `log`."""

    def __init__(self, log: Path):
        self.log, self.running = log, set[int]()
        environment = {k: v for k, v in os.environ.items() if k not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}
        self.server = subprocess.Popen(
            [sys.executable, "-c", FORKING],
            env={**environment, "OMP_NUM_THREADS": "1"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, **environment: str) -> int:
        number = self._tell(arguments=arguments, environment=environment, log=str(self.log))
        self.running.add(number)
        return number

    def wait(self, number: int) -> int:
        """The exit code; minus the signal for a process that was killed."""
        self.running.discard(number)
        return self._tell(wait=number)

    def close(self) -> None:
        for number in self.running:
            os.kill(number, signal.SIGKILL)
        self.server.communicate()

    def _tell(self, **told: Any) -> int:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        print(json.dumps(told), file=self.server.stdin, flush=True)
        return int(self.server.stdout.readline())
