"""Page: the cover of a comparison, with the answer, the changes and the caveats."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Chart
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.plots import charts
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED
from nnbench.report.sentences.wording import outcomes
from nnbench.stats.signed_rank import LEVEL

_ROWS = 12


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the cover; return `Versus.shifts` of the primary measure."""
    page = section.page(f"Comparison of {' and '.join(versus.names)}")
    page.lead(wording.answer(versus, versus.primary))
    _forest_plot(page, versus)
    if limits := wording.caveats(versus):
        page.heading("Read this with care")
        page.bullets(limits)
    page.heading("Runs")
    for one in (versus.before, versus.after):
        page.paragraph(f"{one.study.name}: {outcomes(one.runs)}", small=True)
    page.contents()
    return versus.shifts(versus.primary)


def _forest_plot(page: Page, versus: Versus) -> None:
    """Draw a row for each setting: differences of seeds, difference of the interquartile means, and its interval."""
    by = versus.primary
    changes, pairs = versus.changes(by), versus.pairs(by)
    ended = pairs[np.isfinite(pairs[["before", "after"]]).all(axis=1)]
    differences = ended["after"] - ended["before"]
    made = [
        Row(
            name=change.setting,
            figures=(change.signed, change.bounds, f"{change.seeds} seeds" if change.ended < change.n else ""),
            mark_style=versus.styles[change.setting],
            estimate=(change.estimate, change.low, change.high),
            hollow=not change.differ,
            values=differences[ended["setting"] == change.setting],
        )
        for change in changes[:_ROWS]
    ]
    values = ended[["setting", "seed"]].assign(value=differences)
    shifts = versus.shifts(by)
    data = charts.intervals(
        versus.styles, shifts.assign(behind=~shifts["differ"], n=shifts["ended"]), values, f"change in {by.name}", zero=True
    )
    with page.interactive(Chart("intervals", [data])):
        axes = forest_plot(page, made, f"change in {by.name}", ("", "", ""))
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
    caption = (
        f"Mark: interquartile mean of {by.name} after, less that before; {'right' if by.higher else 'left'} of the line is "
        f"better. Small dots: differences of single seeds. Bar: its {numbers.INTERVAL}. Filled: a "
        "change is shown, by the Wilcoxon signed-rank test on the seeds (a t-test over searches and seeds for optimizers that "
        "several searches tuned), Holm-corrected over "
        f"{numbers.count(len(changes), 'setting')}, at level {LEVEL:g}."
    )
    if len(changes) > _ROWS:
        caption += f" The other {len(changes) - _ROWS} settings are on the page of differences."
    page.note(caption)
