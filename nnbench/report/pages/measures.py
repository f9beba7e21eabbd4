"""Page: the ranking by every declared measure, compared with the primary one."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.measures import declared, disagreements, tau
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import finals, text
from nnbench.report.plots.drawing import SWATCH, middle
from nnbench.report.plots.labels import spread
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import SMALL, WIDTH
from nnbench.report.sentences.wording import short_name

_MANY = 12  # settings in the plot of ranks
_TOP = 2.0  # millimetres above the plot of ranks
_LINE = 3.6  # millimetres between the names beside the plot, at least
_COLUMN = 30.0  # greatest width of a measure's column in millimetres
_NAMES = 40.0  # least width of the names of settings
_BEFORE = 0.3  # share of a column left of the plot of ranks, which leaves room for names
_NAMED = 6  # pairs that are named
_CAPTION = (
    "Above: the rank of each setting by each measure, 1 is best. Below: its interquartile mean over the seeds of the "
    f"completed runs, with its {numbers.INTERVAL}; losses in {{}}, lower is better. Bold: the best of a "
    "column and all that are not shown to differ from it; no bold where no difference is shown. The p-values of each "
    "measure are corrected over its own pairs only. Best epoch: the evaluated epoch with the lowest validation loss."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per measure and setting, best first.

    Returns:
        `measure`, `when`, `setting`, `rank` (places shared by ties), `n`, `diverged`, `score`, `estimate`, `low`, `high`,
        `behind` (shown to be worse than the first), `ahead_of` (the settings shown to be worse than this, joined by
        semicolons), and `tau` (Kendall's, between the orders by this measure and by the primary one).
    """
    metrics = declared(findings)
    found = {metric: findings.by(metric) for metric in metrics}
    if len(metrics) < 2 or not all(len(one.scores.columns) for one in found.values()):
        raise NoDataError("no second measure is known of completed runs")
    if findings.by(findings.primary).conclusion.settings < 2:
        raise NoDataError("no second setting is ranked")
    parts = {metric: _ranked(findings, metric, one) for metric, one in found.items()}
    page = section.page(_title(findings, metrics), _CAPTION.format(findings.loss_unit))
    _places(page, findings, parts)
    _values(page, findings, found)
    _pairs(page, findings, found)
    return pd.concat(parts.values(), ignore_index=True)


def _ranked(findings: Findings, metric: Measure, found: Comparison) -> pd.DataFrame:
    ranking = found.ranking[found.ranking["setting"].isin(found.scores.columns)]
    behind = {name: [worse for better, worse in found.conclusion.differing if better == name] for name in ranking["setting"]}
    ranking = ranking.assign(
        measure=metric.name,
        when=metric.when,
        rank=ranking["score"].rank(method="min", ascending=not metric.higher).astype(int),
        ahead_of=ranking["setting"].map(lambda name: "; ".join(behind[name])),
        tau=tau(findings, metric),
    )
    shown = ["n", "diverged", "score", "estimate", "low", "high", "behind"]
    return ranking[["measure", "when", "setting", "rank", *shown, "ahead_of", "tau"]]


def _title(findings: Findings, metrics: list[Measure]) -> str:
    primary = findings.by(findings.primary).conclusion
    if not primary.can_rank:
        return f"{numbers.count(primary.seeds, 'seed')} cannot rank the {findings.noun}s by any measure"
    others, of = disagreements(findings), numbers.count(len(metrics) - 1, "other measure")
    if not others:
        return f"No other measure contradicts the order by {findings.primary.full}"
    worst = next((one for one in others if one.kind in ("reversed", "other_first")), None)
    if worst is None:
        do = "does" if len(others) == 1 else "do"
        return f"{len(others)} of {of} {do} not show the same differences as {findings.primary.full}"
    if worst.first == primary.best:
        turned = numbers.count(len(worst.reversed), "shown difference")
        return f"By {worst.metric.full} {turned} {'is' if len(worst.reversed) == 1 else 'are'} reversed"
    first, other = short_name(primary.best), short_name(worst.first)
    return f"First by {findings.primary.full}: {first}; by {worst.metric.full}: {other}"


def _width(measures: int) -> float:
    """Width of the column of a measure, in millimetres."""
    return min(_COLUMN, (WIDTH - _NAMES) / measures)


def _head(metric: Measure) -> str:
    """Column head of a measure, on three lines."""
    return f"{metric.stacked}\n{metric.epoch}".rstrip()


def _places(page: Page, findings: Findings, parts: dict[Measure, pd.DataFrame]) -> None:
    """Draw one line per setting through its ranks, aligned with the columns below; crossings are disagreements."""
    names = [str(name) for name in next(iter(parts.values()))["setting"]][:_MANY]
    most = max(int(part.loc[part["setting"].isin(names), "rank"].max()) for part in parts.values())
    column = _width(len(parts))
    height, width = min(75.0, 9.0 * most), column * len(parts)
    room = WIDTH - width + _BEFORE * column - 7
    drawing = page.drawing()
    axes = drawing.axes(room + 7, _TOP, WIDTH - room - 7, height)
    axes.set(xlim=(_BEFORE - 0.5, len(parts) - 0.5), ylim=(most + 0.5, 0.5), yticks=range(1, most + 1), xticks=[])
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    ranks = pd.DataFrame({at: part.set_index("setting")["rank"] for at, part in enumerate(parts.values())}).reindex(names)
    heights = _TOP + spread([(at + 0.5) / most * height for at in range(len(names))], _LINE, 0.0, height)
    shown = text.fit_all(names, SMALL, room - SWATCH)
    for y, short, (name, row) in zip(heights.tolist(), shown, ranks.iterrows(), strict=True):
        line_style = findings.styles[str(name)]
        axes.plot(ranks.columns, row, **line_style.line, marker=line_style.marker, linewidth=1.4, markersize=5)
        drawing.name(0, y - middle(SMALL), short, line_style, room)


def _values(page: Page, findings: Findings, found: dict[Measure, Comparison]) -> None:
    values = [finals.estimates(one) for one in found.values()]
    rows = [
        [Cell(setting, line_style=findings.styles[setting]), *(column[setting] for column in values)]
        for setting in map(str, found[findings.primary].scores.columns)
    ]
    width = _width(len(found))
    columns = [Column(_head(metric), width, "decimal", SMALL, descending=metric.higher) for metric in found]
    names = Column("setting", WIDTH - width * len(columns), "left", SMALL)
    page.table([names, *columns], rows, "Interquartile means of each setting by every measure")


def _pairs(page: Page, findings: Findings, found: dict[Measure, Comparison]) -> None:
    """Draw the table of pairs that each measure shows to differ."""
    page.heading("Which differences are shown by which measure")
    rows: list[list[Cell | str]] = []
    for metric, one in found.items():
        shown, pairs = one.conclusion.differing, one.conclusion.pairs
        phrases = [f"{short_name(better)} over {short_name(worse)}" for better, worse in shown[:_NAMED]]
        more = [f"{len(shown) - _NAMED} more"] if len(shown) > _NAMED else []
        order = "" if metric == findings.primary else numbers.fixed(tau(findings, metric), 2)
        rows.append([metric.full, f"{len(shown)} of {pairs}", order, Cell("; ".join([*phrases, *more]) or "none", faint=True)])
    columns = [
        Column("measure", 48.0, "left", SMALL),
        Column("pairs", 16.0, size=SMALL),
        Column("Kendall's tau", 24.0, size=SMALL),
        Column("the better first", WIDTH - 88.0, "left", SMALL),
    ]
    page.table(columns, rows, "Pairs that each measure shows to differ")
    page.note(
        "Kendall's tau: rank correlation between a measure and the first one; 1: the same order, \N{MINUS SIGN}1: the "
        "reversed order."
    )
