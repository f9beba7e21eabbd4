"""The settings of a task at each of several budgets; they are ranked at each budget alone."""

from dataclasses import dataclass, replace

import pandas as pd

from nnbench.records.budgets import amounts, text, unit
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings


@dataclass(frozen=True, kw_only=True)
class AtBudget:
    """The findings at one budget.

    Attributes:
        amount: the budget.
        unit: its unit.
        findings: of the runs with this budget, without curves.
    """

    amount: float
    unit: str
    findings: Findings

    @property
    def text(self) -> str:
        """The budget in words."""
        return text(self.amount, self.unit)


def at_budgets(findings: Findings) -> list[AtBudget]:
    """Return the findings at each budget, ascending; of one budget only if the study has no other.

    Raises:
        NoDataError: no run has a budget, or the budgets have different units.
    """
    study = findings.study
    runs = pd.concat([study.runs, study.other_budgets], ignore_index=True)
    known, measured_in = amounts(runs), unit(runs)
    if not measured_in:
        raise NoDataError("no run has a budget: training.budgets=[100,1000] makes runs of several lengths")
    found = []
    for amount in sorted(known.dropna().unique()):
        part = replace(study, runs=runs[known == amount].reset_index(drop=True), other_budgets=pd.DataFrame())
        found.append(AtBudget(amount=float(amount), unit=measured_in, findings=Findings(part, findings.judged)))
    return found
