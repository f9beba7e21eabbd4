"""Table of the final values of each setting, for a page and for the summary."""

from collections import Counter
from collections.abc import Callable, Sequence

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.report.blocks import Cell, Column, Table
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.findings import Findings
from nnbench.report.plots.style import SMALL, WIDTH
from nnbench.stats.interquartile import middle_mean

_NAMES = 42.0  # least width of the names of settings, in millimetres


def stacked_head(measure: Measure) -> str:
    """Head of a measure's column, with the epoch if it is not the last."""
    return f"{measure.stacked}\nbest epoch" if measure.group == "best" else measure.stacked


def table(
    findings: Findings, measures: Sequence[Measure], caption: str, head: Callable[[Measure], str] = stacked_head
) -> Table:
    """Make the table: a row for each setting, the best first, with its runs, its values and the time of a run.

    Args:
        findings: of the study.
        measures: a column each.
        caption: of the table.
        head: gives the head of a measure's column.
    """
    values = [estimates(findings.by(measure)) for measure in measures]
    seconds, rows = times(findings), []
    for setting, (runs, lost) in counts(findings).items():
        cells = [Cell(setting, line_style=findings.styles[setting]), Cell(str(runs), lost, warning=bool(lost), value=runs)]
        time = seconds.get(setting, float("nan"))
        rows.append([*cells, *(column[setting] for column in values), Cell(numbers.duration(time), value=time)])
    first, last = Column("runs", 15, descending=True), Column("time\na run", 17)
    width = min(25.0, (WIDTH - _NAMES - first.width - last.width) / len(measures))
    columns = [Column(head(one), width, "decimal", descending=one.higher) for one in measures]
    rest = [first, *columns, last]
    return Table([Column("setting", WIDTH - sum(one.width for one in rest), "left", SMALL), *rest], rows, caption)


def estimates(comparison: Comparison) -> dict[str, Cell]:
    """A cell for each setting: its interquartile mean over its interval, bold if it is one of `Comparison.leaders`."""
    leaders = comparison.leaders
    return {
        str(setting): Cell(
            numbers.fixed(estimate, numbers.decimals(low, high)),
            numbers.bounds(low, high),
            bold=setting in leaders,
            value=estimate,
        )
        for setting, estimate, low, high in comparison.ranking[["setting", "estimate", "low", "high"]].itertuples(index=False)
    }


def measures(findings: Findings) -> list[Measure]:
    """The measures with values, the primary one first; without the validation score if the test score is known."""
    known = [findings.primary, *(one for one in by_rank() if one != findings.primary and findings.known(one.column))]
    tested, validated = findings.score("test"), findings.score("val")
    return [metric for metric in known if not (metric == validated != findings.primary and tested in known)]


def counts(findings: Findings) -> dict[str, tuple[int, str]]:
    """The number of runs of each setting, best first, and those that were not completed, such as `3 diverged`."""
    ranking = findings.ranking(findings.primary)
    left_out = findings.runs[~findings.runs.index.isin(findings.scored.index)]
    outcomes = left_out["outcome"].astype(str).groupby(left_out["setting"]).agg(list).to_dict()
    return {
        str(setting): (int(runs), _counted(outcomes.get(setting, [])))
        for setting, runs in ranking[["setting", "runs"]].to_numpy()
    }


def _counted(outcomes: Sequence[str]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(outcomes).items()))


def times(findings: Findings) -> dict[str, float]:
    """The interquartile mean of each setting's seconds in the training loop."""
    seconds = findings.scored[["setting", "time/train_seconds"]].dropna().groupby("setting")["time/train_seconds"]
    return {str(setting): float(middle_mean(group)) for setting, group in seconds}
