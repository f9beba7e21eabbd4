"""Pairing of the settings and runs of two studies."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from nnbench.core import palette
from nnbench.core.errors import UserError
from nnbench.core.keys import is_config_key, is_part_of_setting
from nnbench.records.measure import Measure
from nnbench.report.comparison.change import Change
from nnbench.report.findings import code
from nnbench.report.findings.comparison import by_search_and_seed
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.sentences import wording
from nnbench.stats.crossed import FloatArray
from nnbench.stats.diverged import with_diverged
from nnbench.stats.shift import seeds_needed, shifts

_SOURCE = "source of "
_SIDES = ["before", "after"]


class Versus:
    """A study paired with an earlier one.

    Attributes:
        before, after: findings of each study.
        matched: common name of a setting -> its names before and after.
        alone: settings of either study that have no match in the other, by the study's name.

    Raises:
        UserError: no setting is in both, or none with a seed completed in both.
    """

    def __init__(self, before: Findings, after: Findings) -> None:
        self.before, self.after = before, after
        self.matched = _matched(before.runs, after.runs)
        names = f"study={before.study.name},{after.study.name}"
        if not self.matched:
            phrase = ["; ".join(map(str, one.runs["setting"].unique()[:5])) or "none" for one in (before, after)]
            raise UserError(f"{names}: no setting is in both; the first has {phrase[0]}, the second {phrase[1]}")
        known = [metric for metric in METRICS.values() if np.isfinite(self._paired(metric)[_SIDES]).all(axis=1).any()]
        if not known:
            raise UserError(f"{names}: no setting has a seed whose runs were completed in both")
        self.metrics = known
        paired = [list(pair) for pair in zip(*self.matched.values(), strict=True)]
        self.alone = {
            one.study.name: [str(name) for name in one.runs["setting"].unique() if name not in mine]
            for one, mine in zip((before, after), paired, strict=True)
        }
        self._pairs: dict[str, pd.DataFrame] = {}
        self._shifts: dict[str, pd.DataFrame] = {}

    @property
    def primary(self) -> Measure:
        """The primary measure of the change: the first of `METRICS` that both studies have."""
        return self.metrics[0]

    @property
    def names(self) -> tuple[str, str]:
        """Names of the studies, shortened for a sentence."""
        return wording.short_name(self.before.study.name), wording.short_name(self.after.study.name)

    @cached_property
    def styles(self) -> Mapping[str, palette.LineStyle]:
        """The line style of each setting, from the study after the change."""
        return {name: self.after.styles[after] for name, (_, after) in self.matched.items()}

    def pairs(self, metric: Measure) -> pd.DataFrame:
        """`setting`, `seed`, `before`, `after` of the seeds completed or diverged in both; infinite where diverged."""
        if metric.column not in self._pairs:
            self._pairs[metric.column] = self._paired(metric)
        return self._pairs[metric.column]

    def shifts(self, metric: Measure) -> pd.DataFrame:
        """`stats.shift.shifts`, with `better`: 1 where a setting is significantly better after the change, -1 where worse."""
        if metric.column not in self._shifts:
            table = shifts(self.pairs(metric), self._searched(metric))
            better = table["sign"] * table["differ"] * (1 if metric.higher else -1)
            self._shifts[metric.column] = table.assign(better=better)
        return self._shifts[metric.column]

    def changes(self, metric: Measure) -> list[Change]:
        """The rows of `shifts`."""
        return [Change(**{str(key): value for key, value in row.items()}) for row in self.shifts(metric).to_dict("records")]

    @cached_property
    def needed(self) -> int:
        """The fewest seeds with which a change can be significant."""
        return seeds_needed(len(self.shifts(self.primary)))

    def lost(self, side: Findings, setting: str) -> tuple[int, int]:
        """The number of diverged runs of a setting in a study, and of all its runs that ended."""
        name = self.matched[setting][0 if side is self.before else 1]
        runs = side.ended[side.ended["setting"] == name]
        return int((runs["outcome"] == "diverged").sum()), len(runs)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """What differs: `setting` (empty if the row is the same for all), `key`, `before`, `after`, as text."""
        rows: dict[tuple[str, str, str], list[str]] = {}
        for name, (before, after) in self.matched.items():
            mine = self.before.runs[self.before.runs["setting"] == before]
            theirs = self.after.runs[self.after.runs["setting"] == after]
            for key in _leaves(mine, theirs):
                values = wording.distinct_values(mine, key), wording.distinct_values(theirs, key)
                if set(values[0]) != set(values[1]):
                    rows.setdefault((key, ", ".join(values[0]), ", ".join(values[1])), []).append(name)
        everywhere = len(self.matched)
        found = [
            ("" if len(settings) == everywhere else setting, *row)
            for row, settings in rows.items()
            for setting in (settings[:1] if len(settings) == everywhere else settings)
        ]
        for name in (*self.code.differ, *self.code.unknown):
            sources = code.versions_of(self._compared[0], name), code.versions_of(self._compared[1], name)
            found.append(("", f"{_SOURCE}{name}", *sources))
        for key in code.MADE_BY:
            versions = wording.distinct_values(self.before.runs, key), wording.distinct_values(self.after.runs, key)
            if set(versions[0]) != set(versions[1]):
                found.append(("", key, ", ".join(versions[0]), ", ".join(versions[1])))
        return pd.DataFrame(found, columns=["setting", "key", "before", "after"])

    @property
    def configured(self) -> list[str]:
        """The keys of the configuration that differ."""
        return [
            str(key) for key in self.differences["key"].unique() if key not in code.MADE_BY and not key.startswith(_SOURCE)
        ]

    @property
    def environment(self) -> list[str]:
        """Names in print of the recorded properties of code and machine that differ, without digests."""
        return [called for key, called in code.MADE_BY.items() if key in set(self.differences["key"])]

    @cached_property
    def code(self) -> code.Differences:
        """Comparison of the code of the matched settings."""
        return code.differences(*self._compared)

    @cached_property
    def diff(self) -> list[str]:
        """Lines of a unified diff of the sources."""
        return code.diff(self.before.study, self.after.study, self.code.differ)

    @property
    def _compared(self) -> list[pd.DataFrame]:
        """The runs of the matched settings, before and after."""
        names = [set(side) for side in zip(*self.matched.values(), strict=True)]
        return [one.runs[one.runs["setting"].isin(of)] for one, of in zip((self.before, self.after), names, strict=True)]

    def _sides(self, metric: Measure) -> list[pd.DataFrame]:
        """`setting` (its common name), `search`, `seed`, `value` of the matched settings, before and after."""
        sides = []
        for which, side in enumerate((self.before, self.after)):
            common = {names[which]: name for name, names in self.matched.items()}
            values = with_diverged(side.values(metric), side.runs, higher=metric.higher)
            sides.append(values.assign(setting=values["setting"].map(common)).dropna(subset=["setting"]))
        return sides

    def _searched(self, metric: Measure) -> dict[str, tuple[FloatArray, FloatArray]]:
        """The values of the settings that several searches chose, as `shifts` takes them."""
        sides = self._sides(metric)
        several = {str(name) for side in sides for name, own in side.groupby("setting") if own["search"].nunique() > 1}
        found: dict[str, tuple[FloatArray, FloatArray]] = {}
        for name in several & set(self.pairs(metric)["setting"].astype(str)):
            own = [side[side["setting"] == name] for side in sides]
            common = set(own[0]["seed"]) & set(own[1]["seed"])
            before, after = (by_search_and_seed(side[side["seed"].isin(common)], [name])[name] for side in own)
            found[name] = before, after
        return found

    def _paired(self, metric: Measure) -> pd.DataFrame:
        sides = [side.groupby(["setting", "seed"])["value"].mean().reset_index() for side in self._sides(metric)]
        both = sides[0].merge(sides[1], on=["setting", "seed"]).rename(columns={"value_x": "before", "value_y": "after"})
        order = both["setting"].map({name: at for at, name in enumerate(self.matched)})
        return both.assign(order=order).sort_values(["order", "seed"], ignore_index=True).drop(columns="order")


def _matched(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Match settings by name; else by optimizer, if each study has only one setting of it."""
    names = [dict(zip(one["setting"], one["optimizer"], strict=True)) for one in (before, after)]
    matched = {name: (name, name) for name in names[1] if name in names[0]}
    left = [{name: of for name, of in one.items() if name not in matched} for one in names]
    for optimizer in dict.fromkeys(left[1].values()):
        mine, theirs = ([name for name, of in one.items() if of == optimizer] for one in left)
        if len(mine) == len(theirs) == 1 and optimizer not in matched:
            matched[optimizer] = (mine[0], theirs[0])
    return matched


def _leaves(*runs: pd.DataFrame) -> list[str]:
    """The dotted configuration keys of all runs that are part of a setting."""
    keys = dict.fromkeys(key for one in runs for key in one.columns)
    return [key for key in keys if is_config_key(key) and is_part_of_setting(key)]
