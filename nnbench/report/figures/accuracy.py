"""How the accuracy rises from the chance line, on the points trained on and on those held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from nnbench.report import curves, style, wording
from nnbench.report.figures import Settings
from nnbench.report.findings import METRICS, Findings
from nnbench.report.page import Pad


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """What `curves.bands` gives, for training and validation accuracy."""
    table = curves.bands(findings, {"train_accuracy": "Training accuracy", "val_accuracy": "Validation accuracy"})
    by = METRICS["final/val_accuracy" if findings.known("final/val_accuracy") else "final/train_accuracy"]
    page = pad.page(wording.headline(findings, by), curves.caption(findings, table))
    classes = pd.Series(findings.runs.get("dataset.classes")).dropna()
    curves.draw(page, findings, table, by, FromChance(int(classes.max()) if len(classes) else None))
    return table


@dataclass(frozen=True)
class FromChance:
    """From what guessing among so many classes gives, to 1; from 0 where their number is unknown."""

    classes: int | None

    def of(self, shown: Sequence[str]) -> curves.Scale:
        """The same for all."""
        return self._apply

    def height(self, curve: str) -> float:
        """The same for all."""
        return 1.0

    def _apply(self, axes: Axes) -> None:
        classes = self.classes
        axes.set_ylim(1 / classes if classes else 0, 1)
        axes.set_yticks([tick / 10 for tick in range(2, 11, 2) if not classes or tick / 10 > 1 / classes + 0.03])
        if classes and axes.get_position().width > 0.5:
            axes.text(
                0.995,
                0.015,
                f"chance: 1/{classes}",
                transform=axes.transAxes,
                fontsize=style.LEAST,
                ha="right",
                va="bottom",
                color=style.MUTED,
            )
