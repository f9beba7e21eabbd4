"""The answer, how sure it is, and what it does not say: all that most readers need."""

import pandas as pd

from nnbench.report import numbers, style, text, wording
from nnbench.report.figures import Settings
from nnbench.report.findings import Findings
from nnbench.report.page import Pad, Page, line_height
from nnbench.report.style import BODY, LEAST, LEFT, MUTED, RIGHT, SMALL
from nnbench.stats.paired import LEVEL

_NOTE = LEAST + 0.5


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """The ranked settings with their intervals, as `Findings.ranking` gives them."""
    table = findings.ranking(findings.primary)
    pages = (_page(findings, settings, table, rows) for rows in (12, 9, 6, 3))
    page = next((page for page in pages if page.room >= 0), None) or _page(findings, settings, table, 3)
    pad.pages.append(page)
    return table


def _page(findings: Findings, settings: Settings, table: pd.DataFrame, rows: int) -> Page:
    """The cover with as many settings in its strip; the final table has them all."""
    page = Page(text.legible(settings.title))
    page.paragraph(f"nnbench  \N{MIDDLE DOT}  {findings.study.name}", size=BODY, colour=MUTED, after=2.5)
    page.paragraph(settings.title, size=24, bold=True, after=5)
    page.paragraph(wording.verdict(findings, findings.primary), size=13.5, after=7)
    ranked = table[table["n"] > 0]
    if len(ranked):
        _strip(page, findings, ranked, rows)
    caveats = wording.caveats(findings)
    if caveats:
        page.heading("Read this with care")
    for words in caveats:
        page.write(LEFT, page.y, "\N{EN DASH}", size=SMALL, colour=MUTED)
        page.paragraph(words, size=SMALL, x=LEFT + 4, after=0.9)
    page.y += 4.5
    _runs(page, findings)
    if settings.contents:
        page.y += 4.5
        page.heading("Contents")
    for kind, title, number in settings.contents:
        page.write(LEFT + 4, page.y, str(number), size=SMALL, colour=MUTED, align="right")
        page.write(LEFT + 8, page.y, kind, size=SMALL, colour=MUTED)
        page.write(LEFT + 32, page.y, text.fit(title, SMALL, style.WIDTH - 32), size=SMALL)
        page.y += line_height(SMALL) + 0.5
    return page


def _strip(page: Page, findings: Findings, ranked: pd.DataFrame, rows: int) -> None:
    """A row a setting: its runs, their interquartile mean and interval, and the figures."""
    shown = ranked.head(rows)
    names = [text.fit(name, BODY, 52) for name in shown["setting"]]
    bounds = [numbers.bounds(low, high) for low, high in shown[["low", "high"]].itertuples(index=False)]
    left = LEFT + max(text.width(name, BODY) for name in names) + 5
    second = RIGHT - max(text.width(words, SMALL) for words in bounds)
    right = second - 19
    step = 8.5 if len(shown) <= 6 else 6.5
    axes = page.axes(left, page.y, right - left, step * len(shown))
    values = findings.values(findings.primary)
    columns = ["setting", "estimate", "low", "high", "behind"]
    for row, (setting, estimate, low, high, behind) in enumerate(shown[columns].itertuples(index=False)):
        look = findings.looks[setting]
        own = values.loc[values["setting"] == setting, "value"]
        if len(own) > 1:
            axes.plot(own, [row + 0.27] * len(own), "o", color=look.colour, markersize=2.2, alpha=0.35, markeredgewidth=0)
        axes.plot([low, high], [row, row], color=look.colour, linewidth=2, solid_capstyle="butt")
        axes.plot(
            [estimate],
            [row],
            marker=look.marker,
            markersize=6,
            color=look.colour,
            markerfacecolor="white" if behind else look.colour,
        )
        middle = page.y + step * (row + 0.5) - 0.38 * BODY / style.MM
        page.write(LEFT, middle, names[row])
        page.write(second - 14, middle, numbers.fixed(estimate, numbers.decimals(low, high)))
        page.write(second, middle, bounds[row], size=SMALL, colour=MUTED)
    axes.set_ylim(len(shown) - 0.4, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)
    axes.locator_params(axis="x", nbins=6)
    page.y += step * len(shown) + 6
    page.write((left + right) / 2, page.y, findings.primary.name, size=SMALL, colour=MUTED, align="center")
    page.y += line_height(SMALL) + 2.5
    page.paragraph(_key(findings, ranked, rows), size=_NOTE, colour=MUTED, after=7)


def _key(findings: Findings, ranked: pd.DataFrame, rows: int) -> str:
    """How to read the strip."""
    said = f"Mark: interquartile mean of {findings.primary.name} over seeds, of the runs that came to their end."
    if ranked["n"].max() > 1:
        said += " Small dots: single runs. Bar: 95 % interval of the mean (percentile bootstrap)."
    if ranked["behind"].any():
        said += (
            " Hollow: shown to be worse than the first, by the Wilcoxon signed-rank test on runs paired by seed, "
            f"Holm-corrected over all pairs, at level {LEVEL:g}. Filled: not shown to differ from it."
        )
    if len(ranked) > rows:
        said += f" The {len(ranked) - rows} settings that rank below are in the final table."
    return said


def _runs(page: Page, findings: Findings) -> None:
    """How the runs ended, what they ran on, and the command that asked for them."""
    page.heading("Runs")
    page.y += 0.5
    outcomes = findings.runs["outcome"]
    told = [(len(findings.scored), "came to their end")]
    told += [(int((outcomes == outcome).sum()), outcome) for outcome in ("diverged", "failed", "killed")]
    told += [(running, "running")] if (running := int((outcomes == "running").sum())) else []
    x = LEFT
    for number, words in told:
        page.write(x, page.y, f"{number:,}", size=14, bold=number > 0, colour=style.INK if number else style.FAINT)
        page.write(x, page.y + 6.5, words, size=_NOTE, colour=MUTED)
        x += max(text.width(f"{number:,}", 14, bold=True), text.width(words, _NOTE)) + 10
    page.y += 13
    if made_by := wording.provenance(findings.runs):
        page.paragraph(made_by, size=_NOTE, colour=MUTED, after=1)
    commands = findings.study.sweeps["command"].dropna()
    if len(commands):
        lines = text.wrap(commands.iloc[-1], _NOTE, style.WIDTH, family=text.MONO)
        page.paragraph(" ".join([*lines[:2], *(["…"] if len(lines) > 2 else [])]), size=_NOTE, mono=True, after=1)
    if len(commands) > 1:
        page.paragraph(f"the last of {len(commands)} commands", size=_NOTE, colour=MUTED, after=1)
