"""Studies of many runs: the store while a sweep fills it, and the time and memory to read a study and to report on it."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

# The smallest runs that are real ones: their training takes about a millisecond, so that the store has the most to do.
SHORT = (
    "dataset.samples=20",
    "dataset.val_samples=20",
    "dataset.test_samples=100",
    "network.hidden=[8]",
    "training.epochs=11",
)
MEBIBYTE = 2**20
PROBE = """
import resource, sys, time
from pathlib import Path
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
store = open_store("sqlite:///results/mlflow.db", None, create=False)
wall, cpu = time.perf_counter(), time.process_time()
study = read_study(store, sys.argv[1])
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(study.runs), time.perf_counter() - wall, time.process_time() - cpu, memory)
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """State of a sweep at a moment.

    Attributes:
        runs: finished ones.
        wall: seconds since its start.
        cpu: processor seconds of the command, without its workers.
        memory: resident memory of the command, MiB.
        size: of the database with its log, MiB.
    """

    runs: int
    wall: float
    cpu: float
    memory: float
    size: float


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command `scale`."""
    parser.add_argument("part", choices=["sweep", "read", "report"], help="a sweep into a new store; or synthetic runs")
    parser.add_argument("--runs", type=int, nargs="+", default=[1000], help="sizes, one after the other")
    parser.add_argument("--interrupt", action="store_true", help="end the sweep by SIGINT at half of its runs, and repeat it")
    parser.add_argument("--problems", type=int, default=10, help="of the synthetic study, with ten optimizers")
    parser.set_defaults(run=lambda arguments: {"sweep": sweep, "read": read, "report": read}[arguments.part](arguments))


def sweep(arguments: Namespace) -> None:
    """Print a row for each tenth of a sweep of short runs, then the time of its start and of its repetition."""
    for runs in arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            command = ["-m", "study=large", f"seed=range({runs})", "report=none", *SHORT]
            listed = _measured([*command, "dry_run=true"], folder)
            print(f"{runs} jobs composed, checked and listed in {listed[0]:.1f} s, {listed[1]:.1f} s of processor time\n")
            print("| runs | runs a second | command, ms a run | its memory, MiB | database, MiB |")
            print("|---:|---:|---:|---:|---:|")
            if arguments.interrupt:
                _print_sweep(command, Path(folder), runs, until=runs // 2)
                print("interrupted, and the same command again:")
            _print_sweep(command, Path(folder), runs)
            again = _measured(command, folder)
            print(
                f"\nthe same command again, with nothing to do: {again[0]:.1f} s, {again[1]:.1f} s of processor time",
                flush=True,
            )


def _print_sweep(command: list[str], folder: Path, runs: int, *, until: int | None = None) -> None:
    """Run a sweep and print a row for each tenth of its runs; it gets SIGINT when `until` runs have ended."""
    before = None
    for sample in _samples(command, folder, until):
        if before is None:
            before = sample  # with the runs that ended before this sweep
        elif sample.runs >= before.runs + runs / 10 or sample.runs >= runs > before.runs:
            _print(before, sample)
            before = sample


def _print(before: Sample, sample: Sample) -> None:
    more = sample.runs - before.runs
    rate, cost = more / (sample.wall - before.wall), 1000 * (sample.cpu - before.cpu) / more
    print(f"| {sample.runs} | {rate:.1f} | {cost:.1f} | {sample.memory:.0f} | {sample.size:.0f} |", flush=True)


def _samples(command: list[str], folder: Path, until: int | None) -> Iterator[Sample]:
    """Run a sweep, and yield its state: at its start, at its first new run, then every second."""
    file = folder / "results" / "mlflow.db"
    started = time.perf_counter()
    at_start = _finished(file)
    yield Sample(runs=at_start, wall=0.0, cpu=0.0, memory=0.0, size=0.0)
    interrupted = False
    with open(folder / "log", "w") as log, subprocess.Popen(_nnbench(command), cwd=folder, stdout=log, stderr=log) as process:
        sample = None
        while process.poll() is None:
            time.sleep(1)
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                clock = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                break
            if "VmRSS" not in status or not file.exists():
                continue
            first = sample is None or sample.runs == at_start
            sample = Sample(
                runs=_finished(file),
                wall=time.perf_counter() - started,
                cpu=(int(clock[11]) + int(clock[12])) / os.sysconf("SC_CLK_TCK"),
                memory=int(status.partition("VmRSS:")[2].split()[0]) / 1024,
                size=sum(part.stat().st_size for part in file.parent.glob("mlflow.db*") if part.is_file()) / MEBIBYTE,
            )
            if first and sample.runs > at_start:
                print(f"the first run has ended after {sample.wall:.1f} s, {sample.cpu:.1f} s of the command's processor time")
            yield sample
            if until is not None and not interrupted and sample.runs >= until:
                process.send_signal(signal.SIGINT)
                interrupted, at = True, time.perf_counter()
    if interrupted:
        print(f"ended {time.perf_counter() - at:.1f} s after the signal, exit status {process.returncode}", flush=True)
    elif process.returncode:
        raise SystemExit((folder / "log").read_text()[-2000:])
    if sample is not None:
        yield Sample(**{**vars(sample), "runs": _finished(file)})


def _finished(file: Path) -> int:
    """Number of finished training runs."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
            count = database.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone()[0]
    except sqlite3.OperationalError:  # it is being created
        return 0
    return int(count)


def _nnbench(command: list[str]) -> list[str]:
    return [sys.executable, "-m", "nnbench", *command]


def _measured(command: list[str], folder: str) -> tuple[float, float]:
    """Run a command; returns its seconds, and the processor seconds of it and its workers."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(_nnbench(command), cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read(arguments: Namespace) -> None:
    """Print, for synthetic studies, the cost of reading for the first time and with a snapshot, and of the report."""
    from scripts.benchmarks.synthetic import make, replicate

    for runs in arguments.runs:
        with tempfile.TemporaryDirectory() as folder:
            copies = runs // 10_000
            store = make(Path(folder), runs // max(copies, 1), problems=arguments.problems, rates=1)
            if copies > 1:
                replicate(store, "large", copies - 1)
            for what in ("first", "with a snapshot"):
                probe = [sys.executable, "-c", PROBE, "large"]
                said = subprocess.run(probe, cwd=folder, check=True, capture_output=True, text=True).stdout.split()
                count, wall, cpu, memory = map(float, said)
                print(
                    f"{count:.0f} runs read, {what}: {wall:.1f} s, processor {cpu:.1f} s, memory {memory:.0f} MiB", flush=True
                )
            if arguments.part == "report":
                wall, cpu = _measured(["report", "study=large"], folder)
                print(f"{runs} runs reported: {wall:.1f} s, processor {cpu:.1f} s", flush=True)
