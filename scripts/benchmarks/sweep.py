"""Cost of a sweep besides training (composition, tracking, memory), and of a whole study compared with plain loops."""

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers import find
from nnbench.sweep.executors.local import cores
from scripts.benchmarks.training import HIDDEN, SETTINGS, against_naive

SAMPLES = 100  # points of each class
SIZE = f"dataset.samples={SAMPLES}"

# Runs a command and prints the CPU time of the process and, separately, of its workers.
PROBE = """
import json, resource, sys, time
from nnbench.cli.main import main
started = time.perf_counter()
try:
    status = main()
except SystemExit as end:
    status = end.code
own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
cpu = [used.ru_utime + used.ru_stime for used in (own, children)]
wall = time.perf_counter() - started
print(json.dumps({"status": status, "wall": wall, "parent": cpu[0], "workers": cpu[1], "memory": own.ru_maxrss / 1024}))
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Resources that a command has used.

    Attributes:
        status: its exit status.
        wall: seconds from its imports to its end.
        parent: CPU seconds of the parent process.
        workers: CPU seconds of all workers.
        memory: the parent's peak, in MiB.
    """

    status: int
    wall: float
    parent: float
    workers: float
    memory: float


def command(folder: str, *arguments: str) -> Cost:
    """Run `python -m nnbench ARGUMENTS` in `folder` and measure it."""
    probe = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(probe, cwd=folder, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def add_sweep_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command `sweep`."""
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=50, help="epochs a run")
    parser.set_defaults(run=sweep)


def sweep(arguments: Namespace) -> None:
    """Print the cost of many short runs: composition, training, tracking, and the parent's memory.

    The cost of a run is the difference between the whole sweep and a sweep of a single run, so that imports do not count.
    """
    common = "-m", SIZE, f"training.epochs={arguments.epochs}", "report=none"
    many, one = f"seed=range({arguments.jobs})", "seed=range(1)"
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as crowd:
        listed, listed_one = (command(crowd, *common, seeds, "dry_run=true") for seeds in (many, one))
        print(f"{arguments.jobs} jobs composed and checked in {listed.wall - listed_one.wall:.2f} s")
        one_run, all_runs = command(alone, *common, one), command(crowd, *common, many)
        again_one, again = command(alone, *common, one), command(crowd, *common, many)
    more = arguments.jobs - 1
    parent = 1000 * (all_runs.parent - one_run.parent) / more
    workers = 1000 * (all_runs.workers - one_run.workers) / more
    training = 1000 * _training_time(arguments.epochs)
    print(f"a run costs {parent + workers:.1f} ms of processor time, {training:.1f} ms of it for the training loop alone;")
    print(f"beyond that {parent + workers - training:.1f} ms: {parent:.1f} ms in the parent, the rest in the worker")
    rate = more / (all_runs.wall - one_run.wall)
    print(f"{arguments.jobs} runs on {cores()} workers in {all_runs.wall:.1f} s, {rate:.0f} a second")
    print(f"repeated, the command takes {again.wall - again_one.wall:.1f} s longer than with a single run")
    print(f"the parent's memory: {all_runs.memory:.0f} MiB at most, {one_run.memory:.0f} MiB for a single run")


def _training_time(epochs: int, rounds: int = 50) -> float:
    """Return the CPU seconds of the training loop of one run, measured in this process."""
    from nnbench.training.loop import train

    rng = np.random.default_rng(0)
    points = Spiral().draw(rng, SAMPLES)
    optimizer = find("adam")(**SETTINGS["adam"])
    network = Network(2, HIDDEN, 3, batch=300)
    with threadpool_limits(1):
        started = process_time()
        for _ in range(rounds):
            network.initialize(rng)
            train(network, optimizer, points, None, None, epochs=epochs)
    return (process_time() - started) / rounds


def add_study_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command `study`."""
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=10001, help="epochs a run")
    parser.set_defaults(run=study)


def study(arguments: Namespace) -> None:
    """Print the time of a whole study, tracking and report included, and of the plain loop for the same runs."""
    names = ",".join(SETTINGS)
    overrides = SIZE, f"optimizer={names}", f"seed=range({arguments.seeds})", f"training.epochs={arguments.epochs}"
    with tempfile.TemporaryDirectory() as folder:
        ours = command(folder, "-m", *overrides)
    started = perf_counter()
    with threadpool_limits(1):
        for name in SETTINGS:
            for seed in range(arguments.seeds):
                _plain(name, seed, arguments.epochs)
    theirs = perf_counter() - started
    runs = len(SETTINGS) * arguments.seeds
    print(f"{runs} runs of {arguments.epochs:,} epochs: the plain loop, one after the other {theirs:.1f} s;")
    ratio = theirs / ours.wall
    print(f"the study on {cores()} workers, tracking and report included, {ours.wall:.1f} s: {ratio:.1f} times as fast")


def _plain(name: str, seed: int, epochs: int) -> None:
    rng = np.random.default_rng(seed)
    points = Spiral().draw(rng, SAMPLES)
    network = Network(2, HIDDEN, 3, batch=300)
    network.initialize(rng)
    against_naive(network, points, name, find(name)(**SETTINGS[name]), epochs)
