"""Page: accuracy, or R² of a regression, over the epochs before and after, on held-out points where there are any."""

import pandas as pd

from nnbench.core.formatting import capitalized
from nnbench.report.comparison import curves
from nnbench.report.comparison.pairing import Versus
from nnbench.report.findings.references import chance
from nnbench.report.pages.accuracy import FromChance
from nnbench.report.plots.sheet import Section


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """The accuracy or R², as `versus.curves.bands` gives it."""
    validated, trained = (versus.after.score(split) for split in ("val", "train"))
    measure = validated if validated in versus.metrics else trained
    table = curves.bands(versus, measure.key.removeprefix("final/"), capitalized(measure.name))
    before, after = (chance(one.runs) for one in (versus.before, versus.after))
    scale = FromChance(before if before == after else None).of(list(versus.matched))
    return curves.draw(section, versus, table, measure, scale)
