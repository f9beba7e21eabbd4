"""Page: training loss over the epochs, before and after."""

import pandas as pd

from nnbench.report.comparison import curves
from nnbench.report.comparison.pairing import Versus
from nnbench.report.findings.findings import METRICS
from nnbench.report.pages.loss import ceiling, cut, scale
from nnbench.report.plots.sheet import Section


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """The training loss, as `versus.curves.bands` gives it."""
    table = curves.bands(versus, "train_loss", f"Training loss ({versus.after.loss_unit})")
    low = table.loc[table["low"] > 0, "low"].min() / 1.15
    return curves.draw(section, versus, table, METRICS["final/train_loss"], scale(low, ceiling(table)), cut(table))
