"""The report as one self-contained web page, with interactive charts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from nnbench.core.palette import LineStyle
from nnbench.report.blocks import Cell, Chart
from nnbench.report.outputs.document import Composition
from nnbench.report.outputs.markup import POLICY, TEMPLATES, template_text
from nnbench.report.plots import charts

_PLAIN = " =/:;,.()+!*$?@[]{}|^`~-_"  # need no escape in a data address
TALL = 40  # rows from which a table scrolls in a box of limited height


class Web:
    """Numbers of settings and charts in the data of a web page, by which its elements refer to them.

    Attributes:
        data: what the script reads.
    """

    def __init__(self, styles: Mapping[str, LineStyle]) -> None:
        self._styles = dict(styles)
        self._numbers = {name: number for number, name in enumerate(styles)}
        self.data: dict[str, Any] = {"lines": [], "intervals": [], "paths": [], "boundaries": []}

    def numbers(self, chart: Chart) -> range:
        """Add the data of charts that belong together and return their numbers among those of their kind."""
        known = self.data[chart.kind]
        known.extend(chart.data)
        return range(len(known) - len(chart.data), len(known))

    def setting(self, cell: Cell) -> int | None:
        """The number of the setting whose line is drawn before the text of a cell."""
        return None if cell.line_style is None else self.named(cell.words, cell.line_style)

    def named(self, name: str, line_style: LineStyle) -> int:
        """The number of a setting; one with another style than that of its name in the report gets a number of its own."""
        if self._styles.get(name) != line_style:
            name = next((known for known, one in self._styles.items() if one == line_style), name)
            self._styles.setdefault(name, line_style)
            self._numbers.setdefault(name, len(self._numbers))
        return self._numbers[name]

    @property
    def style_rules(self) -> str:
        """CSS rules with the colours of the settings."""
        return charts.style_rules(self._styles)

    @property
    def settings(self) -> list[charts.Json]:
        """Name, dash and marker of each setting."""
        return charts.settings(self._styles)


def page(made: Composition) -> str:
    """The web page of a report whose plots are drawn."""
    web = Web(made.styles)
    sections = [part for name, part in made.parts.items() if name != "cover"]
    # Before the head: it numbers the settings and charts, whose colours and data are in the head and in the script.
    body = Markup(
        TEMPLATES.get_template("body.html.jinja").render(
            web=web, report=made, cover=made.parts.get("cover"), sections=sections, tall=TALL, address=_address
        )
    )
    return TEMPLATES.get_template("report.html.jinja").render(
        policy=POLICY,
        style=Markup(template_text("report.css") + template_text("player.css") + web.style_rules),
        script=Markup(template_text("report.js") + template_text("player.js")),
        data={"settings": web.settings, **web.data},
        title=f"{made.title}: {made.name}",
        body=body,
    )


def _address(svg: str) -> str:
    """A picture as an address that holds it."""
    return f"data:image/svg+xml,{quote(svg, safe=_PLAIN)}"
