"""Fixtures of all tests: composed configs, and the command line run in this process."""

import copy
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from nnbench.cli.main import main
from nnbench.config.folder import CONF
from nnbench.config.schema import Config
from nnbench.config.validate import parse

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENCE = 30_000  # ms that a page may take in a browser on a busy machine

# A shared machine is slow at times, which is no fault of the code under test.
# In CI the examples are the same each time: whoever runs the tests at home looks for new ones.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=50, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("suite")


def composed(*overrides: str) -> dict[str, Any]:
    """The config that these words compose, as plain data."""
    return copy.deepcopy(_composed(*overrides))


@functools.cache
def _composed(*overrides: str) -> dict[str, Any]:
    """As `composed`, once for equal words: Hydra takes a fifth of a second, and `conf/` does not change."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_container(compose("config", list(overrides)), resolve=True)  # type: ignore[return-value]


@pytest.fixture
def config() -> Callable[..., Config]:
    """Makes a checked config from command-line words."""
    return lambda *overrides: parse(composed(*overrides))


@dataclass(frozen=True)
class CommandOutput:
    """Output of a command and its exit status."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with empty MLflow tables, created once, since that takes seconds."""
    from nnbench.tracking.mlflow.store import open_store

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    store = open_store(f"sqlite:///{file}", None)
    assert store.engine is not None
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.engine.dispose()
    return file


@pytest.fixture
def home(tmp_path: Path, empty_database: Path) -> Path:
    """A working folder with an empty store."""
    (tmp_path / "results").mkdir()
    shutil.copy(empty_database, tmp_path / "results" / "mlflow.db")
    return tmp_path


@pytest.fixture(scope="session")
def from_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with a wheel of this project and the libraries of the tests."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CONF.parent)]
    subprocess.run(wheel, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    asked = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    packages = Path(asked.stdout.strip())
    # A path in a .pth file is searched for packages, but the .pth files in it, such as that of an editable installation, are
    # not read.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    (built,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(packages), str(built)], check=True, capture_output=True)
    return python


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium with a new profile, closed after each module, since Playwright's event loop runs until then."""
    from playwright.sync_api import expect, sync_playwright  # in an extra

    expect.set_options(timeout=PATIENCE)
    quiet = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    ]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium") or "chromium", headless=True, args=quiet)
        yield opened
        opened.close()


@pytest.fixture
def nnbench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CommandOutput]:
    """Runs `python -m nnbench WORDS` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, full_error: bool = False) -> CommandOutput:
        monkeypatch.setattr(sys, "argv", ["nnbench", *words])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "1" if full_error else "0")
        try:
            status = main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        return CommandOutput(status, *capsys.readouterr())

    return run
