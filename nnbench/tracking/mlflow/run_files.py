"""Files of a run in a store: found by the run's id or name, read, and added later."""

from collections.abc import Callable
from pathlib import Path

from nnbench.core.errors import UserError
from nnbench.records.rows import Row
from nnbench.records.tables import is_own
from nnbench.tracking.mlflow.artifact_files import artifact, write_artifacts
from nnbench.tracking.mlflow.experiment import existing_experiment
from nnbench.tracking.mlflow.run_list import list_runs
from nnbench.tracking.mlflow.store import Store

SHOWN = 3  # runs that an error message names


class RunFiles:
    """Artifacts of a training run.

    Args:
        store: holds the study.
        study: its name.
        given: id of the run, the beginning of it, or its name, such as `adam lr=0.05 seed=3`.

    Attributes:
        row: the run as the store lists it.

    Raises:
        UserError: there is no such study, no such run, or several.
    """

    def __init__(self, store: Store, study: str, given: str) -> None:
        self._store = store
        with store.user_errors():
            experiment = existing_experiment(store, study)
            rows = [row for row in list_runs(store, experiment) if row.tags.get("nnbench.kind") == "training" and is_own(row)]
        self._experiment, self.row = experiment, _find(rows, given, study)

    def path(self, name: str) -> Path | None:
        """Return the path of a file of the run, downloaded if it is not on this machine; None if there is none."""
        with self._store.user_errors():
            return artifact(self._store, self._experiment, self.row.run_id, name)

    def add(self, write: Callable[[Path], object]) -> None:
        """Call `write` with a folder; the files that it writes there become artifacts of the run."""
        with self._store.user_errors():
            write_artifacts(self._store, self._experiment, self.row.run_id, write)


def _find(rows: list[Row], given: str, study: str) -> Row:
    """Return the run with this id or name; of several with the same name, the newest."""
    named = [row for row in rows if row.name == given]
    found = named[-1:] or [row for row in rows if given and row.run_id.startswith(given)]
    if len(found) == 1:
        return found[0]
    examples = ", ".join(f"{row.run_id} ({row.name})" for row in (found or rows)[:SHOWN])
    if found:
        raise UserError(f"run={given}: begins the ids of {len(found)} runs, such as {examples}")
    known = f"it has {examples}" + (" and others" if len(rows) > SHOWN else "") if rows else "it has no run yet"
    raise UserError(f"run={given}: no run of that id or name in the study {study}; {known}")
