"""Page: provenance: settings, commands, code, machine and configuration."""

from itertools import zip_longest

import pandas as pd

from nnbench.core.keys import CLASSES, LABEL, STORAGE, SUBJECT, hyperparameter, is_config_key, is_of_subject, is_within
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings import code
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import NOTE, SMALL, WIDTH
from nnbench.report.sentences import wording

_BLOCKS = {
    "command": "Commands",
    "made by": "Code and machine",
    "varied": "Other values that vary between runs",
    "common": "The same for all runs",
}
_NOT_SET = "not set"  # in the runs of options that have no such key
_MOST = 600  # letters of a value


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return its rows.

    Returns:
        `kind` (setting, command, made by, varied, common), `key`, `value`; several values are joined by semicolons.
    """
    runs = findings.runs
    if runs.empty:
        raise NoDataError("there is no run")
    result = _collect(findings)
    page = section.page(_title(runs))
    _settings(page, findings, result[result["kind"] == "setting"])
    for kind, heading in _BLOCKS.items():
        _pairs(page, heading, result[result["kind"] == kind])
    return result


def _title(runs: pd.DataFrame) -> str:
    known, unknown = code.versions(runs)
    if known > 1:
        return f"The runs come from {known} versions of the code: compare them with care"
    if "yes" in _distinct(runs, "dirty"):
        return "The code had uncommitted changes: the runs cannot be repeated from the commit alone"
    if unknown:
        return f"The code of {f'{unknown} of {len(runs)}' if unknown < len(runs) else 'these'} runs is not known"
    return f"All runs come from one version of the code, {code.describe(runs)}"


def _collect(findings: Findings) -> pd.DataFrame:
    """Collect all rows, in the order of the page."""
    runs = findings.runs
    leaves = [key for key in runs.columns if is_config_key(key) and not is_within(key, STORAGE)]
    given = [key for key in leaves if is_of_subject(key) and key != LABEL]
    rows = []
    for setting, group in findings.ordered(runs).groupby("setting", sort=False):
        hyperparameters = {hyperparameter(key): wording.distinct_values(group, key) for key in given}
        if hyperparameters.get(SUBJECT.class_field) == [findings.base_labels[str(setting)]]:
            del hyperparameters[SUBJECT.class_field]  # the label says it
        rows.append(
            (
                "setting",
                setting,
                ", ".join(f"{key} {' or '.join(values)}" for key, values in hyperparameters.items() if values),
            )
        )
    rows += [("command", str(at), command) for at, command in enumerate(findings.commands, 1)]
    rows += [("made by", f"source of {name}", code.versions_of(runs, name)) for name in _sources(runs)]
    if left := code.left_out(findings.study):
        rows.append(("made by", "earlier code", left))
    rows += [("made by", called, "; ".join(_distinct(runs, key))) for key, called in code.MADE_BY.items() if key in runs]
    for key in ["seed", *(key for key in leaves if not is_of_subject(key))]:
        if values := wording.distinct_values(runs, key):
            values += [_NOT_SET] if runs[key].isna().any() else []
            rows.append(("varied" if len(values) > 1 else "common", key, "; ".join(values)))
    return pd.DataFrame(rows, columns=["kind", "key", "value"])


def _sources(runs: pd.DataFrame) -> list[str]:
    """The classes that the runs are of, and nnbench itself, where the digest of any source is known."""
    if not wording.distinct_values(runs, "code"):
        return []
    return [code.PACKAGE, *(name for column in CLASSES for name in wording.distinct_values(runs, column))]


def _distinct(runs: pd.DataFrame, key: str) -> list[str]:
    """As `wording.distinct`, with yes and no for what is true and false."""
    yes_no = {"true": "yes", "false": "no"}
    return [yes_no.get(value.lower(), value) for value in wording.distinct_values(runs, key)]


def _settings(page: Page, findings: Findings, rows: pd.DataFrame) -> None:
    """Add the table of settings with their hyperparameters."""
    columns = [Column("setting", 62, "left", SMALL), Column("hyperparameters", WIDTH - 62, "left", SMALL)]
    cells: list[list[Cell | str]] = [
        [Cell(key, line_style=findings.styles[key]), value] for key, value in rows[["key", "value"]].itertuples(index=False)
    ]
    page.table(columns, cells, "The settings and their hyperparameters")


def _pairs(page: Page, heading: str, rows: pd.DataFrame) -> None:
    """Add a table of keys and values below a heading, in two columns where they are short."""
    if rows.empty:
        return
    page.heading(heading)
    mono = heading == _BLOCKS["command"]
    pairs: list[list[Cell | str]] = [
        [Cell(key, faint=True), _short(value)] for key, value in rows[["key", "value"]].itertuples(index=False)
    ]
    width = 8 if mono else 46
    if heading == _BLOCKS["common"]:
        half = -(-len(pairs) // 2)
        nothing: list[Cell | str] = ["", ""]
        pairs = [left + right for left, right in zip_longest(pairs[:half], pairs[half:], fillvalue=nothing)]
        columns = [Column("", width, "left", SMALL), Column("", WIDTH / 2 - width, "left", SMALL)] * 2
    else:
        columns = [Column("", width, "left", SMALL), Column("", WIDTH - width, "left", NOTE if mono else SMALL, mono)]
    page.table(columns, pairs, heading)


def _short(value: str) -> str:
    """Truncate a long value; the CSV has all of it."""
    return value if len(value) <= _MOST else f"{value[:_MOST]}…"
