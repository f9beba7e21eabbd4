"""Legend in rows above the panels."""

from collections.abc import Mapping

from nnbench.core.palette import LineStyle
from nnbench.report.plots import text
from nnbench.report.plots.sheet import Page, line_height
from nnbench.report.plots.style import LEFT, MM, RIGHT, SMALL

_SWATCH, _BETWEEN = 9.0, 5.0


def legend(page: Page, styles: Mapping[str, LineStyle]) -> None:
    """Draw names with their line styles, as many per row as fit."""
    x = LEFT
    names = text.fit_all(list(styles), SMALL, RIGHT - LEFT - _SWATCH)
    for words, line_style in zip(names, styles.values(), strict=True):
        width = _SWATCH + text.width(words, SMALL)
        if x > LEFT and x + width > RIGHT:
            x, page.y = LEFT, page.y + line_height(SMALL) + 0.8
        page.swatch(x, page.y + 0.38 * SMALL / MM, line_style)
        page.write(x + _SWATCH, page.y, words, size=SMALL)
        x += width + _BETWEEN
    page.y += line_height(SMALL) + 3
