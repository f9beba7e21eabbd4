"""A study with every outcome of a run, MLflow's pages, and a new browser profile."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import PATIENCE

ROOT = Path(__file__).parents[4]
SHOTS = Path(os.environ.get("CI_ARTIFACTS") or ROOT / "results" / "screenshots")

RAISES = (
    "optimizer=custom",
    "optimizer.algorithm=tests.broken_optimizers:Raises",
    "+optimizer.learning_rate=0.1",
    "dataset.samples=100",
)
SWEEP = (
    "-m",
    "optimizer=sgd,adam",
    "seed=range(3)",
    "grids.optimizer.sgd.learning_rate=0.1,1",
    "training.epochs=401",
    "dataset.samples=100",
)


@dataclass(frozen=True)
class Studied:
    """A folder with a study `review` in its store."""

    folder: Path

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """`python -m nnbench WORDS study=review`."""
        command = [sys.executable, "-m", "nnbench", *words, "study=review"]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self.folder, env=surroundings, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str, status: int = 0) -> None:
        """The same, to its end, with this exit status."""
        process = self.start(*words)
        said = process.communicate(timeout=120)[1]
        assert process.returncode == status, said

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the store."""
        with closing(sqlite3.connect(self.folder / "results" / "mlflow.db", timeout=30)) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Studied:
    """A run that diverged, one that failed, one that was killed, and then a sweep to its report."""
    made = Studied(tmp_path_factory.mktemp("review"))
    (made.folder / "results").mkdir()
    shutil.copy(empty_database, made.folder / "results" / "mlflow.db")
    made.run("optimizer=sgd", "optimizer.learning_rate=1e30", "dataset.samples=100")
    made.run(*RAISES, status=1)
    killed = made.start("seed=7", "training.epochs=10000000", "dataset.samples=100")
    end = time.monotonic() + 60
    while not made.ask("SELECT 1 FROM runs WHERE status = 'RUNNING'") and time.monotonic() < end:
        time.sleep(0.1)
    killed.send_signal(signal.SIGTERM)
    killed.communicate(timeout=60)
    assert killed.returncode == 143
    made.run(*SWEEP)
    return made


@pytest.fixture(scope="session")
def address(studied: Studied) -> Iterator[str]:
    """Yields the output of `python -m nnbench ui` while it runs."""
    command = [sys.executable, "-m", "nnbench", "ui", "--port", "0"]
    process = subprocess.Popen(command, cwd=studied.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said.startswith("http://127.0.0.1:"), process.communicate()
    yield said
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


@dataclass(frozen=True)
class Reader:
    """A user of the pages.

    Attributes:
        page: what they look at.
        home: where `make ui` sent them.
        name: of the pictures that are kept.
    """

    page: Page
    home: str
    name: str

    def open_study(self) -> None:
        """From the list of studies to the study."""
        self.page.goto(self.home)
        self.page.get_by_role("link", name="review", exact=True).click()
        expect(self.page.get_by_role("heading", name="Runs")).to_be_visible()
        expect(self.run("adam lr=0.05 seed=0")).to_be_visible()

    def run(self, name: str) -> Locator:
        """A run in the table, by its name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def follow(self, link: str) -> "Reader":
        """Click a link in a note, which opens a new tab."""
        with self.page.context.expect_page() as opened:
            self.page.get_by_role("link", name=link, exact=True).first.click()
        return replace(self, page=opened.value)

    def unfold_note(self) -> None:
        """Show all of the study's note, of which the page shows a line at first."""
        self.page.get_by_test_id("experiment-metadata-editor-edit-button").locator("xpath=following-sibling::button").click()

    def sees_runs(self, many: int) -> None:
        """Wait until the table has so many runs."""
        expect(self.page.get_by_text(re.compile(rf"^{many} matching runs$"))).to_be_visible()

    def section(self, name: str) -> Locator:
        """The head of a section of charts, with how many there are."""
        return self.page.get_by_text(re.compile(rf"^{name}\s*\(\d+\)$")).first

    def names(self) -> list[str]:
        """The runs in the table, from top to bottom."""
        links = self.page.locator(".ag-pinned-left-cols-container a, .ag-center-cols-container a").filter(has_text="=")
        return links.all_inner_texts()

    def text(self) -> str:
        """Return the text of the page."""
        return self.page.locator("body").inner_text()

    def keep(self, what: str = "") -> None:
        """Keep a picture of the page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(500)  # charts move into place
        self.page.screenshot(path=SHOTS / f"{self.name}{f'-{what}' if what else ''}.png")


@pytest.fixture
def reader(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A user at the first visit; no page may have an error in any test."""
    person = browser.new_context(viewport={"width": 1600, "height": 1000})
    person.set_default_timeout(PATIENCE)
    faults: list[str] = []
    person.on("weberror", lambda error: faults.append(str(error.error)))
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    yield Reader(person.new_page(), address, name)
    for number, page in enumerate(person.pages):
        last = Reader(page, address, name)
        last.keep(f"{number}")
        said = last.text()
        for sign in ("1.8e308", "1.79769", "Infinity", "Something went wrong"):
            assert sign not in said, said[max(said.index(sign) - 200, 0) :][:400]
    person.close()
    assert [fault for fault in faults if "ResizeObserver" not in fault] == []
