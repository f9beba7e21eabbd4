"""How good a setting is all along, for one who may stop early: its loss, averaged over the whole of training."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.findings import Comparison, Findings
from nnbench.report.pages import NoDataError, ReportOptions
from nnbench.report.plots.forest import Row, dots, forest_plot, mark
from nnbench.report.plots.sheet import Page, Section
from nnbench.report.sentences import verdict as sentences
from nnbench.report.sentences import wording
from nnbench.stats.anytime import mean_over_training

_MANY = 12
_CAPTION = (
    "The {} of each run, averaged from epoch 0 to {:,.0f}: above, over the logarithm of the epoch, so that every doubling "
    "counts alike, which the title speaks of; below, over the epochs themselves, most of which are late. Mark: interquartile "
    f"mean over seeds; bar: its {numbers.INTERVAL}; small dots: single runs. Hollow: shown to be worse than the first "
    "(Wilcoxon signed-rank test on runs paired by seed, Holm-corrected), or not ranked. Early speed and a better end both "
    "lower it; the curves tell which."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """A row a setting and scale (log, linear), the best first: `n`, `estimate`, `low`, `high` (nats), `p`, `behind`."""
    curves = findings.study.curves.merge(findings.scored[["run_id", "setting", "seed"]], on="run_id")
    column = "val_loss" if curves["val_loss"].notna().any() else "train_loss"
    if not np.isfinite(curves[column].astype(float)).any():
        raise NoDataError("no run that came to its end has left its curves")
    until, name = float(curves["epoch"].max()), "validation loss" if column == "val_loss" else "training loss"
    found = {log: _weighed(findings, curves, column, until, log) for log in (True, False)}
    phrasing = wording.phrasing(findings, f"mean {name} over training", higher=False)
    page = section.page(sentences.headline(found[True].verdict, phrasing), _CAPTION.format(name, until))
    for log, one in found.items():
        page.heading("Every doubling of the epochs alike" if log else "Every epoch alike")
        page.y += 1
        _forest_plot(page, findings, one, f"mean {name} (nats)")
    parts = [one.ranking.assign(scale="log" if log else "linear") for log, one in found.items()]
    return pd.concat(parts, ignore_index=True)[["setting", "scale", "n", "estimate", "low", "high", "p", "behind"]]


def _weighed(findings: Findings, curves: pd.DataFrame, column: str, until: float, log: bool) -> Comparison:
    means = mean_over_training(curves, column, until=until, log=log)
    runs = curves[["run_id", "setting", "seed"]].drop_duplicates("run_id")
    return findings.compare(runs.assign(value=runs["run_id"].map(means)).dropna(subset=["value"]), higher=False)


def _forest_plot(page: Page, findings: Findings, found: Comparison, axis: str) -> None:
    shown = found.ranking[found.ranking["n"] > 0].head(_MANY).to_dict("records")
    rows = []
    for row in shown:
        figures = (*numbers.estimate_and_bounds(row["estimate"], row["low"], row["high"]), str(row["n"]))
        rows.append(Row(name=row["setting"], figures=figures, line_style=findings.styles[row["setting"]]))
    axes = forest_plot(page, rows, axis, ("mean", "95 % interval", "runs"))
    for at, row in enumerate(shown):
        line_style = findings.styles[row["setting"]]
        if row["n"] > 1:
            dots(axes, found.values[row["setting"]].dropna(), at + 0.27, line_style)
        mark(axes, at, (row["estimate"], row["low"], row["high"]), line_style, hollow=row["behind"] or bool(row["aside"]))
