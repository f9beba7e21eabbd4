"""A study as tidy tables: what tracking reads, what statistics and reports work on. Neither knows the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from nnbench.records.boundary import Boundary
from nnbench.records.tuned import with_tuned


@dataclass(frozen=True, kw_only=True)
class Study:
    """Everything a report needs, with no MLflow at hand.

    Attributes:
        name: the study's name, an MLflow experiment's.
        runs: one row a training run, newest try of each identity only, in the order of optimizer, setting, seed:
            `run_id`, `name`, `status` (FINISHED, FAILED, KILLED, RUNNING), `outcome` (finished, stopped, diverged,
            failed, killed), `optimizer` (its label), `setting` (the optimizer with the hyperparameters that vary
            within the study, such as `adam lr=0.05`; equal to `optimizer` where nothing varies but the seed),
            `seed`, `identity`, `sweep_id`, `stage`, `tuned` (whether it has the setting that tuning chose for its optimizer,
            and so the label of `records.tuned.tuned_label`), `started` (UTC), `diverged_at_epoch` (NaN where it did not);
            every config leaf under its dotted name (`optimizer.learning_rate`, `training.epochs`, ...), a number
            where it is one; every metric's last value under its name (`final/train_loss`, `final/train_accuracy`,
            `final/val_loss`, `final/val_accuracy`, `test/loss`, `test/accuracy`; `best/val_loss`, `best/val_accuracy`
            (lowest and highest of any evaluated epoch), `best/epoch` (the evaluated one with the lowest validation loss),
            `best/test_loss`, `best/test_accuracy` (with the weights of that epoch); `reference/chance_accuracy`,
            `reference/neighbours_accuracy`, `reference/bayes_accuracy`, `reference/bayes_loss` (of other classifiers on the
            run's own points); `time/train_seconds`, `epochs_to/0.80`, ...); and provenance: `source`,
            `dataset_source`, `code` (digests of what decides the numbers: the optimizer's class, the dataset's, nnbench's
            own; empty where not known), `commit`, `dirty`, `version`, `python`, `numpy`, `blas`, `cpu`, `threads`,
            `command`. Runs of the first edition lack `best/epoch`, `best/test_*` and `reference/*`.
        curves: one row a run and epoch, at the evaluated epochs (about 100 a run, dense early): `run_id`, `epoch`,
            `train_loss`, `train_accuracy`, `val_loss`, `val_accuracy` (NaN where there is no validation split).
        records: one row a run and epoch at which its training accuracy was higher than ever before: `run_id`, `epoch`,
            `train_accuracy`; of all epochs, so that the time to any target can be told to the epoch.
        sweeps: one row a sweep's own run, oldest first: `run_id`, `started`, `command`, `status`, `report`
            (JSON: title, pages and targets that a later command asked for, of which no run was to be trained).
        boundary: reads the decision boundary of a run by its `run_id`; None where the run left none.
        tuning: where the study tuned first, the runs of that stage, as `runs`, which then holds the others alone: what
            is compared rests on fresh seeds. They have no test split and no curves here.
        selection: where it did, what tuning chose; a row an optimizer and hyperparameter: `setting` (the label of the
            tuned one, such as `adam (tuned)`), `task` (on which, see `nnbench.records.tasks.key`), `optimizer`,
            `hyperparameter`, `value`, `default`, `kind` (log, linear, choice; fixed where it was not tuned), `low`, `high`
            (of its space; NaN where it has no bounds), `edge` (low or high where the value lies on that bound and matters
            there, else empty),
            `configs` (it was the best of), `seeds` (of each), `val_accuracy`, `val_loss` (means over those seeds), `lost`
            (runs of the chosen config that diverged or failed); and, unless it is of the first edition, `tried` (settings of
            the optimizer that the study had run by then), `spaces` (different ones in which it was looked for),
            `declared_low`, `declared_high` (bounds of the first), `uses` (1 where the choice was made before its final seeds
            had been read, one more for each later choice).
        earlier: the runs, as `runs`, that are left out since there are later ones of another version of the same optimizer
            or dataset.
        source: the files, text by path, that the numbers of a run (by its `run_id`) come of: under `optimizer/`, `dataset/`
            and `nnbench/`; none where the store has not kept them.
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
    source: Callable[[str], Mapping[str, str]] = lambda run_id: {}

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", with_tuned(self.runs, self.selection))
