"""What a study's answer does not say, computed from its runs: the list below the cover's sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from nnbench.report.findings import Findings
from nnbench.report.numbers import count, listing
from nnbench.report.wording import brief, distinct
from nnbench.stats.interquartile import LEAST

_TASK = ("dataset.", "draws.", "training.epochs")  # what makes one run's task another than another's, beside the seed

Kind = Literal["task", "alone", "as_given", "chosen_by_the_same_seeds", "tuned", "seeds", "diverged", "no_test", "versions"]


@dataclass(frozen=True)
class Caveat:
    """One limit of what the report says.

    Attributes:
        kind: which limit it is, for programs and tests; at most one caveat of a kind.
        text: it, in a sentence or two.
    """

    kind: Kind
    text: str


def caveats(findings: Findings) -> list[Caveat]:
    """All that apply to a study, in the order in which they are printed; none where no run came to its end."""
    if findings.scored.empty:
        return []
    found = (one(findings) for one in _CAVEATS)
    return [one for one in found if one is not None]


def _task(findings: Findings) -> Caveat:
    return Caveat("task", one_task(findings.runs))


def _choice(findings: Findings) -> Caveat:
    """How the settings that are compared came about."""
    if findings.tuned:
        return Caveat("tuned", _tuned(findings))
    runs = findings.runs
    most = runs.groupby("optimizer")["setting"].nunique().max()
    if most > 1:
        return Caveat(
            "chosen_by_the_same_seeds",
            f"Up to {most} settings of an optimizer are chosen among by the seeds that judge them, so the best of them "
            "looks better than it is; fresh seeds would tell.",
        )
    if runs["setting"].nunique() == 1:
        return Caveat("alone", "One setting of one optimizer: there is nothing here to set it against.")
    return Caveat(
        "as_given",
        "Each optimizer runs with the one setting it was given: this compares settings, not optimizers at their best.",
    )


def _tuned(findings: Findings) -> str:
    selection = findings.study.selection
    told = (
        f"Each optimizer was tuned with {count(int(selection['configs'].max()), 'configuration')} within its declared space: "
        "other spaces, or a longer search, may give another order"
    )
    cut = selection.loc[selection["edge"].isin(["low", "high"]), "optimizer"].drop_duplicates().tolist()
    beyond = f"; {listing(cut)} chose a value on the edge, so better may lie beyond" if cut else ""
    return f"{told}{beyond}."


def _seeds(findings: Findings) -> Caveat:
    seeds = findings.scored.groupby("setting")["seed"].nunique()
    least, most = int(seeds.min()), int(seeds.max())
    told = count(least, "seed") if least == most else f"{least} to {most} seeds"
    if most < LEAST:
        why = f"with fewer than {LEAST} there is no interval, and small differences go unseen"
    elif least < 10:
        why = "with fewer than 10 the intervals come out too narrow, and small differences go unseen"
    else:
        why = "a difference much smaller than the intervals goes unseen; that does not make it none"
    return Caveat("seeds", f"{told} a setting: {why}.")


def _diverged(findings: Findings) -> Caveat | None:
    diverged = findings.runs.loc[findings.runs["outcome"] == "diverged", "setting"].value_counts()
    if diverged.empty:
        return None
    told = listing([f"{number} of {brief(str(setting))}" for setting, number in diverged.head(3).items()])
    return Caveat(
        "diverged",
        f"{count(int(diverged.sum()), 'run')} diverged ({told}{' and others' if len(diverged) > 3 else ''}): with no "
        f"final value, so that what is said of these settings holds for their other runs only.{_unranked(findings)}",
    )


def _unranked(findings: Findings) -> str:
    """The settings that have no other runs."""
    none = findings.runs["setting"].nunique() - findings.scored["setting"].nunique()
    has, are = ("has", "is") if none == 1 else ("have", "are")
    return f" {count(none, 'setting')} {has} none left and {are} not ranked." if none else ""


def _no_test(findings: Findings) -> Caveat | None:
    if findings.primary.column == "test/accuracy":
        return None
    return Caveat("no_test", f"There is no test split: the settings are judged by {findings.primary.name}.")


def _versions(findings: Findings) -> Caveat | None:
    if (versions := len(distinct(findings.runs, "commit"))) < 2:
        return None
    return Caveat("versions", f"The runs come from {versions} versions of the code: a difference may be the code's.")


_CAVEATS: tuple[Callable[[Findings], Caveat | None], ...] = (_task, _choice, _seeds, _diverged, _no_test, _versions)


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
