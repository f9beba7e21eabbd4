"""The curves before and after, setting by setting."""

import pandas as pd

from nnbench.core import palette
from nnbench.records.measure import Measure
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.comparison.panels import more, panels
from nnbench.report.pages import NoDataError
from nnbench.report.plots import curves
from nnbench.report.plots.sheet import Section

_BEFORE = "#4d4d4d"


def bands(versus: Versus, column: str, called: str) -> pd.DataFrame:
    """As `report.curves.bands`, under the settings' common names, with `study`: before or after."""
    parts = []
    for which, side in enumerate((versus.before, versus.after)):
        common = {names[which]: name for name, names in versus.matched.items()}
        table = curves.bands(side, {column: called})
        table = table.assign(setting=table["setting"].map(common), study=("before", "after")[which])
        parts.append(table.dropna(subset=["setting"]))
    if any(part.empty for part in parts):
        raise NoDataError("the settings that both studies have left no curves")
    return pd.concat(parts, ignore_index=True)


def draw(
    section: Section, versus: Versus, table: pd.DataFrame, by: Measure, scale: curves.Scale, note: str = ""
) -> pd.DataFrame:
    """A small panel a setting, both studies in it; the caption ends with the note."""
    names = [name for name in versus.matched if (table["setting"] == name).any()]
    called = str(table["curve"].iloc[0])
    lines = (
        "Lines: interquartile means over seeds. Bands: the middle half of the runs."
        if table["n"].max() > 1
        else "Lines: the one run of each."
    )
    caption = (
        f"{called}. In colour: {versus.names[1]}; grey and dashed: {versus.names[0]}. {lines} "
        f"Epochs on a logarithmic scale that begins at 0.{note}{more(names)}"
    )
    page = section.page(wording.headline(versus, by), caption)
    sides = dict(iter(table.groupby(["setting", "study"])))
    for name, axes, foot in panels(page, names, versus.styles):
        curves.epoch_axis(axes, float(table["epoch"].max()), small=True)
        scale(axes)
        # the earlier on top, for its dashes let the later be seen where both are the same
        for study, colour, dash in (("after", versus.styles[name].colour, palette.SOLID), ("before", _BEFORE, (0, (2, 1)))):
            if (name, study) not in sides:
                continue
            band = sides[name, study]
            if band["n"].max() > 1:
                axes.fill_between(band["epoch"], band["low"], band["high"], color=colour, alpha=0.15, linewidth=0)
            axes.plot(band["epoch"], band["iqm"], color=colour, linestyle=dash, linewidth=1.2)
        if foot:
            axes.set_xlabel("epoch")
    return table
