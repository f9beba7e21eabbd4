"""Page: training loss after the last epoch against the learning rate, a small panel for each optimizer."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.core.keys import LEADING
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import style, text
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import NOTE, WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences.wording import first_of, short_name
from nnbench.stats.sensitivity import sensitivity_curve

_RATE, _LOSS = LEADING[0], "final/train_loss"
_ACROSS, _MOST = 4, 24  # panels in a row, and on the page


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page.

    Returns:
        One row an optimizer and learning rate: `optimizer`, `learning_rate`, `setting` (that with the lowest mean loss there),
        `n`, `estimate`, `low`, `high` (interquartile mean of the loss over seeds, 95 % interval), `diverged` (runs that did).
    """
    ended = findings.ended
    if not findings.known(_LOSS) or _RATE not in ended:
        raise NoDataError("no run has a training loss and a learning rate")
    rates = pd.to_numeric(ended[_RATE], errors="coerce")
    runs = ended.assign(learning_rate=rates, value=ended[_LOSS].where(ended["outcome"] != "diverged"))[rates > 0]
    varied = [name for name, group in runs.groupby("optimizer", sort=False) if group["learning_rate"].nunique() > 1]
    if not varied:
        raise NoDataError("no optimizer was run with more than one learning rate")
    curves = {str(name): _curve(runs[runs["optimizer"] == name]) for name in varied}
    lowest = {name: float(curve["estimate"].min()) for name, curve in curves.items()}
    order = sorted(curves, key=lambda name: (pd.isna(lowest[name]), lowest[name]))
    first = order[0]
    if pd.isna(lowest[first]):
        raise NoDataError("no optimizer with more than one learning rate has a run that was completed")
    best = curves[first].sort_values("estimate").iloc[0]
    title = f"The lowest training loss, {numbers.significant(lowest[first], 2)}, is that of {short_name(first)} at a "
    title += f"learning rate of {numbers.significant(float(best['learning_rate']), 3)}"
    seeds = int(max(curve["n"].max() for curve in curves.values()))
    left = f" {first_of(len(order), _MOST, 'optimizer')}".rstrip()
    page = section.page(
        title,
        f"Training loss ({findings.loss_unit}) after the last epoch, at each learning rate: the interquartile mean over "
        f"{numbers.count(seeds, 'seed')} of the setting with the lowest, band: its {numbers.INTERVAL}. Crosses: learning "
        f"rates at which a run diverged. Grey: the others. In the order of the lowest losses, which are not tested.{left}",
    )
    _panels(page, findings, {name: curves[name] for name in order[:_MOST]})
    return pd.concat([curves[name].assign(optimizer=name) for name in order], ignore_index=True)


def _curve(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of one optimizer by learning rate."""
    lost = runs.groupby("setting")["value"].apply(lambda values: values.isna().sum())
    means = runs.groupby("setting")["value"].mean()
    order = {
        setting: at
        for at, setting in enumerate(pd.DataFrame({"lost": lost, "mean": means}).sort_values(["lost", "mean"]).index)
    }
    runs = runs.assign(place=runs["setting"].map(order))
    return sensitivity_curve(runs[["learning_rate", "setting", "value", "place"]]).drop(columns="place")


def _panels(page: Page, findings: Findings, curves: dict[str, pd.DataFrame]) -> None:
    known = pd.concat(curves.values())
    losses, rates = known["estimate"][known["estimate"] > 0], known["learning_rate"]
    # The losses of runs that have all but diverged would flatten the others.
    low, high = float(losses.min()), min(float(losses.max()), 100 * float(losses.median()))
    rows, across = -(-len(curves) // _ACROSS), (WIDTH + 2.5) / _ACROSS
    step = min(56.0, 210 / rows)
    drawing = page.drawing()
    for number, (name, curve) in enumerate(curves.items()):
        row, column = divmod(number, _ACROSS)
        x, y, line_style = 8 + column * across, row * step, findings.optimizer_styles[name]
        drawing.write(x, y, text.wrap(name, NOTE, across - 12)[0], size=NOTE)
        axes = drawing.axes(x, y + 5, across - 13, step - 15)
        logarithmic(axes.xaxis, float(rates.min()) / 1.3, float(rates.max()) * 1.3, numbers.tick)
        axes.set_xticks([tick for at, tick in enumerate(axes.get_xticks()) if at % 2 == 0])
        logarithmic(axes.yaxis, low / 1.3, high * 1.3, numbers.tick)
        axes.tick_params(labelsize=style.SMALL - 1)
        if number + _ACROSS >= len(curves):
            axes.set_xlabel("learning rate")
        for other in curves.values():
            axes.plot(other["learning_rate"], other["estimate"], color=style.FAINT, linewidth=0.5, linestyle=palette.SOLID)
        axes.fill_between(
            curve["learning_rate"], curve["low"], curve["high"], color=line_style.colour, alpha=0.15, linewidth=0
        )
        axes.plot(curve["learning_rate"], curve["estimate"], color=line_style.colour, linewidth=1.3, marker=".", markersize=4)
        lost = curve.loc[curve["diverged"] > 0, "learning_rate"]
        axes.plot(
            lost,
            [1.03] * len(lost),
            "x",
            color=line_style.colour,
            markersize=3,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )
