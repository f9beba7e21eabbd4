"""Findings of a study of several problems: what each problem shows, and what holds across them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from nnbench.core import palette
from nnbench.records.declared import Declared
from nnbench.records.study import Study
from nnbench.records.tasks import tasks, with_largest_budgets
from nnbench.report.findings.budgets import at_budgets
from nnbench.report.findings.equal_budget import Comparisons, first_of_settings
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.scale import Scale, scale_of
from nnbench.stats.interquartile import Interval
from nnbench.stats.mean_ranks import MeanRanks, mean_ranks, with_tests, without_tests
from nnbench.stats.normalized import over_problems

HELD_OUT = "held_out"  # folder of the presets that no default and no search space was chosen on


class Suite:
    """Results of a study over several problems, each computed once, when it is first used.

    Attributes:
        study: the whole study.
        all: the findings of each problem by its label, with all of its settings, held-out problems too; of a problem that was
            run with several budgets, those at the largest.
    """

    def __init__(self, study: Study, judged: Mapping[str, Declared] | None = None) -> None:
        """Split a study into its problems.

        Args:
            study: with several tasks.
            judged: what the settings of each problem are judged by; by default, what its newest run was started with.
        """
        self.study = study
        found = sorted((task for task in tasks(study) if task.label), key=lambda task: is_held_out(task.label))  # these last
        self._of_tasks = {task.label: Findings(task.study, (judged or {}).get(task.label)) for task in found}
        self.all = {task.label: self._of_tasks[task.label] for task in with_largest_budgets(found)}

    @cached_property
    def problems(self) -> dict[str, Findings]:
        """Each problem with the settings that are compared: those tuned, if the study tunes; without held-out problems."""
        return {label: _compared(findings) for label, findings in self.all.items() if not is_held_out(label)}

    @cached_property
    def held_out(self) -> dict[str, Findings]:
        """Likewise, the held-out problems."""
        return {label: _compared(findings) for label, findings in self.all.items() if is_held_out(label)}

    @cached_property
    def runs(self) -> pd.DataFrame:
        """All runs, with the label of their problem in the column `problem`."""
        parts = [findings.runs.assign(problem=label) for label, findings in self._of_tasks.items()]
        return pd.concat(parts, ignore_index=True) if parts else self.study.runs

    @cached_property
    def tuned(self) -> bool:
        """Whether the compared settings were tuned on each problem."""
        return any(findings.tuned for findings in self.all.values())

    @cached_property
    def over_searches(self) -> bool:
        """Whether the tests within the problems are over searches and seeds, on each problem that has tests."""
        tested = [one for label, one in self.problems.items() if self.within[label].can_claim] or list(self.problems.values())
        return bool(tested) and all(one.searches > 1 for one in tested)

    @cached_property
    def common_configs(self) -> bool:
        """Whether the searches of an optimizer drew the same configurations on several problems."""
        return _common_configs(self.problems)

    @cached_property
    def noun(self) -> str:
        """`optimizer` if each optimizer has only one of the compared settings on every problem, else `setting`."""
        return "optimizer" if all(one.noun == "optimizer" for one in self.problems.values()) else "setting"

    @cached_property
    def settings(self) -> list[str]:
        """All compared settings: those of every problem by their mean rank, then the others."""
        names = dict.fromkeys(str(name) for one in self.problems.values() for name in one.ranking(one.primary)["setting"])
        return list(dict.fromkeys([*self.across.ranks.index, *names]))

    @cached_property
    def styles(self) -> dict[str, palette.LineStyle]:
        """The line style of each setting; those of one optimizer differ in dash and marker."""
        return {name: style for one in (*self.all.values(),) for name, style in one.styles.items()}

    @cached_property
    def scales(self) -> dict[str, Scale]:
        """The scale of each problem, held-out ones too."""
        return {label: scale_of(one) for label, one in (self.problems | self.held_out).items()}

    @cached_property
    def within(self) -> dict[str, MeanRanks]:
        """Mean ranks over the seeds of each problem, of the settings that are ranked on it, held-out problems too.

        Where several searches tuned the optimizers, the tests are those of the report on the problem, over searches and seeds.
        """
        return {label: _within(one, self.all[label]) for label, one in (self.problems | self.held_out).items()}

    @cached_property
    def across(self) -> MeanRanks:
        """Mean ranks over the problems, of the settings that are ranked on each of them.

        Without tests if problems have common configurations: a search that was lucky is so on all of them.
        """
        return _across(self.problems)

    @cached_property
    def equal_budget(self) -> dict[str, Comparisons | str]:
        """By problem, the setting with the best mean rank against the reference of `equal_budget`; or why there is none.

        If that setting is the reference of the problem, the next one is compared with it.
        """
        found: dict[str, Comparisons | str] = {}
        for label, one in self.problems.items():
            try:
                found[label] = first_of_settings(one, [str(name) for name in self.across.ranks.index])
            except NoDataError as reason:
                found[label] = str(reason)
        return found

    @cached_property
    def at_budgets(self) -> dict[float, MeanRanks]:
        """Mean ranks at each budget over the problems that were run with it, the smallest budget first.

        Raises:
            NoDataError: no problem was run with several budgets, or they have different units.
        """
        found: dict[float, dict[str, Findings]] = {}
        units = set()
        for label, one in self.problems.items():
            every = at_budgets(one)
            for at in every if len(every) > 1 else []:
                found.setdefault(at.amount, {})[label] = at.findings
                units.add(at.unit)
        if len(units) > 1:
            raise NoDataError(f"no common unit of the budgets: {', '.join(sorted(units))}")
        return {amount: _across(found[amount]) for amount in sorted(found)}

    @cached_property
    def across_held_out(self) -> MeanRanks:
        """Likewise over the held-out problems."""
        return _across(self.held_out)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a problem and compared setting, held-out problems too, as `placed` describes them."""
        found = self.problems | self.held_out
        return _joined([placed(label, one, self.scales[label], self.within[label]) for label, one in found.items()])

    @cached_property
    def finals(self) -> pd.DataFrame:
        """Likewise all settings, ranked among all of the problem."""
        return _joined([placed(label, one, scale_of(one), self.within[label]) for label, one in self.all.items()])

    @cached_property
    def scores(self) -> dict[str, Interval]:
        """The normalised score of each setting over all runs on all problems that have a scale; best first.

        Settings that lack one of these problems are left out, for their score would be about others.
        """
        runs: dict[str, list[np.ndarray]] = {}
        used = [label for label in self.problems if np.isfinite(self.scales[label].one)]
        for label in used:
            one = self.problems[label]
            for setting, values in one.by(one.primary).scores.items():
                runs.setdefault(str(setting), []).append(self.scales[label](values.dropna()))
        found = {setting: over_problems(parts) for setting, parts in runs.items() if len(parts) == len(used)}
        return dict(sorted(found.items(), key=lambda item: -item[1].estimate))


def is_held_out(label: str) -> bool:
    """Whether a label is that of a held-out problem."""
    return label.split("/")[0] == HELD_OUT


def _compared(findings: Findings) -> Findings:
    """The findings on the settings that are compared across problems: of a study that tunes, the tuned ones."""
    study = findings.study
    if not findings.tuned or not study.runs["tuned"].any():
        return findings
    runs, others = (
        table[table["tuned"].astype(bool)].reset_index(drop=True) if len(table) else table
        for table in (study.runs, study.other_budgets)
    )
    return Findings(replace(study, runs=runs, other_budgets=others), findings.judged)


def _across(problems: Mapping[str, Findings]) -> MeanRanks:
    """Mean ranks over problems."""
    parts = {label: _oriented(one) for label, one in problems.items()}
    parts = {label: part for label, part in parts.items() if part.shape[1]}
    if not parts:
        return mean_ranks(pd.DataFrame())
    common = set.intersection(*({*part.columns} for part in parts.values()))
    found = mean_ranks(pd.concat(parts, names=["problem", "seed"])[sorted(common)])
    return without_tests(found) if _common_configs(problems) else found


def _common_configs(problems: Mapping[str, Findings]) -> bool:
    """Whether the searches of an optimizer drew the same configurations on several problems.

    Grids do, and all samplers did in stores of earlier editions, which have no `sampler_seed`.
    """
    searches = ["optimizer", "search"]
    tables = [one.study.selection for one in problems.values() if len(one.study.selection)]
    if len(tables) < 2:
        return False
    seeds = pd.concat([table.drop_duplicates(searches) for table in tables], ignore_index=True)
    return "sampler_seed" not in seeds or bool(seeds.duplicated([*searches, "sampler_seed"]).any())


def _within(compared: Findings, every: Findings) -> MeanRanks:
    """Mean ranks over the seeds of a problem.

    Args:
        compared: the settings that are ranked.
        every: all settings, whose tests are those of the report on the problem.
    """
    ranks = mean_ranks(_oriented(compared))
    if compared.searches < 2:
        return ranks
    tests = every.by(compared.primary).pairs
    tests = tests[tests["first"].isin(ranks.ranks.index) & tests["second"].isin(ranks.ranks.index)]
    return with_tests(ranks, tests, higher=compared.primary.higher)


def _oriented(findings: Findings) -> pd.DataFrame:
    """The values that rank the settings, a row a seed, a column a setting; greater values are better."""
    scores = findings.by(findings.primary).scores.rename(columns=str)
    return scores if findings.primary.higher else -scores


def placed(label: str, findings: Findings, scale: Scale, ranks: MeanRanks) -> pd.DataFrame:
    """The settings of a problem in the order of its ranking, each with its rank and score.

    Returns:
        `problem`, `setting`, `optimizer`, `rank` (1 the best, ties at the better one; NaN where it is not ranked), `score`
        (normalised; NaN without a scale), `runs`, `diverged`, `counted`, `n`, `estimate`, `low`, `high` (as in
        `Comparison.ranking`), `leads` (it is among `ranks.not_worse`), `measure`.
    """
    table = findings.ranking(findings.primary)
    ranked = (table["aside"] == "") & (table["counted"] > 0)
    return pd.DataFrame(
        {
            "problem": label,
            "setting": table["setting"],
            "optimizer": table["optimizer"],
            "rank": table["score"].where(ranked).rank(ascending=not findings.primary.higher, method="min"),
            "score": scale(table["score"].mask(table["counted"] == 0)),
            **{column: table[column] for column in ("runs", "diverged", "counted", "n", "estimate", "low", "high")},
            "leads": table["setting"].isin(ranks.not_worse),
            "measure": findings.primary.full,
        }
    )


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["problem", "setting", "leads", "diverged"])
