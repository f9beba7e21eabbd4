"""The findings in sentences that claim no more than the tests show. Every title comes from here."""

import re
from collections.abc import Callable, Sequence

import pandas as pd

from nnbench.core.formatting import count, fixed, interval, listing, significant
from nnbench.records.measure import Measure
from nnbench.report.findings import code
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.measures import disagreements
from nnbench.report.plots.labels import cut, without_sections
from nnbench.report.sentences import verdict as sentences
from nnbench.report.sentences.verdict import Phrasing, sentence

_LONG = 48  # letters
_INDICES = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def verdict(findings: Findings, by: Measure) -> str:
    """Who is best by this metric, and by the judging metric also which others order the settings otherwise."""
    said = [best(findings, by), disagreement(findings) if by == findings.primary else ""]
    return " ".join(filter(None, said))


def best(findings: Findings, by: Measure) -> str:
    """Who is best by this metric, with interval and n, hedged as the tests demand."""
    found = findings.by(by).verdict
    if found.claim == "nothing":
        return _nothing(findings.runs)
    return sentence(found, phrasing(findings, by.full, higher=by.higher))


def disagreement(findings: Findings) -> str:
    """The other measures that order the settings otherwise, a sentence each; one for all that show no difference."""
    if findings.by(findings.primary).verdict.claim == "nothing":
        return ""
    said, silent = [], []
    pairs = findings.by(findings.primary).verdict.pairs
    for one in disagreements(findings):
        if one.kind == "nothing_shown":
            silent.append(f"by {one.metric.full}")
            continue
        orders = f"Kendall's tau of the two orders {fixed(one.tau, 2)}"
        if one.kind == "shown_here":
            phrases = f"{one.shown} of {count(pairs, 'pair')} {'is' if one.shown == 1 else 'are'} shown to differ"
        else:
            phrases = f"{short_name(one.first)} is first ({orders})"
        if one.kind == "reversed":
            many = len(one.reversed)
            phrases += f"; of the differences shown here, {many} {'is' if many == 1 else 'are'} shown reversed"
        said.append(f"By {one.metric.full} {phrases}.")
    if silent:
        said.append(f"{listing(silent)[0].upper()}{listing(silent)[1:]} no difference is shown.")
    return " ".join(said)


def headline(findings: Findings, by: Measure) -> str:
    """The verdict in the few words of a page's title."""
    return sentences.headline(findings.by(by).verdict, phrasing(findings, by.name, higher=by.higher))


def phrasing(
    findings: Findings, measure: str, *, higher: bool, printed: Callable[[float, float, float], str] = interval
) -> Phrasing:
    """How the sentences of `report.sentences` call the things of this study."""
    return Phrasing(measure=measure, higher=higher, interval=printed, noun=findings.noun, name=short_name)


def short_name(name: str) -> str:
    """A setting's name as a sentence bears it: of a long one, the sections of its keys and then its middle are left out."""
    return name if len(name) <= _LONG else cut(without_sections(name), lambda one: len(one) <= _LONG)


def left_out(names: Sequence[str], many: int, noun: str) -> str:
    """What a page that shows the first `many` of some names leaves out, as its caption says it; empty where it shows all."""
    rest = [short_name(name) for name in names[many:]]
    if not rest:
        return ""
    phrases = rest if len(rest) <= 3 else [*rest[:2], f"{len(rest) - 2} others"]
    return f" The first {many} of {len(names)} {noun}s; left out: {listing(phrases)}."


def hyperparameter_label(hyperparameter: str) -> str:
    """A hyperparameter's name as a sentence or an axis bears it: `learning rate`, `β₁`."""
    named = re.sub(r"\bbeta_(\d+)$", lambda found: "β" + found[1].translate(_INDICES), hyperparameter)
    return named.replace("_", " ")


def hyperparameter_value(value: object) -> str:
    """Format a hyperparameter's value; numbers to a few significant digits."""
    return significant(float(value)) if isinstance(value, float | int) else str(value)


def _nothing(runs: pd.DataFrame) -> str:
    if runs.empty:
        return "No run has been made yet."
    return f"No run came to its end, so nothing can be compared: {outcomes(runs)}."


def outcomes(runs: pd.DataFrame) -> str:
    """`40 runs: 36 finished, 4 diverged`."""
    phrases = [f"{number} {outcome}" for outcome, number in runs["outcome"].value_counts().items()]
    if len(phrases) == 1:
        return f"{count(len(runs), 'run')}, {'' if len(runs) == 1 else 'all '}{runs['outcome'].iloc[0]}"
    return f"{count(len(runs), 'run')}: {', '.join(phrases)}"


def distinct_values(runs: pd.DataFrame, column: str) -> list[str]:
    """The values that a column takes, as they are printed, in the order in which they appear; no two print alike."""
    values = runs[column].dropna().drop_duplicates().tolist() if column in runs else []
    return [_exact(value) if isinstance(value, float) else str(value) for value in values]


def _exact(value: float) -> str:
    """A number in six digits where these are all that it has, else in full."""
    return short if float(short := f"{value:g}") == value else repr(float(value))


def provenance(runs: pd.DataFrame) -> str:
    """One line: code, versions and machine."""
    prefixes = {"version": "nnbench ", "python": "Python ", "numpy": "NumPy ", "cpu": ""}
    phrases = [code.shown(runs)]
    for column, prefix in prefixes.items():
        values = distinct_values(runs, column)
        if values:
            phrases.append(prefix + listing(values if len(values) <= 3 else [*values[:2], f"{len(values) - 2} more"]))
    return "  \N{MIDDLE DOT}  ".join(phrases)
