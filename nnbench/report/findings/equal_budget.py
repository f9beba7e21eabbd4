"""Each setting against a reference: the share of its budget after which the setting has reached its final training loss."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from nnbench.report.findings.axis import positions
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.stats.equal_budget import Runs, runs_of, shares, typical
from nnbench.stats.interquartile import Interval

PLAIN = "sgd"  # the reference, if a study has it and names no other


@dataclass(frozen=True, kw_only=True)
class EqualBudget:
    """A setting against the reference.

    Attributes:
        setting: its name.
        ahead: the share of the reference's budget that the setting needs for the reference's final loss.
        behind: the share of the setting's budget that the reference needs for the setting's final loss.
        shares: by seed, of `ahead`; the median over the searches that chose the setting or the reference.
    """

    setting: str
    ahead: Interval
    behind: Interval
    shares: "pd.Series[float]"

    @property
    def reversed(self) -> bool:
        """Whether the setting does not reach the loss of the reference in half of the seeds, but the reference reaches its."""
        return self.ahead.estimate == float("inf") and self.behind.estimate < float("inf")


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """All settings against one reference, the fastest first.

    Attributes:
        reference: name of its setting.
        settings: the others.
    """

    reference: str
    settings: list[EqualBudget]


def equal_budget(findings: Findings) -> Comparisons:
    """Compare each setting with the reference.

    The reference is `report.reference`, the name of a setting or of an optimizer; else SGD if the study has it, else the
    setting that ranks last. Of an optimizer with several settings, the best is taken.

    Raises:
        NoDataError: there is no curve of two settings.
    """
    runs = _runs(findings)
    ranking, reference = _ranked(findings, runs)
    found = [_against(runs, setting, reference) for setting in ranking if setting != reference]
    found = [one for one in found if one.ahead.n]
    if not found:
        raise NoDataError(f"no setting has a seed that {reference} has too")
    order = sorted(found, key=lambda one: (one.ahead.estimate, -min(one.behind.estimate, 1e9)))
    return Comparisons(reference=reference, settings=order)


def first_of_settings(findings: Findings, settings: Sequence[str]) -> Comparisons:
    """Compare the first of some settings that is not the reference of `equal_budget` with it.

    Raises:
        NoDataError: there is no curve of the two, or they have no common seed.
    """
    runs = _runs(findings)
    ranking, reference = _ranked(findings, runs)
    setting = next((one for one in settings if one != reference), None)
    if setting not in ranking:
        raise NoDataError(f"no curve of {setting}" if setting else f"no setting beside {reference}")
    found = _against(runs, setting, reference)
    if not found.ahead.n:
        raise NoDataError(f"no seed of {setting} that {reference} has too")
    return Comparisons(reference=reference, settings=[found])


def _against(runs: Mapping[str, Runs], setting: str, reference: str) -> EqualBudget:
    ahead, behind = shares(runs[setting], runs[reference]), shares(runs[reference], runs[setting])
    return EqualBudget(setting=setting, ahead=typical(ahead), behind=typical(behind), shares=ahead.median(axis=1))


def _runs(findings: Findings) -> dict[str, Runs]:
    """The runs of each setting, as `stats.equal_budget.shares` takes them."""
    curves = findings.study.curves
    ended = findings.ended[["run_id", "setting", "search", "seed", "outcome"]]
    spent = curves[["run_id"]].assign(spent=positions(findings), loss=curves["train_loss"])
    table = spent.merge(ended, on="run_id").assign(diverged=lambda frame: frame["outcome"] == "diverged")
    if not (table["spent"] > 0).any():
        raise NoDataError("no run was measured after an update")
    return runs_of(table)


def _ranked(findings: Findings, runs: Collection[str]) -> tuple[list[str], str]:
    """The settings that have curves, in the order of the ranking, and the reference among them."""
    ranking = [str(one) for one in findings.ranking(findings.primary)["setting"] if one in runs]
    if len(ranking) < 2:
        raise NoDataError("no two settings have curves")
    return ranking, _reference(findings, ranking)


def _reference(findings: Findings, ranking: list[str]) -> str:
    """The reference among the settings, which are in the order of the ranking."""
    for wanted in (findings.judged.reference, PLAIN):
        if wanted in ranking:
            return wanted
        if own := [one for one in ranking if findings.base_labels[one] == wanted]:
            return own[0]
    return ranking[-1]
