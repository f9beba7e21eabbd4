"""The Slurm of `scripts/slurm_testbed.sh` for tests: its jobs, and a module with a slow optimizer that they import."""

import subprocess
from pathlib import Path

SLOW = """
import os
import time
from dataclasses import dataclass
from nnbench import Optimizer

@dataclass(kw_only=True)
class Slow(Optimizer):
    learning_rate: float = 0.1
    seconds: float = 0.1
    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * gradients
        time.sleep(self.seconds)

@dataclass(kw_only=True)
class Held(Slow):
    seconds: float = 0.0
    def update(self, parameters, gradients, iteration):
        super().update(parameters, gradients, iteration)
        while "SLURM_JOB_ID" in os.environ and os.path.exists("hold"):
            time.sleep(0.1)

class Raises(Slow):
    def update(self, parameters, gradients, iteration):
        raise ArithmeticError("no step today")
"""


def jobs(*states: str) -> dict[str, str]:
    """The node of each job that is in one of these states, such as RUNNING; of all that Slurm knows without any."""
    wanted = ",".join(states) or "all"
    lines = slurm("squeue", "--noheader", "--array", f"--states={wanted}", "--format=%i|%N").splitlines()
    return {job: node for job, _, node in (line.partition("|") for line in lines)}


def slurm(*command: str) -> str:
    """Output of one of Slurm's commands."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_optimizers(folder: Path) -> None:
    """Write the module `slow_steps` with optimizers; `Held` makes a Slurm job wait while the file `hold` exists."""
    (folder / "slow_steps.py").write_text(SLOW)
