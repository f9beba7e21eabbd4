"""The one writer of a study: it opens each run, logs it when it comes back, and closes it, whatever came of it."""

import json
import math
import re
import shutil
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import Metric
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE, MLFLOW_USER

from nnbench import artifacts
from nnbench.boundary import Boundary
from nnbench.history import History
from nnbench.tracking import note as notes
from nnbench.tracking.experiment import open_experiment
from nnbench.tracking.files import artifact_folder
from nnbench.tracking.metrics import points
from nnbench.tracking.presence import Presence
from nnbench.tracking.provenance import provenance, user
from nnbench.tracking.runs import Row, now
from nnbench.tracking.store import Store, redacted

NOTE = "mlflow.note.content"
LONGEST_PARAM, LONGEST_TAG, LONGEST_KEY = 6000, 8000, 250  # characters
WORTH_ANALYZING = 10  # runs in a sweep, from which on SQLite's statistics are out of date


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What tracking needs to know of a training run.

    Attributes:
        name: as a person would say it, such as `adam lr=0.05 seed=3`.
        identity: the same for runs that give the same numbers.
        optimizer: its label.
        seed: of the run.
        params: every leaf of the config under its dotted name.
        config_yaml: the whole config.
        stage: of a study that tunes first, `tuning` or `final`.
    """

    name: str
    identity: str
    optimizer: str
    seed: int
    params: Mapping[str, object]
    config_yaml: str
    stage: str | None = None


class StudyWriter:
    """The one writer of a study.

    Every method raises `UserError` for a fault of the store that its user can mend, such as a full disk.

    Args:
        store: holds the study.
        study: its name; made where it is missing.
        command: the command line, kept with every run.
        description: what the study asks, for its note.
        threads: BLAS threads of a run.
    """

    def __init__(self, store: Store, study: str, *, command: str, description: str | None = None, threads: int = 1) -> None:
        command = redacted(command)
        self.store, self.study = store, study
        self._open: dict[str, RunSpec | None] = {}
        self._outcomes: Counter[str] = Counter()
        with store.told_in_one_line():
            # Without the kind, the pages open on the side of language models.
            tags = {
                "mlflow.experimentKind": "custom_model_development",
                NOTE: notes.study_note(study, description, command),
            }
            self._experiment = open_experiment(store, study, tags)
            self._presence = Presence(store.writers)
        # A sign is left behind by a writer that dies, and by one that leaves runs open.
        weakref.finalize(self, _leave, self._presence, self._open)
        origin = {**provenance(), "threads": str(threads), "command": command}
        self._tags = {f"nnbench.{key}": notes.cut(value, LONGEST_TAG) for key, value in origin.items()} | {
            "nnbench.writer": self._presence.token,
            MLFLOW_USER: user(),
            MLFLOW_SOURCE_NAME: "python -m nnbench",
            MLFLOW_SOURCE_TYPE: "LOCAL",
        }
        if "commit" in origin:
            self._tags[MLFLOW_GIT_COMMIT] = origin["commit"]

    def finished(self) -> set[str]:
        """The identities of the runs that this study has FINISHED."""
        return set(self.finished_runs())

    def finished_runs(self) -> dict[str, Row]:
        """The newest FINISHED run of each identity."""
        with self.store.told_in_one_line():
            rows = self.store.runs.rows(self._experiment)
        return {row.tags["nnbench.identity"]: row for row in rows if row.status == "FINISHED" and "nnbench.identity" in row.tags}

    def start_sweep(self, name: str, *, params: Mapping[str, str]) -> str:
        """Open the sweep's own run; returns its id."""
        return self._start(name, None, {"nnbench.kind": "sweep"}, params)

    def start_run(self, job: RunSpec, sweep_id: str | None) -> str:
        """Open the run of a job that is about to train; returns its id."""
        tags = {
            "nnbench.kind": "training",
            "nnbench.identity": job.identity,
            "nnbench.optimizer": job.optimizer,
            **({"nnbench.sweep_id": sweep_id} if sweep_id else {}),
            **({"nnbench.stage": job.stage} if job.stage else {}),
        }
        return self._start(job.name, job, tags, job.params)

    def finish_run(self, run_id: str, job: RunSpec, history: History, boundary: Boundary | None) -> None:
        """Log all of a run that came back, and mark it FINISHED, a diverged one too."""
        note = notes.run_note(job.name, history.outcome, _params(job.params), history=history)
        with self._artifacts(run_id) as folder:
            artifacts.write_run(folder, history, boundary)
            _write_texts(folder, job, note)
        self._close(run_id, "FINISHED", history.outcome, points(history, now()), note)

    def fail_run(self, run_id: str, job: RunSpec, traceback: str, reason: str) -> None:
        """Keep the traceback, and mark the run FAILED."""
        reason = redacted(reason)
        note = notes.run_note(job.name, "failed", _params(job.params), reason=reason)
        with self._artifacts(run_id) as folder:
            (folder / "traceback.txt").write_text(redacted(traceback), encoding="utf-8")
            _write_texts(folder, job, note)
        self._close(run_id, "FAILED", "failed", [], note, reason)

    def kill_run(self, run_id: str, reason: str) -> None:
        """Mark a run KILLED that did not come back."""
        job, reason = self._open.get(run_id), redacted(reason)
        note = notes.run_note(job.name if job else run_id, "killed", _params(job.params) if job else {}, reason=reason)
        self._close(run_id, "KILLED", "killed", [], note, reason)

    def end_sweep(
        self,
        sweep_id: str,
        status: str,
        *,
        files: Sequence[Path] = (),
        metrics: Mapping[str, float] | None = None,
        note: str | None = None,
    ) -> None:
        """Close the sweep's own run, with its report and tables as artifacts."""
        with self._artifacts(sweep_id) as folder:
            for file in files:
                shutil.copy(file, folder / file.name)
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes.items())) or "no runs"
        ended = now()
        finite = [Metric(_key(key), value, ended, 0) for key, value in (metrics or {}).items() if math.isfinite(value)]
        self._close(sweep_id, status, status.lower(), finite, note or f"The runs of this sweep: {counts}.")
        if self._outcomes.total() >= WORTH_ANALYZING:
            with self.store.told_in_one_line():
                self.store.analyze()

    def _start(self, name: str, job: RunSpec | None, tags: Mapping[str, str], params: Mapping[str, object]) -> str:
        with self.store.told_in_one_line():
            run_id = self.store.runs.open(self._experiment, name, {**self._tags, **tags}, _params(params))
        self._open[run_id] = job
        return run_id

    def _close(self, run_id: str, status: str, outcome: str, metrics: Sequence[Metric], note: str, reason: str = "") -> None:
        tags = {"nnbench.outcome": outcome, NOTE: notes.cut(note, LONGEST_TAG)}
        if reason:
            tags["nnbench.reason"] = notes.cut(reason, LONGEST_TAG)
        with self.store.told_in_one_line():
            self.store.runs.close(run_id, status, metrics, tags)
        if self._open.pop(run_id, None) is not None:
            self._outcomes[outcome] += 1

    @contextmanager
    def _artifacts(self, run_id: str) -> Iterator[Path]:
        """A folder whose files become the run's artifacts: its own where that is on this machine."""
        with self.store.told_in_one_line():
            folder = artifact_folder(self.store, self._experiment, run_id)
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                yield folder
                return
            with TemporaryDirectory() as temporary:
                yield Path(temporary)
                self.store.client.log_artifacts(run_id, temporary)


def _write_texts(folder: Path, job: RunSpec, note: str) -> None:
    (folder / "config.yaml").write_text(redacted(job.config_yaml), encoding="utf-8")
    (folder / "note.md").write_text(note, encoding="utf-8")


def _params(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters as text, in the words of a YAML file: `null`, `true`, `5e-07`, `[64]`."""
    texts = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in params.items()}
    return {_key(key): notes.cut(redacted(text), LONGEST_PARAM) for key, text in texts.items()}


def _key(key: str) -> str:
    """`key` with what MLflow does not allow in a name taken out."""
    return re.sub(r"[^\w\-. :/]", "_", key)[:LONGEST_KEY]


def _leave(presence: Presence, still_open: Mapping[str, object]) -> None:
    if not still_open:
        presence.leave()
