"""Write the report on two studies side by side, in the same files as a report on one study."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from nnbench.core.formatting import INTERVAL, capitalized, p_value
from nnbench.records.study import Study
from nnbench.report.comparison import PAGES, changes, cover, curves, differences, seeds, wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.errors import ErrorLog
from nnbench.report.findings import code
from nnbench.report.findings.findings import Findings
from nnbench.report.outputs import chart_data as charts
from nnbench.report.outputs import html as webpage
from nnbench.report.outputs import markdown
from nnbench.report.outputs.document import NO_ANSWER, Composition, Progress, draw_all, finish, no_progress
from nnbench.report.outputs.files import Report, make
from nnbench.report.outputs.markup import BLOCKS, Cell, Column, table
from nnbench.report.plots.sheet import Section
from nnbench.report.sentences.wording import outcomes

_DRAW: dict[str, Callable[[Section, Versus], pd.DataFrame]] = {
    "differences": differences.draw,
    "seeds": seeds.draw,
    "loss": curves.loss,
    "accuracy": curves.accuracy,
    "changes": changes.draw,
}


def write(before: Study, after: Study, folder: Path, *, progress: Progress = no_progress) -> Report:
    """Write the comparison of two studies into `folder`; the same studies give the same bytes.

    Raises:
        UserError: they have no setting in common with completed runs.
    """
    versus = Versus(Findings(before), Findings(after))
    return make(
        folder,
        partial(compose, versus, progress),
        web=lambda made, figures: _web(made, versus, figures),
        summary=lambda made: _summary(made, versus),
        known=PAGES,
        progress=progress,
    )


def compose(versus: Versus, progress: Progress = no_progress) -> Composition:
    """Draw the pages, under the style that is set."""

    def draw(name: str, section: Section, contents: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
        return cover.draw(section, versus, contents) if name == "cover" else _DRAW[name](section, versus)

    errors = ErrorLog()
    parts, missing = draw_all(PAGES, draw, errors, progress)
    name = " and ".join(versus.names)
    both = pd.concat([versus.before.runs, versus.after.runs])
    return Composition(
        title=f"Comparison of {name}",
        name=f"{versus.before.study.name}-vs-{versus.after.study.name}",
        answer=errors.run("answer", lambda: wording.answer(versus, versus.primary)) or NO_ANSWER,
        caveats=errors.run("caveats", lambda: wording.caveats(versus)) or [],
        parts=parts,
        missing=missing,
        sheets=finish(parts, missing, name, code.describe(both)),
        errors=errors,
    )


def _summary(made: Composition, versus: Versus) -> str:
    """The summary: the answer, each setting's change, what differs, and the caveats."""
    heads = ["setting", "seeds", "before", "after", "difference", "p"]
    tables = []
    for metric in versus.metrics:
        rows = []
        for change in versus.changes(metric):
            words = f"{f'**{change.signed}**' if change.differ else change.signed} {change.bounds}".rstrip()
            rows.append([markdown.escape(change.setting), change.seeds, *change.sides, words, p_value(change.p_holm)])
        tables.append(f"{capitalized(metric.name)}:\n\n{markdown.table(heads, rows)}")
    changes = []
    for row in versus.differences.to_dict("records"):
        which = f" of {markdown.escape(row['setting'])}" if row["setting"] else ""
        sides = [markdown.escape(row[side] or "none") for side in ("before", "after")]
        changes.append(f"{markdown.code(row['key'])}{which}: {sides[0]} before, {sides[1]} after")
    runs = [f"{markdown.escape(one.study.name)}: {outcomes(one.runs)}" for one in (versus.before, versus.after)]
    said = (
        "Interquartile means over the seeds completed in both, and their difference with its "
        f"{INTERVAL}. "
        "Bold: a change is shown (Wilcoxon signed-rank test on all seeds, a diverged run worse than any other; "
        "Holm-corrected)."
    )
    return markdown.document(
        made,
        [
            ("", "\n\n".join([*tables, said])),
            ("What differs", markdown.bullets([*changes, *runs])),
            ("What was changed in the source", _fenced(versus.diff)),
            ("Read this with care", markdown.bullets([markdown.escape(words) for words in made.caveats])),
        ],
    )


def _web(made: Composition, versus: Versus, figures: Mapping[str, Sequence[str]]) -> str:
    web, by = webpage.Web(versus.styles), versus.primary
    pairs, shifts = versus.pairs(by), versus.shifts(by)
    values = pairs[["setting", "seed"]].assign(value=pairs["after"] - pairs["before"])
    values = values[np.isfinite(values["value"])]
    rows = shifts.assign(behind=~shifts["differ"], n=shifts["ended"])
    data = charts.intervals(versus.styles, rows, values, f"change in {by.name}", zero=True)
    key = (
        "Mark: difference of the interquartile means, hollow where no change is shown. "
        f"Bar: its {INTERVAL}. "
        "Dots: single seeds."
    )
    overview = web.chart("intervals", data) + BLOCKS.caption(key)
    facts = Markup().join(BLOCKS.caption(f"{one.study.name}: {outcomes(one.runs)}") for one in (versus.before, versus.after))
    interactive = {"differences": _differences(web, versus), "changes": _changes(versus)}
    bodies = {
        name: interactive.get(name) or webpage.pictures(part, figures[name])
        for name, part in made.parts.items()
        if name != "cover"
    }
    return web.render(made, made.title, overview, facts, bodies)


def _differences(web: webpage.Web, versus: Versus) -> Markup:
    columns = [Column(head="setting", kind="text"), Column(head="measure", kind="text"), Column(head="seeds", descending=True)]
    columns += [Column(head=head, descending=True) for head in ("before", "after", "difference")]
    columns.append(Column(head="p"))
    rows = []
    for metric in versus.metrics:
        for change in versus.changes(metric):
            before, after = change.sides
            row = [web.setting(change.setting), Cell(text=metric.name), Cell(text=change.seeds, value=change.n)]
            row += [Cell(text=before, value=change.before), Cell(text=after, value=change.after)]
            row.append(Cell(text=change.signed, value=change.estimate, note=change.bounds, bold=change.differ))
            rows.append([*row, Cell(text=p_value(change.p_holm), value=change.p_holm)])
    return table(columns, rows, "Each setting before and after")


def _changes(versus: Versus) -> Markup:
    columns = [Column(head=head, kind="text") for head in ("key", "setting", "before", "after")]
    rows = [
        [Cell(text=text) for text in (row["key"], row["setting"] or "all", row["before"] or "none", row["after"] or "none")]
        for row in versus.differences.to_dict("records")
    ]
    found = table(columns, rows, "What differs between the two studies")
    return found + BLOCKS.code("\n".join(versus.diff)) if versus.diff else found


def _fenced(lines: Sequence[str]) -> str:
    """Format a diff as a Markdown code block, delimited by more backticks than it has in a row."""
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return f"{fence}diff\n{chr(10).join(lines)}\n{fence}" if lines else ""
