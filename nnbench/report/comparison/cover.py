"""Page: the cover of a comparison, with the answer, the changes and the caveats."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.pages.cover import write_caveats, write_contents
from nnbench.report.plots import text
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.sheet import Page, Section
from nnbench.report.plots.style import BODY, MUTED
from nnbench.stats.signed_rank import LEVEL


def draw(section: Section, versus: Versus, contents: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
    """Draw the cover; return `Versus.shifts` of the primary measure."""
    pages = (_page(versus, contents, rows) for rows in (12, 9, 6, 3))
    section.pages.append(next((page for page in pages if page.room >= 0), None) or _page(versus, contents, 3))
    return versus.shifts(versus.primary)


def _page(versus: Versus, contents: Sequence[tuple[str, str, int]], rows: int) -> Page:
    """Draw the cover with `rows` settings in its forest plot; the page of differences has all of them."""
    names = " and ".join(text.legible(name) for name in versus.names)
    page = Page(f"Comparison of {names}")
    page.paragraph("nnbench  \N{MIDDLE DOT}  two studies, paired by seed", size=BODY, colour=MUTED, after=2.5)
    page.paragraph(f"Comparison of {names}", size=20, bold=True, after=5)
    page.paragraph(wording.answer(versus, versus.primary), size=13.5, after=7)
    _forest_plot(page, versus, rows)
    write_caveats(page, wording.caveats(versus))
    page.y += 4.5
    write_contents(page, contents)
    return page


def _forest_plot(page: Page, versus: Versus, rows: int) -> None:
    """Draw a row for each setting: differences of seeds, difference of the interquartile means, and its interval."""
    by = versus.primary
    changes, pairs = versus.changes(by), versus.pairs(by)
    ended = pairs[np.isfinite(pairs[["before", "after"]]).all(axis=1)]
    differences = ended["after"] - ended["before"]
    shown = changes[:rows]
    made = [
        Row(
            name=change.setting,
            figures=(change.signed, change.bounds, f"{change.seeds} seeds" if change.ended < change.n else ""),
            mark_style=versus.styles[change.setting],
            estimate=(change.estimate, change.low, change.high),
            hollow=not change.differ,
            values=differences[ended["setting"] == change.setting],
        )
        for change in shown
    ]
    axes = forest_plot(page, made, f"change in {by.name}", ("", "", ""), gap=2.5)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
    caption = (
        f"Mark: interquartile mean of {by.name} after, less that before; {'right' if by.higher else 'left'} of the line is "
        f"better. Small dots: differences of single seeds. Bar: its {numbers.INTERVAL}. Filled: a "
        "change is shown, by the Wilcoxon signed-rank test on the seeds (a t-test over searches and seeds for optimizers that "
        "several searches tuned), Holm-corrected over "
        f"{numbers.count(len(changes), 'setting')}, at level {LEVEL:g}."
    )
    if len(changes) > rows:
        caption += f" The other {len(changes) - rows} settings are on the page of differences."
    page.note(caption, after=7)
