"""The findings in sentences that claim no more than the tests show. Every title and caveat comes from here."""

import re
from collections.abc import Callable

import pandas as pd

from nnbench.report.findings import Findings, Metric
from nnbench.report.numbers import count, interval, listing
from nnbench.stats import verdict as stats
from nnbench.stats.interquartile import LEAST
from nnbench.stats.verdict import Words, sentence

_LONG = 36  # letters
_INDICES = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_TASK = ("dataset.", "draws.", "training.epochs")  # what makes one run's task another than another's, beside the seed


def verdict(findings: Findings, by: Metric) -> str:
    """Who is best by this metric, with interval and n, hedged as the tests demand."""
    found = findings.by(by).verdict
    if not found.best:
        return _nothing(findings.runs)
    return sentence(found, words(findings, by.name, higher=by.higher))


def headline(findings: Findings, by: Metric) -> str:
    """The verdict in the few words of a page's title."""
    return stats.headline(findings.by(by).verdict, words(findings, by.name, higher=by.higher))


def words(
    findings: Findings, measure: str, *, higher: bool, printed: Callable[[float, float, float], str] = interval
) -> Words:
    """How the sentences of `stats.verdict` call the things of this study."""
    return Words(measure=measure, higher=higher, interval=printed, noun=findings.noun, name=brief)


def brief(name: str) -> str:
    """A setting's name as a sentence bears it: the middle of a long one is left out."""
    return name if len(name) <= _LONG else f"{name[: _LONG // 2]}…{name[-_LONG // 2 + 1 :]}"


def spoken(hyperparameter: str) -> str:
    """A hyperparameter's name as a sentence or an axis bears it: `learning rate`, `β₁`."""
    named = re.sub(r"\bbeta_(\d+)$", lambda found: "β" + found[1].translate(_INDICES), hyperparameter)
    return named.replace("_", " ")


def _nothing(runs: pd.DataFrame) -> str:
    if runs.empty:
        return "No run has been made yet."
    return f"No run came to its end, so nothing can be compared: {outcomes(runs)}."


def outcomes(runs: pd.DataFrame) -> str:
    """`40 runs: 36 finished, 4 diverged`."""
    told = [f"{number} {outcome}" for outcome, number in runs["outcome"].value_counts().items()]
    if len(told) == 1:
        return f"{count(len(runs), 'run')}, {'' if len(runs) == 1 else 'all '}{runs['outcome'].iloc[0]}"
    return f"{count(len(runs), 'run')}: {', '.join(told)}"


def caveats(findings: Findings) -> list[str]:
    """What the answer does not say, computed from the runs where it can be."""
    runs = findings.runs
    if findings.scored.empty:
        return []
    said = [one_task(runs), _tuned(findings) if findings.tuned else _as_given(runs), _few_seeds(findings)]
    diverged = runs.loc[runs["outcome"] == "diverged", "setting"].value_counts()
    if len(diverged):
        told = listing([f"{number} of {brief(str(setting))}" for setting, number in diverged.head(3).items()])
        said.append(
            f"{count(int(diverged.sum()), 'run')} diverged ({told}{' and others' if len(diverged) > 3 else ''}): with no "
            f"final value, so that what is said of these settings holds for their other runs only.{_unranked(findings)}"
        )
    if findings.primary.column != "test/accuracy":
        said.append(f"There is no test split: the settings are judged by {findings.primary.name}.")
    if (versions := len(distinct(runs, "commit"))) > 1:
        said.append(f"The runs come from {versions} versions of the code: a difference may be the code's.")
    return said


def _unranked(findings: Findings) -> str:
    """The settings that have no other runs."""
    none = findings.runs["setting"].nunique() - findings.scored["setting"].nunique()
    has, are = ("has", "is") if none == 1 else ("have", "are")
    return f" {count(none, 'setting')} {has} none left and {are} not ranked." if none else ""


def distinct(runs: pd.DataFrame, column: str) -> list[str]:
    """The values that a column takes, as they are printed, in the order in which they appear."""
    values = runs[column].dropna().drop_duplicates().tolist() if column in runs else []
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values]


def one_task(runs: pd.DataFrame) -> str:
    """What the runs were trained on, or that it was not the same for all."""
    mixed = [
        f"{column} is {listing(values[:4] if len(values) <= 4 else [*values[:3], 'others'])}"
        for column in map(str, runs)
        if column.startswith(_TASK) and len(values := distinct(runs, column)) > 1
    ]
    if mixed:
        return f"Not one task: {'; '.join(mixed[:3])}. What a setting reaches depends on that too."
    shapes = {
        "dataset.classes": "{} classes",
        "dataset.samples": "{} training points a class",
        "dataset.noise": "noise {}",
    }
    names = distinct(runs, "dataset.name")
    details = [shape.format(*values) for key, shape in shapes.items() if (values := distinct(runs, key))]
    told = f" ({', '.join(details)})" if details else ""
    return f"One task: {names[0] if names else 'unnamed'}{told}. Nothing here carries over to other data."


def _as_given(runs: pd.DataFrame) -> str:
    most = runs.groupby("optimizer")["setting"].nunique().max()
    if most > 1:
        return (
            f"Up to {most} settings of an optimizer are chosen among by the seeds that judge them, so the best of them "
            "looks better than it is; fresh seeds would tell."
        )
    if runs["setting"].nunique() == 1:
        return "One setting of one optimizer: there is nothing here to set it against."
    return "Each optimizer runs with the one setting it was given: this compares settings, not optimizers at their best."


def _tuned(findings: Findings) -> str:
    selection = findings.study.selection
    told = (
        f"Each optimizer was tuned with {count(int(selection['configs'].max()), 'configuration')} within its declared space: "
        "other spaces, or a longer search, may give another order"
    )
    cut = selection.loc[selection["edge"].isin(["low", "high"]), "optimizer"].drop_duplicates().tolist()
    beyond = f"; {listing(cut)} chose a value on the edge, so better may lie beyond" if cut else ""
    return f"{told}{beyond}."


def _few_seeds(findings: Findings) -> str:
    seeds = findings.scored.groupby("setting")["seed"].nunique()
    least, most = int(seeds.min()), int(seeds.max())
    told = count(least, "seed") if least == most else f"{least} to {most} seeds"
    if most < LEAST:
        return f"{told} a setting: with fewer than {LEAST} there is no interval, and small differences go unseen."
    if least < 10:
        return f"{told} a setting: with fewer than 10 the intervals come out too narrow, and small differences go unseen."
    return f"{told} a setting: a difference much smaller than the intervals goes unseen; that does not make it none."


def provenance(runs: pd.DataFrame) -> str:
    """One line: code, versions and machine."""
    words = {"commit": "commit ", "version": "nnbench ", "python": "Python ", "numpy": "NumPy ", "cpu": ""}
    told = []
    for column, word in words.items():
        values = [value[:10] if column == "commit" else value for value in distinct(runs, column)]
        if values:
            told.append(word + listing(values if len(values) <= 3 else [*values[:2], f"{len(values) - 2} more"]))
    return "  \N{MIDDLE DOT}  ".join(told)
