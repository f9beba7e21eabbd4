"""Page: hyperparameter importance, the share of variance that each explains alone (functional ANOVA)."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.search import Search
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.sentences.wording import hyperparameter_label, left_out, pooled, short_name
from nnbench.stats.importance import importance

_LEAST = 8  # configurations; with fewer, a forest overfits
_MANY = 6


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per optimizer and hyperparameter, most important first.

    Returns:
        `optimizer`, `hyperparameter`, `share`.
    """
    search = findings.search
    tried = (
        [name for name, varied in search.varied.items() if len(varied) > 1 and len(search.of(name)) >= _LEAST]
        if search
        else []
    )
    if search is None or not tried:
        raise NoDataError(f"no optimizer was run with {_LEAST} configurations or more in which two hyperparameters vary")
    shares = {name: _shares(search, name) for name in tried}
    shares = {name: share for name, share in shares.items() if share.notna().any()}
    if not shares:
        raise NoDataError("no two configurations of an optimizer have different results")
    page = section.page(
        _title(shares), _caption(search, shares) + pooled(findings) + left_out(list(shares), _MANY, "optimizer")
    )
    shown = list(shares.items())[:_MANY]
    for name, share in shown:
        _bars(page, search, name, share, last=name == shown[-1][0])
    parts = [
        share.rename("share").rename_axis("hyperparameter").reset_index().assign(optimizer=name)
        for name, share in shares.items()
    ]
    return pd.concat(parts, ignore_index=True)[["optimizer", "hyperparameter", "share"]]


def _shares(search: Search, name: str) -> "pd.Series[float]":
    varied = search.varied[name]
    log = [one for one in varied if one in search.log]
    return importance(search.of(name)[[*varied, "value"]], log=log)


def _title(shares: dict[str, "pd.Series[float]"]) -> str:
    first: dict[str, list[str]] = {}
    for name, share in shares.items():
        first.setdefault(str(share.index[0]), []).append(short_name(name))
    if len(first) == 1 and len(shares) > 1:
        (one,) = first
        return f"The {hyperparameter_label(one)} is the most important hyperparameter of every optimizer in this search"
    phrases = [
        f"{hyperparameter_label(hyperparameter)} for {numbers.listing(names)}" for hyperparameter, names in first.items()
    ]
    return f"Most important for the differences between configurations: {'; '.join(phrases)}"


def _caption(search: Search, shares: dict[str, "pd.Series[float]"]) -> str:
    tried = [len(search.of(name)) for name in shares]
    many = f"{min(tried)}" if min(tried) == max(tried) else f"{min(tried)} to {max(tried)}"
    return (
        f"The share of the variance over {many} configurations of an optimizer, in ranks of {search.measure}, that a "
        "hyperparameter "
        "explains alone (functional analysis of variance on a random forest). Shares that sum to less than 1 leave the rest "
        "to interactions. The shares hold for the space that was searched; with few configurations they are rough estimates."
    )


def _bars(page: Page, search: Search, name: str, share: "pd.Series[float]", *, last: bool) -> None:
    line_style = search.line_style(name)
    page.legend({name: line_style})
    rows = [Row(name=str(hyperparameter), figures=(f"{share:.2f}",)) for hyperparameter, share in share.items()]
    axes = forest_plot(page, rows, "share of variance" if last else "", ("",), step=6.0)
    axes.barh(range(len(share)), share, height=0.6, color=line_style.colour)
    axes.set_xlim(0, 1)
    axes.tick_params(labelbottom=last)
