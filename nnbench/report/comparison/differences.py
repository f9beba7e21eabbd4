"""Page: each setting by each measure: before, after and difference."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.report.blocks import Cell, Column, Table
from nnbench.report.comparison import wording
from nnbench.report.comparison.change import Change
from nnbench.report.comparison.pairing import Versus
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import NOTE, SMALL, WIDTH
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
        page.heading(
            f"{numbers.capitalized(metric.name)}{f' ({versus.after.loss_unit})' if metric.quantity == 'loss' else ''}"
        )
        page.blocks.append(table(versus, metric))
    return pd.concat(parts, ignore_index=True)


def table(versus: Versus, metric: Measure) -> Table:
    """Make the table of the changes in a measure."""
    rest = [
        Column("seeds", 14, size=SMALL, descending=True),
        Column("before", 24, "decimal", SMALL, descending=True),
        Column("after", 24, "decimal", SMALL, descending=True),
        Column("difference", 26, "decimal", SMALL, descending=True),
        Column("95 % interval", 32, size=NOTE),
        Column("p", 14, size=NOTE),
    ]
    setting = Column("setting", WIDTH - sum(column.width for column in rest), "left", SMALL)
    rows = [_row(versus, change) for change in versus.changes(metric)]
    return Table([setting, *rest], rows, f"{numbers.capitalized(metric.name)} before and after")


def _row(versus: Versus, change: Change) -> list[Cell]:
    before, after = change.sides
    return [
        Cell(change.setting, line_style=versus.styles[change.setting]),
        Cell(change.seeds, value=change.n),
        Cell(before, value=change.before),
        Cell(after, value=change.after),
        Cell(change.signed, bold=change.differ, value=change.estimate),
        Cell(change.bounds),
        Cell(numbers.p_value(change.p_holm), value=change.p_holm),
    ]
