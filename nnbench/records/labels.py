"""Tags of a run that depend on the other runs of its study: its setting, and whether that is the best of its optimizer.

With them, MLflow's filter for all runs of an optimizer at its best setting is `tags.nnbench.optimizer = 'adam' AND
tags.nnbench.best = 'true'`. The best setting is the one that tuning would choose, on validation points or by the training loss
(`ranking.py`). It need not be the first of the report, which ranks the settings of all optimizers on test points.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from nnbench.core.keys import LEADING, SUBJECT, is_part_of_setting
from nnbench.records import tasks
from nnbench.records.declared import RANK_BY, declared_by
from nnbench.records.measures import MEASURES
from nnbench.records.outcomes import COMPLETED
from nnbench.records.ranking import TRAIN_LOSS, Score, criteria, final_validation, score
from nnbench.records.rows import Row
from nnbench.records.settings import settings
from nnbench.records.tables import configuration_of, newest_attempts
from nnbench.records.tuned import is_tuned
from nnbench.records.versions import TAGS, split

SETTING, BEST = "nnbench.setting", "nnbench.best"


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best setting of an optimizer by `ranking.Score`.

    Attributes:
        optimizer: the optimizer's label.
        setting: name of the setting, such as `adam lr=0.05`.
        runs: number of its runs, including those that diverged or failed.
        accuracy: mean over the completed runs of the measure that it was chosen by.
        run_ids: ids of its runs.
        measure: name of that measure, such as `validation accuracy`.
    """

    optimizer: str
    setting: str
    runs: int
    accuracy: float
    run_ids: frozenset[str]
    measure: str = "validation accuracy"


def setting_names(rows: Sequence[Row]) -> dict[str, str]:
    """Return the name of each training run's setting by the run's id; it always shows the learning rate.

    The name of a run from an earlier version of the source says so, so that no chart averages it with later runs.
    """
    current, earlier = split(rows)
    sources = {row.run_id: row.tags.get(TAGS[SUBJECT.name], "unknown")[:7] for row in earlier}
    older = {run_id: f"{setting} (earlier code, {sources[run_id]})" for run_id, setting in _named(earlier).items()}
    return _named(current) | older


def _named(rows: Sequence[Row]) -> dict[str, str]:
    params = [row.values for row in rows]
    optimizers = [row.tags.get("nnbench.optimizer", "") for row in rows]
    named = settings(optimizers, params, LEADING, [configuration_of(row) for row in rows])
    return {row.run_id: setting for row, (setting, _) in zip(rows, named, strict=True)}


def best_settings(rows: Sequence[Row]) -> list[Best]:
    """Return the best setting of each optimizer on each task, among those with a completed run.

    Runs of a tuning stage and of an earlier version of the source do not count. All runs of a tuned optimizer are one setting.
    """
    rows, _ = split(rows)
    named = setting_names(rows)
    tried: dict[tuple[str, str, str], list[Row]] = {}
    for row in newest_attempts(rows):
        if row.tags.get("nnbench.stage") != "tuning" and row.status != "RUNNING":
            label = row.tags.get("nnbench.optimizer", "")
            # Settings that several searches chose are one tuned optimizer: the best of them would be a choice on final seeds.
            setting = label if is_tuned(label, row.tags.get("nnbench.stage"), ()) else named[row.run_id]
            tried.setdefault((tasks.key(row.values), label, setting), []).append(row)
    of_task: dict[str, list[Row]] = {}
    for (task, *_), runs in tried.items():
        of_task.setdefault(task, []).extend(runs)
    chosen_by = {task: _criteria(runs) for task, runs in of_task.items()}
    scores = {key: _score(runs, *chosen_by[key[0]]) for key, runs in tried.items() if any(map(_is_completed, runs))}
    found: dict[tuple[str, str], Best] = {}
    for key in sorted(scores, key=lambda key: scores[key]):
        (task, optimizer, setting), runs = key, tried[key]
        ids = frozenset(row.run_id for row in runs)
        best = Best(
            optimizer=optimizer,
            setting=setting,
            runs=len(runs),
            accuracy=-scores[key].accuracy if chosen_by[task][0] == TRAIN_LOSS else scores[key].accuracy,
            run_ids=ids,
            measure=next(one.name for one in MEASURES if one.key == chosen_by[task][0]),
        )
        found.setdefault((task, optimizer), best)
    return list(found.values())


def changed_labels(rows: Sequence[Row], bests: Sequence[Best]) -> dict[str, Mapping[str, str]]:
    """Return the tags that must be changed, by the ids of the runs."""
    chosen = {run_id for best in bests for run_id in best.run_ids}
    wanted = {
        run_id: {SETTING: setting, BEST: "true" if run_id in chosen else "false"}
        for run_id, setting in setting_names(rows).items()
    }
    return {row.run_id: wanted[row.run_id] for row in rows if not wanted[row.run_id].items() <= row.tags.items()}


def varying(rows: Sequence[Row]) -> list[str]:
    """Return the keys, except the seed, of which the runs of some optimizer have more than one value."""
    found: dict[tuple[str, str], set[Hashable]] = {}
    for row in rows:
        for key, value in row.values.items():
            found.setdefault((row.tags.get("nnbench.optimizer", ""), key), set()).add(value)
    return sorted({key for (_, key), values in found.items() if len(values) > 1 and is_part_of_setting(key)})


def _criteria(runs: Sequence[Row]) -> tuple[str, str]:
    """Return the measure and the loss by which the settings of a task are chosen."""
    newest = max(runs, key=lambda row: row.started)
    return criteria(declared_by(newest.values.get(RANK_BY)), {key for row in runs for key in row.metrics})


def _score(runs: Sequence[Row], accuracy: str, loss: str) -> Score:
    return score(
        [
            final_validation(row.tags.get("nnbench.outcome"), row.metrics.get(accuracy), row.metrics.get(loss), accuracy)
            for row in runs
        ]
    )


def _is_completed(row: Row) -> bool:
    return row.tags.get("nnbench.outcome") in COMPLETED
