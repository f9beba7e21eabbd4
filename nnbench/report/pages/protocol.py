"""Page: the experimental protocol: stages, data splits, seeds, estimates and tests."""

from collections.abc import Sequence

import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.core.formatting import capitalized, count, listing, percent
from nnbench.core.keys import BUDGET, BUDGET_UNIT, RankBy
from nnbench.records.budgets import text
from nnbench.records.measure import Split
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings import budget, power
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import SMALL, WIDTH
from nnbench.report.sentences.wording import distinct_values
from nnbench.stats.conclusion import NOTABLE, POWER
from nnbench.stats.interquartile import RESAMPLES
from nnbench.stats.signed_rank import LEVEL

_STREAMS = (
    "A seed determines separate random streams for points and initial weights, independent of the optimizer: runs of one seed "
    "start from the same weights on the same points, and are compared with each other."
)
_CHAIN = (
    "A seed begins one chain of draws, as in the notebook: the points, then the initial weights of one run after the other. "
    "Runs of one seed have the same points but different initial weights, and are compared with each other."
)
_LOST = {
    "Diverged runs": (
        "A run whose loss becomes infinite or NaN stops there, and ranks worst: it is worse than any other of its seed, "
        "and a setting with more than a quarter of its runs diverged ranks below those with fewer. Such a run is never "
        "averaged, and never reaches a target."
    ),
    "Failed runs": "A run that failed or was killed counts as missing, not as worse.",
}
ENOUGH_SEARCHES = 5
_HELD_OUT: tuple[Split, Split] = ("val", "test")
_NONE = "none drawn"


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `about`, `told`: one row per rule, the stages of the study first."""
    if findings.runs.empty:
        raise NoDataError("there is no run")
    page = section.page(_title(findings))
    stages = _stages(findings)
    _stage_table(page, findings, stages)
    rules = _task(findings) | _tuning(findings) | _statistics(findings)
    columns = [Column("", 34, "left"), Column("", WIDTH - 34, "left")]
    page.table(columns, [[Cell(about, bold=True), rule] for about, rule in rules.items()], "The rules of the study")
    rows = [(f"stage: {stage}", "; ".join(cells)) for stage, *cells in stages]
    return pd.DataFrame([*rows, *rules.items()], columns=["about", "told"])


def _title(findings: Findings) -> str:
    settings, seeds = findings.runs["setting"].nunique(), findings.runs["seed"].nunique()
    compared = f"{count(settings, findings.noun)} {'is' if settings == 1 else 'are'} compared on"
    if findings.tuned:
        budgets = budget.budgets(findings.study)
        uses, tuned = (
            budget.uses(budgets),
            f"{count(len(budgets), 'optimizer')} {'was' if len(budgets) == 1 else 'were'} tuned",
        )
        use = f", in their {budget.ordinal(uses)} use" if uses and uses > 1 else ""
        return f"{tuned} first, then compared on {count(seeds, 'fresh seed' if uses == 1 else 'seed')}{use}"
    if settings == 1:
        return f"One setting ran on {count(seeds, 'seed')}"
    if seeds == 1:
        return f"{compared} one seed, which is too few to rank"
    common = len(findings.by(findings.primary).scores.dropna())
    if common == seeds:
        return f"{compared} the same {count(seeds, 'seed')}"
    return f"{compared} {count(seeds, 'seed')}, {common} of which are common to all"


def _stages(findings: Findings) -> list[tuple[str, str, str, str, str, str]]:
    """Rows of the stage table: name, seeds, runs, and the use of training, validation and test points."""
    runs, tuning, ranked_by = findings.runs, findings.study.tuning, findings.primary.split
    drawn = [findings.known(findings.score(split).column) for split in _HELD_OUT]
    final = (
        "comparison",
        _seeds(runs),
        f"{count(runs['setting'].nunique(), findings.noun)}, {count(len(runs), 'run')}",
        "training, ranking" if ranked_by == "train" else "training",
        ("ranking" if ranked_by == "val" else "monitoring only") if drawn[0] else _NONE,
        "ranking; evaluated once, at the end" if drawn[1] else _NONE,
    )
    if not len(tuning):
        return [final]
    tried = f"{count(tuning['setting'].nunique(), 'configuration')}, {count(len(tuning), 'run')}"
    by_training = findings.chosen_by == "training loss"
    uses = ("training, choice of the setting", "monitoring only") if by_training else ("training", "choice of the setting")
    return [("tuning", _seeds(tuning), tried, *uses, _NONE), final]


def _seeds(runs: pd.DataFrame) -> str:
    """`0 to 19`, `3, 7, 12`, `40 seeds`."""
    seeds = sorted({int(seed) for seed in runs["seed"].dropna()})
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
    return ", ".join(map(str, seeds)) if len(seeds) <= 6 else count(len(seeds), "seed")


def _stage_table(page: Page, findings: Findings, stages: Sequence[tuple[str, ...]]) -> None:
    heads = ["stage", "seeds", "what ran", *(_points(findings, split) for split in ("", "val_", "test_"))]
    widths = (24.0, 30.0, 36.0, 26.0, 29.0, 29.0)
    columns = [Column(head, width, "left", SMALL) for head, width in zip(heads, widths, strict=True)]
    cells = [[Cell(stage, bold=True), *(Cell(text, faint=text == _NONE) for text in rest)] for stage, *rest in stages]
    page.table(columns, cells, "The stages of the study")


def _points(findings: Findings, split: str) -> str:
    """`300 training\\npoints`, or no number where it differs between runs."""
    name = {"": "training", "val_": "validation", "test_": "test"}[split]
    samples, classes = (distinct_values(findings.runs, f"dataset.{key}") for key in (f"{split}samples", "classes"))
    known = len(samples) == len(classes) == 1 and samples[0].isdigit() and classes[0].isdigit()
    number = int(samples[0]) * int(classes[0]) if known else 0
    return f"{f'{number:,} ' if number else ''}{name}\npoints"


def _task(findings: Findings) -> dict[str, str]:
    runs = findings.runs

    def configured(key: str) -> str:
        return " or ".join(distinct_values(runs, key)) or "unknown"

    redraw = configured("dataset.redraw").lower()
    if "dataset.val_share" in runs:
        divided = {"true": "anew for each seed", "false": "in the same way for all seeds"}.get(redraw, "by seed")
        points = f"one table, divided {divided} into disjoint splits"
    else:
        drawn = {"true": "drawn anew for each seed", "false": "the same for all seeds"}.get(redraw, "drawn by seed")
        points = f"points {drawn}, separately for each split"
    others = ("name", "redraw", "samples", "with_test")
    fields = [key for key in map(str, runs) if key.startswith("dataset.") and not key.endswith(others)]
    details = ", ".join(f"{key.removeprefix('dataset.')} {configured(key)}" for key in fields if distinct_values(runs, key))
    sizes = [size for size in distinct_values(runs, "training.batch_size") if size != "None"]
    batches = f"batches of {' or '.join(sizes)}" if sizes else "full batch"
    named = distinct_values(runs, "schedule.name")
    schedules = f", learning-rate schedule {' or '.join(named)}" if set(named) - {"constant"} else ""
    dataset = f"Dataset {configured('dataset.name')}{f' ({details})' if details else ''}"
    return {
        "Task": f"{dataset}; {points}.",
        "Training": (
            f"{_hidden_units(runs)} hidden units ({configured('network.activation')}), {batches}, "
            f"{_length(runs)}, {configured('training.dtype')}{schedules}."
        ),
        "Seeds": _CHAIN if configured("draws.kind") == "chain" else _STREAMS,
    }


def _length(runs: pd.DataFrame) -> str:
    """`101 epochs including epoch 0`, or `a budget of 1,000 gradient evaluations`."""
    known = runs[[BUDGET, BUDGET_UNIT]].dropna() if BUDGET in runs else runs.iloc[:0]
    if known.empty:
        return f"{' or '.join(distinct_values(runs, 'training.epochs')) or 'unknown'} epochs including epoch 0"
    return f"a budget of {text(known[BUDGET].iloc[0], known[BUDGET_UNIT].iloc[0])}"


def _hidden_units(runs: pd.DataFrame) -> str:
    """`64`, `16 and 16`, `No`; or the lists of widths where runs differ: `[8] or [16, 16]`."""
    widths = distinct_values(runs, "network.hidden")
    if len(widths) > 1:
        return " or ".join(widths)
    return capitalized("".join(widths).strip("[]").replace(", ", " and ") or ("no" if widths else "unknown"))


def _tuning(findings: Findings) -> dict[str, str]:
    if not findings.tuned:
        return {}
    budgets, numbers = budget.budgets(findings.study), sorted(set(findings.study.selection["seeds"].astype(int)))
    seeds = listing([count(number, "seed") for number in numbers]) + (", not the same for all" if len(numbers) > 1 else "")
    several = findings.searches > 1
    among = [f"{one.optimizer}'s best of {one.configs}" for one in budgets if one.configs * one.searches < one.tried]
    choice = f" The choice was among fewer: {listing(among)}." if among else ""
    cost = f"{budget.describe_cost(budgets)}, {budget.describe_spaces(budgets)}; each on {seeds}"
    if several:
        cost += "; every search has own configurations and own tuning seeds, and makes its own choice"
    rule = (
        f"The best mean {findings.chosen_by} wins; a setting that lost a run ranks below all that lost none. Only "
        "runs on other seeds are compared."
    )
    fewer = 1 < findings.searches < ENOUGH_SEARCHES
    few = (
        f" {findings.searches} searches are few: {ENOUGH_SEARCHES}, as AlgoPerf has, show better how much searches differ."
        if fewer
        else ""
    )
    return {"Tuning": f"{capitalized(cost)}.{choice} {rule}{few}"}


# Why settings are ranked by a choice of `report.rank_by`.
_REASONS: dict[RankBy, str] = {
    "test_measure": "the question is what the network does on new points at the end of training, not at its best epoch",
    "train_loss": "the question is how far the optimizer minimises this loss, not how well the network does on new points",
    "best_validation": "networks may overfit later, so each run is judged with the weights that its validation points choose",
    "steps_to_target": (
        "the question is how soon the target is reached; a run that ends before counts with the steps of the longest run"
    ),
}


def _ranked_by(findings: Findings) -> str:
    """The measure that ranks the settings, and the reason; or why it is not the declared one."""
    rank_by = findings.judged.rank_by
    if findings.primary == findings.declared:
        return f"{capitalized(findings.primary.full)} (report.rank_by={rank_by}): {_REASONS[rank_by]}."
    return (
        f"{capitalized(findings.primary.full)}, since no run has a value of the {findings.declared.full} "
        f"(report.rank_by={rank_by})."
    )


def _statistics(findings: Findings) -> dict[str, str]:
    """Rules on estimates and tests, and the number of seeds needed."""
    conclusion = findings.by(findings.primary).conclusion
    tests = f"{conclusion.tests} pairs" if conclusion.tests > conclusion.pairs else "all pairs"
    if findings.tuned:
        tests = f"{count(conclusion.tests, 'test')}: of tuned settings against each other, and of each against its default"
    if findings.searches > 1:
        return _over_searches(findings, tests)
    needed = (
        f"Among {count(conclusion.settings, findings.noun)}, fewer than {conclusion.required_seeds} seeds can show no "
        f"difference at all; about {conclusion.recommended_seeds} show one that wins {percent(NOTABLE)} of pairs, with a "
        f"power of {percent(POWER)}. There are {conclusion.seeds}."
        if conclusion.settings > 1
        else ""
    )
    rules = {
        "Ranked by": _ranked_by(findings),
        "Estimate": (
            "Interquartile mean over seeds: the mean of the middle half of the runs. Interval: nominal 95 %, percentile "
            f"bootstrap over seeds, {RESAMPLES:,} resamples; none for fewer than {MINIMUM_RUNS} seeds. In simulations it "
            "covers the true value in 94 % of studies with 20 seeds, in 93 % with 10 and in 91 % with 6."
        ),
        "Differences": (
            f"Wilcoxon signed-rank test on runs paired by seed, two-sided, exact; Holm's correction over {tests}. A "
            f"setting is called better than another only where the corrected p is below {LEVEL:g}."
        ),
        "Seeds needed": needed,
        "Within a seed": power.over_searches(findings),
        **_LOST,
    }
    return {about: rule for about, rule in rules.items() if rule}


def _over_searches(findings: Findings, tests: str) -> dict[str, str]:
    """Rules on estimates and tests of a study with several searches of each optimizer."""
    rules = {
        "Ranked by": _ranked_by(findings),
        "Estimate": (
            "Interquartile mean over the runs of all searches and seeds. Interval: nominal 95 %, percentile bootstrap that "
            f"draws searches and seeds with replacement (Owen, 2007), {RESAMPLES:,} resamples; none for fewer than "
            f"{MINIMUM_RUNS} seeds."
        ),
        "Differences": (
            "t-test on ranks, two-sided; its variance is that between the searches of either optimizer plus that of the "
            "paired differences between seeds, so that a difference holds for other searches too. Holm's correction over "
            f"{tests}. A setting is called better than another only where the corrected p is below {LEVEL:g}."
        ),
        "Within a seed": power.over_searches(findings),
        **_LOST,
    }
    return {about: rule for about, rule in rules.items() if rule}
