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

# What Markdown, its mathematics and HTML would take for a mark; an underscore within a word is none.
_MARKS = re.compile(r"[\\`*<>|~$&]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")


def escape(text: str) -> str:
    """Text as Markdown shows it: on one line, every letter as it is."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """Text as code on a line: fenced by more backticks than it holds in a row."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already, the first column to the left and the others to the right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Sequence[str]) -> str:
    """A list of what is Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def document(made: Composition, parts: Sequence[tuple[str, str]]) -> str:
    """A summary: the title, the answer, and parts under headings; the first needs none, and an empty one is left out."""
    sentences = [f"## {escape(made.title)}: {escape(made.name)}", f"**{escape(made.answer)}**"]
    sentences += ["\n\n".join(filter(None, (heading and f"### {heading}", body))) for heading, body in parts if body]
    return "\n\n".join(sentences) + "\n"


def summary(made: Composition, findings: Findings) -> str:
    """What a study says: the answer, where each setting ended up, how it was run, and what to be careful about."""
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
    """Where the reports on the tasks of a study are: of each its name, its PDF, and its answer.

    Args:
        name: of the study.
        reports: one a task.
        folder: from which the links lead.
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
    sentences = f"Interquartile mean over seeds{f' with its {INTERVAL}' if has_interval else ''}."
    if any(one.best for of in by_measure.values() for one in of.values()):
        sentences += " Bold: the best of a column and all that are not shown to differ from it."
    compared = escape(references(findings.runs).sentence())
    return f"{table(['setting', 'runs', *by_measure, 'time a run'], rows)}\n\n{sentences} {compared}".rstrip()


def _run(findings: Findings) -> list[str]:
    lines = []
    if len(findings.runs):
        lines.append(escape(wording.outcomes(findings.runs)))
    lines += [code(command) for command in findings.study.sweeps["command"].dropna().drop_duplicates()]
    if made_by := wording.provenance(findings.runs):
        lines.append(escape(made_by))
    return lines
