"""Which setting reaches a training accuracy first: times compared seed by seed, those of runs that never got there too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnbench.report.findings.findings import Findings
from nnbench.stats.signed_rank import compare_if_enough
from nnbench.stats.time_to_target import expected_running_time, time_until, times_to_target
from nnbench.stats.verdict import Verdict, exclusion_reasons, judge

_DECIMALS = 7  # of a target at most, before it is printed in full


@dataclass(frozen=True, kw_only=True)
class Race:
    """The settings on their way to one target.

    Attributes:
        target: training accuracy.
        name: the target as it is printed.
        epochs: a row a run that came to its end or diverged, as `times_to_target` gives them.
        pace: seconds an epoch of each setting, the median over its runs: by its own seconds, a run that had to share the
            machine would count as one that was watched for longer.
        table: a row a setting, the first to get there first: `setting`, `n`, `reached` (runs that did), `estimate` (epochs by
            which half of the runs had; infinite where fewer did), `low`, `high` (NaN: none is worked out),
            `expected_epochs` and `expected_seconds` (running time until a run gets there), `watched_low` and `watched_high`
            (the last epoch at which its runs that did not get there were looked at, the shortest and the longest; NaN where
            there is none but diverged ones), `aside` (why it is not ranked; empty), `behind` (shown to be later).
        verdict: who is shown to be earlier than whom.
    """

    target: float
    name: str
    epochs: pd.DataFrame
    pace: "pd.Series[float]"
    table: pd.DataFrame
    verdict: Verdict


def races(findings: Findings, targets: Sequence[float]) -> list[Race]:
    """One for each target, in the given order; a target that is given twice is one."""
    return [_race(findings, target, name) for target, name in names(targets).items()]


def names(targets: Sequence[float]) -> dict[float, str]:
    """What each distinct target is called in print: `0.95`, or with as many decimals as tell the targets apart."""
    distinct_values = list(dict.fromkeys(targets))
    printed = ([f"{target:.{places}f}" for target in distinct_values] for places in range(2, _DECIMALS))
    told = next((one for one in printed if len(set(one)) == len(one)), None) or [repr(target) for target in distinct_values]
    return dict(zip(distinct_values, told, strict=True))


def _race(findings: Findings, target: float, name: str) -> Race:
    epochs = times_to_target(findings.runs, findings.study.curves, findings.study.records, target)
    pace = _pace(findings)
    rows = []
    for setting, own in epochs.groupby("setting", sort=False):
        cost, reached = expected_running_time(own), int(own["reached"].sum())
        spent = float(cost.expected) * float(pace.get(str(setting), np.nan))
        watched = own.loc[~own["reached"] & ~own["diverged"], "time"]
        told = setting, len(own), reached, time_until(own), np.nan, np.nan, cost.expected, spent, watched.min(), watched.max()
        rows.append(told)
    columns = ["setting", "n", "reached", "estimate", "low", "high", "expected_epochs", "expected_seconds"]
    columns += ["watched_low", "watched_high"]
    table = pd.DataFrame(rows, columns=columns)
    ended = epochs.loc[~epochs["diverged"], "setting"].value_counts()
    # one that diverged has a time like any other: never
    table = table.assign(counted=table["n"], diverged=0, score=table["estimate"])
    aside = exclusion_reasons(table["n"], table["setting"].map(ended).fillna(0))
    table = table.assign(aside=aside, last=aside != "")
    table = table.sort_values(["last", "estimate", "expected_epochs"], kind="stable", ignore_index=True)
    ranked = table.loc[table["aside"] == "", "setting"]
    verdict = judge(table, compare_if_enough(_arrivals(epochs).reindex(columns=ranked)), higher=False)
    table = table.assign(behind=table["setting"].isin(verdict.behind))[[*columns, "aside", "behind"]]
    return Race(target=target, name=name, epochs=epochs, pace=pace, table=table, verdict=verdict)


def _arrivals(epochs: pd.DataFrame) -> pd.DataFrame:
    """Times that may be compared, a row a seed, a column a setting: of a seed's runs, no further than all were watched.

    A run that was stopped early has not failed to arrive later. So what came after the first of a seed's runs was no longer
    looked at is for all of them alike: not by then. A run that diverged will never arrive, however long one watches.
    """
    never = 2 * epochs["time"].max() + 1  # later than any: the test looks at ranks alone
    given_up = epochs["time"].where(~epochs["reached"] & ~epochs["diverged"])
    watched = given_up.groupby(epochs["seed"]).transform("min").fillna(np.inf)
    in_time = epochs["reached"] & (epochs["time"] <= watched)
    return epochs.assign(time=epochs["time"].where(in_time, never)).pivot_table("time", "seed", "setting")


def _pace(findings: Findings) -> "pd.Series[float]":
    epochs = findings.scored["run_id"].map(findings.study.curves.groupby("run_id")["epoch"].max()).astype(float) + 1
    return (findings.scored["time/train_seconds"] / epochs).groupby(findings.scored["setting"]).median()
