"""Environments that libraries trip over: a notebook's, a container's, a bare one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ODD = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # of a Jupyter kernel elsewhere
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii:strict",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "COLUMNS": "abc",
    "TERM": "dumb",
    "HOME": "/nonexistent",
    "XDG_CACHE_HOME": "/dev/null/cache",
}
# Gives its rights away once it has loaded what only root may read, as a container does that starts as a user without a name.
NAMELESS = """
import os, sys
from pathlib import Path
from nnbench.cli import entry
os.setgroups([]), os.setgid(54321), os.setuid(54321)
for name in ("HOME", "USER", "LOGNAME"):
    os.environ.pop(name, None)
sys.exit(entry.run("nnbench", lambda _: print(Path.home(), oct(Path.home().stat().st_mode & 0o777)) or 0))
"""


def nnbench(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    command = [sys.executable, "-m", "nnbench", *words]
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.heavy
def test_a_study_in_an_unusual_folder(home: Path) -> None:
    words = "-m", "optimizer=sgd,adam", "seed=0,1", "training.epochs=30", "dataset.test_samples=20", "study=s"
    done = nnbench(home, *words, "report.pages=[cover,final_table]", **ODD)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert r"\u25cf sgd" in done.stderr, "the dot before a setting, in a terminal that has none"
    assert (home / "results" / "s" / "report.pdf").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_user_without_a_name_has_a_folder_of_their_own() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # not pytest's, which nobody else may enter
        Path(folder).chmod(0o777)
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": folder}
        command = [sys.executable, "-c", NAMELESS]
        told = {
            subprocess.run(command, cwd="/", env=surroundings, capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        }
        assert told == {f"{folder}/nnbench-54321 0o700\n"}, "the same at each call"


def test_a_working_folder_that_was_deleted(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir {gone}; exec {sys.executable} -m nnbench dry_run=true"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=gone, env=surroundings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nnbench: the working folder has been deleted: change to one that exists\n"


def test_a_variable_with_a_bad_value(tmp_path: Path) -> None:
    done = nnbench(tmp_path, "dry_run=true", SOURCE_DATE_EPOCH="yesterday")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nnbench: SOURCE_DATE_EPOCH=yesterday: must be a whole number")
    assert done.stderr.count("\n") == 1
