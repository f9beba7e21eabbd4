"""A run's way into the store: opened when it starts, logged and closed when it ends, whichever way it ends."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from nnbench.config import Config
from nnbench.interrupts import Interrupted, uninterrupted
from nnbench.sweep.job import Ended, Failure, Job
from nnbench.tracking.store import Store, open_store
from nnbench.tracking.writer import RunSpec, StudyWriter


class Recorder:
    """Writes the runs of one sweep, or a single run that belongs to none.

    Args:
        writer: the study's one writer.
        sweep_id: the sweep's own run, to which the others belong.
    """

    def __init__(self, writer: StudyWriter, sweep_id: str | None = None) -> None:
        self.writer = writer
        self.sweep_id = sweep_id
        self._open: dict[str, str] = {}

    def started(self, job: Job) -> str:
        """Open a run for a job that is about to train; returns its id."""
        with uninterrupted():
            run_id = self.writer.start_run(spec(job.config), self.sweep_id)
            self._open[job.config.identity] = run_id
        return run_id

    def ended(self, event: Ended) -> None:
        """Log and close the run of a job that has come back."""
        config = event.job.config
        run_id = self._open.get(config.identity)
        if run_id is None or event.outcome is None:
            return  # it tracked itself, wherever it was
        with uninterrupted():
            if isinstance(event.outcome, Failure):
                self.writer.fail_run(run_id, spec(config), event.outcome.traceback, event.outcome.reason)
            else:
                self.writer.finish_run(run_id, spec(config), event.outcome.history, event.outcome.boundary)
            del self._open[config.identity]

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Within, every way out leaves no run open: what was training is marked KILLED, with the reason."""
        reason = "the sweep ended before it"
        try:
            yield
        except BaseException as error:
            reason = f"interrupted ({error})" if isinstance(error, Interrupted) else f"{type(error).__name__}: {error}"
            raise
        finally:
            for run_id in self._open.values():
                self.writer.kill_run(run_id, reason)


def open_store_of(config: Config, *, create: bool = True) -> Store:
    """The store of `config`, made where it is missing and `create` allows.

    Raises:
        UserError: it cannot be opened or written.
    """
    artifacts = Path(config.tracking.artifacts) if config.tracking.artifacts else None
    return open_store(config.tracking.uri, artifacts, create=create)


def open_study(config: Config) -> StudyWriter:
    """The writer of the study of `config`, both the study and its store made where they are missing.

    Raises:
        UserError: the store cannot be opened or written.
    """
    command = shlex.join(["python", "-m", "nnbench", *sys.argv[1:]])
    return StudyWriter(open_store_of(config), config.study, command=command)


def spec(config: Config) -> RunSpec:
    """What tracking needs to know of a config."""
    return RunSpec(
        name=config.run_name,
        identity=config.identity,
        optimizer=config.optimizer.name,
        seed=config.seed,
        params=config.leaves(),
        config_yaml=yaml.safe_dump(config.nested(), sort_keys=False),
        stage=config.tracking.stage,
    )
