"""How the loss falls, before and after."""

import pandas as pd

from nnbench.report.figures.loss import ceiling, cut, scale
from nnbench.report.findings import METRICS
from nnbench.report.page import Pad
from nnbench.report.versus import curves
from nnbench.report.versus.pairing import Versus


def draw(pad: Pad, versus: Versus) -> pd.DataFrame:
    """The training loss, as `versus.curves.bands` gives it."""
    table = curves.bands(versus, "train_loss", "Training loss (nats)")
    low = table.loc[table["low"] > 0, "low"].min() / 1.15
    return curves.draw(pad, versus, table, METRICS["final/train_loss"], scale(low, ceiling(table)), cut(table))
