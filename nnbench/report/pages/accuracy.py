"""Page: training and validation accuracy, or R² of a regression, over the epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from nnbench.core.formatting import capitalized
from nnbench.records.kinds import SCORES
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import UNLEARNT, chance, references
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import curves, reference_lines, style
from nnbench.report.plots.page import Section
from nnbench.report.sentences import wording


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `curves.bands` of training and validation accuracy or R²."""
    part, name = SCORES[findings.kind]
    section.kind = capitalized(name)
    table = curves.bands(findings, {f"train_{part}": f"Training {name}", f"val_{part}": f"Validation {name}"})
    by = findings.held_out
    known = references(findings.runs)
    caption = curves.caption(findings, table) + known.score_key()
    if findings.kind == "regression" and (table["low"] < 0).any():
        caption += " Below 0, where the mean of the targets would be closer, nothing is shown."
    page = section.page(wording.headline(findings, by), caption)
    curves.draw(page, findings, table, by, FromChance(chance(findings.runs), known.scores))
    return table


@dataclass(frozen=True)
class FromChance:
    """A linear scale from the chance accuracy, or 0 if that is unknown, to 1.

    Attributes:
        chance: the accuracy of guessing.
        references: other accuracies to mark with a line, by name.
    """

    chance: float | None
    references: Mapping[str, float] = field(default_factory=dict)
    limits: None = None

    def of(self, shown: Sequence[str]) -> curves.Scale:
        """The scale, the same for all curves."""
        return self._apply

    def height(self, curve: str) -> float:
        """The same for all curves."""
        return 1.0

    def _apply(self, axes: Axes) -> None:
        lowest = self.chance if self.chance is not None and self.chance < 1 else 0.0
        axes.set_ylim(lowest, 1)
        axes.set_yticks([tick / 10 for tick in range(2, 11, 2) if not lowest or tick / 10 > lowest + 0.03])
        wide = axes.get_position().width > 0.5
        reference_lines.draw(
            axes, {name: value for name, value in self.references.items() if name not in UNLEARNT}, named=wide
        )
        if lowest and wide:
            small: dict[str, Any] = {"fontsize": style.LEAST, "color": style.MUTED}
            axes.text(0.995, 0.015, f"chance {lowest:.2f}", transform=axes.transAxes, ha="right", va="bottom", **small)
