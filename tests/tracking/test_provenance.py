import subprocess
from pathlib import Path

import numpy as np
import pytest

from nnbench.tracking import provenance as module
from nnbench.tracking.provenance import provenance, user


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_every_figure_has_a_description() -> None:
    told = provenance()
    assert {"version", "python", "numpy", "blas", "cpu"} <= told.keys()
    assert all(isinstance(value, str) and value for value in told.values())
    assert told["numpy"] == np.__version__
    assert user()


def test_a_clean_checkout_and_a_changed_one(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD").strip()
    assert module._checkout(checkout) == {"commit": commit, "dirty": "false"}
    (checkout / "results").mkdir()
    (checkout / "results" / "report.pdf").write_text("what the code made")
    assert module._checkout(checkout) == {"commit": commit, "dirty": "false"}
    (checkout / "new.py").write_text("a new optimizer\n")
    assert module._checkout(checkout) == {"commit": commit, "dirty": "true"}


def test_the_commit_of_another_project_is_not_recorded(checkout: Path) -> None:
    inside = checkout / "site-packages"
    inside.mkdir()
    assert module._checkout(inside) == {}


def test_git_environment_variables_are_ignored(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    assert module._checkout(checkout)["dirty"] == "false"


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert module._checkout(checkout) == {}


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert module._checkout(tmp_path) == {}


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    user.cache_clear()
    monkeypatch.setattr("getpass.getuser", nameless)
    assert user() == "unknown"
    user.cache_clear()


def test_the_recorded_blas_is_that_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def library(path: str, version: str) -> dict[str, str]:
        return {"user_api": "blas", "internal_api": "openblas", "version": version, "filepath": path}

    loaded = [library("/lib/scipy.libs/openblas.so", "1"), library("/lib/numpy.libs/openblas.so", "2")]
    monkeypatch.setattr(module, "threadpool_info", lambda: loaded)
    assert module._blas() == "openblas 2"
    monkeypatch.setattr(module, "threadpool_info", list)
    assert module._blas() == "unknown"
