"""Unit of curves and times to a target: epochs or, where the epochs of the settings cost differently, another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.core.keys import Unit
from nnbench.records.budgets import NOUNS

if TYPE_CHECKING:
    from nnbench.report.findings.findings import Findings


_POSITIONS = 80  # at which curves are interpolated, spaced evenly on a logarithmic scale


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The unit in which a report states what a run has spent.

    Attributes:
        unit: its name in the config.
        reason: caption sentence about why it is not epochs, beginning with a space; empty if it is.
    """

    unit: Unit
    reason: str

    @property
    def column(self) -> str:
        """Name of the column of positions in tables: `epoch`, `steps`, `gradient_evaluations`, `seconds`."""
        return "epoch" if self.unit == "epochs" else self.unit

    @property
    def noun(self) -> str:
        """The unit in the singular."""
        return NOUNS[self.unit]

    @property
    def plural(self) -> str:
        """The unit in the plural."""
        return f"{self.noun}s"

    def text(self, value: float) -> str:
        """Format a finite number of units with the noun: `1,230 steps`, `0.51 s`."""
        return numbers.duration(value) if self.unit == "seconds" else numbers.count(round(value), self.noun)

    def number(self, value: float, least: float, most: float) -> str:
        """Format a number of units as `formatting.epochs` does; a duration if these are seconds; a dash for NaN."""
        if np.isnan(value):
            return numbers.MISSING
        if self.unit == "seconds" and np.isfinite(value):
            return numbers.duration(value)
        return numbers.epochs(value, least, most)

    @property
    def label(self) -> str:
        """Label of an axis: `epoch`, but `steps`."""
        return self.noun if self.unit == "epochs" else self.plural


def choose(findings: "Findings") -> Axis:
    """Return the axis of a study: `report.unit`, or gradient evaluations if the settings' epochs cost differently."""
    if (chosen := findings.judged.unit) != "auto":
        return Axis(unit=chosen, reason="")
    costs = _costs_of_an_epoch(findings.study.curves)
    if len(costs) < 2:
        return Axis(unit="epochs", reason="")
    low, high = (f"{cost:,.4g}" for cost in (min(costs), max(costs)))
    return Axis(
        unit="gradient_evaluations",
        reason=f" In gradient evaluations, because an epoch takes from {low} to {high} of them, depending on the setting.",
    )


def positions(findings: "Findings") -> "pd.Series[float]":
    """Return what the run of each row of `Study.curves` had spent, in the unit of `Findings.axis`."""
    curves, on = findings.study.curves, findings.axis
    if on.unit == "epochs":
        return curves["epoch"].astype(float)
    if on.unit == "seconds":
        return curves["epoch"] * curves["run_id"].map(_pace_of_runs(findings))
    return curves.get(on.unit, curves["epoch"]).astype(float)


def at_epochs(findings: "Findings", run_ids: "pd.Series[str]", epochs: "pd.Series[float]") -> "pd.Series[float]":
    """Return what some runs had spent at some epochs, in the unit of `Findings.axis`; interpolated between evaluated ones."""
    on = findings.axis
    if on.unit == "epochs":
        return epochs.astype(float)
    if on.unit == "seconds":
        return epochs * run_ids.map(_pace_of_runs(findings))
    if on.unit not in findings.study.curves:
        return epochs.astype(float)
    known = dict(iter(findings.study.curves.groupby("run_id")))
    found = [
        float(np.interp(epoch, known[run]["epoch"], known[run][on.unit].interpolate())) if run in known else np.nan
        for run, epoch in zip(run_ids, epochs, strict=True)
    ]
    return pd.Series(found, index=epochs.index, dtype=float)


def diverged_at(findings: "Findings") -> pd.DataFrame:
    """Return `setting` and `at`, what was spent when the loss became infinite or NaN, a row a diverged run."""
    runs = findings.runs[(findings.runs["outcome"] == "diverged") & findings.runs["diverged_at_epoch"].notna()]
    return runs[["setting"]].assign(at=at_epochs(findings, runs["run_id"], runs["diverged_at_epoch"]))


def on_common_positions(runs: pd.DataFrame, column: str, values: Sequence[str]) -> pd.DataFrame:
    """Interpolate the curves of runs at the same positions, unless they have the same ones already.

    Args:
        runs: `run_id`, the position, ascending in each run, and the values, a row a measurement.
        column: of the position.
        values: columns to interpolate. A run that ends early has no value after its end.

    Returns:
        `run_id`, the position and the values.
    """
    # Of equal positions in a run, the last counts: a step that exceeded the budget was taken back.
    rows = runs.dropna(subset=[column]).drop_duplicates(["run_id", column], keep="last")
    found = [group for _, group in rows.groupby("run_id", sort=False)]
    if all(np.array_equal(group[column], found[0][column]) for group in found):
        return rows[["run_id", column, *values]]
    longest = float(max(group[column].iloc[-1] for group in found))
    least = min((float(group[column].iloc[1]) for group in found if len(group) > 1), default=longest)
    grid = np.concatenate([[0.0], np.geomspace(max(min(least, longest), longest * 1e-6), longest, _POSITIONS)])
    parts = []
    for group in found:
        x = group[column].to_numpy(float)
        at = np.append(grid[grid < x[-1]], x[-1] if x[-1] == longest else grid[grid >= x[-1]][:1])
        columns = {name: np.interp(at, x, group[name].to_numpy(float)) for name in values}
        parts.append(pd.DataFrame({"run_id": group["run_id"].iloc[0], column: at, **columns}))
    return pd.concat(parts, ignore_index=True)


def pace(findings: "Findings") -> "pd.Series[float]":
    """Return the seconds per epoch of each setting, the median over its runs, since other processes slow single runs down."""
    epochs = findings.scored["run_id"].map(findings.study.curves.groupby("run_id")["epoch"].max()).astype(float) + 1
    return (findings.scored["time/train_seconds"] / epochs).groupby(findings.scored["setting"]).median()


def seconds_per_unit(findings: "Findings") -> "pd.Series[float]":
    """Return the seconds per unit of `Findings.axis` of each setting, as `pace`."""
    on = findings.axis
    if on.unit == "epochs":
        return pace(findings)
    if on.unit == "seconds":
        return pd.Series(1.0, index=pd.Index(findings.runs["setting"].unique(), name="setting"))
    spent = positions(findings).groupby(findings.study.curves["run_id"]).max()
    each = findings.scored["time/train_seconds"] / findings.scored["run_id"].map(spent)
    return each.groupby(findings.scored["setting"]).median()


def _pace_of_runs(findings: "Findings") -> "pd.Series[float]":
    runs = findings.runs.drop_duplicates("run_id").set_index("run_id")["setting"]
    return runs.map(pace(findings))


def _costs_of_an_epoch(curves: pd.DataFrame) -> set[float]:
    """The different numbers of gradient evaluations in an epoch, without the last of a run, which may be cut short."""
    column = "gradient_evaluations"
    if column not in curves:
        return {1.0}
    last = curves["run_id"].map(curves.groupby("run_id")["epoch"].max())
    inner = curves[(curves["epoch"] > 0) & (curves["epoch"] < last)].dropna(subset=[column])
    return set((inner[column] / inner["epoch"]).round(6))
