"""What a claim is about: the task, settings, runs and measure of a study that the words of the command name."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nnbench.core.constraints import MINIMUM_SEARCHES
from nnbench.core.errors import UserError
from nnbench.records.measure import Measure
from nnbench.records.measures import MEASURES
from nnbench.records.outcomes import COUNTED
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.records.tuned import chosen_values
from nnbench.report.findings.findings import Findings
from nnbench.stats.crossed import FloatArray
from nnbench.stats.diverged import worst

SEARCH = " search="  # in the name of a setting, before the number of one of its searches


def task_of(study: Study, label: str | None) -> Study:
    """Return the study of one task.

    Raises:
        UserError: there are several, and the label names none of them.
    """
    found = tasks(study)
    if len(found) == 1 and label in (None, found[0].label):
        return found[0].study
    for task in found:
        if task.label == label:
            return task.study
    labels = ", ".join(task.label for task in found if task.label) or "one task alone"
    given = f"task={label}" if label else "task: is missing"
    raise UserError(f"{given}: must be one of the tasks of study {study.name}: {labels}")


def runs_of(findings: Findings, name: str) -> tuple[str, pd.DataFrame]:
    """Return the full name of a setting and its runs, of `Findings.runs`; those of one `search` have one configuration.

    Args:
        findings: of the study.
        name: of a setting, the label of an optimizer that has one setting, or one of these with ` search=1`, which means the
            configuration that this search chose. Without it, all searches of a tuned optimizer are meant; if they chose the
            same configuration, it is one setting.

    Raises:
        UserError: there is no such setting or search, the optimizer has several settings, a search has no run, or there are
            two searches.
    """
    label, _, search = name.partition(SEARCH)
    setting = _setting(findings, label)
    runs, selection = findings.runs[findings.runs["setting"] == setting], findings.study.selection
    chosen = chosen_values(selection[selection["setting"] == setting]) if len(selection) else {}
    known = [str(one) for one in chosen]
    if search:
        if search not in known or len(chosen) == 1:
            has = f"has the searches {', '.join(known)}" if len(chosen) > 1 else "was not chosen by several searches"
            raise UserError(f"{name}: {setting} {has}")
        chosen = {int(search): chosen[int(search)]}
        setting = f"{setting}{SEARCH}{search}"
    configurations = {tuple(sorted(values.items())) for values in chosen.values()}
    if len(configurations) > 1 and len(chosen) < MINIMUM_SEARCHES:
        raise UserError(
            f"{name}: has {len(chosen)} searches, and a test over searches needs {MINIMUM_SEARCHES}; a claim about the "
            f'configuration of one is about "{setting}{SEARCH}{known[0]}"'
        )
    if len(configurations) < 2 and not search:
        return setting, runs.drop_duplicates("run_id").assign(search=0)
    if missing := set(chosen) - set(runs["search"]):
        raise UserError(f"{name}: search {min(missing)} has no run; run the study again")
    return setting, runs[runs["search"].isin(list(chosen))]


def _setting(findings: Findings, name: str) -> str:
    """Return the setting of a name, which may be the label of an optimizer that has one setting.

    Raises:
        UserError: there is no such setting, or the optimizer has several.
    """
    known = [str(one) for one in findings.runs["setting"].drop_duplicates()]
    if name in known:
        return name
    own = findings.runs.loc[findings.runs["optimizer"] == name, "setting"].drop_duplicates().tolist()
    if len(own) == 1:
        return str(own[0])
    which = f"has {len(own)} settings; give one of" if own else "is no setting of the study; it has"
    raise UserError(f"{name}: {which} {', '.join(map(str, own)) if own else ', '.join(known) or 'no run'}")


def measure_of(findings: Findings, key: str | None) -> Measure:
    """Return the measure of a key; the one that ranks the settings if it is None."""
    known = {one.key: one for one in MEASURES if one.better and findings.known(one.key)}
    if key is None and findings.primary.key in known:
        return findings.primary
    if key not in known:
        given = f"measure={key}" if key else f"measure: {findings.primary.key} is not stored with a run; give measure=KEY"
        raise UserError(f"{given}: must be one of {', '.join(known)}")
    return known[key]


def values_of(sides: Sequence[pd.DataFrame], measure: Measure) -> list[FloatArray]:
    """The values of both sides, shapes (searches, seeds), on the seeds on which each search has one; greater ones are better.

    Args:
        sides: from `runs_of`.
        measure: that of the claim.
    """
    tables = []
    for side in sides:
        counted = side[side["outcome"].isin(COUNTED)].drop_duplicates(["search", "seed"])
        values = counted[measure.column].mask(counted["outcome"] == "diverged", worst(higher=measure.higher))
        wide = counted.assign(value=values if measure.higher else -values).pivot(
            index="search", columns="seed", values="value"
        )
        tables.append(wide.dropna(axis="columns"))
    seeds = tables[0].columns.intersection(tables[1].columns)
    return [table[seeds].to_numpy(dtype=np.float64) for table in tables]


def suggestions(problems: Sequence[Findings]) -> int:
    """The number of claims about tuned optimizers that a study can suggest: each of its tests, in both directions.

    Args:
        problems: the findings of each task of the study, since a claim may be chosen from any.
    """
    return 2 * max(sum(map(_tests, problems)), 1)


def _tests(findings: Findings) -> int:
    searches = findings.runs.groupby("setting")["search"].nunique()
    searched = [str(name) for name in searches[searches > 1].index]
    return len(searched) * (len(searched) - 1) // 2 + sum(name in findings.defaults for name in searched)
