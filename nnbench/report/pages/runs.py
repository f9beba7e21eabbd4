"""Page: every run of the study."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.measures import by_rank
from nnbench.records.outcomes import COMPLETED
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Section
from nnbench.report.plots.style import LEAST, WIDTH
from nnbench.report.sentences import wording

_MANY = 2500  # rows of the table, on fifty pages; ten thousand take a gigabyte to set
_FINALS = {one.key: "\n".join(one.name.rsplit(" ", 1)) for one in by_rank("run_list")}


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per run.

    Returns:
        `setting`, `seed`, `outcome`, finals, `run_id`, and the `reason` where it failed.
    """
    runs = findings.runs.drop_duplicates("run_id")
    if runs.empty:
        raise NoDataError("there is no run")
    reasons = runs.get("reason", pd.Series("", index=runs.index)).fillna("")
    finals = {column: head for column, head in _FINALS.items() if findings.known(column)}
    result = findings.ordered(runs)[["setting", "seed", "outcome", *finals, "run_id"]].assign(reason=reasons)
    columns = [
        Column("seed", 11, size=LEAST),
        Column("outcome", 19, "left", LEAST),
        *(Column(head, 16, "decimal", LEAST) for head in finals.values()),
        Column("run id", 50, "left", LEAST, mono=True),
    ]
    name = Column("setting", WIDTH - sum(column.width for column in columns), "left", LEAST)
    rows: list[list[Cell | str]] = []
    for label, seed, outcome, *values, run_id, reason in _shown(result).itertuples(index=False):
        ended = Cell(outcome, warning=outcome not in COMPLETED)
        rows.append(
            [
                Cell(label, reason, line_style=findings.styles[label]),
                Cell(numbers.fixed(seed, 0), value=float(seed)),
                ended,
                *(Cell(numbers.fixed(value), value=value) for value in values),
                Cell(run_id, link=findings.study.address(run_id)),
            ]
        )
    page = section.page(wording.outcomes(runs))
    page.table([name, *columns], rows, "Every run of the study")
    if len(rows) < len(result):
        said = f"{len(rows)} of {len(result)} runs: those that were not completed, and the first seeds of each setting"
        page.note(f"{said}; the CSV file of this page has all.")
    return result


def _shown(result: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table, in their order: if there are too many, the runs that were not completed and the first seeds."""
    seeds = result.groupby("setting", sort=False).cumcount()
    place = seeds.where(result["outcome"].isin(COMPLETED), -1).reset_index(drop=True)
    return result.iloc[sorted(place.sort_values(kind="stable").index[:_MANY])]
