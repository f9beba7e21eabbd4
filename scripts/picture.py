"""Pages of a PDF side by side as one picture, for the README: `python scripts/picture.py FROM.pdf TO.png PAGE...`."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

RESOLUTION = 100  # dots an inch
GAP = 16  # dots between and around the pages
GROUND = "#e9e9e7"
SHADES = 256


def main() -> int:
    """Returns the exit status: 0, 2 for a mistake in the command."""
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    pdf, target, *pages = sys.argv[1:]
    sheets = [rendered(pdf, page, RESOLUTION) for page in pages]
    width, height = sum(sheet.width + GAP for sheet in sheets) + GAP, max(sheet.height for sheet in sheets) + 2 * GAP
    picture = Image.new("RGB", (width, height), GROUND)
    x = GAP
    for sheet in sheets:
        picture.paste(sheet, (x, GAP))
        x += sheet.width + GAP
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(SHADES, dither=Image.Dither.NONE).save(target, optimize=True)
    return 0


def rendered(pdf: str, page: str, resolution: int) -> Image.Image:
    """Return a page of a PDF with so many dots an inch."""
    command = ["pdftoppm", "-r", str(resolution), "-f", page, "-l", page, "-png", pdf]
    return Image.open(BytesIO(subprocess.run(command, check=True, capture_output=True).stdout))


if __name__ == "__main__":
    sys.exit(main())
