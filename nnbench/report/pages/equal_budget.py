"""Page: the share of a reference's budget after which each setting has reached the reference's final training loss."""

import math

import numpy as np
import pandas as pd

from nnbench.report.findings.equal_budget import EqualBudget, equal_budget
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import MUTED
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences import equal_budget as sentences
from nnbench.report.sentences.wording import first_of

_MANY = 20
_TOLD = 5  # settings of which sentences tell what the table says of all
_CAPTION = (
    "Of each seed: what the run of a setting has spent when its training loss is first as low as the one with which the run "
    "of {reference} on the same points and initial weights ends, over what that run spends in total. Mark: median over "
    "seeds; bar: its 95 % bootstrap interval; small dots: single seeds. Left of 1 the setting is faster. ∞: it does not "
    "reach that loss on half of the seeds; then the share of its own budget that {reference} needs for its final loss is "
    "given in the last column. A diverged run never reaches it."
)
_SEARCHES = (
    " A tuned setting has a run of each of its searches on each seed: every one is compared with every one of the reference, "
    "the median and its interval are over searches and seeds, and a dot is the median of a seed."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per setting, the fastest first.

    Returns:
        `setting`, `reference`, `unit`, `n`, `estimate`, `low`, `high` (of its share of the reference's budget), and
        `reverse_estimate`, `reverse_low`, `reverse_high` (the share of its budget that the reference needs).
    """
    every = equal_budget(findings)
    title = f"At equal budget, {sentences.sentence(findings, every.settings[0], every)}"
    caption = _CAPTION.format(reference=every.reference) + (_SEARCHES if findings.searches > 1 else "")
    page = section.page(title, caption + findings.axis.reason)
    shown = every.settings[:_MANY]
    known = np.concatenate([[1.0], *(_finite(one) for one in shown)])
    low, high = max(known.min() / 1.3, 1e-4), max(known.max() * 1.3, 1.3)
    rows = [_row(findings, one, (low, high)) for one in shown]
    heads = ("share", "95 % interval", "seeds", "the reverse")
    axes = forest_plot(page, rows, f"share of the {findings.axis.plural} of the reference, logarithmic", heads)
    logarithmic(axes.xaxis, low, high, lambda tick: f"{tick:g}")
    axes.axvline(1, color=MUTED, linewidth=0.8)
    page.note(first_of(len(every.settings), _MANY))
    for one in every.settings[1:_TOLD]:
        page.paragraph(f"{sentences.sentence(findings, one, every)}.")
    return pd.DataFrame(
        [
            {
                "setting": one.setting,
                "reference": every.reference,
                "unit": findings.axis.unit,
                "n": one.ahead.n,
                "estimate": one.ahead.estimate,
                "low": one.ahead.low,
                "high": one.ahead.high,
                "reverse_estimate": one.behind.estimate,
                "reverse_low": one.behind.low,
                "reverse_high": one.behind.high,
            }
            for one in every.settings
        ]
    )


def _row(findings: Findings, one: EqualBudget, limits: tuple[float, float]) -> Row:
    """The row of a setting; shares of zero and infinite ones are drawn at the ends of the axis."""
    found = one.ahead
    reverse = f"{sentences.share(one.behind)} {sentences.interval(one.behind)}".rstrip() if one.reversed else ""
    finite = math.isfinite(found.estimate)
    estimate, low, high = (float(np.clip(bound, *limits)) for bound in (found.estimate, found.low, found.high))
    return Row(
        name=one.setting,
        figures=(sentences.share(found) if finite else "∞", sentences.interval(found), str(found.n), reverse),
        line_style=findings.styles[one.setting],
        estimate=(estimate, low, high) if finite else None,
        values=one.shares[np.isfinite(one.shares) & (one.shares > 0)],
    )


def _finite(one: EqualBudget) -> "pd.Series[float]":
    values = pd.concat([one.shares, pd.Series([one.ahead.estimate, one.ahead.low, one.ahead.high])])
    return values[np.isfinite(values) & (values > 0)]
