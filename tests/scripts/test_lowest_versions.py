"""The lowest versions that pyproject.toml admits."""

import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from scripts import lowest_versions
from scripts.lowest_versions import constraints


def test_lower_bounds_become_exact_versions() -> None:
    given = [
        "numpy>=2.2",
        "hydra-core>=1.3.8,<1.5",
        "mlflow[auth]==3.17.2",
        "optuna<9,>=5",
        "torch>=2; sys_platform == 'linux'",
    ]
    assert constraints(given) == ["numpy==2.2", "hydra-core==1.3.8", "mlflow==3.17.2", "optuna==5", "torch==2"]


@pytest.mark.parametrize("requirement", ["numpy", "numpy<3", "numpy>2"])
def test_a_dependency_without_a_lower_bound_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match=f"{requirement}.* has no lower bound"):
        constraints([requirement])


def test_every_dependency_of_the_project_admits_its_lowest_version() -> None:
    printed = subprocess.run(
        [sys.executable, str(lowest_versions.__file__)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    project = tomllib.loads(lowest_versions.PROJECT.read_text(encoding="utf-8"))["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    lowest = [Requirement(line) for line in printed]
    assert [one.name for one in lowest] == [one.name for one in needed]
    for requirement, pinned in zip(needed, lowest, strict=True):
        (specifier,) = pinned.specifier
        assert Version(specifier.version) in requirement.specifier
