"""The report as one self-contained web page, with interactive curves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.findings import finals
from nnbench.report.findings.demonstrations import demonstrations
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.findings.frames import median_frames
from nnbench.report.findings.references import references
from nnbench.report.outputs import chart_data as charts
from nnbench.report.outputs.document import Composition, Part, kind_of
from nnbench.report.outputs.markup import BLOCKS, POLICY, TEMPLATES, Cell, Column, table, template_text
from nnbench.report.pages.loss import limits
from nnbench.report.plots import players
from nnbench.report.sentences import wording

_ALL = 5000  # rows of a table that a browser shows with ease
_PLAIN = " =/:;,.()+!*$?@[]{}|^`~-_"  # need no escape in a data address
_KEY = (
    "Mark: interquartile mean over seeds, of the completed runs; hollow where it is shown to be worse than the "
    f"first, or not ranked. Bar: its {numbers.INTERVAL}. Dots: single runs."
)
_PLAYER = "Over the epochs: the median run of each of the best settings, with its training loss and training points."
_ORDER = " In the order of the ranking, in which a diverged run is worse than any other."


class Web:
    """A web page to be rendered; collects the data of its charts.

    Attributes:
        styles: the line style of each setting.
        numbers: the number by which the page refers to each setting.
    """

    def __init__(self, styles: Mapping[str, palette.LineStyle]) -> None:
        self.styles = styles
        self.numbers = {name: number for number, name in enumerate(styles)}
        self._data: dict[str, Any] = {
            "settings": charts.settings(styles),
            "lines": [],
            "intervals": [],
            "paths": [],
            "boundaries": [],
        }

    def chart(self, kind: str, data: charts.Json) -> Markup:
        """Add a chart, `lines` or `intervals`, or a player, `paths` or `boundaries`; return the element for the script."""
        self._data[kind].append(data)
        return Markup(BLOCKS.chart(kind, len(self._data[kind]) - 1))

    def setting(self, name: str) -> Cell:
        """A cell with the name of a setting after its line."""
        return Cell(text=name, setting=self.numbers[name])

    def render(self, report: Composition, title: str, overview: str, facts: str, bodies: Mapping[str, str]) -> str:
        """Return the page.

        Args:
            report: its title, answer, caveats, parts and missing parts.
            title: of the window.
            overview: the chart below the answer.
            facts: about the runs.
            bodies: what is shown of each part, by its name.
        """
        return TEMPLATES.get_template("report.html.jinja").render(
            policy=POLICY,
            style=Markup(template_text("report.css") + template_text("player.css") + charts.style_rules(self.styles)),
            script=Markup(template_text("report.js") + template_text("player.js")),
            data=self._data,
            report=report,
            title=title,
            overview=overview,
            facts=facts,
            sections=[(part, bodies[name]) for name, part in report.parts.items() if name in bodies],
            missing=[(kind_of(name), reason) for name, reason in report.missing],
        )


def pictures(part: Part, figures: Sequence[str]) -> Markup:
    """The pages of a part as pictures, without what the section says itself."""
    return Markup(BLOCKS.pictures([f"data:image/svg+xml,{quote(svg, safe=_PLAIN)}" for svg in figures], part.kind, part.title))


def study(made: Composition, findings: Findings, figures: Mapping[str, Sequence[str]]) -> str:
    """The web page of a study.

    Args:
        made: its report.
        findings: what it is computed from.
        figures: the pictures of each part, for those that the script does not draw.
    """
    web = Web(findings.styles)
    interactive: dict[str, Callable[[Part], Markup]] = {
        "final_table": lambda part: _finals(web, findings),
        "loss": lambda part: _curves(web, _loss(findings, part)),
        "accuracy": lambda part: _curves(web, _accuracy(findings, part)),
        "provenance": lambda part: _provenance(part),
        "runs": lambda part: _runs(web, findings),
        "lesson": lambda part: _paths(web, findings) + pictures(part, figures["lesson"]),
        "boundaries": lambda part: _boundaries(web, findings) + pictures(part, figures["boundaries"]),
    }
    bodies = {
        name: interactive[name](part) if name in interactive else pictures(part, figures[name])
        for name, part in made.parts.items()
        if name != "cover"
    }
    ranked = findings.ranking(findings.primary).query("n > 0").assign(behind=lambda of: of["behind"] | (of["aside"] != ""))
    overview = Markup()
    if len(ranked):
        data = charts.intervals(findings.styles, ranked, findings.values(findings.primary), findings.primary.name)
        key = _KEY + _ORDER if ranked["diverged"].any() else _KEY
        overview = web.chart("intervals", data) + BLOCKS.caption(key)
    return web.render(made, f"{made.title}: {made.name}", overview, _facts(findings), bodies)


def _facts(findings: Findings) -> Markup:
    """How the runs ended, what they ran on, and the commands that started them."""
    if findings.runs.empty:
        return Markup()
    facts = [BLOCKS.caption(wording.outcomes(findings.runs)), BLOCKS.caption(wording.provenance(findings.runs))]
    return Markup().join([*facts, *(BLOCKS.code(command) for command in findings.commands)])


def _finals(web: Web, findings: Findings) -> Markup:
    """Final values of each setting."""
    metrics = finals.measures(findings)
    by_measure = [finals.finals(findings, metric) for metric in metrics]
    times = finals.times(findings)
    columns = [Column(head="setting", kind="text"), Column(head="runs", descending=True)]
    columns += [Column(head=metric.head, descending=metric.higher) for metric in metrics]
    rows = []
    for setting, (runs, lost) in finals.counts(findings).items():
        values = [of[setting] for of in by_measure]
        cells = [Cell(text=one.text, value=one.value, note=one.bounds, bold=one.best) for one in values]
        seconds = times.get(setting, float("nan"))
        first = web.setting(setting), Cell(text=str(runs), value=runs, note=lost)
        rows.append([*first, *cells, Cell(text=numbers.duration(seconds), value=seconds)])
    found = table([*columns, Column(head="time a run")], rows, "Final values of each setting")
    compared = references(findings.runs).sentence()
    return found + BLOCKS.caption(compared) if compared else found


def _curves(web: Web, charted: Sequence[charts.Json]) -> Markup:
    """Curves with a common legend."""
    return Markup(BLOCKS.curves(Markup().join(web.chart("lines", one) for one in charted)))


def _paths(web: Web, findings: Findings) -> Markup:
    """A player of the paths that the page has."""
    shown, _ = demonstrations(findings)
    return web.chart("paths", players.paths(shown, findings.optimizer_styles))


def _boundaries(web: Web, findings: Findings) -> Markup:
    """A player of the decision boundary over the epochs; nothing for runs without checkpoints."""
    shown = [(name, findings.styles[name].colour, frames, losses) for name, frames, losses in median_frames(findings)]
    if not shown:
        return Markup()
    return web.chart("boundaries", players.boundaries(shown)) + Markup(BLOCKS.caption(_PLAYER))


def _loss(findings: Findings, part: Part) -> list[charts.Json]:
    return charts.lines(findings, part.table, METRICS["final/train_loss"], limits=limits(findings, part.table))


def _accuracy(findings: Findings, part: Part) -> list[charts.Json]:
    return charts.lines(findings, part.table, findings.held_out)


def _provenance(part: Part) -> Markup:
    """Everything that was configured, as in the part's table."""
    columns = [Column(head=head, kind="text") for head in part.table.columns]
    rows = [[Cell(text=str(value)) for value in row] for row in part.table.itertuples(index=False)]
    return table(columns, rows, part.title)


def _runs(web: Web, findings: Findings) -> Markup:
    """Every run, in a table that scrolls by itself."""
    metrics = finals.measures(findings)
    columns = [
        Column(head="setting", kind="text"),
        Column(head="seed"),
        Column(head="outcome", kind="text"),
        *(Column(head=metric.head, descending=metric.higher) for metric in metrics),
        Column(head="time"),
        Column(head="run id", kind="code"),
    ]
    rows = []
    for run in findings.ordered(findings.runs).head(_ALL).to_dict("records"):
        seconds = float(run.get("time/train_seconds", float("nan")))
        reason = run.get("reason")
        row = [
            web.setting(run["setting"]),
            Cell(text=str(run["seed"]), value=float(run["seed"])),
            Cell(text=str(run["outcome"]), note=reason if isinstance(reason, str) else ""),
            *(Cell(text=numbers.fixed(run[one.column]), value=run[one.column]) for one in metrics),
            Cell(text=numbers.duration(seconds), value=seconds),
            Cell(text=run["run_id"]),
        ]
        rows.append(row)
    return table(columns, rows, "Every run of the study", tall=True)
