"""Page: what the optimizers do: their rules, and their paths on two functions of two variables."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.core.palette import LineStyle
from nnbench.records.demonstration import Demonstration, Path
from nnbench.report.blocks import Chart
from nnbench.report.findings.demonstrations import demonstrations
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import formula, players
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.paths import draw_lengths, draw_path, step_lengths
from nnbench.report.plots.style import MUTED, NOTE, SMALL
from nnbench.report.sentences.wording import short_name

_RULE = 66.0  # millimetres of the formula
_SIDE = 30.0  # of a panel
_PLACES = 69.0, 102.0, 145.0  # left edges of the panels
_LENGTHS = 26.0  # width of the last one
_HEAD = 5.0  # above them
_LEAST = 1e-8  # shorter steps are below the axis
_INDICES = str.maketrans("0123t", "₀₁₂₃ₜ")


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row for each optimizer, function and step.

    Returns:
        `optimizer`, `function`, `learning_rate`, `step`, `x`, `y`, `value`, `length` (of the step, NaN at the start).
    """
    shown, left_out = demonstrations(findings)
    if not shown:
        raise NoDataError("no optimizer of the study can be run here")
    page = section.page(_title(shown), _caption(shown, left_out))
    lengths = np.concatenate([step_lengths(path) for one in shown.values() for path in one.paths])
    positive = lengths[lengths > 0] if lengths.any() else np.ones(1)
    limits = max(_LEAST, float(positive.min())), max(2 * float(positive.max()), 10 * _LEAST)
    page.note(_symbols(shown.values()))
    page.player(Chart("paths", [players.paths(shown, findings.optimizer_styles)]))
    for label, one in shown.items():
        _optimizer(page, label, one, findings.optimizer_styles[label], limits)
    return pd.concat([_rows(label, path) for label, one in shown.items() for path in one.paths], ignore_index=True)


def _rows(label: str, path: Path) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "optimizer": label,
            "function": path.surface.name,
            "learning_rate": path.learning_rate,
            "step": np.arange(len(path.positions)),
            "x": path.positions[:, 0],
            "y": path.positions[:, 1],
            "value": path.values,
            "length": np.concatenate([[np.nan], step_lengths(path)]),
        }
    )


def _title(shown: Mapping[str, Demonstration]) -> str:
    names = [path.surface.name for path in next(iter(shown.values())).paths]
    if len(shown) == 1:
        return f"The rule of {short_name(next(iter(shown)))}, and its paths on the {names[0]} and on {names[1]}'s function"
    lowest = [
        min(shown, key=lambda label: (shown[label].paths[at].diverged, shown[label].paths[at].values[-1]))
        for at in range(len(names))
    ]
    first, second = map(short_name, lowest)
    if first == second:
        return f"Of these optimizers, {first} ends lowest on the {names[0]} and on {names[1]}'s function"
    return f"{first} ends lowest on the {names[0]}, {second} on {names[1]}'s function"


def _caption(shown: Mapping[str, Demonstration], left_out: int) -> str:
    steps = max(len(path.positions) - 1 for one in shown.values() for path in one.paths)
    rates = next(iter(shown.values())).rates
    more = f" Not shown: {numbers.count(left_out, 'further optimizer')}." if left_out else ""
    return (
        f"{steps} steps from the same start (ring) towards the minimum (cross), with the hyperparameters of the optimizer's "
        f"best setting but for the learning rate: of {len(rates)} rates from {rates[0]:g} to {rates[-1]:g}, the one whose "
        "path ends lowest without leaving the drawing. Contour lines: values a factor of 4 apart. Right: the length of "
        "each step, solid on the ravine, dashed on Rosenbrock's function. With two variables and no noise, this shows how a "
        f"rule moves, not how well it trains a network.{more}"
    )


def _optimizer(page: Page, label: str, one: Demonstration, line_style: LineStyle, limits: tuple[float, float]) -> None:
    """Draw a rule beside its paths."""
    drawing = page.drawing(_alt(label, one))
    drawing.name(0, 0.6, label, line_style, _RULE, bold=True)
    lines = [*one.formula, *_values(one)] if one.formula else []
    if lines:
        tall = formula.height(len(lines), SMALL)
        formula.draw(drawing.axes(0, _HEAD, _RULE, tall), tuple(lines), _RULE, SMALL)
    else:
        drawing.write(0, _HEAD + 1, "Its class states no formula.", size=SMALL, colour=MUTED)
    for path, x in zip(one.paths, _PLACES[:2], strict=True):
        drawing.write(x, 1.2, _head(path), size=NOTE, colour=MUTED)
        draw_path(drawing.axes(x, _HEAD, _SIDE, _SIDE), path, line_style)
    drawing.write(_PLACES[2], 1.2, "length of a step", size=NOTE, colour=MUTED)
    draw_lengths(drawing.axes(_PLACES[2], _HEAD, _LENGTHS, _SIDE - 3), one.paths, line_style, limits)


def _head(path: Path) -> str:
    if path.diverged:
        return f"{path.surface.name}: diverges"
    return path.surface.name if path.learning_rate is None else f"{path.surface.name}, rate {path.learning_rate:g}"


def _alt(label: str, one: Demonstration) -> str:
    """Rule and result in words."""
    ends = [f"{_head(path)}: {len(path.positions) - 1} steps to the value {path.values[-1]:.2g}" for path in one.paths]
    return f"{label}. Rule in TeX: {'; '.join(one.formula) or 'not stated'}. {'. '.join(ends)}."


def _values(one: Demonstration) -> list[str]:
    """The values of the hyperparameters as lines of TeX, four a line."""
    known = [f"{symbol} = {_tex(value)}" for _, symbol, value in one.hyperparameters if value]
    return [r",\ \ ".join(known[at : at + 4]) for at in range(0, len(known), 4)]


def _tex(value: str) -> str:
    """A number as TeX, with its power of ten."""
    mantissa, e, power = value.partition("e")
    if not e:
        return value
    factor = "" if mantissa == "1" else rf"{mantissa} \cdot "
    return f"{factor}10^{{{int(power)}}}"


def _symbols(shown: Iterable[Demonstration]) -> str:
    """The meaning of all symbols and signs."""
    common = dict(pair for one in shown for pair in one.symbols)
    names = {symbol: name for one in shown for name, symbol, _ in one.hyperparameters if symbol not in common}
    meanings = [f"{_plain(symbol)}: {meaning}" for symbol, meaning in {**common, **names}.items()]
    return (
        f"{'; '.join(meanings)}. An arrow replaces the left side by the right; averages and sums start at zero. Products, "
        "quotients, powers and roots of vectors are elementwise. A schedule multiplies the learning rate."
    )


def _greek(name: str) -> str:
    return unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name}")  # as Unicode spells it


def _plain(symbol: str) -> str:
    """A symbol in Unicode."""
    text = re.sub(r"\\([a-z]+)", lambda match: _greek(match[1]), symbol)
    return re.sub(r"_(\w)", lambda match: match[1].translate(_INDICES), text)
