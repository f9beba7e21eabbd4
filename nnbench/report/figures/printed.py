"""The rows that the notebook printed, one draw of chance, against the band of many draws of the same five runs."""

from importlib.resources import files

import numpy as np
import pandas as pd

from nnbench.report import curves, numbers, style
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad, Page
from nnbench.report.style import LEFT, SMALL
from nnbench.study import Study

_CURVES = {"train_accuracy": "accuracy", "train_loss": "loss"}
_ROUNDED = 0.0005  # the notebook printed three decimals


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """One row a printed number: `setting`, `curve`, `epoch`, `printed`, our `least`, `low`, `median`, `high`, `most`, `n`, `inside`."""
    printed = pd.read_csv(str(files("nnbench.report") / "data" / "printed.csv"))
    bands = curves.bands(study, list(_CURVES))
    settings_shown = [name for name in printed["optimizer"].unique() if (bands["setting"] == name).any()]
    if not settings_shown:
        raise NotShown("none of the notebook's five runs came to its end in this study")
    table = pd.concat(
        [_against(printed[printed["optimizer"] == name], bands[bands["setting"] == name], name) for name in settings_shown],
        ignore_index=True,
    )
    runs = int(table["n"].max())
    inside = table.loc[table["curve"] == "train_accuracy", "inside"]
    if runs == 1:
        title = f"The notebook's printed rows beside one run of ours: {inside.sum()} of {len(inside)} accuracies agree"
    else:
        title = f"{inside.sum()} of the notebook's {len(inside)} printed accuracies lie within the range of our {runs} seeds"
    caption = (
        "Dots: what the notebook printed, every 1,000 epochs. Line: our median over seeds. Darker band: the middle half of the "
        f"{numbers.count(runs, 'run')}. Paler: all of them. Training points, as the notebook has no others; straight lines join evaluated epochs."
    )
    page = pad.page(title, caption)
    _panels(page, table, bands, settings_shown)
    return table


def _against(printed: pd.DataFrame, bands: pd.DataFrame, name: str) -> pd.DataFrame:
    parts = []
    for curve, column in _CURVES.items():
        own = bands[bands["curve"] == curve]
        epochs = printed["epoch"].to_numpy()
        at = {part: np.interp(epochs, own["epoch"], own[part], right=np.nan) for part in ("least", "low", "median", "high", "most", "n")}
        values = printed[column].to_numpy()
        inside = (at["least"] - _ROUNDED <= values) & (values <= at["most"] + _ROUNDED)
        parts.append(pd.DataFrame({"setting": name, "curve": curve, "epoch": epochs, "printed": values, **at, "inside": inside}))
    return pd.concat(parts)


def _panels(page: Page, table: pd.DataFrame, bands: pd.DataFrame, settings: list[str]) -> None:
    looks = style.lines(settings)
    step = min(48.0, page.room / len(settings))
    width = (style.WIDTH - 26) / 2
    for row, name in enumerate(settings):
        y = page.y + row * step
        for column, (curve, what) in enumerate(_CURVES.items()):
            own, points = (frame[(frame["setting"] == name) & (frame["curve"] == curve)] for frame in (bands, table))
            x = LEFT + 10 + column * (width + 16)
            page.write(x, y, f"{name}: training {what}", size=SMALL, bold=True)
            axes = page.axes(x, y + 5, width, step - 16)
            colour = looks[name].colour
            if own["n"].max() > 1:
                axes.fill_between(own["epoch"], own["least"], own["most"], color=colour, alpha=0.1, linewidth=0)
                axes.fill_between(own["epoch"], own["low"], own["high"], color=colour, alpha=0.22, linewidth=0)
            axes.plot(own["epoch"], own["median"], color=colour, linewidth=1.1)
            axes.plot(points["epoch"], points["printed"], "o", color=style.INK, markersize=3, clip_on=False)
            axes.set_xlim(0, 10_000)
            axes.xaxis.set_major_formatter(lambda epoch, _: f"{epoch:,.0f}")
            if curve == "train_loss":
                axes.set_yscale("log")
                axes.set_ylim(table["printed"].min() / 2, 1.5)
            else:
                axes.set_ylim(0.25, 1)
            if row == len(settings) - 1:
                axes.set_xlabel("epoch")
    page.y += step * len(settings)
