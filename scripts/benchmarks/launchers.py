"""Throughput of the executors: many short runs on a Dask cluster of 1, 2 and 4 workers, beside the local pool of as many."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time, sleep

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from nnbench.cli.hydra_app import CONF
from nnbench.config.sections import DaskLauncherConfig
from nnbench.config.validate import parse
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.executors.local import LocalPool
from nnbench.sweep.job import Ended, Failure, Job


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command `launchers`."""
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=300, help="epochs a run")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.set_defaults(run=launchers)


def launchers(arguments: Namespace) -> None:
    """Print a row for each executor and number of workers, without tracking.

    A few runs come first, so that neither starts of processes nor imports count.
    """
    with initialize_config_dir(str(CONF), version_base="1.3"):
        tree = OmegaConf.to_container(compose("config", [f"training.epochs={arguments.epochs}"]), resolve=True)
    config = parse(tree)  # type: ignore[arg-type]
    jobs = [Job(number=seed, overrides=(), config=replace(config, seed=seed)) for seed in range(arguments.jobs)]
    print(f"{arguments.jobs} runs of {arguments.epochs} epochs\n")
    print("All times in ms a run; beyond training is of each worker.\n")
    print("| workers | executor | runs a second | training | beyond training | CPU of the command |")
    print("|---:|---|---:|---:|---:|---:|")
    for workers in arguments.workers:
        _measure("local", workers, LocalPool(workers=workers), jobs)
        with _dask_cluster(workers) as address:
            from nnbench.sweep.executors.dask import DaskExecutor

            options = DaskLauncherConfig(address=address, workers=None, timeout=None, patience=60.0)
            _measure("dask", workers, DaskExecutor(options=options), jobs)


def _measure(name: str, workers: int, executor: Executor, jobs: list[Job]) -> None:
    with closing(executor):
        for _ in executor.run(jobs[: 8 * workers]):
            pass
        wall, cpu, trained = perf_counter(), process_time(), 0.0
        for event in executor.run(jobs):
            if isinstance(event, Ended):
                if event.outcome is None or isinstance(event.outcome, Failure):
                    raise SystemExit(f"a run failed: {event.outcome}")
                trained += event.outcome.history.seconds
        wall, cpu = perf_counter() - wall, process_time() - cpu
    number = len(jobs)
    beyond = workers * wall / number - trained / number
    columns = f"{number / wall:.1f} | {1000 * trained / number:.1f} | {1000 * beyond:.1f} | {1000 * cpu / number:.1f}"
    print(f"| {workers} | {name} | {columns} |", flush=True)


@contextmanager
def _dask_cluster(workers: int) -> Iterator[str]:
    """Start a scheduler on a free port, and workers of one thread, in processes of their own; yields the address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scheduler.json")
        common = ["--no-dashboard", "--scheduler-file", str(file)]
        commands = [["scheduler", "--host", "127.0.0.1", "--port", "0"], *[["worker", "--nthreads", "1"]] * workers]
        processes = []
        try:
            for command in commands:
                full = [sys.executable, "-m", "dask", *command, *common]
                processes.append(subprocess.Popen(full, cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True))
                while not file.exists():
                    sleep(0.1)
            import distributed

            with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(workers)
                yield client.scheduler.address
        finally:
            for process in reversed(processes):
                os.killpg(process.pid, 15)
                process.wait()
