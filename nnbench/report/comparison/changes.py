"""Page: differences in configuration, code and machine between the two studies."""

import re
from collections.abc import Callable

import pandas as pd

from nnbench.core.formatting import listing
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.plots import text
from nnbench.report.plots.sheet import Page, Section, line_height
from nnbench.report.plots.style import INK, LEAST, LEFT, MUTED, NOTE, SMALL, WIDTH
from nnbench.report.plots.table import Cell, Column, table
from nnbench.report.sentences import wording as study_wording

_CAPTION = (
    "The configuration that differs between the two studies, with the code and the machine. Several values are joined "
    "by commas."
)


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the page; return `Versus.differences`."""
    changes = versus.differences
    page = section.page(_title(versus), _CAPTION)
    heads = [Column("key", 44, "left", SMALL), Column("setting", 40, "left", SMALL)]
    rest = (WIDTH - 84) / 2
    columns = [*heads, Column("before", rest, "left", SMALL), Column("after", rest, "left", SMALL)]
    rows: list[list[Cell | str]] = [
        [row["key"], row["setting"] or "all", row["before"] or "none", row["after"] or "none"]
        for row in changes.to_dict("records")
    ]
    rows += [["runs", "", *(study_wording.outcomes(one.runs) for one in (versus.before, versus.after))]]
    page = table(page, columns, rows, section.next_page)
    page.y += 5
    for name, one in zip(("Before", "After"), (versus.before, versus.after), strict=True):
        page.heading(f"{name}: {study_wording.short_name(one.study.name)}")
        page.paragraph(study_wording.provenance(one.runs), size=SMALL, after=1)
        for command in one.study.sweeps["command"].dropna().drop_duplicates().tail(3):
            page.paragraph(command, size=NOTE, mono=True, after=1)
        page.y += 3
    _diff(page, versus, section.next_page)
    return changes


def _diff(page: Page, versus: Versus, next_page: Callable[[], Page]) -> None:
    """Write the diff of the sources."""
    if not versus.diff:
        return
    if page.room < 30:
        page = next_page()
    page.heading(f"What was changed in {listing(versus.code.differ)}")
    for line in versus.diff:
        if page.room < 8:
            page = next_page()
        indented = re.sub(r"^[-+]? *", lambda start: start[0].replace(" ", "\N{NO-BREAK SPACE}"), line)
        colour = MUTED if line.startswith(("---", "+++", "@@")) else INK
        for part in text.wrap(indented, LEAST, WIDTH, family=text.MONO) or [""]:
            page.write(LEFT, page.y, part, size=LEAST, colour=colour, mono=True)
            page.y += line_height(LEAST)


def _title(versus: Versus) -> str:
    keys = versus.configured
    code = " and the code" if versus.code.differ else ""
    if not keys:
        besides = wording.machine(versus)
        apart = f"; {listing(besides)} {'differs' if len(besides) == 1 else 'differ'}" if besides else ""
        if versus.code.same:
            return f"The two studies were configured in the same way, and run by the same code{apart}"
        return (
            f"The two studies differ in their code{apart or ' alone'}"
            if code
            else "The two studies were configured in the same way; the code is not known"
        )
    phrase = listing(keys) if len(keys) <= 3 else f"{len(keys)} things that were configured"
    return f"What differs: {phrase}{code}"
