"""Page: each setting with a schedule against the same setting at a constant learning rate."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.schedules import Effects, schedule_effects
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import MUTED
from nnbench.report.sentences.wording import first_of, short_name
from nnbench.stats.signed_rank import LEVEL

_MANY = 24  # rows on the page
_CAPTION = (
    "Mark: interquartile mean of {measure} with the schedule, less that of the same setting at a constant learning rate, on "
    "the same seeds; {side} of the line the schedule is better. Small dots: differences of single seeds; bar: {interval}. "
    "Filled: a difference is shown (Wilcoxon signed-rank test, a diverged run worse than any other, Holm-corrected over "
    "{settings}, level {level:g}). Tuned settings are left out."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `Effects.table`, the setting that gains the most first."""
    found, by = schedule_effects(findings), findings.primary
    gain = found.table["estimate"] * (1 if by.higher else -1)
    table = found.table.loc[gain.sort_values(ascending=False, na_position="last").index].reset_index(drop=True)
    caption = _CAPTION.format(
        measure=by.name,
        side="right" if by.higher else "left",
        interval=numbers.INTERVAL,
        settings=numbers.count(len(table), "setting"),
        level=LEVEL,
    )
    page = section.page(_title(found, table, by.name), caption)
    rows = [_row(findings, found, row) for row in table.head(_MANY).to_dict("records")]
    heads = ("difference", "95 % interval", "seeds", "constant", "schedule")
    axes = forest_plot(page, rows, f"difference in {by.name}", heads)
    axes.locator_params(axis="x", nbins=4)  # the columns leave little room
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0.5)
    page.note(first_of(len(table), _MANY))
    return table


def _row(findings: Findings, found: Effects, row: Mapping[Any, Any]) -> Row:
    places = numbers.decimals(row["low"], row["high"])
    pairs = found.pairs[found.pairs["setting"] == row["setting"]]
    pairs = pairs[np.isfinite(pairs[["before", "after"]]).all(axis=1)]
    estimate = round(row["estimate"], places)
    signed = f"+{numbers.fixed(estimate, places)}" if estimate > 0 else numbers.fixed(estimate, places)
    seeds = str(row["n"]) if row["ended"] == row["n"] else f"{row['ended']} of {row['n']}"
    means = (numbers.fixed(row[side], places) for side in ("before", "after"))
    return Row(
        name=row["setting"],
        figures=(signed, numbers.bounds(row["low"], row["high"]), seeds, *means),
        line_style=findings.styles[row["setting"]],
        estimate=(row["estimate"], row["low"], row["high"]),
        hollow=not row["differ"],
        values=pairs["after"] - pairs["before"],
    )


def _title(found: Effects, table: pd.DataFrame, measure: str) -> str:
    most = int(table["n"].max())
    if most < found.needed:
        return f"{numbers.count(most, 'seed')} cannot show the effect of a schedule on {measure}: {found.needed} are needed"
    if not table["differ"].any():
        return f"No effect of a schedule on {measure} is shown"
    phrases = []
    for sign, word in ((1, "better"), (-1, "worse")):
        moved = [short_name(str(setting)) for setting in table.loc[table["better"] == sign, "setting"]]
        if moved:
            phrases.append(
                f"{word} for {numbers.listing(moved if len(moved) <= 3 else [*moved[:2], f'{len(moved) - 2} others'])}"
            )
    rest = int((~table["differ"]).sum())
    none = f"; no effect is shown for {numbers.count(rest, 'other')}" if rest else ""
    return f"Against a constant rate, {measure} is {' and '.join(phrases)}{none}"
