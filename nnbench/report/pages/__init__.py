"""The pages of the report: one module per page, found by name. A new page is a new module, named in a YAML file.

Another installed package may have pages too, see `nnbench.core.installed_pages`; the names of this package take precedence.

Each module has `draw(section, findings, options)`, which adds blocks to a page and returns the data behind them. The
modules in `suite` are pages of the report over all problems of a study; they get a `Suite` instead of `Findings`.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import pandas as pd

from nnbench.core.errors import UserError
from nnbench.core.installed_pages import installed_pages, load_page
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.suite import Suite
from nnbench.report.plots.page import Section


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Options of one report.

    Attributes:
        title: of the document.
        targets: training accuracies for which the time to reach them is reported.
    """

    title: str
    targets: tuple[float, ...]


Draw = Callable[[Section, Findings, ReportOptions], pd.DataFrame]
DrawSuite = Callable[[Section, Suite, ReportOptions], pd.DataFrame]


def own_names() -> list[str]:
    """Names of the pages of this package on a single problem."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)


def names() -> list[str]:
    """Names of all pages on a single problem, those of other packages included."""
    return sorted({*own_names(), *({*installed_pages()} - {*suite_names()})})


def suite_names() -> list[str]:
    """Names of all pages over several problems."""
    return sorted(module.name for module in pkgutil.iter_modules([f"{path}/suite" for path in __path__]))


def check(pages: Sequence[str]) -> None:
    """Check that every page exists.

    Raises:
        UserError: for an unknown page; lists the valid names.
    """
    known = sorted({*names(), *suite_names()})
    if unknown := [name for name in pages if name not in known]:
        raise UserError(f"report.pages names {unknown[0]!r}, which is no page: choose among {', '.join(known)}")


def load(name: str) -> Draw:
    """Import a page's `draw` function."""
    draw: Draw = import_module(f"{__name__}.{name}").draw if name in own_names() else _installed(name)
    return draw


def _installed(name: str) -> Draw:
    """Import the function of another package's page, and check what it returns."""
    function = load_page(name)

    def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
        table = function(section, findings, options)
        if not isinstance(table, pd.DataFrame):
            raise TypeError(f"{installed_pages()[name].value} returned {type(table).__name__}; must be a pandas.DataFrame")
        return table

    return draw


def load_suite(name: str) -> DrawSuite:
    """Import the `draw` function of a page over several problems."""
    draw: DrawSuite = import_module(f"{__name__}.suite.{name}").draw
    return draw
