"""Page of a study in MLflow's UI: its note, its saved views and the labels of its runs, computed from all of its runs."""

from functools import partial

from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import IntegrityError

from nnbench.records.kinds import kind_of
from nnbench.records.labels import best_settings, changed_labels, varying
from nnbench.records.rows import NOTE
from nnbench.records.tables import is_own
from nnbench.records.tasks import varying_keys
from nnbench.tracking.mlflow.experiment import set_tags
from nnbench.tracking.mlflow.run_list import list_runs
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.ui.notes import study_note
from nnbench.tracking.mlflow.ui.views import views

REPORT, REPORT_TAG = "report.pdf", "nnbench.report"  # the tag has the paths of a sweep's reports
TRIES = 3


def update_study_page(
    store: Store, experiment: Experiment, command: str, *, question: str | None = None, answer: str = ""
) -> None:
    """Update the study's note, its saved views and the labels of its runs in MLflow's UI.

    Args:
        store: the store.
        experiment: experiment of the study.
        command: command line of its newest sweep.
        question: research question of the study; None for the default.
        answer: conclusion of its report.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            _update_study_page(store, experiment.experiment_id, command, question, answer)
        except (MlflowException, IntegrityError):  # another writer set the same tags at the same time
            if not tries_left:
                raise
        else:
            return


def _update_study_page(store: Store, experiment_id: str, command: str, question: str | None, answer: str) -> None:
    experiment = store.call(partial(store.client.get_experiment, experiment_id))
    rows = list_runs(store, experiment)
    trained = [row for row in rows if row.tags.get("nnbench.kind") == "training" and is_own(row)]
    bests = best_settings(trained)
    if changed := changed_labels(trained, bests):
        store.runs.label(changed)
    newest = next((row for row in reversed(rows) if REPORT_TAG in row.tags), None)
    task = varying_keys([row.values for row in trained if row.tags.get("nnbench.stage") != "tuning"])
    note = study_note(
        experiment.name,
        experiment_id,
        command,
        question=question,
        answer=answer,
        reports=[(newest.run_id, name) for name in newest.tags[REPORT_TAG].splitlines()] if newest else [],
        bests=bests,
        several_tasks=bool(task),
    )
    saved = views(
        experiment.creation_time or 0,
        tuned=any(row.tags.get("nnbench.stage") == "final" for row in trained),
        grouped=bool(trained),
        varying=varying(trained),
        task=task,
        kinds={kind_of(row.metrics) for row in trained} or {"classification"},
    )
    set_tags(store, experiment, {NOTE: note} | saved)
