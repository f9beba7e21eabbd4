"""Hydra's own tests of launchers, with the launchers `local` and `dask` in applications that know nothing of nnbench.

All of Hydra's tests apply, and need no adapter: these launchers read no key of a configuration but their own. The suite of
commands runs with `local` alone, for its time: the two launchers differ only in where a job runs, which other suites cover.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite, IntegrationTestSuite, LauncherTestSuite
from hydra.version import _UNSPECIFIED_, VersionBase

pytestmark = pytest.mark.heavy
pytest.importorskip("distributed")  # of the extra `dask`


@pytest.fixture(autouse=True)
def default_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hydra's tests are of an application that names no version; one composed before, in this process, has named one."""
    monkeypatch.setattr(VersionBase.instance(), "version_base", _UNSPECIFIED_)


def each_launcher(*options: str) -> pytest.MarkDecorator:
    """Parametrize a suite with the two launchers, with one worker process each."""
    names = "local", "dask"
    values = [(name, ["hydra.launcher.workers=1", *options]) for name in names]
    return pytest.mark.parametrize(("launcher_name", "overrides"), values, ids=names)


@each_launcher()
class TestLauncher(LauncherTestSuite):
    """Sweeps in this process: configurations, overrides, results, errors and folders of the jobs."""


@each_launcher("hydra/sweeper=basic", "hydra.sweeper.max_batch_size=2")
class TestBatches(BatchedSweeperTestSuite):
    """A sweeper that launches its jobs in three batches."""


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [({}, ["-m", "hydra/launcher=local", "hydra.launcher.workers=1"])],
    ids=["local"],
)
class TestApplication(IntegrationTestSuite):
    """Scripts of an application, started as commands: names, folders and working folders of the jobs."""


APPLICATION = """
import os
import sys
from pathlib import Path

import hydra

class Odd(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} {other}")  # pickled, it cannot be made again

@hydra.main(version_base=None, config_path="conf", config_name="main")
def app(config):
    if config.does == "raise":
        raise Odd("no", "luck")
    if config.does == "die":
        os.kill(os.getpid(), 9)
    Path(f"{config.optimizer.name}.txt").write_text(f"{os.getppid()} {sys.argv}")

if __name__ == "__main__":
    app()
"""


def run_application(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run an application that has a group `optimizer` of its own, and none of nnbench's keys."""
    (folder / "conf" / "optimizer").mkdir(parents=True)
    (folder / "conf" / "main.yaml").write_text("defaults: [_self_, optimizer: mine]\ndoes: write\n")
    for name in ("mine", "other"):
        (folder / "conf" / "optimizer" / f"{name}.yaml").write_text(f"name: {name}\n")
    (folder / "app.py").write_text(APPLICATION)
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "app.py", "-m", "hydra/launcher=local", "hydra.launcher.workers=2", *words]
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, timeout=240, check=False)


def test_an_application_with_its_own_groups_runs_in_worker_processes(tmp_path: Path) -> None:
    said = run_application(tmp_path, "optimizer=mine,other", "hydra.sweep.dir=out", "hydra.job.chdir=true")
    assert said.returncode == 0, said.stderr
    texts = [(tmp_path / "out" / file).read_text() for file in ("0/mine.txt", "1/other.txt")]
    parents = {text.partition(" ")[0] for text in texts}
    assert len(parents) == 1
    assert parents.isdisjoint({str(os.getpid())}), "a job runs below the command, which is below this process"
    assert (tmp_path / "out" / "1" / ".hydra" / "overrides.yaml").read_text() == "- optimizer=other\n"


@pytest.mark.parametrize(
    ("does", "reason"), [("raise", "RunFailed: Odd: no luck"), ("die", "its worker died (SIGKILL, perhaps out of memory)")]
)
def test_a_job_of_an_application_fails_alone(tmp_path: Path, does: str, reason: str) -> None:
    said = run_application(tmp_path, f"does={does},write", "hydra.sweep.dir=out")
    assert said.returncode == 1
    assert reason in said.stderr
    assert ('app.py", line 15, in app' in said.stderr) == (does == "raise")
    assert (tmp_path / "mine.txt").exists(), "the other job has run"


def test_a_mistake_in_the_launchers_options_is_one_line_in_any_application(tmp_path: Path) -> None:
    said = run_application(tmp_path, "hydra.launcher.timeout=-1")
    assert said.returncode == 1
    assert said.stderr.splitlines()[0].startswith("hydra.launcher.timeout=-1: must be a number > 0")
    assert "Traceback" not in said.stderr
