"""Page: training and validation loss over the epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.findings.references import References, references
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import curves, reference_lines
from nnbench.report.plots.page import Section
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences import wording

_SPLITS = ("train", "Training"), ("val", "Validation")
_EARLY = 0.01, 30  # share and number of the first epochs, in which a spike may be cut off
_SPIKE = 1.5  # times as high as all later losses


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `curves.bands` of training and validation loss."""
    table = curves.bands(findings, {f"{split}_loss": f"{word} loss ({findings.loss_unit})" for split, word in _SPLITS})
    by = METRICS["final/train_loss"]
    known = references(findings.runs)
    lows, top = _lows(table, known), ceiling(table)
    key = known.loss_key(min(lows.values()), top)
    page = section.page(
        wording.headline(findings, by), curves.caption(findings, table) + cut(table) + _clip(findings, table) + key
    )
    curves.draw(page, findings, table, by, Logarithmic(lows, top, known))
    return table


def ceiling(table: pd.DataFrame) -> float:
    """Upper limit: the largest loss at epoch 0 or after the first epochs, in which some optimizers spike."""
    last = table["epoch"].max()
    late = table.loc[(table["epoch"] >= min(last, max(_EARLY[0] * last, _EARLY[1]))) | (table["epoch"] == 0), "high"].max()
    highest = table["high"].max()
    top = float(late if highest > _SPIKE * late else highest) * 1.1
    return top if top > 0 else 1.0  # losses that are all 0


def cut(table: pd.DataFrame) -> str:
    """Caption sentence about losses cut off above the upper limit; empty where there are none."""
    top, highest = ceiling(table), float(table["high"].max())
    return f" Early losses of up to {highest:.2g} are cut off above {top:.2g}." if highest > top else ""


def _clip(findings: Findings, table: pd.DataFrame) -> str:
    """Caption sentence about the clipping that only the training cross-entropy has; empty unless both losses are shown."""
    clipped = findings.kind == "classification" and table["curve"].nunique() > 1
    return " Only the training loss clips probabilities at 1e-7, as the notebook does." if clipped else ""


def _lows(table: pd.DataFrame, known: References) -> dict[str, float]:
    """The lower end of each curve's axis: its lowest loss above zero, or the lowest reference if that is near it.

    A held-out loss can be zero throughout, where there is one class.
    """
    lowest = table["low"].where(table["low"] > 0).groupby(table["curve"]).min() / 1.1
    lows = {str(curve): float(low) for curve, low in lowest.fillna(ceiling(table) / 2).items()}
    return {
        curve: min([low, *(max(value / 1.1, low / 10) for value in known.beside([curve]).values())])
        for curve, low in lows.items()
    }


@dataclass(frozen=True)
class Logarithmic:
    """Logarithmic scales with a common upper limit and length per decade, each down to its lowest value."""

    lows: Mapping[str, float]
    top: float
    references: References = field(default_factory=References)

    @property
    def limits(self) -> tuple[float, float]:
        """Of one axis for all curves."""
        return min(self.lows.values()), self.top

    def of(self, shown: Sequence[str]) -> curves.Scale:
        """A scale down to the lowest of these curves."""
        apply = scale(min(self.lows[curve] for curve in shown), self.top)

        def with_lines(axes: Axes) -> None:
            apply(axes)
            reference_lines.draw(axes, self.references.beside(shown), named=axes.get_position().width > 0.5)

        return with_lines

    def height(self, curve: str) -> float:
        """The decades that the curve spans; at least a third."""
        return float(max(np.log10(self.top / self.lows[curve]), 1 / 3))


def scale(low: float, high: float) -> curves.Scale:
    """Return a function that sets a logarithmic axis over these losses."""

    def apply(axes: Axes) -> None:
        logarithmic(axes.yaxis, low, high, numbers.tick, least=4)

    return apply
