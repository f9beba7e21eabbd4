"""Pages: loss and accuracy over the epochs before and after a change, setting by setting."""

import pandas as pd

from nnbench.core import palette
from nnbench.core.formatting import capitalized
from nnbench.records.measure import Measure
from nnbench.report.comparison import wording
from nnbench.report.comparison.pairing import Versus
from nnbench.report.comparison.panels import more, panels
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import METRICS
from nnbench.report.findings.references import chance
from nnbench.report.pages.accuracy import FromChance
from nnbench.report.pages.loss import ceiling, cut, scale
from nnbench.report.plots import curves
from nnbench.report.plots.page import Section

_BEFORE = "#4d4d4d"


def loss(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the page of the training loss; return its `_bands`."""
    table = _bands(versus, "train_loss", f"Training loss ({versus.after.loss_unit})")
    low = table.loc[table["low"] > 0, "low"].min() / 1.15
    return _draw(section, versus, table, METRICS["final/train_loss"], scale(low, ceiling(table)), cut(table))


def accuracy(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the page of the accuracy, or R² of a regression, on validation points where both studies have them."""
    section.kind = capitalized(versus.after.score_name)
    validation, training = (versus.after.score(split) for split in ("val", "train"))
    measure = validation if validation in versus.metrics else training
    table = _bands(versus, measure.key.removeprefix("final/"), capitalized(measure.name))
    before, after = (chance(one.runs) for one in (versus.before, versus.after))
    limits = FromChance(before if before == after else None).of(list(versus.matched))
    return _draw(section, versus, table, measure, limits)


def _bands(versus: Versus, column: str, title: str) -> pd.DataFrame:
    """`plots.curves.bands` of both studies under the common names of the settings, with `study`: before or after."""
    parts = []
    for which, side in enumerate((versus.before, versus.after)):
        common = {names[which]: name for name, names in versus.matched.items()}
        table = curves.bands(side, {column: title})
        table = table.assign(setting=table["setting"].map(common), study=("before", "after")[which])
        parts.append(table.dropna(subset=["setting"]))
    if any(part.empty for part in parts):
        raise NoDataError("the settings that both studies have left no curves")
    return pd.concat(parts, ignore_index=True)


def _draw(
    section: Section, versus: Versus, table: pd.DataFrame, by: Measure, set_scale: curves.Scale, note: str = ""
) -> pd.DataFrame:
    """Draw a small panel for each setting, with both studies; the caption ends with the note."""
    names = [name for name in versus.matched if (table["setting"] == name).any()]
    means = "Lines: interquartile means over seeds. Bands: the middle half of the runs."
    lines = means if table["n"].max() > 1 else "Lines: the one run of each."
    caption = (
        f"{table['curve'].iloc[0]}. In colour: {versus.names[1]}; grey and dashed: {versus.names[0]}. {lines} "
        f"Epochs on a logarithmic scale that begins at 0.{note}{more(names)}"
    )
    page = section.page(wording.headline(versus, by), caption)
    sides = dict(iter(table.groupby(["setting", "study"])))
    for name, axes, foot in panels(page, names, versus.styles):
        curves.spent_axis(axes, float(table["epoch"].max()), small=True)
        set_scale(axes)
        # before on top: its dashes leave the line after visible where both are the same
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
