"""Summary of a report in Markdown, to paste into a pull request."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from nnbench.core.formatting import INTERVAL, MISSING, duration
from nnbench.report.findings import finals
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import references
from nnbench.report.outputs.document import Composition, kind_of
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


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table of Markdown cells, the first column aligned left and the others right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Sequence[str]) -> str:
    """Format a list of Markdown lines."""
    return "\n".join(f"- {line}" for line in lines)


def document(made: Composition, parts: Sequence[tuple[str, str]]) -> str:
    """Format a summary: title, answer, and parts with optional headings; empty parts are left out."""
    sentences = [f"## {escape(made.title)}: {escape(made.name)}", f"**{escape(made.answer)}**"]
    sentences += ["\n\n".join(filter(None, (heading and f"### {heading}", body))) for heading, body in parts if body]
    return "\n\n".join(sentences) + "\n"


def summary(made: Composition, findings: Findings) -> str:
    """The summary of a study: the answer, final values, runs and caveats."""
    missing = [f"Not shown: {kind_of(name).lower()}, because {escape(reason)}." for name, reason in made.missing]
    return document(
        made,
        [
            ("", _finals(findings)),
            ("How it was run", bullets(_run(findings))),
            ("Read this with care", bullets([escape(caveat) for caveat in made.caveats] + missing)),
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
    known = finals.measures(findings)
    by_measure = {metric.head: finals.finals(findings, metric) for metric in known}
    times = finals.times(findings)
    rows = []
    for setting, (runs, lost) in finals.counts(findings).items():
        cells = [escape(setting), f"{runs} ({lost})" if lost else str(runs)]
        for of in by_measure.values():
            one = of[setting]
            cells.append(f"{f'**{one.text}**' if one.best else one.text} {one.bounds}".rstrip())
        rows.append([*cells, duration(times[setting]) if setting in times else MISSING])
    has_interval = any(one.bounds for of in by_measure.values() for one in of.values())
    caption = f"Interquartile mean over seeds{f' with its {INTERVAL}' if has_interval else ''}."
    if any(one.best for of in by_measure.values() for one in of.values()):
        caption += " Bold: the best of a column and all that are not shown to differ from it."
    compared = escape(references(findings.runs).sentence())
    return f"{table(['setting', 'runs', *by_measure, 'time a run'], rows)}\n\n{caption} {compared}".rstrip()


def _run(findings: Findings) -> list[str]:
    lines = []
    if len(findings.runs):
        lines.append(escape(wording.outcomes(findings.runs)))
    lines += [code(command) for command in findings.study.sweeps["command"].dropna().drop_duplicates()]
    if made_by := wording.provenance(findings.runs):
        lines.append(escape(made_by))
    return lines
