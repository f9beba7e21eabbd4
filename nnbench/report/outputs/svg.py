"""Plots as SVG, drawn once for the PDF, the web page and the files beside them."""

import base64
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO, StringIO

from matplotlib.figure import Figure
from PIL import Image

from nnbench.report.blocks import Plot, Text
from nnbench.report.outputs import axes
from nnbench.report.outputs.document import Composition, Progress, no_progress
from nnbench.report.plots import style
from nnbench.report.plots.drawing import Drawing, close
from nnbench.report.plots.page import Page

_SHADES = 64  # colours of such a raster
_SIZE = re.compile(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"')
# The letters' widths are DejaVu's. Verdana, of the same descent, has nearly the same where that is not installed.
_FONTS = {"'DejaVu Sans'": "'DejaVu Sans', Verdana, sans-serif"}


def draw_plots(made: Composition, progress: Progress = no_progress) -> Composition:
    """Draw all plots; a page of which one cannot be drawn gets the reason as its content, and is listed as missing.

    Call it under the matplotlib style with which the pages were made.
    """
    parts, missing = dict(made.parts), list(made.missing)
    for number, (name, part) in enumerate(made.parts.items()):
        progress("plots", number, len(made.parts))
        try:
            for plot in part.page.plots:
                plot.svg = svg(close([plot.drawing]))
                plot.svg_alone = _headed(plot)
        except Exception as error:
            reason = made.errors.add(name, error)
            page = Page(part.title, part.page.caption)
            page.blocks = [Text(f"{reason[:1].upper()}{reason[1:]}.")]
            parts[name] = replace(part, page=page)
            missing.append((name, reason))
    return replace(made, parts=parts, missing=missing)


def svg(figure: Figure) -> str:
    """Draw a figure as SVG, the same for the same data; the ticks of the figure are others afterwards."""
    axes.simplify(figure)
    picture = StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a letter that the reader's fonts may have
        figure.savefig(picture, format="svg", dpi=style.DOTS, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _shortened(picture.getvalue())


def _headed(plot: Plot) -> str:
    """The SVG of a plot below its heading and legend, which are a drawing of their own."""
    if not (plot.heading or plot.legend):
        return plot.svg
    head = Drawing()
    head.head(plot.heading, plot.legend)
    return _stacked([svg(close([head])), plot.svg])


def _stacked(pictures: Sequence[str]) -> str:
    """One SVG of several of the same width, one below the other."""
    width, heights, parts = 0.0, list[float](), list[str]()
    for one in pictures:
        width, height = map(float, _SIZE.findall(one)[0])
        parts.append(one.replace("<svg", f'<svg y="{sum(heights):.2f}"', 1))
        heights.append(height)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{sum(heights):.2f}pt"'
    return f'{opening} viewBox="0 0 {width} {sum(heights):.2f}">{"".join(parts)}</svg>'


def _shortened(words: str) -> str:
    """The SVG with rasters of few colours and numbers of two decimals, and without what says nothing."""
    words = words[words.index("<svg") :]  # what is before names a document type that is elsewhere
    words = re.sub(r"data:image/png;base64,([^\"]+)", _lighter, words)
    words = re.sub(r' transform="rotate\(-0 [^"]*"', "", words)
    words = re.sub(r" {2,}", " ", re.sub(r'<g id="[^"]*">', "<g>", words.replace("\n", " ")))
    words = re.sub(r' style="[^"]*"', lambda match: re.sub(r"([:;]) ", r"\1", match[0]), words)
    words = words.replace("stroke-dasharray:;stroke-dashoffset:0;", "")  # of a solid line, which typst would leave out
    tags = re.split(r"(>\s*[^<\s][^<]*<)", words)  # and, at odd places, the texts between them, whose numbers stay
    tags[::2] = [re.sub(r"(\.\d\d)\d+", r"\1", one) for one in tags[::2]]  # a 300th of a millimetre
    words = "".join(tags)
    for font, fonts in _FONTS.items():
        words = words.replace(font, fonts)
    return words


def _lighter(raster: re.Match[str]) -> str:
    """Reduce the colours of a raster, which takes a tenth of the bytes."""
    light = BytesIO()
    with Image.open(BytesIO(base64.b64decode(raster[1]))) as picture:
        picture.quantize(_SHADES, method=Image.Quantize.FASTOCTREE).save(light, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(light.getvalue()).decode()}"
