"""Pages of a PDF in grey and with colour-blindness: `python scripts/vision.py FROM.pdf TO_FOLDER PAGE...`.

Writes one picture for each page: the page as it is, in greyscale, and as seen with deuteranopia and with protanopia, after
Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency", at full
severity.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package `scripts` is in no wheel

from nnbench.core.arrays import FloatArray
from scripts.picture import rendered

RESOLUTION = 80  # dots an inch
# Matrices on linear red, green and blue; greyscale by the luminance of Rec. 709.
GREY = np.tile([0.2126, 0.7152, 0.0722], (3, 1))
DEUTERANOPIA = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
PROTANOPIA = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])


def main() -> int:
    """Returns the exit status: 0, 2 for a mistake in the command."""
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    pdf, folder, *pages = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for page in pages:
        colours = np.asarray(rendered(pdf, page, RESOLUTION).convert("RGB")) / 255
        seen = [colours, *(simulate(colours, matrix) for matrix in (GREY, DEUTERANOPIA, PROTANOPIA))]
        Image.fromarray(np.round(np.hstack(seen) * 255).astype(np.uint8)).save(Path(folder) / f"page-{page}.png")
    return 0


def simulate(colours: FloatArray, matrix: FloatArray) -> FloatArray:
    """Apply a matrix to the linear values of sRGB colours, shape (height, width, 3), from 0 to 1."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ matrix.T, 0, 1)
    return np.asarray(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))


if __name__ == "__main__":
    sys.exit(main())
