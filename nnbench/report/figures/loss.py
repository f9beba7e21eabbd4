"""How the loss falls, epoch by epoch, on the points trained on and on those held out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.report import curves, findings
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad
from nnbench.study import Study


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """The quartiles of `curves.bands`, for training and validation loss."""
    table = curves.bands(study, ["train_loss", "val_loss"])
    if table.empty:
        raise NotShown("no run came to its end")
    by = findings.metric("final/train_loss")
    ranking = findings.ranking(study, by)
    page = pad.page(findings.headline(study, by, ranking), curves.caption(study, table, "loss"))
    low, high = np.nanmin(table["low"]), np.nanmax(table["high"])

    def limits(axes: Axes) -> None:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, high * 1.15)

    curves.draw(page, study, table, list(ranking["setting"]), "loss (nats)", limits)
    return table
