"""Page: performance profiles over the problems, with the score of AlgoPerf and the normalised score."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.suite import Suite
from nnbench.report.findings.targets import timings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import LEAST, MUTED, SMALL, WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences.wording import short_name
from nnbench.stats.profiles import LEAST_PROBLEMS, R_MAX, algoperf_score, performance_profiles, ratios

_LINES = 8  # profiles that are drawn; the table has all
_HEIGHT = 78.0


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the profiles and the table of scores.

    Returns:
        One row a setting, by the AlgoPerf score: `setting`, `algoperf`, `solved` and `fastest` (numbers of problems),
        `score`, `low`, `high` (normalised, see `Suite.scores`), and `TARGET` columns with the epochs on each problem.
    """
    targets, times = _times(suite)
    solved = times.loc[np.isfinite(times.to_numpy()).any(axis=1)]
    if len(solved) < LEAST_PROBLEMS:
        raise NoDataError(f"fewer than {LEAST_PROBLEMS} problems have a target that half of the runs of some setting reach")
    scores = algoperf_score(solved)
    relative = ratios(solved)[scores.index]
    normal = suite.scores
    result = pd.DataFrame(
        {
            "setting": scores.index,
            "algoperf": scores.to_numpy(),
            "solved": np.isfinite(relative).sum().to_numpy(),
            "fastest": (relative == 1).sum().to_numpy(),
            **{
                name: [getattr(normal[setting], name) if setting in normal else np.nan for setting in scores.index]
                for name in ("estimate", "low", "high")
            },
        }
    ).rename(columns={"estimate": "score"})
    page = section.page(_title(result, len(solved)), _caption(targets, solved))
    shown = [str(name) for name in scores.index[:_LINES]]
    greatest = max(R_MAX, float(relative.where(np.isfinite(relative)).max().max()) * 1.1)
    tau = np.geomspace(1, greatest, 400)
    profile = performance_profiles(solved, tau)
    axes = page.drawing().axes(12, 2, WIDTH - 14, _HEIGHT)
    for name in shown:
        style = suite.styles[name]
        axes.step(tau, profile[name], where="post", color=style.colour, linestyle=style.dash)
        axes.plot(tau[::57], profile[name].iloc[::57], style.marker, color=style.colour, markersize=3.5)
    logarithmic(axes.xaxis, 1, greatest, numbers.tick)
    axes.axvline(R_MAX, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)))
    axes.annotate(
        f"τ = {R_MAX:g}", (R_MAX, 0.01), xytext=(-2, 0), textcoords="offset points", fontsize=LEAST, color=MUTED, ha="right"
    )
    axes.set(ylim=(-0.02, 1.02), xlabel="τ: time over that of the fastest setting", ylabel="share of problems solved in time")
    columns = [Column("setting", WIDTH - 118, "left", SMALL), Column("AlgoPerf\nscore", 22, "decimal")]
    columns += [
        Column("fastest", 18),
        Column("solved", 18),
        Column("normalised\nscore", 24, "decimal"),
        Column("95 % interval", 36, "left", LEAST),
    ]
    rows: list[list[Cell | str]] = [
        [
            Cell(row["setting"], line_style=suite.styles[row["setting"]]),
            numbers.fixed(row["algoperf"], 2),
            str(row["fastest"]),
            f"{row['solved']} of {len(solved)}",
            numbers.fixed(row["score"], numbers.decimals(row["low"], row["high"])),
            numbers.bounds(row["low"], row["high"]),
        ]
        for row in result.to_dict("records")
    ]
    page.table(columns, rows, "Scores over the problems")
    return result.join(solved.T.add_prefix("epochs on "), on="setting")


def _times(suite: Suite) -> tuple[dict[str, float], pd.DataFrame]:
    """The target of each problem and the epochs by which half of the runs of each setting reach it; infinite if never.

    The target is the highest of those declared for the problem that some setting reaches; without one, the highest declared.
    """
    targets, rows = {}, {}
    for label, findings in suite.problems.items():
        target, epochs = _hardest(findings)
        if len(epochs):
            targets[label], rows[label] = target, epochs
    names = list(suite.across.ranks.index)
    return targets, pd.DataFrame(rows, index=names).T.astype(float)


def _hardest(findings: Findings) -> tuple[float, "pd.Series[float]"]:
    found: tuple[float, pd.Series[float]] = (float("nan"), pd.Series(dtype=float))
    if findings.ended.empty or not findings.judged.targets:
        return found
    for timing in timings(findings, sorted(findings.judged.targets, reverse=True)):
        # the first epoch is number 0, which is no time: one is the time until it has been measured
        found = timing.target, timing.table.set_index("setting")["estimate"] + 1
        if np.isfinite(found[1]).any():
            break
    return found


def _title(result: pd.DataFrame, problems: int) -> str:
    best = result.iloc[0]
    return (
        f"Highest AlgoPerf score: {short_name(best['setting'])} with {numbers.fixed(best['algoperf'], 2)}; the fastest on "
        f"{best['fastest']} of {problems} problems"
    )


def _caption(targets: dict[str, float], solved: pd.DataFrame) -> str:
    declared = ", ".join(f"{label} {targets[label]:g}" for label in solved.index)
    return (
        "A line: the share of the problems on which a setting reaches the target within τ times the epochs of the fastest one "
        f"(Dolan and Moré). The AlgoPerf score is its mean height from τ = 1 to {R_MAX:g}. Time: the epoch by which half of "
        f"the runs have reached the training accuracy, or R² of a regression: {declared}. Of the targets of a problem, it is "
        "the highest that some setting reaches. Normalised score: interquartile mean over runs and problems from 0 "
        "(without learning) to 1 (the best known), with an interval over seeds. Neither is a test."
    )
