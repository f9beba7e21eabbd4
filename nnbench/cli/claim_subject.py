"""What a claim is about: the task, settings, runs and measure of a study that the words of the command name."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nnbench.core.errors import UserError
from nnbench.records.measure import Measure
from nnbench.records.measures import MEASURES
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.records.tuned import chosen_values
from nnbench.report.findings.findings import Findings
from nnbench.stats.diverged import worst
from nnbench.stats.signed_rank import difference

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
    """Return the full name of a setting and its runs, of `Findings.runs`, all with one configuration.

    Args:
        findings: of the study.
        name: of a setting, the label of an optimizer that has one setting, or one of these with ` search=1`, which means the
            configuration that this search chose.

    Raises:
        UserError: there is no such setting or search, the optimizer has several settings, or searches chose several
            configurations and the name says not which.
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
        return f"{setting}{SEARCH}{search}", runs[runs["search"] == int(search)]
    configurations = {tuple(sorted(values.items())) for values in chosen.values()}
    if len(configurations) > 1:
        raise UserError(
            f"{name}: {len(chosen)} searches chose {len(configurations)} configurations, and a claim is about one of them: "
            f'"{setting}{SEARCH}{known[0]}", or another search of {", ".join(known)}'
        )
    return setting, runs.drop_duplicates("run_id")


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


def differences_of(findings: Findings, sides: Sequence[pd.DataFrame], measure: Measure) -> Any:
    """The differences between the runs of both sides, by seed, positive if the first setting is better."""
    found = []
    for side in sides:
        counted = findings.ended[findings.ended["run_id"].isin(side["run_id"])].drop_duplicates("seed").set_index("seed")
        values = counted[measure.column].mask(counted["outcome"] == "diverged", worst(higher=measure.higher))
        found.append(values.dropna())
    seeds = found[0].index.intersection(found[1].index)
    differences = difference(found[0][seeds].to_numpy(float), found[1][seeds].to_numpy(float))
    return differences if measure.higher else -differences
