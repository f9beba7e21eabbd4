"""Write the report on two studies side by side, in the same files as a report on one study."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from nnbench.core.formatting import INTERVAL, capitalized
from nnbench.records.study import Study
from nnbench.report.comparison import PAGES, changes, cover, curves, differences, seeds, wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.findings import code
from nnbench.report.findings.findings import Findings
from nnbench.report.outputs import markdown
from nnbench.report.outputs.document import Composition, Progress, assemble, no_progress
from nnbench.report.outputs.files import Report, make
from nnbench.report.plots.page import Section
from nnbench.report.sentences.wording import outcomes

_DRAW: dict[str, Callable[[Section, Versus], pd.DataFrame]] = {
    "cover": cover.draw,
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
        summary=lambda made: _summary(made, versus),
        known=PAGES,
        progress=progress,
    )


def compose(versus: Versus, progress: Progress = no_progress) -> Composition:
    """Draw the pages, under the style that is set."""
    name = " and ".join(versus.names)
    return assemble(
        PAGES,
        lambda page, section: _DRAW[page](section, versus),
        title=f"Comparison of {name}",
        name=f"{versus.before.study.name}-vs-{versus.after.study.name}",
        answer=lambda: wording.answer(versus, versus.primary),
        caveats=lambda: wording.caveats(versus),
        version=code.describe(pd.concat([versus.before.runs, versus.after.runs])),
        styles=lambda: versus.styles,
        progress=progress,
    )


def _summary(made: Composition, versus: Versus) -> str:
    """The summary: the answer, each setting's change, what differs, and the caveats."""
    tables = [
        f"{capitalized(metric.name)}:\n\n{markdown.table(differences.table(versus, metric))}" for metric in versus.metrics
    ]
    lines = []
    for row in versus.differences.to_dict("records"):
        which = f" of {markdown.escape(row['setting'])}" if row["setting"] else ""
        sides = [markdown.escape(row[side] or "none") for side in ("before", "after")]
        lines.append(f"{markdown.code(row['key'])}{which}: {sides[0]} before, {sides[1]} after")
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
            ("What differs", markdown.bullets([*lines, *runs])),
            ("What was changed in the source", _fenced(versus.diff)),
            ("Read this with care", markdown.care(made)),
        ],
    )


def _fenced(lines: Sequence[str]) -> str:
    """Format a diff as a Markdown code block, delimited by more backticks than it has in a row."""
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return f"{fence}diff\n{chr(10).join(lines)}\n{fence}" if lines else ""
