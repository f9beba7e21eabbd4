"""A study as tidy tables: the interface between tracking, which reads them, and statistics and reports, which use them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from nnbench.core.arrays import FloatArray
from nnbench.records.boundary import Boundary, Frames
from nnbench.records.demonstration import Demonstration
from nnbench.records.tuned import with_tuned

Checkpoints = Mapping[int, tuple[FloatArray, ...]]  # epoch -> weights of each layer, shape (inputs + 1, outputs)


@dataclass(frozen=True, kw_only=True)
class Study:
    """All data of a report, independent of MLflow.

    `export.COLUMNS` describes each column with its unit.

    Attributes:
        name: name of the study and of its MLflow experiment.
        runs: one row a training run, in the order of optimizer, setting and seed; of several runs with the same identity, the
            newest. Columns: `run_id`, `name`, `status` (FINISHED, FAILED, KILLED, RUNNING), `outcome` (see
            `nnbench.records.outcomes`), `optimizer` (its label), `setting` (see `nnbench.records.settings`; equal to
            `optimizer` if nothing varies but the seed), `seed`, `identity`, `sweep_id`, `stage`, `tuned` (see
            `nnbench.records.tuned`), `started` (UTC); each key of the config, such as `optimizer.learning_rate`, as a number
            where it is one; the last value of each metric, those of `nnbench.records.measures.MEASURES` among them (NaN where
            a run has none; stores of the first edition lack some); and `tables.PROVENANCE`.
        curves: one row a run and epoch, at the evaluated epochs (about 100 a run, dense early): `run_id`, `epoch`, and the
            columns of `nnbench.records.measures.CURVES`, such as `val_loss` (NaN without validation points);
            `group_loss/NAME` of groups of training points, if the dataset declares some;
            `steps` and `gradient_evaluations` before the epoch, if some run has epochs of several steps.
        records: one row a run and epoch at which its training accuracy or R² was higher than at any epoch before: `run_id`,
            `epoch`, `train_accuracy` or, of a regression, `train_r2`. It covers all measured epochs, so that times to a target
            are exact on the full batch.
        sweeps: one row a sweep, oldest first: `run_id`, `started`, `command`, `status`, `report` (JSON: title, pages and
            targets of the report that a later command made without training any run).
        thinned: the most rows of a run in `curves`, if rows between its first and its last were left out, since the study
            has many runs; else None. `records` is complete.
        boundary: reads the decision boundary of a run by its `run_id`; None if the run has none.
        checkpoints: reads the weights of a run at some epochs by its `run_id`, as `History.checkpoints`; empty if it has none.
        demonstration: rule and paths of the optimizer of a run by its `run_id`; None if they are not known. No store has them:
            `nnbench.lesson.study` computes them.
        frames: likewise, the decision boundary of a run at its checkpoints.
        tuning: the runs of the tuning stage, with the columns of `runs`; `runs` does not contain them, so that settings are
            compared on other seeds. They have no test points and no curves.
        selection: one row for each tuned optimizer, task, search and hyperparameter: `setting` (the label of the tuned
            optimizer, such as `adam (tuned)`), `task` (see `nnbench.records.tasks.key`), `search` (number of the independent
            search, from 0), `optimizer`, `hyperparameter` (see `nnbench.core.keys.hyperparameter`), `value`, `default`, `kind`
            (log, linear, choice; fixed if it was not tuned), `low`, `high` (of its space; NaN if it has no bounds), `edge`
            (low or high if the value lies on that bound and a value beyond would change the updates, else empty), `configs`
            (number of configs that it was chosen from), `seeds` (number of seeds for each config), `measure` (that it was
            chosen by: the key of a curve, such as `val/accuracy`, `val/r2` or `train/loss`), `score`, `loss` (means over these
            seeds of that measure and of the loss on the same points), `lost` (runs of the chosen config that diverged or
            failed); and, unless it is of the first edition, `tried` (settings of the optimizer that the study had run by
            then), `spaces` (number of different spaces searched), `declared_low`, `declared_high` (bounds of the first),
            `sampler_seed` (searches with equal ones draw the same configs from the same space; NaN for a grid; no column in
            stores of earlier editions, whose searches did so on all problems), `uses` (see `nnbench.records.freshness`).
        earlier: runs that are left out because the study has runs of a later version of the same optimizer or dataset, with
            the columns of `runs`.
        other_budgets: runs of tasks that differ from that of `runs` in the budget of the training alone, with their columns.
        source: reads the source files that produced a run by its `run_id`: text by path, under the names of
            `nnbench.core.keys.SOURCES`; empty if the store does not have them.
        address: the web address of a run by its `run_id`; empty if the store is no server.
    """

    name: str
    runs: pd.DataFrame
    curves: pd.DataFrame
    records: pd.DataFrame
    sweeps: pd.DataFrame
    boundary: Callable[[str], Boundary | None]
    tuning: pd.DataFrame = field(default_factory=pd.DataFrame)
    selection: pd.DataFrame = field(default_factory=pd.DataFrame)
    earlier: pd.DataFrame = field(default_factory=pd.DataFrame)
    thinned: int | None = None
    other_budgets: pd.DataFrame = field(default_factory=pd.DataFrame)
    checkpoints: Callable[[str], Checkpoints] = lambda run_id: {}
    demonstration: Callable[[str], Demonstration | None] = lambda run_id: None
    frames: Callable[[str], Frames | None] = lambda run_id: None
    source: Callable[[str], Mapping[str, str]] = lambda run_id: {}
    address: Callable[[str], str] = lambda run_id: ""

    def __post_init__(self) -> None:
        if len(self.selection) and "search" not in self.selection:  # of an export of the first edition
            object.__setattr__(self, "selection", self.selection.assign(search=0))
        object.__setattr__(self, "runs", with_tuned(self.runs, self.selection))
