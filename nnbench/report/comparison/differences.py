"""Page: each setting by each measure: before, after and difference."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.comparison import wording
from nnbench.report.comparison.change import Change
from nnbench.report.comparison.pairing import Versus
from nnbench.report.plots.sheet import Section, line_height
from nnbench.report.plots.style import NOTE, SMALL, WIDTH
from nnbench.report.plots.table import Cell, Column, table
from nnbench.stats.signed_rank import LEVEL

_CAPTION = (
    "Interquartile means over the seeds whose runs were completed in both studies, and their difference with its "
    f"{numbers.INTERVAL}. p: Wilcoxon signed-rank test of the differences of all seeds, a diverged run worse than any other, "
    f"Holm-corrected over the settings of a measure. Bold: a change is shown, at level {LEVEL:g}."
)


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the page; return `Versus.shifts` of each `measure`."""
    page = section.page(wording.headline(versus, versus.primary), _CAPTION)
    parts = []
    for metric in versus.metrics:
        parts.append(versus.shifts(metric).assign(measure=metric.name))
        if page.room < 40:
            page = section.next_page()
        page.heading(
            f"{numbers.capitalized(metric.name)}{f' ({versus.after.loss_unit})' if metric.quantity == 'loss' else ''}"
        )
        page.y += 0.8
        rows = [_row(versus, change) for change in versus.changes(metric)]
        rest = [
            Column("seeds", 14, size=SMALL),
            Column("before", 24, "decimal", SMALL),
            Column("after", 24, "decimal", SMALL),
            Column("difference", 26, "decimal", SMALL),
            Column("95 % interval", 32, size=NOTE),
            Column("p", 14, size=NOTE),
        ]
        setting = Column("", WIDTH - sum(column.width for column in rest), "left", SMALL)
        page = table(page, [setting, *rest], rows, section.next_page, gap=0.8)
        page.y += line_height(SMALL)
    return pd.concat(parts, ignore_index=True)


def _row(versus: Versus, change: Change) -> list[Cell | str]:
    return [
        Cell(change.setting, line_style=versus.styles[change.setting]),
        change.seeds,
        *change.sides,
        Cell(change.signed, bold=change.differ),
        change.bounds,
        numbers.p_value(change.p_holm),
    ]
