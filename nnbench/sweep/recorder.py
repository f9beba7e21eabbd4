"""Recording of runs in the store: a run is opened when its job starts, and logged and closed when the job ends."""

import logging
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from nnbench.config.schema import Config
from nnbench.config.source import sources_of
from nnbench.core import formatting as numbers
from nnbench.core import invocation, palette
from nnbench.core.errors import UserError
from nnbench.core.paths import safe_subpath
from nnbench.core.redaction import redacted
from nnbench.core.signals import Interrupted, uninterrupted
from nnbench.records.rows import SUBMISSION_TAG
from nnbench.records.versions import TAGS
from nnbench.sweep.job import Ended, Failure, Job
from nnbench.tracking.base import Tracker
from nnbench.tracking.mlflow.experiment import existing_experiment
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec, Sources

logger = logging.getLogger(__name__)

FLUSH_TIMEOUT = 10.0  # seconds to send pending records to a server after an error


class Recorder:
    """Writes the runs of one sweep, or a single run outside any sweep.

    Args:
        writer: the study's writer.
        sweep_id: id of the sweep's own run, the parent of the others.
    """

    def __init__(self, writer: Tracker, sweep_id: str | None = None) -> None:
        self.writer = writer
        self.sweep_id = sweep_id
        self._open: dict[Job, tuple[str, RunSpec]] = {}  # by job, since two jobs may have the same identity

    def started(self, job: Job, at: int | None = None, submission: str = "") -> str:
        """Open the run of a job that started now or at `at`, in ms since 1970; returns its handle."""
        with uninterrupted():
            return self._start(job, at, submission)

    def ended(self, event: Ended) -> None:
        """Log and close the run of a job that has ended; one that was not opened gets into the store at once."""
        if event.recorded or event.outcome is None or (event.submission and event.submission in self._recorded):
            return
        with uninterrupted():
            if event.job not in self._open:
                seconds = 0.0 if isinstance(event.outcome, Failure) else event.outcome.history.seconds
                self._start(event.job, int(1000 * (time.time() - seconds)), event.submission, visible=False)
            handle, run = self._open[event.job]
            if isinstance(event.outcome, Failure):
                self.writer.fail_run(handle, run, event.outcome.traceback, event.outcome.reason)
            else:
                self.writer.finish_run(handle, run, event.outcome.history, event.outcome.boundary)
            del self._open[event.job]

    @cached_property
    def _recorded(self) -> set[str]:
        return recorded_submissions(self.writer)

    def _start(self, job: Job, at: int | None, submission: str, *, visible: bool = True) -> str:
        run = spec(job, alone=self.sweep_id is None, submission=submission)
        handle = self.writer.start_run(run, self.sweep_id, started=at, visible=visible)
        self._open[job] = handle, run
        return handle

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Context that closes all runs on exit: those still training are marked KILLED, with the reason.

        Raises:
            UserError: some records could not be sent to the server.
        """
        try:
            yield
        except BaseException as error:
            if isinstance(error, UserError):
                error.status = 1
            self._kill(f"interrupted ({error})" if isinstance(error, Interrupted) else f"{type(error).__name__}: {error}")
            try:
                self.writer.flush(FLUSH_TIMEOUT)
            except UserError as unsent:  # less important than the error that ends the sweep
                logger.warning("%s", unsent)
            raise
        self._kill("the sweep ended before the run")
        self.writer.flush()

    def _kill(self, reason: str) -> None:
        for handle, _ in self._open.values():
            self.writer.kill_run(handle, reason)


def open_store_of(config: Config, *, create: bool = True) -> Store:
    """Open the store of `config`; create it if it is missing and `create` is true.

    Raises:
        UserError: it cannot be opened or written.
    """
    tracking = config.tracking
    artifacts = Path(tracking.artifacts) if tracking.artifacts else None
    return open_store(tracking.uri, artifacts, create=create, spool=Path(tracking.spool), patience=tracking.patience)


def check_study(config: Config) -> None:
    """Check that the study of `config` exists.

    Raises:
        UserError: it does not, or its store cannot be opened.
    """
    store = open_store_of(config, create=False)
    with store.user_errors():
        existing_experiment(store, config.study)


def open_study(config: Config) -> Tracker:
    """Open a writer for the study of `config`; create the study and its store if they are missing.

    Raises:
        UserError: the store, or a folder that is written later, cannot be opened or written.
    """
    folders = {"tracking.artifacts": config.tracking.artifacts, "report.folder": config.report.folder}
    for key, folder in folders.items():
        if folder:
            _check_folder(key, folder)
    safe_subpath(Path(config.report.folder), config.study)
    colours = {label: line.colour for label, line in palette.INCLUDED_STYLES.items()}
    return StudyWriter(open_store_of(config), config.study, command=invocation.command(), colours=colours)


def _check_folder(key: str, given: str) -> None:
    """Raise `UserError` for a folder that cannot be created or written; creates nothing."""
    if re.match(r"[A-Za-z][\w+.-]+:/", given):
        allowed = "must be a folder on this machine; for artifacts elsewhere, use a tracking server"
        raise UserError(f"{key}={redacted(given)}: {allowed}")
    folder = Path(given)
    try:
        tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.parents) if place.exists())).close()
    except OSError as error:
        raise UserError(f"{key}={folder}: cannot be written: {error.strerror}") from error


def recorded_submissions(writer: Tracker) -> set[str]:
    """Return the `submission`, see `Ended`, of each run that the store holds with its outcome."""
    rows = (row for row in writer.rows() if row.status in ("FINISHED", "FAILED"))
    return {row.tags[SUBMISSION_TAG] for row in rows if SUBMISSION_TAG in row.tags}


def sources(config: Config) -> Sources:
    """Return the source files that determine the numbers of a config's run, by digest."""
    return {getattr(config.source, name): source.files for name, source in sources_of(config).items()}


def changed_sources(writer: Tracker, jobs: Sequence[Job], times: int = 1) -> list[str]:
    """Describe finished runs of other source (`my.opts:Lion has changed: 20 runs to repeat`); a job is `times` runs."""
    found = writer.superseded(spec(job) for job in jobs).items()
    why = {name: f"{name} has changed" if name else "the code of earlier runs is not known" for name, _ in found}
    return [f"{why[name]}: {numbers.count(number * times, 'run')} to repeat" for name, number in found]


def spec(job: Job, *, alone: bool = False, submission: str = "") -> RunSpec:
    """Describe a job's run for tracking; with `alone`, a run outside any sweep, which stores its own sources."""
    config = job.config
    return RunSpec(
        name=config.run_name,
        identity=config.identity,
        optimizer=config.optimizer.name,
        seed=config.seed,
        config=config.nested(),
        stage=job.stage,
        configuration=config.configuration,
        sources={tag: getattr(config.source, name) for name, tag in TAGS.items()},
        files=sources(config) if alone else {},
        submission=submission,
    )
