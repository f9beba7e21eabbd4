"""The report as one self-contained web page, with interactive curves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.findings import finals
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.findings.references import references
from nnbench.report.outputs import chart_data as charts
from nnbench.report.outputs.document import Composition, Part, kind_of
from nnbench.report.outputs.markup import NOTHING, Cell, Column, Html, element, join, page, table
from nnbench.report.pages.loss import limits
from nnbench.report.sentences import wording

_ALL = 5000  # rows of a table that a browser shows with ease
_PLAIN = " =/:;,.()+!*$?@[]{}|^`~-_"  # may stand in an address of data as they are
_KEY = (
    "Mark: interquartile mean over seeds, of the completed runs; hollow where it is shown to be worse than the "
    f"first, or not ranked. Bar: its {numbers.INTERVAL}. Dots: single runs."
)
_ORDER = " In the order of the ranking, in which a diverged run is worse than any other."


class Web:
    """A page under way: its charts' data are gathered as its sections are written.

    Args:
        looks: of the settings.
    """

    def __init__(self, styles: Mapping[str, palette.LineStyle]) -> None:
        self.styles = styles
        self._number = {name: at for at, name in enumerate(styles)}
        self._data: dict[str, Any] = {"settings": charts.settings(styles), "lines": [], "intervals": []}

    def chart(self, kind: str, data: charts.Json) -> Html:
        """A place for a chart, `lines` or `intervals`, which the script fills."""
        self._data[kind].append(data)
        return element("div", class_="chart", data_kind=kind, data_number=len(self._data[kind]) - 1)

    def line_style(self, setting: str) -> Html:
        """A piece of a setting's line with its marker, filled in by the script."""
        return element("svg", class_=f"look s{self._number[setting]}", data_look=self._number[setting], aria_hidden="true")

    def bound(self, title: str, body: Sequence[Html]) -> str:
        """The page."""
        return page(title, join(body), self._data, charts.style_rules(self.styles))


def opening(made: Composition, chart: Html, facts: Html) -> Html:
    """The head of the page: answer, chart, caveats, facts about the runs, and contents."""
    caveats = element("ul", *(element("li", words) for words in made.caveats))
    contents = [element("a", part.kind, href=f"#{part.name}") for part in made.parts.values() if part.name != "cover"]
    return element(
        "header",
        element("p", f"nnbench \N{MIDDLE DOT} {made.name}", class_="kind"),
        element("h1", made.title),
        element("p", made.answer, class_="answer"),
        element("noscript", element("p", "The curves are drawn by a script, which does not run here; the PDF has them too.")),
        chart,
        join([element("h2", "Read this with care"), caveats]) if made.caveats else NOTHING,
        facts,
        element("nav", *contents, aria_label="Contents") if contents else NOTHING,
    )


def section(part: Part, *body: Html) -> Html:
    """A page of the report under its finding."""
    caption = part.sheets[0].caption
    return element(
        "section",
        element("p", part.kind, class_="kind"),
        element("h2", part.title),
        element("p", caption, class_="caption") if caption else NOTHING,
        *body,
        id=part.name,
    )


def pictures(part: Part, figures: Sequence[str]) -> Html:
    """The sheets as they are in print, less what the section says itself."""
    images = (element("img", src=f"data:image/svg+xml,{quote(svg, safe=_PLAIN)}", alt=part.title) for svg in figures)
    boxes = (element("div", image, class_="box paper", tabindex="0", role="region", aria_label=part.kind) for image in images)
    return join(list(boxes))


def study(made: Composition, findings: Findings, figures: Mapping[str, Sequence[str]]) -> str:
    """The page of a study.

    Args:
        made: its report.
        findings: what it rests on.
        figures: of each page, its pictures, for those that the script does not draw.
    """
    web = Web(findings.styles)
    live: dict[str, Callable[[Part], Html]] = {
        "final_table": lambda part: _finals(web, findings),
        "loss": lambda part: _lines(web, _loss(findings, part)),
        "accuracy": lambda part: _lines(web, _accuracy(findings, part)),
        "provenance": lambda part: _provenance(part),
        "runs": lambda part: _runs(web, findings),
    }
    sections = [
        section(part, live[name](part) if name in live else pictures(part, figures[name]))
        for name, part in made.parts.items()
        if name != "cover"
    ]
    ranked = findings.ranking(findings.primary).query("n > 0").assign(behind=lambda of: of["behind"] | (of["aside"] != ""))
    forest_plot = NOTHING
    if len(ranked):
        data = charts.intervals(findings.styles, ranked, findings.values(findings.primary), findings.primary.name)
        key = _KEY + _ORDER if ranked["diverged"].any() else _KEY
        forest_plot = join([web.chart("intervals", data), element("p", key, class_="caption")])
    return web.bound(f"{made.title}: {made.name}", [opening(made, forest_plot, _facts(findings)), *sections, closing(made)])


def closing(made: Composition) -> Html:
    """The footer: pages that are not shown, with the reasons."""
    missing = [element("li", f"{kind_of(name)}: {reason}.") for name, reason in made.missing]
    by_measure = join([element("h2", "Not shown because"), element("ul", *missing)]) if missing else NOTHING
    return element("footer", by_measure)


def _facts(findings: Findings) -> Html:
    """How the runs ended, what they ran on, and the commands that asked for them."""
    if findings.runs.empty:
        return NOTHING
    return join(
        [
            element("h2", "Runs"),
            element("p", wording.outcomes(findings.runs)),
            element("p", wording.provenance(findings.runs), class_="caption"),
            *(element("pre", command, tabindex="0") for command in findings.commands),
        ]
    )


def _finals(web: Web, findings: Findings) -> Html:
    """Where each setting ended up."""
    metrics = finals.measures(findings)
    by_measure = [finals.finals(findings, metric) for metric in metrics]
    times = finals.times(findings)
    columns = [Column(head="setting", text=True), Column(head="runs", falling=True)]
    columns += [Column(head=metric.head, falling=metric.higher) for metric in metrics]
    columns.append(Column(head="time a run"))
    rows = []
    for setting, (runs, lost) in finals.counts(findings).items():
        row = [
            Cell(words=setting, before=web.line_style(setting)),
            Cell(words=str(runs), value=runs, note=lost),
        ]
        for of in by_measure:
            one = of[setting]
            row.append(Cell(words=one.words, value=one.value, note=one.bounds, bold=one.best))
        seconds = times.get(setting, float("nan"))
        rows.append([*row, Cell(words=numbers.duration(seconds), value=seconds)])
    found = table(columns, rows, "Final values of each setting")
    compared = references(findings.runs).sentence()
    return join([found, element("p", compared, class_="caption")]) if compared else found


def _lines(web: Web, charted: Sequence[charts.Json]) -> Html:
    """Curves, and the names by which they are shown and hidden."""
    return element("div", element("div", class_="legend"), *(web.chart("lines", one) for one in charted), class_="linked")


def _loss(findings: Findings, part: Part) -> list[charts.Json]:
    return charts.lines(findings, part.table, METRICS["final/train_loss"], limits=limits(findings, part.table))


def _accuracy(findings: Findings, part: Part) -> list[charts.Json]:
    held_out = findings.known("final/val_accuracy")
    return charts.lines(findings, part.table, METRICS["final/val_accuracy" if held_out else "final/train_accuracy"])


def _provenance(part: Part) -> Html:
    """Everything that was configured, as the page's table has it."""
    columns = [Column(head=head, text=True) for head in part.table.columns]
    rows = [[Cell(words=str(value)) for value in row] for row in part.table.itertuples(index=False)]
    return table(columns, rows, part.title)


def _runs(web: Web, findings: Findings) -> Html:
    """Every run, in a table that scrolls by itself."""
    metrics = finals.measures(findings)
    columns = [
        Column(head="setting", text=True),
        Column(head="seed"),
        Column(head="outcome", text=True),
        *(Column(head=metric.head, falling=metric.higher) for metric in metrics),
        Column(head="time"),
        Column(head="run id", whole=True),
    ]
    rows = []
    for run in findings.ordered(findings.runs).head(_ALL).to_dict("records"):
        seconds = float(run.get("time/train_seconds", float("nan")))
        reason = run.get("reason")
        row = [
            Cell(words=run["setting"], before=web.line_style(run["setting"])),
            Cell(words=str(run["seed"]), value=float(run["seed"])),
            Cell(words=str(run["outcome"]), note=reason if isinstance(reason, str) else ""),
            *(Cell(words=numbers.fixed(run[one.column]), value=run[one.column]) for one in metrics),
            Cell(words=numbers.duration(seconds), value=seconds),
            Cell(words=run["run_id"]),
        ]
        rows.append(row)
    return table(columns, rows, "Every run of the study", tall=True)
