"""Legend in rows above the panels."""

from collections.abc import Mapping

from nnbench.core.palette import LineStyle
from nnbench.report.plots import text
from nnbench.report.plots.sheet import SWATCH, Page, line_height
from nnbench.report.plots.style import LEFT, RIGHT, SMALL

_BETWEEN = 5.0


def legend(page: Page, styles: Mapping[str, LineStyle]) -> None:
    """Draw names with their line styles, as many per row as fit."""
    x = LEFT
    names = text.fit_all(list(styles), SMALL, RIGHT - LEFT - SWATCH)
    for words, line_style in zip(names, styles.values(), strict=True):
        width = SWATCH + text.width(words, SMALL)
        if x > LEFT and x + width > RIGHT:
            x, page.y = LEFT, page.y + line_height(SMALL) + 0.8
        page.swatch(x, page.y, line_style)
        page.write(x + SWATCH, page.y, words, size=SMALL)
        x += width + _BETWEEN
    page.y += line_height(SMALL) + 3
