"""The interface between a sweep and the store of its study; `nnbench.tracking.mlflow` implements it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from nnbench.records.boundary import Boundary
from nnbench.records.history import History
from nnbench.records.rows import Row
from nnbench.records.study import Study
from nnbench.tracking.run_spec import RunSpec, Sources


class Tracker(Protocol):
    """Writes and reads one study.

    A run is identified by the handle that `start_run` returns. Every method raises `UserError` for a fault of the store
    that the user can correct, such as a full disk.
    """

    @property
    def shown_uri(self) -> str:
        """The store's URI without its password."""

    @property
    def pages(self) -> str:
        """The address of the store's user interface, or the command that starts it."""

    def start_sweep(self, name: str, *, params: Mapping[str, str]) -> str:
        """Open the sweep's own run; returns its id."""

    def label(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run by its id."""

    def attach(self, sweep_id: str, files: Sequence[Path], folder: Path | None = None) -> None:
        """Store files as artifacts of the sweep's own run.

        Args:
            sweep_id: from `start_sweep`.
            files: the files.
            folder: artifacts keep their paths relative to it; None stores figures in a subfolder and other files at the top.
        """

    def keep_sources(self, sweep_id: str, sources: Sources) -> None:
        """Store source files with the sweep's own run, each version once."""

    def end_sweep(
        self,
        sweep_id: str,
        status: str,
        *,
        files: Sequence[Path] = (),
        folder: Path | None = None,
        metrics: Mapping[str, float] | None = None,
        answer: str = "",
        problems: Mapping[str, str] | None = None,
    ) -> None:
        """Close the sweep's own run, with its report and tables as artifacts, and update the study's page.

        Args:
            sweep_id: from `start_sweep`.
            status: FINISHED, FAILED or KILLED.
            files: stored as artifacts.
            folder: as in `attach`.
            metrics: of the whole sweep.
            answer: the conclusion of the report, one sentence.
            problems: of a study of several problems, the conclusion on each, by its label.
        """

    def start_run(self, job: RunSpec, sweep_id: str | None, *, started: int | None = None, visible: bool = True) -> str:
        """Open the run of a job; returns its handle.

        Args:
            job: the job.
            sweep_id: from `start_sweep`; None outside any sweep.
            started: when, in ms since 1970; None for now.
            visible: the store shows it as RUNNING at once; otherwise it gets there when it ends.
        """

    def finish_run(self, handle: str, job: RunSpec, history: History, boundary: Boundary | None) -> None:
        """Log the results of a run and mark it FINISHED."""

    def fail_run(self, handle: str, job: RunSpec, traceback: str, reason: str) -> None:
        """Store the traceback of a run and mark it FAILED."""

    def kill_run(self, handle: str, reason: str) -> None:
        """Mark as KILLED a run that returned no result."""

    def run_id(self, handle: str) -> str:
        """The run's id in the store."""

    def flush(self, seconds: float | None = None) -> None:
        """Wait, up to `seconds`, until the store has all runs that have ended; raises `UserError` if some are missing."""

    def rows(self) -> list[Row]:
        """All runs of the study, oldest first."""

    def finished(self) -> set[str]:
        """The identities of the study's FINISHED runs."""

    def finished_runs(self) -> dict[str, Row]:
        """The newest FINISHED run of each identity."""

    def reuse(self, identities: Collection[str]) -> None:
        """Mark FINISHED runs that the newest sweep reuses, so that they rank as newer than runs of a later version."""

    def superseded(self, jobs: Iterable[RunSpec]) -> Counter[str]:
        """The number of jobs with a FINISHED run of other source, by what differs."""

    def read_study(self) -> Study:
        """Read the whole study."""
