"""Page: the experimental protocol: stages, data splits, seeds, estimates and tests."""

from collections.abc import Sequence

import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.core.formatting import count, listing, percent
from nnbench.records.measure import Split
from nnbench.report.findings import budget
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import NoDataError, ReportOptions
from nnbench.report.plots.sheet import Page, Section
from nnbench.report.plots.style import INK, MUTED, SMALL, WIDTH
from nnbench.report.plots.table import Cell, Column, table
from nnbench.report.sentences.wording import distinct_values
from nnbench.stats.conclusion import NOTABLE, POWER
from nnbench.stats.interquartile import RESAMPLES
from nnbench.stats.signed_rank import LEVEL

_STREAMS = (
    "A seed feeds separate random streams for points and initial weights, independent of the optimizer: runs of one seed "
    "start from the same weights on the same points, and are compared with each other."
)
_CHAIN = (
    "A seed begins one chain of draws, as in the notebook: the points, then the initial weights of one run after the other. "
    "Runs of "
    "one seed have the same points but different initial weights, and are compared with each other."
)
_HELD_OUT: tuple[Split, Split] = ("val", "test")


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `about`, `told`: one row per rule, the stages of the study first."""
    if findings.runs.empty:
        raise NoDataError("there is no run")
    page = section.page(_title(findings))
    stages = _stages(findings)
    _stage_table(page, findings, stages)
    rules = [*_task(findings), *_grounds(findings)]
    page.y += 4
    columns = [Column("", 34, "left"), Column("", WIDTH - 34, "left")]
    table(page, columns, [[Cell(about, bold=True), rule] for about, rule in rules], section.next_page, gap=2.2)
    rows = [(f"stage: {stage}", "; ".join(cells)) for stage, *cells in stages]
    return pd.DataFrame([*rows, *rules], columns=["about", "told"])


def _title(findings: Findings) -> str:
    settings, seeds = findings.runs["setting"].nunique(), findings.runs["seed"].nunique()
    compared = f"{count(settings, findings.noun)} {'is' if settings == 1 else 'are'}"
    if findings.tuned:
        found = budget.budgets(findings.study)
        uses, tuned = (
            budget.uses(found),
            f"{count(len(found), 'optimizer')} {'was' if len(found) == 1 else 'were'} tuned first",
        )
        on = count(seeds, "fresh seed" if uses == 1 else "seed")
        return f"{tuned}, then compared on {on}{f', in their {budget.ordinal(uses)} use' if uses and uses > 1 else ''}"
    if settings == 1:
        return f"One setting ran on {count(seeds, 'seed')}"
    whole = findings.by(findings.primary).scores.dropna()
    if seeds == 1:
        return f"{compared} compared on one seed, which is too few to rank"
    paired = (
        f"the same {count(seeds, 'seed')}"
        if len(whole) == seeds
        else f"{count(seeds, 'seed')}, {len(whole)} of which are common to all"
    )
    return f"{compared} compared on {paired}"


def _stages(findings: Findings) -> list[tuple[str, str, str, str, str, str]]:
    """Rows of the stage table: name, seeds, runs, and the use of training, validation and test points."""
    runs, tuning = findings.runs, findings.study.tuning
    held = [findings.known(findings.score(split).column) for split in _HELD_OUT]
    judged = findings.primary.name.split()[0]
    final = (
        "comparison",
        _seeds(runs),
        f"{count(runs['setting'].nunique(), findings.noun)}, {count(len(runs), 'run')}",
        "judge" if judged == "training" else "train on",
        ("judge" if judged == "validation" else "monitor only") if held[0] else "none drawn",
        "judge; evaluated once, at the end" if held[1] else "none drawn",
    )
    if not len(tuning):
        return [final]
    tried = f"{count(tuning['setting'].nunique(), 'configuration')}, {count(len(tuning), 'run')}"
    return [("tuning", _seeds(tuning), tried, "train on", "choose the setting", "none drawn"), final]


def _seeds(runs: pd.DataFrame) -> str:
    """`0 to 19`, `3, 7, 12`, `40 seeds`."""
    seeds = sorted({int(seed) for seed in runs["seed"].dropna()})
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]} to {seeds[-1]} ({len(seeds)})"
    return ", ".join(map(str, seeds)) if len(seeds) <= 6 else count(len(seeds), "seed")


def _stage_table(page: Page, findings: Findings, stages: Sequence[tuple[str, ...]]) -> None:
    widths, heads = (
        (24.0, 30.0, 36.0, 26.0, 29.0, 29.0),
        ("", "seeds", "what ran", *(_points(findings, split) for split in ("", "val_", "test_"))),
    )
    columns = [Column(head, width, "left", SMALL) for head, width in zip(heads, widths, strict=True)]
    cells = [
        [Cell(stage, bold=True), *(Cell(text, colour=MUTED if text == "none drawn" else INK) for text in rest)]
        for stage, *rest in stages
    ]
    table(page, columns, cells, lambda: page, gap=2.0)


def _points(findings: Findings, split: str) -> str:
    """`300 training\\npoints`, or no number where it differs between runs."""
    called = {"": "training", "val_": "validation", "test_": "test"}[split]
    samples, classes = (
        distinct_values(findings.runs, f"dataset.{split}samples"),
        distinct_values(findings.runs, "dataset.classes"),
    )
    known = len(samples) == len(classes) == 1 and samples[0].isdigit() and classes[0].isdigit()
    many = f"{int(samples[0]) * int(classes[0]):,} " if known else ""
    return f"{many if many.strip() != '0' else ''}{called}\npoints"


def _task(findings: Findings) -> list[tuple[str, str]]:
    runs = findings.runs

    def configured(key: str) -> str:
        return " or ".join(distinct_values(runs, key)) or "unknown"

    redrawn = {"true": "drawn anew for each seed", "false": "the same for all seeds"}.get(
        configured("dataset.redraw").lower(), "drawn by seed"
    )
    if "dataset.val_share" in runs:
        divided = {"true": "anew for each seed", "false": "in the same way for all seeds"}
        points = f"one table, divided {divided.get(configured('dataset.redraw').lower(), 'by seed')} into disjoint splits"
    else:
        points = f"points {redrawn}, separately for each split"
    fields = [
        key
        for key in map(str, runs)
        if key.startswith("dataset.") and not key.endswith(("name", "redraw", "samples", "with_test"))
    ]
    details = ", ".join(f"{key.removeprefix('dataset.')} {configured(key)}" for key in fields if distinct_values(runs, key))
    layers = configured("network.hidden").strip("[]").replace(", ", " and ") or "no"
    sizes = [size for size in distinct_values(runs, "training.batch_size") if size != "None"]
    batches = f"batches of {' or '.join(sizes)}" if sizes else "full batch"
    rules = [
        (
            "Task",
            f"{configured('dataset.name')}{f' ({details})' if details else ''}; {points}.",
        ),
        (
            "Training",
            f"{layers} hidden units ({configured('network.activation')}), {batches}, {configured('training.epochs')} epochs "
            f"including epoch 0, {configured('training.dtype')}.",
        ),
        ("Seeds", _CHAIN if configured("draws.kind") == "chain" else _STREAMS),
    ]
    if findings.tuned:
        selection = findings.study.selection
        found = budget.budgets(findings.study)
        seeds = listing([count(number, "seed") for number in sorted(set(selection["seeds"].astype(int)))])
        seeds = seeds if selection["seeds"].nunique() == 1 else f"{seeds}, not the same for all"
        among = [f"{one.optimizer}'s best of {one.configs}" for one in found if one.configs < one.tried]
        chosen = f" The choice was among fewer: {listing(among)}." if among else ""
        cost = f"{budget.describe_cost(found)}, {budget.describe_spaces(found)}; each on {seeds}"
        rules.append(
            (
                "Tuning",
                f"{cost[0].upper()}{cost[1:]}.{chosen} The best mean validation {findings.score_name} wins; a setting that "
                "lost a run ranks below all that lost none. Only runs on other seeds are compared.",
            )
        )
    return rules


def _grounds(findings: Findings) -> list[tuple[str, str]]:
    """Rules on estimates and tests, and the number of seeds needed."""
    conclusion, name = findings.by(findings.primary).conclusion, findings.primary.name
    rules = [
        ("Judged by", f"{name} with the final weights, not the best ones during training."),
        (
            "Estimate",
            "Interquartile mean over seeds: the mean of the middle half of the runs. Interval: nominal 95 %, percentile "
            f"bootstrap over seeds, {RESAMPLES:,} resamples; none under {MINIMUM_RUNS} seeds. Simulated, it holds the truth "
            "in 94 % of studies with 20 seeds, in 93 % with 10 and in 91 % with 6.",
        ),
        (
            "Differences",
            "Wilcoxon signed-rank test on runs paired by seed, two-sided, exact; Holm's correction over all pairs. A "
            f"setting is said to be ahead of another only where the corrected p is below {LEVEL:g}.",
        ),
    ]
    if conclusion.settings > 1:
        recommended = f"about {conclusion.recommended_seeds} show one that wins {percent(NOTABLE)} of pairs"
        rules.append(
            (
                "Seeds needed",
                f"Among {count(conclusion.settings, findings.noun)}, fewer than {conclusion.required_seeds} seeds can show no "
                f"difference at all; {recommended}, with a power of {percent(POWER)}. There are {conclusion.seeds}.",
            )
        )
    rules += [
        (
            "Diverged runs",
            "A run whose loss becomes infinite or NaN stops there, and ranks worst: it loses to any other of its seed, and a "
            "setting that lost more than a quarter of its runs ranks below those that did not. Such a run is never averaged, "
            "and never reaches a target.",
        ),
        ("Failed runs", "A run that failed or was killed counts as missing, not as worse."),
    ]
    return rules
