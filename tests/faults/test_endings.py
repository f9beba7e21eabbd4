"""Interrupts during a report and by a closed terminal, and limits on files."""

import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

QUICK = "-m", "optimizer=sgd,adam", "seed=range(4)", "training.epochs=51", "dataset.test_samples=50", "study=s"
LONG = "-m", "optimizer=sgd,adam", "seed=range(200)", "training.epochs=2000", "dataset.samples=100", "study=s", "report=none"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study that is trained and not yet reported on."""
    place = Place(tmp_path_factory.mktemp("trained"))
    said = place.run(*QUICK, "report=none")
    assert said.returncode == 0, said.stderr
    return place.folder


@pytest.mark.parametrize("moment", [0, 3, 6])
def test_interrupted_while_the_report_is_drawn(trained: Path, tmp_path: Path, moment: int) -> None:
    shutil.copytree(trained / "results", tmp_path / "results")
    command = [sys.executable, "-m", "nnbench", "report", "study=s"]
    report = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    place = Place(tmp_path, [report])
    assert report.stderr is not None
    place.wait_until(lambda place: _draws(report.pid))
    time.sleep(0.2 * moment)
    report.send_signal(signal.SIGINT)
    _, err = report.communicate(timeout=60)
    if report.returncode == 0:  # it was done before
        assert (tmp_path / "results" / "s" / "report.pdf").exists()
        return
    assert report.returncode == 130, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert err.splitlines()[-1] == "nnbench report: interrupted (SIGINT)"


def _draws(pid: int) -> bool:
    """Whether the process has loaded the library that draws text, which is the last before it draws."""
    return "ft2font" in Path(f"/proc/{pid}/maps").read_text()


def test_a_closed_terminal_is_like_sigterm(place: Place) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place.folder)
        os.execv(sys.executable, [sys.executable, "-m", "nnbench", *LONG])
    place.wait_until(lambda place: place.states()["FINISHED"] >= 3)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    assert place.sweeps() == {"KILLED": 1}
    assert {"FINISHED"} <= set(place.states()) <= {"FINISHED", "KILLED"}  # of the first second, no run has a trace


def test_nohup_is_honoured(place: Place) -> None:
    command = [
        "nohup",
        sys.executable,
        "-m",
        "nnbench",
        "-m",
        "seed=range(6)",
        "training.epochs=300",
        "study=s",
        "report=none",
    ]
    sweep = subprocess.Popen(command, cwd=place.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    place.processes.append(sweep)  # type: ignore[arg-type]
    place.wait_until(lambda place: place.states()["FINISHED"] >= 1)
    sweep.send_signal(signal.SIGHUP)
    assert sweep.wait(timeout=120) == 0
    assert place.states() == {"FINISHED": 6}


@pytest.mark.parametrize(
    "what", ["deleted", "replaced", "its artifacts replaced", "its artifacts deleted", "its study deleted"]
)
def test_a_store_removed_during_a_sweep(place: Place, empty_database: Path, what: str) -> None:
    many = 60 if what == "its study deleted" else 16  # MLflow takes a second to delete one
    sweep = place.start(
        "-m", "optimizer=sgd", f"seed=range({many})", "training.epochs=2000", "dataset.samples=100", "study=s", "report=none"
    )
    place.wait_until(lambda place: place.states()["FINISHED"] >= 3)
    results = place.folder / "results"
    match what:
        case "deleted":
            shutil.rmtree(results, ignore_errors=True)
        case "replaced":
            shutil.copy(empty_database, results / "other")
            os.replace(results / "other", place.database)
        case "its artifacts replaced":
            (results / "artifacts" / "s").rename(results / "artifacts" / "away")
            (results / "artifacts" / "s").write_text("a file")
        case "its artifacts deleted":
            shutil.rmtree(results / "artifacts", ignore_errors=True)
        case _:
            client = MlflowClient(f"sqlite:///{place.database}")
            study = client.get_experiment_by_name("s")
            assert study is not None
            client.delete_experiment(study.experiment_id)
    _, err = sweep.communicate(timeout=200)
    assert "Traceback" not in err
    if "deleted" in what and "study" not in what:
        assert sweep.returncode == 0, err
        assert place.states() == {"FINISHED": 16}
        assert place.sweeps() == {"FINISHED": 1}
    else:
        assert sweep.returncode == 1, err
        assert err.splitlines()[-1].startswith("nnbench: "), err
    if what == "replaced":
        assert place.states() == {}
        (results / "mlflow.db.rescued").replace(place.database)
    assert "RUNNING" not in place.states()
    assert "RUNNING" not in place.sweeps()
    assert place.states()["FINISHED"] >= 3


@pytest.mark.parametrize(
    ("limit", "most"), [(resource.RLIMIT_NOFILE, 20), (resource.RLIMIT_FSIZE, 1_200_000), (resource.RLIMIT_FSIZE, 20_000)]
)
def test_resource_limits_are_reported_in_one_line(place: Place, limit: int, most: int) -> None:
    command = [
        "-m",
        "optimizer=sgd",
        "seed=range(30)",
        "training.epochs=2000",
        "dataset.samples=20",
        "study=s",
        "report=none",
    ]
    said = place.run(*command, preexec_fn=lambda: resource.setrlimit(limit, (most, most)))
    assert said.returncode in (1, 2), said.stderr
    assert "Traceback" not in said.stderr
    assert "ulimit" in said.stderr.splitlines()[-1]
    again = place.run(*command)
    assert again.returncode == 0, again.stderr
    assert place.states()["FINISHED"] == 30
    assert "RUNNING" not in place.states()
    assert "RUNNING" not in place.sweeps()
