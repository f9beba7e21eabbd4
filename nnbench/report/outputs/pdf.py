"""Sheets as bytes: the PDF, a picture of its cover, and an SVG of each page for slides and for the web page."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import matplotlib.style
from matplotlib.backends.backend_pdf import PdfPages
from PIL import Image
from pypdf import PdfReader, PdfWriter

from nnbench.report.outputs.document import Composition, Part, Progress, no_progress
from nnbench.report.plots import style
from nnbench.report.plots.sheet import Page, Section

COVER = 1000  # dots across the picture of the first page
_RASTER = 110  # dots an inch of what is rasterised within an SVG
_SHADES = 64  # colours of such a raster
_RC: dict[str, object] = {
    "svg.fonttype": "none",  # text stays text, to be found and edited
    "svg.hashsalt": "nnbench",  # ids are a digest of what they name instead of random
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# The letters' widths are DejaVu's. Verdana, of the same descent, has nearly the same where that is not installed.
_FONTS = {"'DejaVu Sans'": "'DejaVu Sans', Verdana, sans-serif", "'DejaVu Sans Mono'": "'DejaVu Sans Mono', Menlo, monospace"}


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A composition as bytes, the same for the same data.

    Attributes:
        pdf: the document.
        cover: its first page as a PNG.
        svgs: a picture of each page by its name; of a page that runs over to sheets with figures, `name-2` and so on too.
        figures: the same pictures by the page's name, without title, caption and footer, for the web page.
        missing: the pages that could not be printed, each with the reason.
    """

    pdf: bytes
    cover: bytes
    svgs: dict[str, str]
    figures: dict[str, list[str]]
    missing: list[tuple[str, str]]


def print_all(made: Composition, progress: Progress = no_progress) -> Printed:
    """Print each sheet once in every format, then free its memory, since a long report has many sheets.

    Call it under the matplotlib style with which the sheets were drawn.
    """
    names = {id(sheet): (part.name, name) for part in made.parts.values() for name, sheet in _pictured(part).items()}
    part_of = {id(sheet): part.name for part in made.parts.values() for sheet in part.sheets}
    drawn, svgs, cover = BytesIO(), {}, b""
    figures: dict[str, list[str]] = {name: [] for name in made.parts}
    missing: dict[str, str] = {}
    failed_pages: list[int] = []
    dateless = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with PdfPages(drawn, metadata=dateless) as file, matplotlib.style.context(_RC):
        for number, sheet in enumerate(made.sheets):
            progress("printing", number, len(made.sheets))
            part = part_of.get(id(sheet), "")
            try:
                file.savefig(sheet.figure)
            except Exception as error:
                missing[part] = made.errors.add(part, error)
                failed_pages.append(number + len(failed_pages))  # a part of it is in the file, and is removed by `_bind`
                file.savefig(_substitute(sheet, missing[part]).figure)
            if id(sheet) in names:
                _, name = names[id(sheet)]
                try:
                    svgs[name] = _svg(sheet)
                    figures[part].append(_cropped(svgs[name], sheet))
                except Exception as error:
                    missing.setdefault(part, made.errors.add(f"{name}.svg", error))
            if number == 0:
                cover = made.errors.run("cover.png", partial(_png, sheet)) or b""
            sheet.figure.clear()
    subject = f"{made.title}: {made.name}"
    pdf = _bind(drawn, made.sheets, failed_pages, title=subject, subject=made.answer)
    return Printed(pdf=pdf, cover=cover, svgs=svgs, figures=figures, missing=list(missing.items()))


def _substitute(sheet: Page, reason: str) -> Page:
    """A sheet in place of one that cannot be printed."""
    page = Section("Not shown").page(sheet.title or "This page cannot be shown")
    page.paragraph(f"{reason[:1].upper()}{reason[1:]}.")
    return page


def _pictured(part: Part) -> dict[str, Page]:
    """The sheets of which there are pictures: those with axes, or the first if none has any."""
    sheets = [sheet for sheet in part.sheets if sheet.figure.axes] or part.sheets[:1]
    return {f"{part.name}-{number}" if number > 1 else part.name: sheet for number, sheet in enumerate(sheets, 1)}


def _png(sheet: Page) -> bytes:
    picture = BytesIO()
    sheet.figure.savefig(picture, format="png", dpi=COVER / style.SHEET[0] * 25.4, metadata={"Software": None})
    return picture.getvalue()


def _svg(sheet: Page) -> str:
    picture = BytesIO()
    sheet.figure.savefig(picture, format="svg", dpi=_RASTER, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    words = picture.getvalue().decode()
    words = words[words.index("<svg") :]  # what is before names a document type that is elsewhere
    words = re.sub(r"data:image/png;base64,([^\"]+)", _lighter, words)
    words = re.sub(r' transform="rotate\(-0 [^"]*"', "", words)
    words = re.sub(r'="[^"]*"', lambda value: re.sub(r"(\.\d\d)\d+", r"\1", value[0]), words)  # a 300th of a millimetre
    for font, fonts in _FONTS.items():
        words = words.replace(font, fonts)
    return words


def _lighter(raster: re.Match[str]) -> str:
    """Reduce the colours of a raster, which takes a tenth of the bytes."""
    light = BytesIO()
    with Image.open(BytesIO(base64.b64decode(raster[1]))) as picture:
        picture.quantize(_SHADES, method=Image.Quantize.FASTOCTREE).save(light, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(light.getvalue()).decode()}"


def _cropped(svg: str, sheet: Page) -> str:
    """The part of the sheet between its title and its footer, without white space and ids."""
    left, top = style.LEFT - 1, sheet.body - 2
    box = " ".join(f"{length * style.MM:.1f}" for length in (left, top, style.WIDTH + 2, sheet.end - sheet.body + 4))
    svg = re.sub(r"<svg [^>]*>", f'<svg xmlns="{_SVG}" xmlns:xlink="{_XLINK}" viewBox="{box}">', svg, count=1)
    svg = re.sub(r' style="[^"]*"', lambda match: re.sub(r"([:;]) ", r"\1", match[0]), svg.replace("\n", " "))
    return re.sub(r'<g id="[^"]*">', "<g>", re.sub(r" {2,}", " ", svg))


def _bind(drawn: BytesIO, sheets: Sequence[Page], failed_pages: Sequence[int], *, title: str, subject: str) -> bytes:
    """The PDF without the failed pages and dates, with a bookmark to each title."""
    writer, bound = PdfWriter(clone_from=PdfReader(drawn)), BytesIO()
    for number in reversed(failed_pages):
        writer.remove_page(number)
    writer.add_metadata({"/Title": title, "/Subject": subject, "/Creator": "nnbench"})
    for number, page in enumerate(sheets):
        if page.title is not None:
            writer.add_outline_item(title=page.title, page_number=number)
    writer.write(bound)
    return bound.getvalue()
