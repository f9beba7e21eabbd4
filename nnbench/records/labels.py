"""What is known of a run only beside its study's others, as tags: its setting, and whether that is its optimizer's best.

So "all runs of this optimizer at its best setting" is one filter: `tags.nnbench.optimizer = 'adam' AND
tags.nnbench.best = 'true'`. Best is what selection would choose, on validation points (`ranking.py`); it is not the winner
of the report, which ranks the settings of all optimizers on test points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnbench.core.keys import LEADING, SUBJECT, is_part_of_setting
from nnbench.records import tasks
from nnbench.records.outcomes import COMPLETED
from nnbench.records.ranking import Score, score, seen
from nnbench.records.rows import Row
from nnbench.records.settings import settings
from nnbench.records.tables import configuration_of, newest, values_of
from nnbench.records.versions import TAGS, split

SETTING, BEST = "nnbench.setting", "nnbench.best"
# Selection looks at the validation points; a study that has none is judged by what it has.
JUDGES = (("final/val_accuracy", "final/val_loss"), ("final/train_accuracy", "final/train_loss"))


@dataclass(frozen=True, kw_only=True)
class Best:
    """An optimizer's best setting, as `ranking.Score` has it: by validation, and so not the winner of the report's ranking.

    Attributes:
        optimizer: its label.
        setting: as people say it, such as `adam lr=0.05`.
        runs: how many there are, the lost ones too.
        accuracy: the mean over those that came to their end.
        run_ids: theirs.
    """

    optimizer: str
    setting: str
    runs: int
    accuracy: float
    run_ids: frozenset[str]


def setting_of(rows: Sequence[Row]) -> dict[str, str]:
    """The setting of each training run by its id; the learning rate is always told, as in a run's name.

    That of a run of an earlier source says so, so that no chart averages it with later ones.
    """
    current, earlier = split(rows)
    sources = {row.run_id: row.tags.get(TAGS[SUBJECT.name], "unknown")[:7] for row in earlier}
    older = {run_id: f"{setting} (earlier code, {sources[run_id]})" for run_id, setting in _named(earlier).items()}
    return _named(current) | older


def _named(rows: Sequence[Row]) -> dict[str, str]:
    params = [values_of(row) for row in rows]
    optimizers = [row.tags.get("nnbench.optimizer", "") for row in rows]
    named = settings(optimizers, params, LEADING, [configuration_of(row) for row in rows])
    return {row.run_id: setting for row, (setting, _) in zip(rows, named, strict=True)}


def best_settings(rows: Sequence[Row]) -> list[Best]:
    """The best setting of each optimizer on each task, of those with a run that came to its end.

    Runs of a tuning stage do not count, nor those of an earlier source of their optimizer or dataset.
    """
    rows, _ = split(rows)
    named = setting_of(rows)
    tried: dict[tuple[str, str, str], list[Row]] = {}
    for row in newest(rows):
        if row.tags.get("nnbench.stage") != "tuning" and row.status != "RUNNING":
            own = tasks.key(row.params), row.tags.get("nnbench.optimizer", ""), named[row.run_id]
            tried.setdefault(own, []).append(row)
    judge = next((judge for judge in JUDGES if any(judge[0] in row.metrics for row in rows)), JUDGES[-1])
    scores = {key: _score(runs, *judge) for key, runs in tried.items() if any(map(_ended, runs))}
    found: dict[tuple[str, str], Best] = {}
    for task, optimizer, setting in sorted(scores, key=lambda key: scores[key]):
        own = task, optimizer, setting
        runs = tried[own]
        ids = frozenset(row.run_id for row in runs)
        best = Best(optimizer=optimizer, setting=setting, runs=len(runs), accuracy=scores[own].accuracy, run_ids=ids)
        found.setdefault((task, optimizer), best)
    return list(found.values())


def changed_labels(rows: Sequence[Row], bests: Sequence[Best]) -> dict[str, Mapping[str, str]]:
    """The tags that are not yet as they ought to be, by the ids of runs."""
    chosen = {run_id for best in bests for run_id in best.run_ids}
    wanted = {
        run_id: {SETTING: setting, BEST: "true" if run_id in chosen else "false"}
        for run_id, setting in setting_of(rows).items()
    }
    return {row.run_id: wanted[row.run_id] for row in rows if not wanted[row.run_id].items() <= row.tags.items()}


def varying(rows: Sequence[Row]) -> list[str]:
    """The parameters of which some optimizer's runs have more than one value, but the seed."""
    seen: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for key, text in row.params.items():
            seen.setdefault((row.tags.get("nnbench.optimizer", ""), key), set()).add(text)
    return sorted({key for (_, key), texts in seen.items() if len(texts) > 1 and is_part_of_setting(key)})


def _score(runs: Sequence[Row], accuracy: str, loss: str) -> Score:
    return score([seen(row.tags.get("nnbench.outcome"), row.metrics.get(accuracy), row.metrics.get(loss)) for row in runs])


def _ended(row: Row) -> bool:
    return row.tags.get("nnbench.outcome") in COMPLETED
