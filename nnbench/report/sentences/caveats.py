"""Caveats of a study, computed from its runs: the list below the answer on the cover."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.core.formatting import count, interval, listing
from nnbench.core.keys import is_config_key, is_of_subject, is_part_of_setting, is_part_of_task
from nnbench.report.findings import budget, code, power
from nnbench.report.findings.findings import Findings
from nnbench.report.sentences.wording import distinct_values, short_name
from nnbench.stats.interquartile import interquartile_mean

FEW = 10  # seeds under which the intervals come out too narrow

Kind = Literal[
    "task",
    "alone",
    "as_given",
    "chosen_by_the_same_seeds",
    "tuned",
    "used_seeds",
    "seeds",
    "power",
    "one_draw",
    "one_table",
    "same_values",
    "diverged",
    "missing",
    "no_test",
    "below_neighbours",
    "memorised",
    "versions",
    "earlier",
]


@dataclass(frozen=True)
class Caveat:
    """One limitation of the report.

    Attributes:
        kind: identifier for programs and tests; at most one caveat of a kind.
        text: one or two sentences.
    """

    kind: Kind
    text: str


def caveats(findings: Findings) -> list[Caveat]:
    """All caveats that apply, in printed order; none where no run was completed."""
    if findings.scored.empty:
        return []
    found = (one(findings) for one in _CAVEATS)
    return [one for one in found if one is not None]


def _task(findings: Findings) -> Caveat:
    return Caveat("task", one_task(findings.runs))


def _choice(findings: Findings) -> Caveat:
    """How the compared settings were chosen."""
    if findings.tuned:
        return Caveat("tuned", _tuned(findings))
    runs = findings.runs
    most = runs.groupby("optimizer")["setting"].nunique().max()
    if most > 1:
        return Caveat(
            "chosen_by_the_same_seeds",
            f"Up to {most} settings of an optimizer are compared on the same seeds that choose the best of them, so the best "
            "looks better than it is; fresh seeds would give an unbiased estimate.",
        )
    if runs["setting"].nunique() == 1:
        return Caveat("alone", "One setting of one optimizer: there is nothing to compare it with.")
    return Caveat("as_given", "Each optimizer was run with one setting: this compares settings, not optimizers at their best.")


def _tuned(findings: Findings) -> str:
    selection, budgets = findings.study.selection, budget.budgets(findings.study)
    search = f"{budget.describe_cost(budgets)}, {budget.describe_spaces(budgets)}"
    cut = selection.loc[selection["edge"].isin(["low", "high"]), "optimizer"].drop_duplicates().tolist()
    beyond = f"; {listing(cut)} chose a value on the edge, so a better one may lie beyond" if cut else ""
    return f"Tuned with {search}: other spaces, or a longer search, may change the order{beyond}."


def _used_seeds(findings: Findings) -> Caveat | None:
    uses = budget.uses(budget.budgets(findings.study))
    if uses is None or uses < 2:
        return None
    return Caveat(
        "used_seeds",
        f"The seeds of the comparison are no longer fresh: this is their {budget.ordinal(uses)} use, since settings were "
        "chosen again after runs on them had been read. Results of tuned settings may be biased by that; other seeds "
        "would avoid it.",
    )


def _seeds(findings: Findings) -> Caveat | None:
    seeds = findings.scored.groupby("setting")["seed"].nunique()
    least, most = int(seeds.min()), int(seeds.max())
    if least >= FEW:
        return None
    phrase = count(least, "seed") if least == most else f"{least} to {most} seeds"
    why = (
        f"fewer than {MINIMUM_RUNS} there is no interval"
        if most < MINIMUM_RUNS
        else f"fewer than {FEW} the intervals come out too narrow"
    )
    return Caveat("seeds", f"{phrase} per setting: with {why}, and small differences are not detected.")


def _power(findings: Findings) -> Caveat | None:
    """What a study of this size can show."""
    if not findings.by(findings.primary).conclusion.can_rank:
        return None  # the answer says how many seeds are needed
    return Caveat("power", f"{power.describe(findings)}. That no difference is shown does not mean that there is none.")


def _one_draw(findings: Findings) -> Caveat | None:
    if [value.lower() for value in distinct_values(findings.runs, "dataset.redraw")] != ["false"]:
        return None
    return Caveat(
        "one_draw",
        "All seeds have the same points (dataset.redraw=false): intervals and tests hold for this one draw of them; another "
        "draw may favour another setting.",
    )


def _one_table(findings: Findings) -> Caveat | None:
    if not distinct_values(findings.runs, "dataset.val_share") or _one_draw(findings) is not None:
        return None
    return Caveat(
        "one_table",
        "All seeds divide the same table: a test point of one seed is a training point of others. Intervals and tests hold "
        "for splits of this table, and are narrower than for other points of the same kind.",
    )


def _same_values(findings: Findings) -> Caveat | None:
    found = findings.by(findings.primary)
    known = set(found.ranking.loc[found.ranking["n"] > 0, "setting"])
    groups = [listing([short_name(name) for name in group]) for group in found.conclusion.identical if set(group) <= known]
    if not groups:
        return None
    more = f"; and {count(len(groups) - 3, 'other group')}" if len(groups) > 3 else ""
    return Caveat(
        "same_values",
        f"Settings with the same {findings.primary.name} on every seed: {'; '.join(groups[:3])}{more}. They may be one "
        "setting under several names.",
    )


def _diverged(findings: Findings) -> Caveat | None:
    diverged = findings.runs.loc[findings.runs["outcome"] == "diverged", "setting"].value_counts()
    if diverged.empty:
        return None
    phrase = listing([f"{number} of {short_name(str(setting))}" for setting, number in diverged.head(3).items()])
    none = len(set(diverged.index) - set(findings.scored["setting"]))
    unknown = (
        f" No run of {count(none, 'setting')} was completed, so {'it has' if none == 1 else 'they have'} no estimate."
        if none
        else ""
    )
    return Caveat(
        "diverged",
        f"{count(int(diverged.sum()), 'run')} diverged ({phrase}{' and others' if len(diverged) > 3 else ''}). They rank "
        f"worst, and the figures of these settings come from their other runs.{unknown}",
    )


def _missing(findings: Findings) -> Caveat | None:
    """Seeds that some settings lack, for whatever reason."""
    found = findings.by(findings.primary)
    lost = findings.runs["outcome"].value_counts()
    phrase = [f"{lost[outcome]} {outcome}" for outcome in ("failed", "killed", "running") if outcome in lost]
    if not phrase and not found.scores.isna().to_numpy().any():
        return None
    shared = found.pairs["n"]
    seeds = f", {shared.min()} to {shared.max()} of them" if len(shared) and shared.min() < shared.max() else ""
    runs = f"Runs are missing ({listing(phrase)})" if phrase else f"Not every {findings.noun} has a run of every seed"
    return Caveat("missing", f"{runs}: a pair is compared on the seeds that both have{seeds}.")


def _no_test(findings: Findings) -> Caveat | None:
    if findings.primary.split == "test":
        return None
    return Caveat("no_test", f"There is no test split: the settings are judged by {findings.primary.name}.")


# A plain method for each kind of task: its measure, and the beginning of a sentence about it.
_BASELINES = {
    "classification": ("reference/neighbours_accuracy", "The nearest neighbours among the same training points reach"),
    "regression": ("reference/linear_r2", "Least squares on the same training points reaches"),
}


def _below_neighbours(findings: Findings) -> Caveat | None:
    """The best setting is worse than a plain method, by the interval of the paired differences."""
    best, (key, reaches) = findings.by(findings.primary).conclusion.best, _BASELINES[findings.kind]
    if not best or findings.primary.split != "test" or not findings.known(key):
        return None
    own = findings.scored[findings.scored["setting"] == best]
    short = interquartile_mean(own[findings.primary.column] - own[key])
    if not short.high < 0:
        return None
    return Caveat(
        "below_neighbours",
        f"{reaches} {own[key].mean():.3f} test {findings.score_name}; "
        f"{short_name(best)} is worse: paired difference {interval(short.estimate, short.low, short.high)}. "
        "Even the setting ranked first does worse than a simple method.",
    )


def _memorised(findings: Findings) -> Caveat | None:
    """Settings whose training loss is below the Bayes loss, by the interval of the paired differences."""
    column, bayes = "final/train_loss", "reference/bayes_loss"
    if not (findings.known(column) and findings.known(bayes)):
        return None
    below = findings.scored[column] - findings.scored[bayes]
    settings = [str(name) for name, own in below.groupby(findings.scored["setting"]) if interquartile_mean(own).high < 0]
    if not settings:
        return None
    phrase = listing([short_name(name) for name in settings[:3]]) + (" and others" if len(settings) > 3 else "")
    return Caveat(
        "memorised",
        f"The training loss of {phrase} lies below that of the Bayes classifier ({findings.scored[bayes].mean():.3f} nats), "
        "which knows the data's density: label noise was memorised. A lower training loss, or an earlier "
        "target of training accuracy, is then no sign of a better network.",
    )


def _versions(findings: Findings) -> Caveat | None:
    known, unknown = code.versions(findings.runs)
    if unknown:
        of = f"{unknown} of {len(findings.runs)} runs" if unknown < len(findings.runs) else "these runs"
        return Caveat("versions", f"The code of {of} is not known: a difference may be due to the code.")
    if known < 2:
        return None
    return Caveat("versions", f"The runs come from {known} versions of the code: a difference may be due to the code.")


def _earlier(findings: Findings) -> Caveat | None:
    phrase = code.left_out(findings.study)
    return Caveat("earlier", phrase) if phrase else None


_CAVEATS: tuple[Callable[[Findings], Caveat | None], ...] = (
    _task,
    _choice,
    _used_seeds,
    _seeds,
    _power,
    _one_draw,
    _one_table,
    _same_values,
    _diverged,
    _missing,
    _no_test,
    _below_neighbours,
    _memorised,
    _versions,
    _earlier,
)


def one_task(runs: pd.DataFrame) -> str:
    """Describe the task, or what differs in it between runs."""
    mixed = [
        f"{column} is {listing(values[:4] if len(values) <= 4 else [*values[:3], 'others'])}"
        for column in map(str, runs)
        if is_config_key(column)
        and is_part_of_setting(column)
        and not is_of_subject(column)
        and len(values := distinct_values(runs, column)) > 1
    ]
    if mixed:
        what = (
            "Several tasks" if any(is_part_of_task(phrase) for phrase in mixed) else "Not all runs had the same configuration"
        )
        return f"{what}: {'; '.join(mixed[:3])}. Results depend on this, too."
    shapes = {"dataset.classes": "{} classes", "dataset.samples": "{} training points a class", "dataset.noise": "noise {}"}
    names = distinct_values(runs, "dataset.name")
    details = [shape.format(*values) for key, shape in shapes.items() if (values := distinct_values(runs, key))]
    phrase = f" ({', '.join(details)})" if details else ""
    return f"One task: {names[0] if names else 'unnamed'}{phrase}. The results need not hold for other data."
