"""Times to reach a training accuracy, compared seed by seed, including runs that never reached it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from nnbench.report.findings.axis import at_epochs, seconds_per_unit
from nnbench.report.findings.comparison import paired_tests
from nnbench.report.findings.findings import Findings
from nnbench.stats.conclusion import DEFAULT, Conclusion, conclude, exclusion_reasons
from nnbench.stats.time_to_target import expected_running_time, time_until, times_to_target

_DECIMALS = 7  # of a target at most, before it is printed in full


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Times of the settings to one target.

    Attributes:
        target: training accuracy.
        name: the target as it is printed.
        times: a row a run that was completed or diverged, as `times_to_target` gives them, in the unit of `Findings.axis`.
        pace: seconds per unit of each setting, the median over its runs, since other processes slow single runs down.
        table: a row a setting, the fastest first: `setting`, `n`, `reached` (runs that reached the target), `estimate` (time
            by which half of the runs had; infinite where fewer did), `low`, `high` (NaN: not computed), `expected`
            and `expected_seconds` (expected running time), `watched_low` and `watched_high` (shortest and longest
            observation of runs that did not reach it; NaN where there are none but diverged ones), `aside` (why
            it is not ranked; empty), `behind` (significantly later than the first).
        conclusion: the fastest setting and the significant differences.
    """

    target: float
    name: str
    times: pd.DataFrame
    pace: "pd.Series[float]"
    table: pd.DataFrame
    conclusion: Conclusion


def timings(findings: Findings, targets: Sequence[float]) -> list[Timing]:
    """The times to each target, in the given order; a repeated target counts once. Each is computed once."""
    known = findings.timings
    known |= {target: _timing(findings, target, name) for target, name in names(targets).items() if target not in known}
    return [replace(known[target], name=name) for target, name in names(targets).items()]


def names(targets: Sequence[float]) -> dict[float, str]:
    """Each distinct target as printed: `0.80`, or all with as many decimals as one needs, `0.8000` and `0.9999`."""
    distinct = list(dict.fromkeys(targets))
    printed = ([f"{target:.{places}f}" for target in distinct] for places in range(2, _DECIMALS))
    texts = next((one for one in printed if [*map(float, one)] == distinct), None) or [repr(target) for target in distinct]
    return dict(zip(distinct, texts, strict=True))


def _timing(findings: Findings, target: float, name: str) -> Timing:
    runs = findings.runs[["run_id", "setting", "search", "seed", "outcome"]]
    times = times_to_target(runs, findings.study.curves, findings.study.records, target)
    times = times.assign(time=at_epochs(findings, runs.loc[times.index, "run_id"], times["time"]))
    pace = seconds_per_unit(findings)
    measured = times[["time", "reached", "diverged"]]
    found, rows = measured.groupby(times["setting"]).indices, []
    for setting in times["setting"].unique():
        group = measured.iloc[found[setting]]
        cost = expected_running_time(group)
        spent = cost.expected * float(pace.get(setting, np.nan))
        watched = group.loc[~group["reached"] & ~group["diverged"], "time"]
        bounds = time_until(group), np.nan, np.nan
        costs = cost.expected, spent, watched.min(), watched.max()
        rows.append((setting, len(group), int(group["reached"].sum()), *bounds, *costs))
    columns = ["setting", "n", "reached", "estimate", "low", "high", "expected", "expected_seconds"]
    columns += ["watched_low", "watched_high"]
    table = pd.DataFrame(rows, columns=columns)
    ended = times.loc[~times["diverged"], "setting"].value_counts()
    # a diverged run has a time, infinite, so no run counts as diverged here
    table = table.assign(counted=table["n"], diverged=0, score=table["estimate"])
    aside = exclusion_reasons(table["n"], table["setting"].map(ended).fillna(0))
    aside = aside.mask(table["setting"].isin(findings.defaults.values()), DEFAULT)
    table = table.assign(searches=table["setting"].map(times.groupby("setting")["search"].nunique()))
    table = table.assign(aside=aside, last=aside != "")
    table = table.sort_values(["last", "estimate", "expected"], kind="stable", ignore_index=True)
    ranked = table.loc[table["aside"] == "", "setting"]
    pairs, against_default = paired_tests(_censored_times(times), ranked.astype(str).tolist(), findings.defaults)
    conclusion = conclude(table, pairs, higher=False, tests=len(pairs) + len(against_default))
    table = table.assign(behind=table["setting"].isin(conclusion.worse))[[*columns, "aside", "behind"]]
    return Timing(target=target, name=name, times=times, pace=pace, table=table, conclusion=conclusion)


def _censored_times(times: pd.DataFrame) -> pd.DataFrame:
    """Times that can be compared, `setting`, `search`, `seed`, `value`, censored at the shortest run of the seed.

    A run that was stopped before it reached the target might have reached it later. So the runs of a seed are compared up to
    the end of the first of them that was stopped: later times count as not reached. A diverged run never reaches the target.
    """
    never = 2 * times["time"].max() + 1  # later than any: the test uses ranks alone
    stopped = times["time"].where(~times["reached"] & ~times["diverged"])
    observed = stopped.groupby(times["seed"]).transform("min").fillna(np.inf)
    in_time = times["reached"] & (times["time"] <= observed)
    return times[["setting", "search", "seed"]].assign(value=times["time"].where(in_time, never)).dropna(subset=["value"])
