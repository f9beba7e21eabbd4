"""The tracker of a study in MLflow: opens, logs and closes its runs."""

import logging
import math
import shutil
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from mlflow.entities import Metric

from nnbench.core.errors import UserError
from nnbench.core.formatting import count
from nnbench.core.redaction import redacted
from nnbench.records import npz as artifacts
from nnbench.records.boundary import Boundary
from nnbench.records.history import History
from nnbench.records.rows import CONFIG_FILE, NOTE, Row
from nnbench.records.study import Study
from nnbench.tracking.base import Tracker
from nnbench.tracking.metrics import final_values, metric_points
from nnbench.tracking.mlflow.artifact_files import artifact_folder, write_artifacts
from nnbench.tracking.mlflow.experiment import open_experiment
from nnbench.tracking.mlflow.outbox import Outbox, outbox_folder
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.rest_runs import RestRuns
from nnbench.tracking.mlflow.run_list import list_runs
from nnbench.tracking.mlflow.run_writer import DirectRunWriter, RunWriter
from nnbench.tracking.mlflow.runs import now
from nnbench.tracking.mlflow.sources import write_sources
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.superseded import changes, mark_requested
from nnbench.tracking.mlflow.tags import COLOUR, origin_tags, training_tags
from nnbench.tracking.mlflow.ui import notes
from nnbench.tracking.mlflow.ui.study_page import REPORT, REPORT_TAG, update_study_page
from nnbench.tracking.mlflow.writer_lock import WriterLock
from nnbench.tracking.run_spec import LONGEST_TAG, RunSpec, Sources, storable, stored_key

logger = logging.getLogger(__name__)

FIGURES = "figures"
BLACK = "#1a1a1a"  # colour of a sweep's own run
WORTH_ANALYZING = 10  # runs in a sweep after which SQLite's statistics are updated


class StudyWriter(Tracker):
    """The tracker of a study in an MLflow store.

    An unavailable server raises no error before `flush`.

    Args:
        store: holds the study.
        study: its name; created if it is missing.
        command: the command line, stored with every run.
        description: the study's research question, for its note.
        threads: BLAS threads of a run.
        colours: of optimizers, by their labels, for MLflow's tables and charts.
    """

    def __init__(
        self,
        store: Store,
        study: str,
        *,
        command: str,
        description: str | None = None,
        threads: int = 1,
        colours: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command = redacted(command)
        self.store, self.study = store, study
        self._question, self._colours = description, colours or {}
        self._open: dict[str, RunSpec | None] = {}
        self._outcomes: Counter[str] = Counter()
        self._kept: set[str] = set()
        self._with_runs: dict[str, Mapping[str, str]] = {}  # sources that could not be stored with the sweep's own run
        with store.user_errors():
            # Without this tag, the UI opens its pages for language models.
            self._experiment = open_experiment(store, study, {"mlflow.experimentKind": "custom_model_development"})
            self._lock = WriterLock(store.writers)
            if NOTE not in self._experiment.tags or description:
                self._update_study_page()
        waiting = outbox_folder(store.writers, self._lock.token)
        self._run_writer: RunWriter
        if isinstance(store.runs, RestRuns):
            self._run_writer = Outbox(store.runs, self._experiment, waiting)
        else:
            self._run_writer = DirectRunWriter(store, store.runs, self._experiment)
        # The lock file stays if the process dies, or if open or queued runs remain.
        weakref.finalize(self, _release, self._lock, self._open, waiting)
        self._tags = origin_tags(command, threads, self._lock.token)

    @property
    def shown_uri(self) -> str:
        return self.store.shown_uri

    @property
    def pages(self) -> str:
        return self.store.pages

    def read_study(self) -> Study:
        return read_study(self.store, self.study)

    def label(self, run_id: str, tags: Mapping[str, str]) -> None:
        with self.store.user_errors():
            self.store.runs.label({run_id: tags})

    def finished(self) -> set[str]:
        return set(self.finished_runs())

    def finished_runs(self) -> dict[str, Row]:
        """As `Tracker.finished_runs`, without runs whose files have been deleted, which a report could not show."""
        with self.store.user_errors():
            rows = list_runs(self.store, self._experiment)
            known = [row for row in rows if row.status == "FINISHED" and "nnbench.identity" in row.tags]
            kept = [row for row in known if self._has_its_files(row)]
        if lost := len(known) - len(kept):
            logger.warning("%d of %d finished runs have no history.npz any more and are repeated", lost, len(known))
        return {row.tags["nnbench.identity"]: row for row in kept}

    def _has_its_files(self, row: Row) -> bool:
        """Whether a run's history exists; True if only a server could tell."""
        folder = artifact_folder(self.store, self._experiment, row.run_id)
        return folder is None or (folder / artifacts.HISTORY).exists()

    def rows(self) -> list[Row]:
        with self.store.user_errors():
            return list_runs(self.store, self._experiment)

    def start_sweep(self, name: str, *, params: Mapping[str, str]) -> str:
        tags = {"nnbench.kind": "sweep", COLOUR: BLACK}
        with self.store.user_errors():
            sweep_id = self.store.runs.open(self._experiment, name, {**self._tags, **tags}, storable(params))
        self._open[sweep_id] = None
        return sweep_id

    def start_run(self, job: RunSpec, sweep_id: str | None, *, started: int | None = None, visible: bool = True) -> str:
        tags = {**self._tags, **training_tags(job, sweep_id, self._colours.get(job.optimizer))}
        with self.store.user_errors():
            handle = self._run_writer.open(job.name, tags, job.stored_params, started=started, visible=visible)
        self._open[handle] = job
        return handle

    def finish_run(self, handle: str, job: RunSpec, history: History, boundary: Boundary | None) -> None:
        address = notes.picture_address(artifacts.PICTURE)
        finals = dict(final_values(history))
        picture = address if boundary else None
        note = notes.run_note(history.outcome, job.stored_params, history=history, finals=finals, picture=picture)

        def write(folder: Path) -> None:
            artifacts.write_run(folder, history, boundary)
            self._write_texts(folder, job, note.replace(address, artifacts.PICTURE))

        self._write_files(handle, write)
        self._close(handle, "FINISHED", history.outcome, metric_points(history, now(), finals), note)

    def fail_run(self, handle: str, job: RunSpec, traceback: str, reason: str) -> None:
        reason = redacted(reason)
        note = notes.run_note("failed", job.stored_params, reason=reason)

        def write(folder: Path) -> None:
            (folder / "traceback.txt").write_text(redacted(traceback), encoding="utf-8")
            self._write_texts(folder, job, note)

        self._write_files(handle, write)
        self._close(handle, "FAILED", "failed", [], note, reason)

    def kill_run(self, handle: str, reason: str) -> None:
        job, reason = self._open.get(handle), redacted(reason)
        note = notes.run_note("killed", job.stored_params if job else {}, reason=reason)
        self._close(handle, "KILLED", "killed", [], note, reason)

    def run_id(self, handle: str) -> str:
        return self._run_writer.run_id(handle)

    def flush(self, seconds: float | None = None) -> None:
        queued, lost = self._run_writer.flush(seconds)
        causes = []
        if queued:
            where = f"{queued} runs are queued in {self.store.writers}; the next command, such as this one again, sends them"
            causes.append(f"the server does not answer: {where}")
        if lost:
            causes.append(f"{count(lost, 'ended run')} could not be recorded, see the warnings")
        if causes:
            raise UserError(f"tracking.uri={self.store.shown_uri}: {'; '.join(causes)}")

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
        """As `Tracker.end_sweep`; does nothing if the server is unavailable: the next command marks the run KILLED."""
        if isinstance(self.store.runs, RestRuns) and self.store.runs.retrier.given_up:
            return
        names = [_place(file, folder) for file in files]
        note = notes.sweep_note(
            self._experiment.experiment_id,
            self._command,
            self._outcomes,
            answer=answer,
            files=names,
            problems=problems or {},
        )
        tags = notes.insert_run_id(sweep_id, {"nnbench.outcome": status.lower(), NOTE: note})
        if reports := [name for name in names if Path(name).name == REPORT]:
            tags[REPORT_TAG] = "\n".join(reports)
        ended = now()
        finite = [Metric(stored_key(key), value, ended, 0) for key, value in (metrics or {}).items() if math.isfinite(value)]
        failure = None
        try:
            self.attach(sweep_id, files, folder)
        except UserError as error:  # the run is closed all the same
            failure, status = error, "KILLED" if status == "KILLED" else "FAILED"
            tags["nnbench.outcome"], tags["nnbench.reason"] = status.lower(), notes.truncate(str(error), LONGEST_TAG)
        with self.store.user_errors():
            self.store.runs.close(sweep_id, status, finite, tags)
            del self._open[sweep_id]
            self._update_study_page(answer)
            if self._outcomes.total() >= WORTH_ANALYZING:
                self.store.analyze()
        if failure is not None:
            raise failure

    def attach(self, sweep_id: str, files: Sequence[Path], folder: Path | None = None) -> None:
        def write(kept: Path) -> None:
            for file in files:
                place = kept / _place(file, folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)

        with self.store.user_errors():
            write_artifacts(self.store, self._experiment, sweep_id, write)

    def keep_sources(self, sweep_id: str, sources: Sources) -> None:
        """As `Tracker.keep_sources`; if the server is unavailable, stores them with each queued run that uses them."""
        if new := {digest: files for digest, files in sources.items() if digest not in self._kept}:
            try:
                with self.store.user_errors():
                    write_artifacts(self.store, self._experiment, sweep_id, lambda folder: write_sources(folder, new))
            except UserError:
                if not (isinstance(self.store.runs, RestRuns) and self.store.runs.retrier.given_up):
                    raise
                self._with_runs |= new
            self._kept |= new.keys()

    def reuse(self, identities: Collection[str]) -> None:
        """Mark FINISHED runs that a sweep uses again, so that they count as newer than runs of a later version."""
        with self.store.user_errors():
            if asked := mark_requested(list_runs(self.store, self._experiment), identities, now()):
                self.store.runs.label(asked)

    def superseded(self, jobs: Iterable[RunSpec]) -> Counter[str]:
        with self.store.user_errors():
            return changes(list_runs(self.store, self._experiment), jobs)

    def _update_study_page(self, answer: str = "") -> None:
        update_study_page(self.store, self._experiment, self._command, question=self._question, answer=answer)

    def _close(self, handle: str, status: str, outcome: str, metrics: Sequence[Metric], note: str, reason: str = "") -> None:
        tags = {"nnbench.outcome": outcome, NOTE: notes.truncate(note, LONGEST_TAG)}
        if reason:
            tags["nnbench.reason"] = notes.truncate(reason, LONGEST_TAG)
        with self.store.user_errors():
            self._run_writer.close(handle, status, metrics, tags)
        if self._open.pop(handle, None) is not None:
            self._outcomes[outcome] += 1

    def _write_texts(self, folder: Path, job: RunSpec, note: str) -> None:
        (folder / CONFIG_FILE).write_text(job.indented_record, encoding="utf-8")
        (folder / "note.md").write_text(note, encoding="utf-8")
        waiting = {digest: files for digest, files in self._with_runs.items() if digest in job.sources.values()}
        write_sources(folder, {**waiting, **job.files})

    def _write_files(self, handle: str, write: Callable[[Path], object]) -> None:
        """Call `write` with a folder; the files that it writes there become the run's artifacts."""
        with self.store.user_errors():
            self._run_writer.write_files(handle, write)


def _place(file: Path, folder: Path | None) -> str:
    """A file's path among a sweep's artifacts."""
    if folder is not None and file.is_relative_to(folder):
        return file.relative_to(folder).as_posix()
    return f"{FIGURES}/{file.name}" if file.parent.name == FIGURES else file.name


def _release(lock: WriterLock, still_open: Mapping[str, object], waiting: Path) -> None:
    if waiting.exists() and not any(waiting.iterdir()):
        waiting.rmdir()
    if not still_open and not waiting.exists():
        lock.release()
