"""Findings as sentences, which claim only what the tests show."""

import re
from collections.abc import Callable, Sequence

import pandas as pd

from nnbench.core.formatting import capitalized, count, fixed, interval, listing, significant
from nnbench.records.measure import Measure
from nnbench.report.findings import code
from nnbench.report.findings.epochs import is_sampled
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.measures import disagreements
from nnbench.report.sentences import conclusion as sentences
from nnbench.report.sentences.conclusion import Phrasing, sentence
from nnbench.report.sentences.names import cut, without_sections

_LONG = 48  # letters
_INDICES = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def answer(findings: Findings, by: Measure) -> str:
    """State the best setting by a measure; for the primary measure, also which other measures disagree."""
    sentences = [best(findings, by), disagreement(findings) if by == findings.primary else ""]
    return " ".join(filter(None, sentences))


def best(findings: Findings, by: Measure) -> str:
    """State the best setting by a measure, with interval and n, as far as the tests show it."""
    found = findings.by(by).conclusion
    if found.claim == "nothing":
        return _nothing(findings.runs)
    return sentence(found, phrasing(findings, by.full, higher=by.higher))


def disagreement(findings: Findings) -> str:
    """One sentence for the measures that disagree with the primary one in the same way; last, those without a difference."""
    if findings.by(findings.primary).conclusion.claim == "nothing":
        return ""
    groups: dict[str, list[str]] = {}  # what is said -> of which measures
    silent = []
    pairs = findings.by(findings.primary).conclusion.pairs
    for one in disagreements(findings):
        if one.kind == "nothing_shown":
            silent.append(f"by {one.metric.full}")
            continue
        orders = f"Kendall's tau of the two orders {fixed(one.tau, 2)}"
        if one.kind == "shown_here":
            those = f"{one.differing} of {pairs} pairs" if pairs > 1 else f"the two {findings.noun}s"
            phrases = f"{those} {'is' if one.differing == 1 < pairs else 'are'} shown to differ"
        else:
            phrases = f"{short_name(one.first)} is first ({orders})"
        if one.kind == "reversed":
            many = len(one.reversed)
            phrases += f"; of the differences shown here, {many} {'is' if many == 1 else 'are'} shown reversed"
        groups.setdefault(phrases, []).append(f"by {one.metric.full}")
    if silent:
        groups["no difference is shown"] = silent
    return " ".join(f"{capitalized(listing(measures))}, {phrases}." for phrases, measures in groups.items())


def headline(findings: Findings, by: Measure) -> str:
    """The answer as a page title."""
    return sentences.headline(findings.by(by).conclusion, phrasing(findings, by.head, higher=by.higher))


def phrasing(
    findings: Findings, measure: str, *, higher: bool, printed: Callable[[float, float, float], str] = interval
) -> Phrasing:
    """The phrasing of this study, for `report.sentences.conclusion`."""
    return Phrasing(measure=measure, higher=higher, interval=printed, noun=findings.noun, name=short_name)


def test(findings: Findings) -> str:
    """The test that compares settings."""
    if findings.searches > 1:
        return "t-test on ranks over searches and seeds"
    return "Wilcoxon signed-rank test on runs paired by seed"


def short_name(name: str) -> str:
    """Shorten a setting's name for a sentence: key sections are removed first, then the middle."""
    return name if len(name) <= _LONG else _shortened(without_sections(name))


def first_evaluated(findings: Findings) -> str:
    """Caption sentence about times to a target that are not exact; empty where they are."""
    if not is_sampled(findings):
        return ""
    return (
        f" With mini-batches or dropout, the training {findings.score_name} is measured only at the evaluated epochs: a time "
        "is the first of these at which the target is reached."
    )


def left_out(names: Sequence[str], many: int, noun: str) -> str:
    """Caption sentence about the names after the first `many`; empty where there are none."""
    rest = [short_name(name) for name in names[many:]]
    if not rest:
        return ""
    phrases = rest if len(rest) <= 3 else [*rest[:2], f"{len(rest) - 2} others"]
    return f" The first {many} of {len(names)} {noun}s; left out: {listing(phrases)}."


def first_of(number: int, many: int, noun: str = "setting") -> str:
    """Sentence of a page that shows `many` settings or other things at most; empty where there are no more."""
    return f"The first {many} of {number} {noun}s; the CSV file of this page has all." if number > many else ""


def pooled(findings: Findings) -> str:
    """Caption sentence of pages that take the configurations of several searches together; empty where there is one search."""
    selection = findings.study.selection
    searches = selection["search"].nunique() if len(selection) else 0
    if searches < 2:
        return ""
    return (
        f" The configurations of all {searches} searches are taken together; each search tried its own on its own seeds, so a "
        "part of the differences between configurations is one between seeds."
    )


def hyperparameter_label(hyperparameter: str) -> str:
    """Format a hyperparameter's name: `learning rate`, `β₁`, `network initial scale`."""
    named = re.sub(r"\bbeta_(\d+)$", lambda found: "β" + found[1].translate(_INDICES), hyperparameter)
    return _shortened(named.removesuffix(".name").replace("_", " ").replace(".", " "))


def hyperparameter_value(value: object) -> str:
    """Format a hyperparameter's value; numbers to a few significant digits."""
    return significant(float(value)) if isinstance(value, float | int) else _shortened(str(value))


def _shortened(words: str) -> str:
    """Cut a text of a user that would fill a title or a row: whatever follows would have no room on its page."""
    return cut(words, lambda one: len(one) <= _LONG)


def _nothing(runs: pd.DataFrame) -> str:
    if runs.empty:
        return "No run has been made yet."
    return f"No run was completed, so nothing can be compared: {outcomes(runs)}."


def outcomes(runs: pd.DataFrame) -> str:
    """`40 runs: 36 finished, 4 diverged`."""
    phrases = [f"{number} {outcome}" for outcome, number in runs["outcome"].value_counts().items()]
    if len(phrases) == 1:
        return f"{count(len(runs), 'run')}, {'' if len(runs) == 1 else 'all '}{runs['outcome'].iloc[0]}"
    return f"{count(len(runs), 'run')}: {', '.join(phrases)}"


def distinct_values(runs: pd.DataFrame, column: str) -> list[str]:
    """Distinct values of a column as text, in order of appearance; different values have different texts."""
    values = runs[column].dropna().drop_duplicates().tolist() if column in runs else []
    return [_exact(value) if isinstance(value, float) else str(value) for value in values]


def _exact(value: float) -> str:
    """Format a number in six digits if that is exact, else in full."""
    return short if float(short := f"{value:g}") == value else repr(float(value))


def provenance(runs: pd.DataFrame) -> str:
    """One line: code, versions and machine."""
    prefixes = {"version": "nnbench ", "python": "Python ", "numpy": "NumPy ", "cpu": ""}
    phrases = [code.describe(runs)]
    for column, prefix in prefixes.items():
        values = distinct_values(runs, column)
        if values:
            phrases.append(prefix + listing(values if len(values) <= 3 else [*values[:2], f"{len(values) - 2} more"]))
    return "  \N{MIDDLE DOT}  ".join(phrases)
