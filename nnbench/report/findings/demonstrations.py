"""The rules and paths of a study's optimizers, each with the hyperparameters of its best setting."""

from nnbench.records.demonstration import Demonstration
from nnbench.report.findings.findings import Findings

MOST = 8  # optimizers that are shown: each takes up to a second


def demonstrations(findings: Findings) -> tuple[dict[str, Demonstration], int]:
    """Return the demonstration of each optimizer by its label, the best first, and the number of those left out.

    An optimizer is left out if it cannot be run here, or if there are more than `MOST`.
    """
    run_of = findings.runs.drop_duplicates("setting").set_index("setting")["run_id"]
    ranked = [str(setting) for setting in findings.ranking(findings.primary)["setting"]]
    best = {findings.base_labels[setting]: setting for setting in reversed(ranked)}
    labels = [label for label in findings.optimizers if best[label] in run_of]
    found = {label: findings.study.demonstration(run_of[best[label]]) for label in labels[:MOST]}
    shown = {label: one for label, one in found.items() if one is not None}
    return shown, len(labels) - len(shown)
