"""Decision boundaries over the epochs, of one run of each of the best settings."""

from collections.abc import Mapping

from nnbench.records.boundary import Frames
from nnbench.report.findings.findings import Findings

MOST = 6  # settings that are shown


def median_frames(findings: Findings) -> list[tuple[str, Frames, Mapping[int, float]]]:
    """Return the setting, the boundaries and the training loss by epoch of the median run of each setting, the best first.

    Of two runs in the middle, it is the lower one. Settings whose median run has no checkpoints are left out.
    """
    column = findings.primary.column
    found: list[tuple[str, Frames, Mapping[int, float]]] = []
    if not findings.known(column):
        return []
    runs = findings.scored.dropna(subset=[column]).sort_values([column, "seed"], kind="stable")
    by_setting = dict(iter(runs.groupby("setting")))
    ranked = [str(setting) for setting in findings.ranking(findings.primary)["setting"] if setting in by_setting]
    for setting in ranked[:MOST]:
        group = by_setting[setting]
        run_id = str(group["run_id"].iloc[(len(group) - 1) // 2])
        frames = findings.study.frames(run_id)
        if frames is not None:
            curve = findings.study.curves[findings.study.curves["run_id"] == run_id].dropna(subset=["train_loss"])
            found.append((setting, frames, dict(zip(curve["epoch"].astype(int), curve["train_loss"], strict=True))))
    return found
