"""The steps of CONTRIBUTING.md, done as they are written in a copy of the project: its files, its commands, its tests."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (An? .+?)\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.DOTALL | re.MULTILINE))
FILE = re.compile(r"^\d\. `([^`]+\.(?:py|yaml))`.*?^    ```\w+\n(.*?)^    ```$", re.DOTALL | re.MULTILINE)
COMMANDS = re.compile(r"^    ```sh\n(.*?)^    ```$", re.DOTALL | re.MULTILINE)
METHOD_SECTION = re.compile(r"^    ```markdown\n(.*?)^    ```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project without environment, results and caches."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "results", "site")
    return Path(shutil.copytree(ROOT, tmp_path / "nnbench", ignore=ignored))


def _write(section: str, project: Path) -> None:
    """Return the files of a section's steps with their content."""
    files = FILE.findall(SECTIONS[section])
    assert files
    for name, text in files:
        path = project / name
        assert not path.exists(), f"{name} is already there"
        path.write_text(textwrap.dedent(text), encoding="utf-8")


def _run(section: str, project: Path) -> None:
    """The commands of a section, each of which must succeed."""
    commands = [line for block in COMMANDS.findall(SECTIONS[section]) for line in textwrap.dedent(block).splitlines()]
    assert commands
    for command in commands:
        _command(command.replace(".venv/bin/python", sys.executable), project)


def _command(command: str, project: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{project / 'nnbench' / 'plugins'}"}
    done = subprocess.run(command, shell=True, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


@pytest.mark.heavy
@pytest.mark.timeout(900)
@pytest.mark.parametrize("section", ["An optimizer", "A schedule", "A dataset"])
def test_the_steps_work(copy: Path, section: str) -> None:
    _write(section, copy)
    _run(section, copy)


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_the_steps_of_a_statistic_and_its_page_work(copy: Path) -> None:
    _write("A statistic", copy)
    (section,) = METHOD_SECTION.findall(SECTIONS["A statistic"])
    with (copy / "docs" / "method.md").open("a", encoding="utf-8") as method:
        method.write("\n" + textwrap.dedent(section))
    _run("A statistic", copy)
    _write("A report page", copy)
    choice = copy / "conf" / "report" / "comparison.yaml"
    choice.write_text(choice.read_text(encoding="utf-8").replace("  - runs\n", "  - spread\n  - runs\n"), encoding="utf-8")
    _command(f"{sys.executable} -m nnbench -m optimizer=sgd,adam 'seed=range(6)' training.epochs=50 report=none", copy)
    _run("A report page", copy)
    assert list((copy / "results" / "comparison" / "pages").rglob("*spread*"))


def test_the_optimizer_is_that_of_the_readme() -> None:
    (code,) = (textwrap.dedent(text) for name, text in FILE.findall(SECTIONS["An optimizer"]) if name.endswith(".py"))
    assert code in (ROOT / "README.md").read_text(encoding="utf-8")
