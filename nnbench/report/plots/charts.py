"""Data of the charts that the script of the web page draws: curves, intervals and line styles."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.markers import MarkerStyle

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.records.measure import Measure
from nnbench.report.findings.axis import diverged_at
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import UNLEARNT, chance, references
from nnbench.report.plots.ticks import positive
from nnbench.report.sentences.names import short

SHOWN = 6  # settings whose curves are drawn in colour at first; the others are faint

_LETTERS = 26  # of a name beside a row

Json = dict[str, Any]


def style_rules(styles: Mapping[str, palette.LineStyle]) -> str:
    """CSS rules with the colours of each setting: of its line and of its name."""
    return "".join(
        f".s{number}{{--c:{line_style.colour};--w:{line_style.text_colour}}}"
        for number, line_style in enumerate(styles.values())
    )


def dashes(line_style: palette.LineStyle) -> str:
    """The dash pattern in SVG; empty for a solid line."""
    return " ".join(f"{length * 1.5:g}" for length in line_style.dash[1])


def outline(line_style: palette.LineStyle) -> list[npt.NDArray[np.float64]]:
    """The closed lines of a marker, each of shape (points, 2), in a square one unit wide around 0, y downwards."""
    made = MarkerStyle(line_style.marker)
    rings = made.get_path().transformed(made.get_transform()).to_polygons()
    return [np.asarray(ring) * (1, -1) for ring in rings]


def marker(line_style: palette.LineStyle) -> str:
    """The outline of a marker as an SVG path."""
    return "".join(f"M{' '.join(f'{x:.2f},{y:.2f}' for x, y in ring)}Z" for ring in outline(line_style))


def settings(styles: Mapping[str, palette.LineStyle]) -> list[Json]:
    """Name, dash and marker of each setting; the charts refer to settings by their index here."""
    names = zip(styles, short(list(styles), lambda name: len(name) <= _LETTERS), strict=True)
    return [
        {"name": name, "short": short_name, "dash": dashes(styles[name]), "marker": marker(styles[name])}
        for name, short_name in names
    ]


def lines(findings: Findings, table: pd.DataFrame, by: Measure, *, limits: tuple[float, float] | None = None) -> list[Json]:
    """The charts of curves over epochs, or the unit of the study's axis, one for each kind of curve, with common limits.

    Args:
        table: as `curves.bands` gives it.
        by: the measure by which the settings are ordered; the best few are shown at first.
        limits: of a logarithmic axis; without them the values are accuracies, on one from chance to 1.
    """
    number = {name: at for at, name in enumerate(findings.styles)}
    order = [str(setting) for setting in findings.ranking(by)["setting"]]
    known = references(findings.runs)
    guess = chance(findings.runs)
    scores = {name: value for name, value in known.scores.items() if name not in UNLEARNT}
    low, high = positive(*limits) if limits else (guess or 0.0, 1.0)
    lost, x = diverged_at(findings), findings.axis.column
    return [
        {
            "title": curve,
            "log": limits is not None,
            "low": low,
            "high": high,
            "chance": None if limits else guess,
            "references": [
                [f"{name} {numbers.fixed(value)}", value]
                for name, value in (known.beside([str(curve)]) if limits else scores).items()
            ],
            "unit": findings.axis.label,
            "last": _short(float(table[x].max())),
            "shown": [number[name] for name in order[:SHOWN]],
            "series": [_line(number[name], x, by_setting[name]) for name in order if name in by_setting],
            "lost": [[number[str(name)], _short(at)] for name, at in lost.itertuples(index=False)],
        }
        for curve, group in table.groupby("curve", sort=False)
        if (by_setting := {str(name): band for name, band in group.groupby("setting")})
    ]


def _line(number: int, x: str, band: pd.DataFrame) -> Json:
    return {
        "s": number,
        "n": int(band["n"].max()),
        "x": band[x].tolist(),
        **{key: [_short(value) for value in band[key]] for key in ("iqm", "low", "high")},
    }


def intervals(
    styles: Mapping[str, palette.LineStyle], table: pd.DataFrame, values: pd.DataFrame, name: str, *, zero: bool = False
) -> Json:
    """The chart of intervals: a row for each setting with its single values, interquartile mean and interval.

    Args:
        styles: of the settings.
        table: `setting`, `estimate`, `low`, `high`, `n`, `behind`, in order; of a ranking also `diverged` of `counted` runs,
            which the estimates leave out.
        values: `setting`, `seed`, `value`.
        name: of the measure.
        zero: whether the values are differences, drawn with a line at zero.
    """
    number = {name: at for at, name in enumerate(styles)}
    dots = {str(setting): group for setting, group in values.groupby("setting")}
    columns = ["setting", "estimate", "low", "high", "n", "behind"]
    diverged = {}
    if "diverged" in table:
        counts = table[["setting", "diverged", "counted"]].itertuples(index=False)
        diverged = {setting: f"{lost} of {counted} diverged" for setting, lost, counted in counts if lost}
    rows = []
    for setting, estimate, low, high, n, behind in table[columns].itertuples(index=False):
        group = dots[setting][["seed", "value"]].sort_values("seed") if n > 1 else values[:0][["seed", "value"]]
        places = numbers.decimals(low, high)
        rows.append(
            {
                "s": number[setting],
                "estimate": _short(estimate),
                "low": _short(low),
                "high": _short(high),
                "words": f"{'+' if zero and estimate > 0 else ''}{numbers.fixed(estimate, places)}",
                "bounds": numbers.bounds(low, high),
                "n": int(n),
                "diverged": diverged.get(setting, ""),
                "behind": bool(behind),
                "dots": [[int(seed), _short(value)] for seed, value in group.itertuples(index=False)],
            }
        )
    return {"name": name, "zero": zero, "rows": rows}


def _short(value: float) -> float | None:
    """Round to five digits; None for NaN and infinity."""
    return float(f"{value:.5g}") if math.isfinite(value) else None
