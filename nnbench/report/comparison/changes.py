"""Page: differences in configuration, code and machine between the two studies."""

import pandas as pd

from nnbench.core.formatting import listing
from nnbench.report.blocks import Cell, Column
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import SMALL, WIDTH
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
    page.table(columns, rows, "What differs between the two studies")
    for name, one in zip(("Before", "After"), (versus.before, versus.after), strict=True):
        page.heading(f"{name}: {study_wording.short_name(one.study.name)}")
        page.paragraph(study_wording.provenance(one.runs), small=True)
        for command in one.study.sweeps["command"].dropna().drop_duplicates().tail(3):
            page.code(command)
    if versus.diff:
        page.heading(f"What was changed in {listing(versus.code.differ)}")
        page.code("\n".join(versus.diff))
    return changes


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
