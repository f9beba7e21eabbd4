"""Page: accuracy over the epochs before and after, on held-out points where there are any."""

import pandas as pd

from nnbench.report.comparison import curves
from nnbench.report.comparison.pairing import Versus
from nnbench.report.findings.findings import METRICS
from nnbench.report.findings.references import chance
from nnbench.report.pages.accuracy import FromChance
from nnbench.report.plots.sheet import Section


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """The accuracy, as `versus.curves.bands` gives it."""
    held_out = METRICS["final/val_accuracy"] in versus.metrics
    column, called = ("val_accuracy", "Validation accuracy") if held_out else ("train_accuracy", "Training accuracy")
    table = curves.bands(versus, column, called)
    before, after = (chance(one.runs) for one in (versus.before, versus.after))
    scale = FromChance(before if before == after else None).of(list(versus.matched))
    return curves.draw(section, versus, table, METRICS[f"final/{column}"], scale)
