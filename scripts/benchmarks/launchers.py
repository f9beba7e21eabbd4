"""Throughput of the executors: many short runs on a Dask cluster of 1, 2 and 4 workers, beside the local pool of as many."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from dataclasses import replace
from time import perf_counter, process_time

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from nnbench.config.folder import CONF
from nnbench.config.launchers import DaskLauncherConfig
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
    from distributed import SubprocessCluster  # not at the top: other benchmarks do not need the extra `dask`

    from nnbench.sweep.executors.dask import DaskExecutor

    with initialize_config_dir(str(CONF), version_base="1.3"):
        tree = OmegaConf.to_container(compose("config", [f"training.epochs={arguments.epochs}"]), resolve=True)
    config = parse(tree)  # type: ignore[arg-type]
    jobs = [Job(number=seed, overrides=(), config=replace(config, seed=seed)) for seed in range(arguments.jobs)]
    print(f"{arguments.jobs} runs of {arguments.epochs} epochs\n")
    print("Processor time in ms a run.\n")
    print("| workers | executor | runs a second | command | all processes |")
    print("|---:|---|---:|---:|---:|")
    for workers in arguments.workers:
        _measure("local", workers, LocalPool(workers=workers), jobs)
        with SubprocessCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
            options = DaskLauncherConfig(address=cluster.scheduler_address, workers=None, timeout=None, patience=60.0)
            _measure("dask", workers, DaskExecutor(options=options), jobs)


def _measure(name: str, workers: int, executor: Executor, jobs: list[Job]) -> None:
    with closing(executor):
        for _ in executor.run(jobs[: 8 * workers]):
            pass
        before = perf_counter(), process_time(), _time_of_all_processes()
        for event in executor.run(jobs):
            if isinstance(event, Ended) and isinstance(event.outcome, Failure):
                raise SystemExit(f"a run failed: {event.outcome.reason}")
        after = perf_counter(), process_time(), _time_of_all_processes()
    wall, command, everything = ((end - start) / len(jobs) for start, end in zip(before, after, strict=True))
    print(f"| {workers} | {name} | {1 / wall:.1f} | {1000 * command:.1f} | {1000 * everything:.1f} |", flush=True)


def _time_of_all_processes() -> float:
    """Processor time of this process and of those that it has started, directly or not, in seconds."""
    import psutil  # comes with `distributed`

    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(float(one.user + one.system) for one in times)
