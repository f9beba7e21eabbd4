"""Steps of an epoch, and whether the training points are measured at every epoch."""

import pandas as pd

from nnbench.report.findings.findings import Findings


def steps_per_epoch(findings: Findings) -> list[int]:
    """The numbers of steps of an epoch in the runs, ascending; `[1]` without mini-batches."""
    curves = findings.study.curves
    if "steps" not in curves:
        return [1]
    curves = curves[(curves["epoch"] > 0) & curves["run_id"].isin(findings.runs["run_id"])]
    found = (curves["steps"] / curves["epoch"]).fillna(1).round().astype(int)
    return sorted(set(found)) or [1]


def is_sampled(findings: Findings) -> bool:
    """Whether some run measures the training points at the evaluated epochs only: with mini-batches or dropout."""
    dropout = pd.to_numeric(pd.Series(findings.runs.get("network.dropout"), dtype=object), errors="coerce")
    return steps_per_epoch(findings) != [1] or bool((dropout > 0).any())
