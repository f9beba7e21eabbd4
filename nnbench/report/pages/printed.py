"""Page: the values that the notebook printed, against the range over our seeds of the same five runs."""

from importlib.resources import files

import numpy as np
import pandas as pd

from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.pages.loss import scale
from nnbench.report.plots import curves, style
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import LEAST, MUTED, WIDTH

_CURVES = {"train_accuracy": "accuracy", "train_loss": "loss"}
_CUT = 1.5  # nats; the spikes of the first epochs would take half the panel
_ROUNDED = 0.0005  # the notebook printed three decimals


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per printed value, with our band and whether it is `inside`."""
    printed = pd.read_csv(str(files("nnbench.report.pages") / "printed.csv"))
    bands = curves.bands(findings, _CURVES)
    ours = [name for name in printed["optimizer"].unique() if (bands["setting"] == name).any()]
    if not ours:
        raise NoDataError("none of the notebook's five runs was completed in this study")
    table = pd.concat([_against(printed, bands, name, what) for name in ours for what in _CURVES.values()], ignore_index=True)
    seeds = int(table["n"].max())
    known = table[table["iqm"].notna()]
    last, accuracies = int(known["epoch"].max()), known[known["curve"] == "accuracy"]
    until = "" if last == table["epoch"].max() else f" up to epoch {last:,}"
    inside = f"{accuracies['inside'].sum()} of the notebook's {len(accuracies)} printed accuracies{until}"
    title = f"{inside} lie within the range of our {seeds} seeds" if seeds > 1 else f"{inside} are those of our one run"
    caption = "Dots: the values that the notebook printed every 1,000 epochs, on its training points. "
    caption += (
        f"Line: our interquartile mean over seeds. Bands: the middle half, and paler the whole range, of the {seeds} runs."
        if seeds > 1
        else "Line: our one run, so there is no band."
    )
    caption += f" Our values are interpolated linearly between evaluated epochs. Losses above {_CUT:g} are cut off."
    _panels(section.page(title, caption), findings, known, bands, ours)
    return table


def _against(printed: pd.DataFrame, bands: pd.DataFrame, name: str, what: str) -> pd.DataFrame:
    """The printed values of one run and curve with our band at their epochs; NaN after our last epoch."""
    rows = printed[printed["optimizer"] == name]
    band = bands[(bands["setting"] == name) & (bands["curve"] == what)]
    if band.empty:
        return pd.DataFrame()
    epochs, values = rows["epoch"].to_numpy(), rows[what].to_numpy()
    parts = ["least", "low", "iqm", "high", "most", "n"]
    ours = {part: np.interp(epochs, band["epoch"], band[part], right=np.nan) for part in parts}
    inside = (ours["least"] - _ROUNDED <= values) & (values <= ours["most"] + _ROUNDED)
    columns = {"setting": name, "curve": what, "epoch": epochs, "printed": values, **ours, "inside": inside}
    return pd.DataFrame(columns)


def _panels(page: Page, findings: Findings, table: pd.DataFrame, bands: pd.DataFrame, names: list[str]) -> None:
    """Draw one row per run: accuracy on the left, loss on the right."""
    gap, step, drawing = 18.0, 42.0, page.drawing()
    width = (WIDTH - gap - 12) / 2
    losses = bands[bands["curve"] == "loss"]
    low = min(losses.loc[losses["epoch"] > 0, "least"].min(), table.loc[table["curve"] == "loss", "printed"].min())
    loss_scale = scale(low / 1.2, _CUT)
    for row, name in enumerate(names):
        y, line_style = row * step, findings.styles[name]
        drawing.name(0, y, name, line_style, WIDTH / 2, bold=True)
        for column, what in enumerate(_CURVES.values()):
            x = 8 + column * (width + gap)
            drawing.write(
                x + width, y, f"training {what}{' (nats)' * (what == 'loss')}", size=LEAST, colour=MUTED, align="right"
            )
            axes = drawing.axes(x, y + 6, width, step - 16)
            band, points = (frame[(frame["setting"] == name) & (frame["curve"] == what)] for frame in (bands, table))
            for below, above, alpha in (("least", "most", 0.12), ("low", "high", 0.25)):
                if band["n"].max() > 1:
                    epochs, colour = band["epoch"], line_style.colour
                    axes.fill_between(epochs, band[below], band[above], color=colour, alpha=alpha, linewidth=0)
            axes.plot(band["epoch"], band["iqm"], color=line_style.colour, linewidth=1.1)
            axes.plot(points["epoch"], points["printed"], "o", color=style.INK, markersize=2.8, clip_on=False)
            axes.set_xlim(0, max(1, table["epoch"].max()))
            axes.locator_params(axis="x", nbins=5)
            axes.xaxis.set_major_formatter(lambda epoch, _: f"{epoch:,.0f}")
            if what == "loss":
                loss_scale(axes)
            else:
                axes.set(ylim=(0.25, 1), yticks=[0.4, 0.6, 0.8, 1])
            if row == len(names) - 1:
                axes.set_xlabel("epoch")
