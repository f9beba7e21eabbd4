"""How the loss falls, epoch by epoch, on the points trained on and on those held out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nnbench.report import curves, numbers, wording
from nnbench.report.figures import Settings
from nnbench.report.findings import METRICS, Findings
from nnbench.report.page import Pad


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """The quartiles of `curves.bands`, for training and validation loss."""
    table = curves.bands(findings, {"train_loss": "Training loss (nats)", "val_loss": "Validation loss (nats)"})
    by = METRICS["final/train_loss"]
    page = pad.page(wording.headline(findings, by), curves.caption(findings, table))
    positive = table.loc[table["low"] > 0, "low"]
    curves.draw(page, findings, table, by, scale(positive.min() / 1.15, table["high"].max() * 1.15))
    return table


def scale(low: float, high: float) -> curves.Scale:
    """A log axis over these losses, with 1, 2, 5 at its ticks where there is room for them."""

    def apply(axes: Axes) -> None:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if np.log10(high / low) < 2.5 else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: numbers.tick(loss)))
        axes.yaxis.set_minor_formatter(NullFormatter())

    return apply
