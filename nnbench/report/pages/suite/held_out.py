"""Page: the held-out problems, on which no default and no search space was chosen, beside the problems of the suite."""

import numpy as np
import pandas as pd
from scipy import stats

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.suite import HELD_OUT, Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Section
from nnbench.report.plots.problem_map import problem_map
from nnbench.report.plots.style import WIDTH
from nnbench.report.sentences.wording import short_name

_ROWS, _PROBLEMS = 24, 14


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the map of the held-out problems and how far their order is that of the suite.

    Returns:
        One row a held-out problem: `problem`, `beside` (its counterpart in the suite, empty without one), `tau` (Kendall's, of
        the mean ranks within both; NaN without a counterpart), `kept` (pairs shown to differ on the counterpart that are
        shown here in the same order), `reversed` (those shown in the opposite order), `shown` (on the counterpart).
    """
    if not suite.held_out:
        raise NoDataError("no run is on a held-out problem (problem=held_out/NAME)")
    if not any(len(one.ended) for one in suite.held_out.values()):
        raise NoDataError("no run on a held-out problem has ended")
    result = pd.DataFrame([_row(suite, label) for label in suite.held_out])
    page = section.page(_title(suite, result), _CAPTION)
    ranks = {str(name): numbers.fixed(float(rank), 1) for name, rank in suite.across_held_out.ranks.items()}
    order = list(ranks) + [name for name in suite.settings if name not in ranks]
    problems = list(suite.held_out)[:_PROBLEMS]
    cells = suite.cells[suite.cells["problem"].isin(problems)].assign(problem=lambda rows: rows["problem"].map(_variant_of))
    variants = [_variant_of(label) for label in problems]  # the page's title says what they are
    problem_map(page, cells, order[:_ROWS], variants, suite.styles, right=("mean rank", ranks) if ranks else None)
    columns = [Column("held-out problem", 58, "left"), Column("beside", 44, "left"), Column("tau", 18, "decimal")]
    columns += [Column("shown on it", 18), Column("kept", 18), Column("reversed", WIDTH - 156)]
    rows: list[list[Cell | str]] = [
        [
            row["problem"],
            row["beside"] or numbers.MISSING,
            numbers.fixed(row["tau"], 2),
            *(str(row[name]) if row["beside"] else numbers.MISSING for name in ("shown", "kept", "reversed")),
        ]
        for row in result.to_dict("records")
    ]
    page.table(columns, rows, "The held-out problems beside those of the suite")
    return result


_CAPTION = (
    "The settings on variants of the suite's problems; no default and no search space was chosen on these. The map is "
    "read as that of the cover. Tau: Kendall's, of the mean ranks on a held-out problem and on the one beside it: 1 for the "
    "same order, -1 for the reverse. Kept: pairs shown to differ on that problem that are shown to differ here too, in the "
    "same order; reversed: in the opposite order."
)


def _variant_of(label: str) -> str:
    """The label of a held-out problem without their common folder."""
    return label.removeprefix(f"{HELD_OUT}/")


def _row(suite: Suite, label: str) -> dict[str, object]:
    beside = _variant_of(label)
    beside = next((one for one in suite.problems if one.split()[0] == beside.split()[0]), "")
    here = suite.within[label]
    shown = set(suite.within[beside].differing) if beside else set()
    found = set(here.differing)
    return {
        "problem": label,
        "beside": beside,
        "tau": _tau(suite.within[beside].ranks, here.ranks) if beside else np.nan,
        "shown": len(shown),
        "kept": len(shown & found),
        "reversed": len(shown & {(worse, better) for better, worse in found}),
    }


def _tau(first: "pd.Series[float]", second: "pd.Series[float]") -> float:
    common = [name for name in first.index if name in second.index]
    return float(stats.kendalltau(first[common], second[common]).statistic) if len(common) > 1 else np.nan


def _title(suite: Suite, result: pd.DataFrame) -> str:
    shown, kept, reversed_pairs = (int(result[name].sum()) for name in ("shown", "kept", "reversed"))
    if not shown:
        first = suite.across_held_out.ranks
        best = f"; the best mean rank is that of {short_name(str(first.index[0]))}" if len(first) else ""
        return f"{numbers.count(len(result), 'held-out problem')}{best}"
    some = numbers.count(shown, "difference")
    return f"Of {some} of the suite, {kept} are shown on the held-out problems too, {reversed_pairs} reversed"
