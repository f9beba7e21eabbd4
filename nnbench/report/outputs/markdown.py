"""Summary of a report in Markdown, to paste into a pull request."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from nnbench.core.formatting import INTERVAL
from nnbench.report.blocks import Cell, Table
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import references
from nnbench.report.outputs.document import Composition, kind_of
from nnbench.report.plots import finals
from nnbench.report.sentences import wording

# Characters with a meaning in Markdown, its mathematics or HTML; an underscore within a word has none.
_MARKS = re.compile(r"[\\`*<>|~$&]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")


def escape(text: str) -> str:
    """Escape a text so that Markdown shows it literally, on one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """Format a text as inline code, delimited by more backticks than it has in a row."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def table(block: Table) -> str:
    """Format a table, its texts aligned left and its numbers right."""
    heads = [escape(column.head) for column in block.columns]
    lines = [heads, [":--" if column.align == "left" else "--:" for column in block.columns]]
    lines += [[_cell(cell) for cell in row] for row in block.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    """The text of a cell with its note: in brackets unless it is an interval."""
    words = escape(cell.words)
    words = f"**{words}**" if cell.bold else words
    if not cell.note:
        return words
    return f"{words} {cell.note if cell.note.startswith('[') else f'({escape(cell.note)})'}"


def bullets(lines: Sequence[str]) -> str:
    """Format a list of Markdown lines."""
    return "\n".join(f"- {line}" for line in lines)


def document(made: Composition, parts: Sequence[tuple[str, str]]) -> str:
    """Format a summary: title, answer, and parts with optional headings; empty parts are left out."""
    sentences = [f"## {escape(made.title)}: {escape(made.name)}", f"**{escape(made.answer)}**"]
    sentences += ["\n\n".join(filter(None, (heading and f"### {heading}", body))) for heading, body in parts if body]
    return "\n\n".join(sentences) + "\n"


def care(made: Composition) -> str:
    """Format the caveats and the pages that are not shown."""
    missing = [f"Not shown: {kind_of(name).lower()}, because {escape(reason)}." for name, reason in made.missing]
    return bullets([*map(escape, made.caveats), *missing])


def summary(made: Composition, findings: Findings) -> str:
    """The summary of a study: the answer, final values, runs and caveats."""
    return document(
        made,
        [
            ("", _finals(findings)),
            ("How it was run", bullets(_run(findings))),
            ("Read this with care", care(made)),
        ],
    )


def contents(name: str, reports: Sequence[tuple[str, Path, str]], folder: Path) -> str:
    """The list of the reports on a study's tasks, each with its name, a link to its PDF, and its answer.

    Args:
        name: of the study.
        reports: one a task.
        folder: to which the links are relative.
    """
    sentences = [
        f"[{escape(one)}]({quote(pdf.relative_to(folder).as_posix())}): {escape(answer)}" for one, pdf, answer in reports
    ]
    about = f"{len(reports)} tasks, each with a report of its own: nothing is ranked across tasks."
    return f"## {escape(name)}\n\n{about}\n\n{bullets(sentences)}\n"


def _finals(findings: Findings) -> str:
    if findings.scored.empty:
        return ""
    block = finals.table(findings, finals.measures(findings), "", lambda measure: measure.head)
    cells = [cell for row in block.rows for cell in row[2:]]
    caption = f"Interquartile mean over seeds{f' with its {INTERVAL}' if any(one.note for one in cells) else ''}."
    if any(one.bold for one in cells):
        caption += " Bold: the best of a column and all that are not shown to differ from it."
    compared = escape(references(findings.runs).sentence())
    return f"{table(block)}\n\n{caption} {compared}".rstrip()


def _run(findings: Findings) -> list[str]:
    lines = []
    if len(findings.runs):
        lines.append(escape(wording.outcomes(findings.runs)))
    lines += [code(command) for command in findings.study.sweeps["command"].dropna().drop_duplicates()]
    if made_by := wording.provenance(findings.runs):
        lines.append(escape(made_by))
    return lines
