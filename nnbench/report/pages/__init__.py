"""The pages of the report: one module per page, found by name. A new page is a new module, named in a YAML file.

Each module has `draw(section, findings, options)`, which draws one or more pages and returns the data behind them.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import pandas as pd

from nnbench.core.errors import UserError
from nnbench.report.findings.findings import Findings
from nnbench.report.plots.sheet import Section


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Options of one report.

    Attributes:
        title: of the document.
        targets: training accuracies for which the time to reach them is reported.
        contents: kind, title and page number of the other pages; given to the cover, which is drawn last.
    """

    title: str
    targets: tuple[float, ...]
    contents: tuple[tuple[str, str, int], ...] = ()


Draw = Callable[[Section, Findings, ReportOptions], pd.DataFrame]


def names() -> list[str]:
    """Names of all pages."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def check(pages: Sequence[str]) -> None:
    """Check that every page exists.

    Raises:
        UserError: for an unknown page; lists the valid names.
    """
    if unknown := [name for name in pages if name not in names()]:
        raise UserError(f"report.pages names {unknown[0]!r}, which is no page: choose among {', '.join(names())}")


def load(name: str) -> Draw:
    """Import a page's `draw` function."""
    draw: Draw = import_module(f"{__name__}.{name}").draw
    return draw
