"""The pages of the report, one file a page, found by name: to add one is to add a file here and its name to a YAML.

Each has `draw(pad, findings, settings)`, which fills a page or more and returns the table behind it.
"""

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import pandas as pd

from nnbench.core.errors import UserError
from nnbench.report.findings.findings import Findings
from nnbench.report.plots.sheet import Section


class NoDataError(Exception):
    """A page that this study cannot fill; its text ends the sentence 'not shown because'."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What the reader asked for.

    Attributes:
        title: of the document.
        targets: training accuracies whose time to reach is told.
        contents: the other pages, each its kind, finding and number; known once they are drawn, for the cover alone.
    """

    title: str
    targets: tuple[float, ...]
    contents: tuple[tuple[str, str, int], ...] = ()


Draw = Callable[[Section, Findings, ReportOptions], pd.DataFrame]


def names() -> list[str]:
    """The pages there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def check(pages: Sequence[str]) -> None:
    """Refuse the name of a page that there is not.

    Raises:
        UserError: names it, and the pages there are.
    """
    if unknown := [name for name in pages if name not in names()]:
        raise UserError(f"report.pages names {unknown[0]!r}, which is no page: choose among {', '.join(names())}")


def load(name: str) -> Draw:
    """The drawing of the page of that name."""
    draw: Draw = import_module(f"{__name__}.{name}").draw
    return draw
