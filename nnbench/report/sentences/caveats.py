"""Caveats of a study, computed from its runs: the list below the answer on the cover."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.core.formatting import capitalized, count, fixed, interval, listing
from nnbench.core.keys import is_config_key, is_of_subject, is_part_of_setting, is_part_of_task
from nnbench.records.declared import all_declared
from nnbench.records.kinds import kind_of
from nnbench.records.measure import Measure
from nnbench.report.findings import budget, code, power
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import LEAST, REFERENCES
from nnbench.report.sentences.wording import distinct_values, short_name
from nnbench.stats.crossed import interval_of_runs, intervals
from nnbench.stats.time_to_target import times_to_target

FEW = 10  # with fewer seeds the intervals are too narrow
# Simple methods, by the names of their measures: the beginning of a sentence about each.
_BASELINES = {
    "nearest neighbours": "The nearest neighbours among the same training points reach",
    "least squares": "Least squares on the same training points reaches",
}


def caveats(findings: Findings) -> dict[str, str]:
    """One or two sentences for each caveat that applies, by its kind, in printed order; empty if no run was completed."""
    if findings.scored.empty:
        return {}
    choice, text = _choice(findings)
    texts = {"task": one_task(findings.runs), choice: text} | {kind: write(findings) for kind, write in _CAVEATS.items()}
    return {kind: text for kind, text in texts.items() if text}


def _choice(findings: Findings) -> tuple[str, str]:
    """How the compared settings were chosen, with the kind of the caveat."""
    runs = findings.runs
    most = runs.groupby("optimizer")["setting"].nunique().max()
    if findings.tuned:
        return "tuned", _tuned(findings)
    if most > 1:
        return "chosen_by_the_same_seeds", (
            f"Up to {most} settings of an optimizer are compared on the same seeds that choose the best of them, so the best "
            "looks better than it is; fresh seeds would give an unbiased estimate."
        )
    if runs["setting"].nunique() == 1:
        return "alone", "One setting of one optimizer: there is nothing to compare it with."
    return "as_given", "Each optimizer was run with one setting: this compares settings, not optimizers at their best."


def _tuned(findings: Findings) -> str:
    selection, budgets, searches = findings.study.selection, budget.budgets(findings.study), findings.searches
    search = f"{budget.describe_cost(budgets)}, {budget.describe_spaces(budgets)}"
    cut = selection.loc[selection["edge"].isin(["low", "high"]), "optimizer"].drop_duplicates().tolist()
    beyond = f"; {listing(cut)} chose a value on the edge, so a better one may lie beyond" if cut else ""
    variance = (
        f"{searches} independent searches of each optimizer show how much a result depends on the search, and intervals and "
        "tests include that"
        if searches > 1
        else "one search of each optimizer does not show how much a result depends on the search, and intervals and tests "
        "leave that out: they hold for the chosen settings"
    )
    return f"Tuned with {search}: other spaces, or a longer search, may change the order{beyond}. {capitalized(variance)}."


def _used_seeds(findings: Findings) -> str:
    uses = budget.uses(budget.budgets(findings.study))
    if uses is None or uses < 2:
        return ""
    return (
        f"The seeds of the comparison are no longer fresh: this is their {budget.ordinal(uses)} use, since settings were "
        "chosen again after runs on them had been read. Results of tuned settings may be biased by that; other seeds "
        "would avoid it."
    )


def _seeds(findings: Findings) -> str:
    seeds = findings.scored.groupby("setting")["seed"].nunique()
    least, most = int(seeds.min()), int(seeds.max())
    if least >= FEW:
        return ""
    number = count(least, "seed") if least == most else f"{least} to {most} seeds"
    few, effect = (MINIMUM_RUNS, "there is no interval") if most < MINIMUM_RUNS else (FEW, "the intervals come out too narrow")
    return f"{number} per setting: with fewer than {few} {effect}, and small differences are not detected."


def _power(findings: Findings) -> str:
    if not findings.by(findings.primary).conclusion.can_rank:
        return ""  # the answer says how many seeds are needed
    return f"{power.describe(findings)}. That no difference is shown does not mean that there is none."


def _one_draw(findings: Findings) -> str:
    if [value.lower() for value in distinct_values(findings.runs, "dataset.redraw")] != ["false"]:
        return ""
    return (
        "All seeds have the same points (dataset.redraw=false): intervals and tests hold for this one draw of them; another "
        "draw may favour another setting."
    )


def _one_table(findings: Findings) -> str:
    if not distinct_values(findings.runs, "dataset.val_share") or _one_draw(findings):
        return ""
    return (
        "All seeds divide the same table: a test point of one seed is a training point of others. Intervals and tests hold "
        "for splits of this table, and are narrower than for other points of the same kind."
    )


def _same_values(findings: Findings) -> str:
    comparison = findings.by(findings.primary)
    known = set(comparison.ranking.loc[comparison.ranking["n"] > 0, "setting"])
    groups = [
        listing([short_name(name) for name in group]) for group in comparison.conclusion.identical if set(group) <= known
    ]
    if not groups:
        return ""
    more = f"; and {count(len(groups) - 3, 'other group')}" if len(groups) > 3 else ""
    same = f"Settings with the same {findings.primary.name} on every seed: {'; '.join(groups[:3])}{more}."
    return f"{same} They may be one setting under several names."


def _diverged(findings: Findings) -> str:
    diverged = findings.runs.loc[findings.runs["outcome"] == "diverged", "setting"].value_counts()
    if diverged.empty:
        return ""
    settings = listing([f"{number} of {short_name(str(setting))}" for setting, number in diverged.head(3).items()])
    more = " and others" if len(diverged) > 3 else ""
    none = len(set(diverged.index) - set(findings.scored["setting"]))
    without = f" No run of {count(none, 'setting')} was completed, so {'it has' if none == 1 else 'they have'} no estimate."
    return (
        f"{count(int(diverged.sum()), 'run')} diverged ({settings}{more}). They rank worst, and the figures of these settings "
        f"come from their other runs.{without if none else ''}"
    )


def _missing(findings: Findings) -> str:
    comparison, outcomes = findings.by(findings.primary), findings.runs["outcome"].value_counts()
    missing = [f"{outcomes[outcome]} {outcome}" for outcome in ("failed", "killed", "running") if outcome in outcomes]
    if not missing and not comparison.scores.isna().to_numpy().any():
        return ""
    shared = comparison.pairs["n"]
    seeds = f", {shared.min()} to {shared.max()} of them" if len(shared) and shared.min() < shared.max() else ""
    runs = f"Runs are missing ({listing(missing)})" if missing else f"Not every {findings.noun} has a run of every seed"
    return f"{runs}: a pair is compared on the seeds that both have{seeds}."


def _no_test(findings: Findings) -> str:
    primary = findings.primary
    if primary == findings.declared:
        return ""
    if primary.split == "test":
        return f"No run has a value of the {findings.declared.full}, the declared measure: ranked by {primary.full}."
    return f"There is no test split: the settings are ranked by {primary.name}."


def _chosen_afterwards(findings: Findings) -> str:
    """The settings are ranked by another measure than some runs were started with."""
    others: list[str] = [one for one in all_declared(findings.study.runs) if one != findings.judged.rank_by]
    if not others:
        return ""
    return (
        f"The measure that ranks the settings, {findings.primary.full}, was chosen after runs had been made that were to be "
        f"ranked otherwise (report.rank_by={listing(others)})."
    )


def _not_reached(findings: Findings) -> str:
    """Runs that did not reach the target by which the settings are ranked."""
    if findings.judged.rank_by != "steps_to_target" or not findings.judged.targets:
        return ""
    reached = times_to_target(findings.runs, findings.study.curves, findings.study.records, max(findings.judged.targets))
    missed = reached.loc[~reached["reached"] & ~reached["diverged"], "setting"].value_counts()
    if missed.empty:
        return ""
    of = listing([f"{number} of {short_name(str(setting))}" for setting, number in missed.head(3).items()])
    return (
        f"{count(int(missed.sum()), 'run')} did not reach the target ({of}{' and others' if len(missed) > 3 else ''}). They "
        "count with the steps of the longest run, so the means of these settings are lower bounds."
    )


def _below_baseline(findings: Findings) -> str:
    """The best setting is worse than a simple method, by the interval of the paired differences."""
    best, primary = findings.by(findings.primary).conclusion.best, findings.primary
    baseline = next((one for one in REFERENCES if one.name in _BASELINES and _is_beside(one, primary, findings)), None)
    if not best or baseline is None:
        return ""
    runs = findings.scored[findings.scored["setting"] == best]
    difference = interval_of_runs(runs.assign(value=runs[primary.column] - runs[baseline.column]))
    if not (difference.high < 0 if primary.higher else difference.low > 0):
        return ""
    least = next((one for one in REFERENCES if one.name == LEAST and _is_beside(one, primary, findings)), None)
    paired = f"paired difference {interval(difference.estimate, difference.low, difference.high)}"
    is_least = least is not None and np.allclose(runs[least.column], runs[baseline.column], rtol=1e-6)
    if is_least or (primary.quantity == "loss" and primary.split == "train" and _is_linear(runs)):
        return (
            f"The setting ranked first, {short_name(best)}, has not reached the least possible {primary.name} of a linear "
            f"network, that of least squares ({fixed(float(runs[baseline.column].mean()))}): {paired}."
        )
    reached = f"{_BASELINES[baseline.name]} {fixed(float(runs[baseline.column].mean()))} {primary.name}"
    return f"{reached}; {short_name(best)} is worse: {paired}. Even the setting ranked first does worse than a simple method."


def _is_linear(runs: pd.DataFrame) -> bool:
    """Whether the networks of all runs are linear, so that none can fit the training points better than least squares."""
    return distinct_values(runs, "network.hidden") == ["[]"] or distinct_values(runs, "network.activation") == ["identity"]


def _is_beside(reference: Measure, primary: Measure, findings: Findings) -> bool:
    """Whether a reference is of the same quantity on the same points as the primary measure, and known."""
    same = (reference.quantity, reference.split) == (primary.quantity, primary.split)
    return same and findings.known(reference.column)


def _memorised(findings: Findings) -> str:
    """Settings have a training loss below the Bayes loss, by the interval of the paired differences."""
    column, bayes = "final/train_loss", "reference/bayes_loss"
    if not (findings.known(column) and findings.known(bayes)):
        return ""
    below = intervals(findings.scored.assign(value=findings.scored[column] - findings.scored[bayes]))
    settings = [short_name(name) for name in sorted(below) if below[name].high < 0]
    if not settings:
        return ""
    more = " and others" if len(settings) > 3 else ""
    value = f"{findings.scored[bayes].mean():.3f} {findings.loss_unit}"
    if findings.kind == "regression":
        return (
            f"The training loss of {listing(settings[:3])}{more} lies below that of the best possible prediction ({value}): "
            "noise was fitted. A lower training loss is then no sign of a better network."
        )
    return (
        f"The training loss of {listing(settings[:3])}{more} lies below that of the Bayes classifier "
        f"({value}), which knows the data's density: label noise was memorised. A "
        "lower training loss, or an earlier target of training accuracy, is then no sign of a better network."
    )


def _versions(findings: Findings) -> str:
    (known, unknown), runs = code.versions(findings.runs), len(findings.runs)
    if unknown:
        runs_of = f"{unknown} of {runs} runs" if unknown < runs else "these runs"
        return f"The code of {runs_of} is not known: a difference may be due to the code."
    return f"The runs come from {known} versions of the code: a difference may be due to the code." if known > 1 else ""


_CAVEATS: dict[str, Callable[[Findings], str]] = {
    "used_seeds": _used_seeds,
    "seeds": _seeds,
    "power": _power,
    "one_draw": _one_draw,
    "one_table": _one_table,
    "same_values": _same_values,
    "diverged": _diverged,
    "missing": _missing,
    "no_test": _no_test,
    "chosen_afterwards": _chosen_afterwards,
    "not_reached": _not_reached,
    "below_baseline": _below_baseline,
    "memorised": _memorised,
    "versions": _versions,
    "earlier": lambda findings: code.left_out(findings.study),
}


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
        tasks = any(is_part_of_task(phrase) for phrase in mixed)
        what = "Several tasks" if tasks else "Not all runs had the same configuration"
        return f"{what}: {'; '.join(mixed[:3])}. Results depend on this, too."
    kind = kind_of([column for column in map(str, runs) if runs[column].notna().any()])
    shapes = {
        "dataset.difficulty": "{}",
        "dataset.classes": "{} classes",
        "dataset.samples": "{} training points a class" if kind == "classification" else "{} training points",
        "dataset.noise": "noise {}",
    }
    names = distinct_values(runs, "dataset.name")
    details = [shape.format(*map(_grouped, values)) for key, shape in shapes.items() if (values := distinct_values(runs, key))]
    phrase = f" ({', '.join(details)})" if details else ""
    return f"One task: {names[0] if names else 'unnamed'}{phrase}. The results need not hold for other data."


def _grouped(value: str) -> str:
    """Group the digits of a whole number: `1,000`."""
    return f"{int(value):,}" if value.isdigit() else value
