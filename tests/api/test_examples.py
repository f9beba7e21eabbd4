"""The examples in the docstrings of the public interface, run."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnbench

QUICK = ["Optimizer", "Distribution", "Points", "Table", "History", "train"]
SWEEPS = ["Run", "Study", "compare", "load_study", "run"]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.heavy) for name in SWEEPS)])
def test_the_example_has_the_stated_result(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    found = doctest.DocTestFinder(exclude_empty=True).find(getattr(nnbench, name), name, globs={})
    assert any(one.examples for one in found if one.name == name)
    for one in found:
        assert doctest.DocTestRunner().run(one).failed == 0, one.name


@pytest.mark.heavy
def test_from_a_wheel(from_wheel: Path, tmp_path: Path) -> None:
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "import nnbench; print(nnbench.run('optimizer=sgd', 'seed=0,1', 'training.epochs=5', quiet=True).name)"
    for words, told in ((["-c", code], "comparison"), (["-m", "nnbench", "check", "sgd"], "determinism    ok")):
        done = subprocess.run(
            [str(from_wheel), *words], cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, done.stderr
        assert told in done.stdout
    assert sys.executable != str(from_wheel)
    assert (tmp_path / "results" / "comparison" / "report.pdf").exists()
